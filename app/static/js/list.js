// The rows of a list by pointer and by keyboard, and those that have just come.
(() => {
  "use strict";

  const { addressOf, all, one } = window.portal;

  document.addEventListener("click", (event) => {
    const row = event.target.closest("tr[data-document]");
    if (row && !event.target.closest("a, button, input, label") && !String(getSelection())) {
      row.focus();
    }
  });

  document.addEventListener("dblclick", (event) => {
    const row = event.target.closest("tr[data-document]");
    if (row && !event.target.closest("a, button")) location.assign(addressOf(row));
  });

  function moveRow(step) {
    const rows = all("tr[data-document]");
    const at = rows.indexOf(document.activeElement.closest("tr[data-document]"));
    const next = at < 0 ? rows[0] : rows[at + step];
    next?.focus();
    next?.scrollIntoView({ block: "nearest" });
    return Boolean(next);
  }

  const inField = (target) =>
    target.closest("input:not([type=file], [type=checkbox]), textarea, select, [contenteditable], dialog");

  document.addEventListener("keydown", (event) => {
    const target = event.target;
    if (event.key === "Escape" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (inField(target) || target.closest("[role=treeitem]")) return;
    const row = target.closest("tr[data-document]");
    const key = event.key.toLowerCase();
    if (key === "j" || (row && key === "arrowdown")) {
      if (moveRow(1)) event.preventDefault();
    } else if (key === "k" || (row && key === "arrowup")) {
      if (moveRow(-1)) event.preventDefault();
    } else if (row && target === row && event.key === "Enter") {
      location.assign(addressOf(row));
    } else if (key === "i") {
      window.portal.toggleDrawer("pane");
    } else if (key === "d") {
      one("[data-deposit-open]")?.click();
    }
  });

  // Rows that have just come are tinted for a moment

  let known = new Set();
  const rowIds = () => all("tr[data-document]").map((row) => row.id);

  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id === "documents") known = new Set(rowIds());
  });
  document.addEventListener("htmx:afterSettle", () => {
    if (!known.size) return;
    for (const row of all("tr[data-document]")) {
      row.classList.toggle("is-new", !known.has(row.id));
    }
    known = new Set();
  });
})();
