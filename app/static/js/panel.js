// The panel of an application: which rows are not saved, saving them one after the other,
// Escape, and the focus after a row came anew. Everything works without it.
(() => {
  "use strict";

  const one = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  const isChanged = (field) =>
    field.type === "checkbox"
      ? field.checked !== field.defaultChecked
      : field.value !== field.defaultValue;

  function look(row) {
    const changed = all(".company-row input:not([type=hidden])", row).some(isChanged);
    row.toggleAttribute("data-dirty", changed);
  }

  const unsaved = () => all(".company:is([data-dirty], [data-unsaved])");

  for (const name of ["input", "change"]) {
    document.addEventListener(name, (event) => {
      const row = event.target.closest(".company");
      if (row) look(row);
    });
  }

  window.addEventListener("beforeunload", (event) => {
    if (unsaved().length) event.preventDefault();
  });

  // «Enregistrer» at the foot saves every row, each after the one before it

  let saving = false;

  function saveNext() {
    const row = unsaved()[0];
    saving = Boolean(row);
    if (row) one(".company-row form", row).requestSubmit();
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-save-all]")) saveNext();
  });

  document.addEventListener("htmx:afterSettle", (event) => {
    const row = event.target;
    if (!row.matches?.(".company")) return; // a part of one: what is said of an address
    const isSaved = one(".company-note-ok", row);
    if (saving && isSaved) saveNext();
    else saving = false;
    if (one("dialog[open]") || document.activeElement !== document.body) return;
    const field = one(".field-bad .input", row) || one(".toggle", row);
    field.focus();
  });

  // Only a cancelled one closes; one that saved is taken away with the row's answer.
  document.addEventListener("close", () => (saving = false), true);

  // Escape goes back, unless there is something nearer to close

  document.addEventListener(
    "keydown",
    (event) => {
      if (event.key !== "Escape" || event.defaultPrevented) return;
      if (one("dialog[open]") || one("details[data-menu][open]")) return;
      if (event.target.matches("input[type=search]") && event.target.value) return;
      one("[data-panel-close]").click();
    },
    true,
  );
})();
