// The company switcher: the link of the top bar opens a search in place. Without this it
// leads to the page of all companies.
(() => {
  "use strict";

  const link = document.querySelector("[data-switcher]");
  const dialog = document.querySelector("dialog.switcher");
  if (!link || !dialog) return;
  const field = dialog.querySelector("input[type=search]");
  const found = dialog.querySelector("#switcher-found");
  dialog.querySelector("[name=here]").value = link.dataset.switcher;
  let cameFrom = link; // a row of the list, when a key opened it from there
  let isAwaited = false; // Enter was pressed before the answer to what is typed came

  const isAnswered = () => found.querySelector("[data-q]")?.dataset.q === field.value;
  const goFirst = () => dialog.querySelector(".switcher-list [data-switch]")?.click();
  const choices = () => [...dialog.querySelectorAll("[data-switch]")];

  function open() {
    if (dialog.open) return;
    dialog.style.left = `${Math.max(12, link.getBoundingClientRect().left)}px`;
    if (innerWidth < 768) dialog.style.left = "12px";
    field.value = "";
    found.textContent = "";
    isAwaited = false;
    const { activeElement } = document;
    cameFrom = activeElement === document.body ? link : activeElement;
    dialog.showModal();
    field.focus();
    htmx.trigger(field, "portal:find");
  }

  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open();
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  dialog.addEventListener("close", () => (cameFrom.isConnected ? cameFrom : link).focus());

  dialog.addEventListener("keydown", (event) => {
    const list = choices();
    const at = list.indexOf(document.activeElement);
    if (event.key === "Escape") {
      event.preventDefault(); // a field of searches would only be emptied
      dialog.close();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const next = event.key === "ArrowDown" ? at + 1 : at - 1;
      (next < 0 ? field : list[Math.min(next, list.length - 1)])?.focus();
    } else if (event.key === "Enter" && document.activeElement === field) {
      event.preventDefault();
      isAwaited = !isAnswered();
      if (!isAwaited) goFirst();
    }
  });
  found.addEventListener("htmx:afterSettle", () => {
    if (isAwaited && isAnswered()) goFirst();
  });
  field.addEventListener("input", () => (isAwaited = false));

  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "e" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, [contenteditable], dialog, [role=tree]")) return;
    event.preventDefault();
    open();
  });
})();
