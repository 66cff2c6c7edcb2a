// An act that the portal never answered, for the line is gone or something in between
// answered in its place: it is said, and what was typed stays. What a page looks after by
// itself looks again later.
(() => {
  "use strict";

  const { isUnasked, one } = window.portal;
  const template = document.getElementById("unanswered");

  function tell({ detail: { elt, requestConfig } }) {
    if (isUnasked(elt)) return;
    const word = requestConfig.verb === "get" ? "asked" : "sent";
    const messages = one("#messages");
    if (one(`[data-unanswered=${word}]`, messages)) return;
    const toast = one(`[data-unanswered=${word}]`, template.content).cloneNode(true);
    messages.append(toast);
  }

  for (const name of ["htmx:sendError", "htmx:timeout"]) document.addEventListener(name, tell);

  document.addEventListener("htmx:responseError", (event) => {
    const { xhr } = event.detail;
    const isOurs = ["HX-Retarget", "X-CSRF-Refresh"].some((name) => xhr.getResponseHeader(name));
    if (!isOurs) tell(event);
  });
})();
