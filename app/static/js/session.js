// A session that has ended. Who was here signs in again without leaving the page, and
// what was asked for is done then: nothing that was typed or is to be sent is lost.
(() => {
  "use strict";

  const template = document.getElementById("signed-out");
  const { email, firstName } = document.body.dataset; // who is here
  if (!email || !window.htmx) return;

  let dialog = null;
  let refused = [];

  const TO_BE_SENT = ["waiting", "sending", "checking", "cut", "expired"]
    .map((state) => `[data-state=${state}]`)
    .join();
  const isTyped = (field) => field.offsetParent && field.value !== field.defaultValue;
  const isLosing = () =>
    document.querySelector(`:is(${TO_BE_SENT}), dialog[open]`) ||
    [...document.querySelectorAll("main :is(textarea, input[type=text])")].some(isTyped);

  function ask() {
    if (dialog) return;
    dialog = template.content.firstElementChild.cloneNode(true);
    dialog.querySelector("[type=email]").value = email;
    const button = dialog.querySelector("[data-continue]");
    button.textContent = button.textContent.replace("{name}", () => firstName);
    document.body.append(dialog);
    htmx.process(dialog);
    dialog.addEventListener("htmx:afterRequest", answered);
    dialog.addEventListener("close", shut);
    const kept = dialog.querySelector("[data-files]");
    document.dispatchEvent(new CustomEvent("portal:signed-out", { detail: kept }));
    dialog.showModal();
    dialog.querySelector("[type=password]").focus();
  }

  function shut() {
    dialog.remove();
    dialog = null;
    refused = [];
  }

  function answered({ detail: { xhr } }) {
    if (xhr.status !== 204) return dialog.querySelector("[type=password]").select();
    const again = refused;
    window.portal.renewToken(xhr.getResponseHeader("X-CSRF-Refresh"));
    dialog.close();
    for (const one of again) window.portal.repeat(one);
    htmx.trigger(document.body, "portal:look");
    document.dispatchEvent(new CustomEvent("portal:signed-in"));
  }

  // A page that only shows things gives way to the sign-in page, and shows them no more.
  document.addEventListener("htmx:beforeOnLoad", (event) => {
    const { elt, xhr } = event.detail;
    if (xhr.status !== 401) return;
    const isPoll = window.portal.isUnasked(elt);
    if (isPoll && !isLosing()) return;
    event.preventDefault();
    if (!isPoll) refused.push(event.detail);
    ask();
  });

  window.portal.askToSignIn = ask;
})();
