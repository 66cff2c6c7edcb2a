// A line of the journal unfolds into its story, and folds again without asking.
(() => {
  "use strict";

  document.addEventListener("htmx:beforeRequest", (event) => {
    const link = event.detail.elt;
    if (!link.dataset.unfold) return;
    const row = document.getElementById(link.dataset.unfold).closest("tr");
    const isOpen = link.getAttribute("aria-expanded") === "true";
    link.setAttribute("aria-expanded", String(!isOpen));
    row.hidden = isOpen;
    if (isOpen) event.preventDefault();
  });
})();
