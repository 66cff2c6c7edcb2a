// Rows that are chosen together, by boxes, Shift or keys; and the keys of the current row.
// Without it the boxes and the bar work.
(() => {
  "use strict";

  const bar = document.getElementById("together");
  const keyList = document.getElementById("keys");
  const keyHint = document.getElementById("keys-hint");
  if (!bar) {
    keyList?.remove();
    keyHint?.remove();
    return;
  }
  for (const line of document.querySelectorAll("#keys [data-needs], #keys-hint [data-needs]")) {
    if (!document.querySelector(line.dataset.needs)) line.remove();
  }
  document.querySelector(".library-foot").append(keyHint);

  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const { idOf } = window.portal;
  const rows = () => all("tr[data-document]");
  const choosable = () => rows().filter((row) => "choosable" in row.dataset);
  const box = (row) => row.querySelector("input[name=id]");
  const count = bar.querySelector("[data-chosen-count]");
  const everything = document.querySelector("[data-choose-all]");

  let chosen = new Set(); // ids: the rows come anew with each look
  let anchor = null;

  function show() {
    const there = new Set(choosable().map((row) => idOf(row)));
    chosen = new Set([...chosen].filter((id) => there.has(id)));
    for (const row of choosable()) {
      const isChosen = chosen.has(idOf(row));
      box(row).checked = isChosen;
      row.classList.toggle("is-chosen", isChosen);
    }
    bar.classList.toggle("is-open", chosen.size > 0);
    const words = chosen.size === 1 ? count.dataset.one : count.dataset.many;
    count.textContent = words.replace("{count}", chosen.size);
    everything.checked = chosen.size > 0 && chosen.size === there.size;
    everything.indeterminate = chosen.size > 0 && chosen.size < there.size;
  }

  function choose(row, on = !chosen.has(idOf(row))) {
    if (!("choosable" in row.dataset)) return;
    if (on) chosen.add(idOf(row));
    else chosen.delete(idOf(row));
    anchor = idOf(row);
    tellAndShow();
  }

  function tellAndShow() {
    show();
    if (chosen.size) window.portal.announce(count.textContent);
  }

  // From the anchor to the row: these are chosen, and those that were on the way before
  // and are not any more are given up.
  let reached = [];

  function chooseTo(row, from) {
    const list = rows();
    const start = list.findIndex((one) => idOf(one) === (anchor ?? (from && idOf(from))));
    const end = list.indexOf(row);
    if (start < 0) return choose(row, true);
    anchor = idOf(list[start]);
    for (const id of reached) chosen.delete(id);
    const range = list.slice(Math.min(start, end), Math.max(start, end) + 1);
    reached = range.filter((one) => "choosable" in one.dataset).map((one) => idOf(one));
    for (const id of reached) chosen.add(id);
    tellAndShow();
  }

  function forget() {
    chosen.clear();
    reached = [];
    anchor = null;
    show();
  }

  document.addEventListener("click", (event) => {
    const field = event.target.closest("input[name=id][form=together]");
    const row = event.target.closest("tr[data-document]");
    if (field && event.shiftKey && anchor) chooseTo(row);
    else if (field) {
      reached = [];
      choose(row, field.checked);
    } else if (row && event.shiftKey && !event.target.closest("a, button, input, label")) {
      getSelection().removeAllRanges();
      chooseTo(row, row);
    }
    if (event.target.closest("[data-choose-none]")) forget();
  });

  everything.addEventListener("change", () => {
    for (const row of choosable()) {
      if (everything.checked) chosen.add(idOf(row));
      else chosen.delete(idOf(row));
    }
    tellAndShow();
  });

  document.addEventListener("htmx:afterSettle", show);
  window.addEventListener("pageshow", show);

  // Keys of the current row, or of all that are chosen

  const acts = (row) => new Set((row.querySelector("[data-acts]")?.dataset.acts || "").split(" "));
  const inField = (target) =>
    target.closest("input:not([type=checkbox], [type=file]), textarea, select, [contenteditable], dialog");

  // In place, so that the next key finds the row.
  const post = (row, path) => window.portal.act(`${window.portal.addressOf(row)}/${path}?from=list`, row);
  const press = (act) => bar.querySelector(`button[value=${act}]`)?.click();
  const go = (row, path) => window.portal.ask(`${window.portal.addressOf(row)}/${path}?from=list`);

  bar.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (!button || button.hasAttribute("formaction")) return; // a download
    event.preventDefault();
    window.portal.act(bar.action, bar, { act: button.value });
  });

  // What was chosen is done with; but not while a folder is still to be chosen for it.
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    const isMany = detail.requestConfig.path === bar.getAttribute("action");
    if (isMany && detail.successful && !document.querySelector("#dialogue form")) forget();
  });

  // Whoever was on a row that is gone goes on with the one that took its place.
  let last = null;
  let place = 0;
  document.addEventListener("focusin", (event) => {
    const row = event.target.closest("tr[data-document]");
    if (row) [last, place] = [row, rows().indexOf(row)];
    else if (!event.target.closest("dialog, [popover]")) last = null;
  });
  document.addEventListener("htmx:afterSettle", () => {
    if (!last || last.isConnected || document.activeElement !== document.body) return;
    rows()[Math.min(place, rows().length - 1)]?.focus();
  });

  function send(row, act) {
    chosen = new Set([idOf(row)]);
    show();
    press(act);
  }

  const keys = {
    x: (row) => row && (reached = [], choose(row)),
    v: (row) => (chosen.size ? press("validate") : may(row, "validate") && post(row, "validate")),
    r: (row) => !chosen.size && may(row, "refuse") && go(row, "refuse"),
    m: (row) => (chosen.size ? press("move") : may(row, "move") && go(row, "move")),
    f2: (row) => may(row, "rename") && go(row, "rename"),
    delete: (row) => (chosen.size ? press("trash") : may(row, "trash") && send(row, "trash")),
  };
  const may = (row, act) => row && acts(row).has(act);

  document.addEventListener("keydown", (event) => {
    if (inField(event.target)) return;
    const key = event.key.toLowerCase();
    if ((event.ctrlKey || event.metaKey) && key === "z" && !event.shiftKey) {
      const undo = all(".toast-undo button").pop();
      if (undo) event.preventDefault();
      undo?.click();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("[role=treeitem], [popover]")) return;
    const row = event.target.closest("tr[data-document]");
    if (key === "escape" && chosen.size) forget();
    else if (event.shiftKey && row && (key === "arrowdown" || key === "arrowup")) {
      // list.js has moved on to the next row
      const next = document.activeElement.closest("tr[data-document]");
      if (next) chooseTo(next, row);
    } else if (!event.shiftKey && key in keys) keys[key](row);
  });

  window.portal.chosen = () => [...chosen];
  show();
})();
