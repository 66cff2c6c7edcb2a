// Saved filters: what is saved are the fields as they are now, and the one that the page
// shows is marked. Without this both are as the page came.
(() => {
  "use strict";

  const bar = document.querySelector("[data-filters]");
  const form = bar && document.getElementById(bar.dataset.filters);
  if (!form) return;

  function now() {
    const fields = [...new FormData(form)].filter(([, value]) => value);
    return new URLSearchParams(fields);
  }

  function sorted(query) {
    const all = new URLSearchParams(query);
    if (all.get("show") === "all") all.delete("show"); // the desk's default
    all.sort();
    return all.toString();
  }

  bar.querySelector(".saved-form").addEventListener("submit", (event) => {
    event.target.elements.query.value = now().toString();
  });

  document.addEventListener("htmx:pushedIntoHistory", () => {
    const shown = sorted(now());
    for (const one of bar.querySelectorAll("[data-query]")) {
      const isShown = sorted(one.dataset.query) === shown;
      if (isShown) one.setAttribute("aria-current", "true");
      else one.removeAttribute("aria-current");
    }
  });

  bar.querySelector("details").addEventListener("toggle", (event) => {
    if (event.target.open) event.target.querySelector("[name=name]").focus();
  });
})();
