// The journal: a line unfolds into its story, and folds again without asking; the menu of
// the states says how many are chosen.
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

  const menu = document.querySelector(".journal-states");
  const summary = menu.querySelector("summary");
  menu.addEventListener("change", () => {
    const all = menu.querySelectorAll("input");
    const chosen = menu.querySelectorAll("input:checked").length;
    const { all: whenAll, some } = summary.dataset;
    summary.classList.toggle("is-set", chosen > 0);
    summary.querySelector("span").textContent = chosen
      ? some.replace("{chosen}", chosen).replace("{all}", all.length)
      : whenAll;
  });
})();
