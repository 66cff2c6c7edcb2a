// An act that the portal never answered, for the line is gone or something in between
// answered in its place: it is said, and what was typed stays. What a page looks after by
// itself looks again later.
(() => {
  "use strict";

  const { isUnasked, one } = window.portal;
  const template = document.getElementById("unanswered");

  function tell(word) {
    const messages = one("#messages");
    const selector = `[data-unanswered=${word}]`;
    if (!one(selector, messages)) messages.append(one(selector, template.content).cloneNode(true));
  }

  function tellOf({ detail: { elt, requestConfig } }) {
    if (!isUnasked(elt)) tell(requestConfig.verb === "get" ? "asked" : "sent");
  }

  for (const name of ["htmx:sendError", "htmx:timeout"]) document.addEventListener(name, tellOf);

  document.addEventListener("htmx:responseError", (event) => {
    const { xhr } = event.detail;
    const isOurs = ["HX-Retarget", "X-CSRF-Refresh"].some((name) => xhr.getResponseHeader(name));
    if (!isOurs) tellOf(event);
  });

  window.portal.tellUnanswered = tell;
})();
