// A form goes once; a text goes to the clipboard.
(() => {
  "use strict";

  const { all, announce } = window.portal;

  const letGo = (form) => form?.removeAttribute("aria-busy");

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.hasAttribute("aria-busy")) event.preventDefault();
    else if (!event.defaultPrevented && form.method !== "dialog") {
      form.setAttribute("aria-busy", "true");
      if (form.matches("[hx-get], [hx-post]")) return;
      setTimeout(() => letGo(form), 8000); // a download never leaves
    }
  });

  document.addEventListener("htmx:afterRequest", (event) =>
    letGo(event.detail.elt.closest("form[aria-busy]")),
  );

  // Gone back to
  window.addEventListener("pageshow", () => all("form[aria-busy]").forEach(letGo));

  // [data-copy=<text>]: to the clipboard
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
    } catch {
      return; // no right to: the address stays there to be selected
    }
    if (button.dataset.copied) announce(button.dataset.copied);
    button.classList.add("is-copied");
    setTimeout(() => button.classList.remove("is-copied"), 1500);
  });
})();
