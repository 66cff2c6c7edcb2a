// A session that has ended. Who was here signs in again without leaving the page, and
// what was asked for is done then: nothing that was typed or is to be sent is lost.
(() => {
  "use strict";

  const template = document.getElementById("signed-out");
  const { email, firstName } = document.body.dataset; // who is here
  if (!email || !window.htmx) return;

  let dialog = null;
  let again = []; // what to do then

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
    again = [];
  }

  function answered({ detail: { xhr } }) {
    if (xhr.status !== 204) return dialog.querySelector("[type=password]").select();
    const refused = again;
    window.portal.renewToken(xhr.getResponseHeader("X-CSRF-Refresh"));
    dialog.close();
    for (const repeat of refused) repeat();
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
    const refused = event.detail;
    if (!isPoll) again.push(() => window.portal.repeat(refused));
    ask();
  });

  // A form that leads to another page takes what was typed with it: before it goes, the
  // portal is asked whether it would be let in.

  const LOST = "textarea, input:not([type=hidden], [type=checkbox], [type=radio], [type=submit])";
  const mayLose = (form) =>
    form.method === "post" &&
    !form.matches("[hx-post]") &&
    [...form.querySelectorAll(LOST)].some((field) => field.value);
  const letIn = new WeakSet();

  document.addEventListener("submit", async (event) => {
    const { target: form, submitter } = event;
    if (event.defaultPrevented || letIn.delete(form) || !mayLose(form)) return;
    event.preventDefault();
    const go = () => {
      form.removeAttribute("aria-busy");
      letIn.add(form);
      form.requestSubmit(submitter?.isConnected ? submitter : null);
    };
    const headers = { "HX-Request": "true", ...window.portal.proof() };
    const answer = await fetch("/session", { headers }).catch(() => null);
    const fresh = answer?.headers.get("X-CSRF-Refresh");
    if (fresh) window.portal.renewToken(fresh);
    if (answer?.status < 500 && ![401, 403].includes(answer.status)) return go();
    form.removeAttribute("aria-busy");
    if (answer?.status === 403) return window.portal.one("#messages").insertAdjacentHTML("beforeend", await answer.text());
    if (answer?.status !== 401) return window.portal.tellUnanswered("asked");
    again.push(go);
    ask();
  });

  window.portal.askToSignIn = ask;
})();
