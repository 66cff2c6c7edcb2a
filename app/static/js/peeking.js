// The eye of a password's field shows what is typed; it is hidden again when it is sent.
(() => {
  "use strict";

  function show(button, isShown) {
    const field = document.getElementById(button.getAttribute("aria-controls"));
    field.type = isShown ? "text" : "password";
    button.setAttribute("aria-pressed", String(isShown));
    return field;
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-peek]");
    if (button) show(button, button.getAttribute("aria-pressed") !== "true").focus();
  });

  document.addEventListener("submit", (event) => {
    for (const button of event.target.querySelectorAll("[data-peek]")) show(button, false);
  });
})();
