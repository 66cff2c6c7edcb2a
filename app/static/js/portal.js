// What every page counts on: how htmx behaves, fresh tokens, looking again; and
// `window.portal`, what the other scripts share. Everything works (less well) without it.
(() => {
  "use strict";

  // Before htmx begins: it runs nothing that a page brings, and asks nobody else.
  if (window.htmx) {
    Object.assign(htmx.config, {
      allowEval: false,
      allowScriptTags: false,
      selfRequestsOnly: true,
      includeIndicatorStyles: false,
      historyCacheSize: 0,
      refreshOnHistoryMiss: true,
      scrollIntoViewOnBoost: false,
      responseHandling: [
        { code: "204", swap: false },
        { code: "[23]..", swap: true },
        { code: "422", swap: true },
        { code: "[45]..", swap: false, error: true },
      ],
    });
  }

  const one = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // The token of this page, renewed when the server says that it has aged

  const token = () => one("meta[name=csrf-token]").content;

  // With whose page it is: somebody else may have signed in since, in another tab.
  function proof() {
    const { person } = document.body.dataset;
    return { "X-CSRFToken": token(), ...(person && { "X-Page-Of": person }) };
  }

  function renewToken(fresh) {
    one("meta[name=csrf-token]").content = fresh;
    for (const field of all("input[name=csrf_token]")) field.value = fresh;
  }

  function announce(text) {
    const region = one("#annonces");
    region.textContent = "";
    setTimeout(() => (region.textContent = text), 60);
  }

  // An act on rows is answered with the rows that it changed, its form with a dialog.

  const act = (path, source, values = {}) =>
    htmx.ajax("POST", path, { source, swap: "none", values });

  const ask = (path) => htmx.ajax("GET", path, { target: "#dialogue", swap: "innerHTML" });

  const addressOf = (row) => one(".document-name", row).getAttribute("href");

  const idOf = (row) => row.id.replace("document-", "");

  // What a page fetches by itself
  const isUnasked = (element) =>
    element.matches("[data-poll], [hx-trigger*=every], [hx-trigger*=load]");

  window.portal = {
    ...{ one, all, act, addressOf, announce, ask, idOf },
    ...{ isUnasked, proof, renewToken, repeat },
  };

  // What was refused for the page's age or for its session, once more and whole.
  function repeat({ requestConfig, etc }) {
    const values = new FormData();
    for (const [name, value] of requestConfig.unfilteredFormData) values.append(name, value);
    if (values.has("csrf_token")) values.set("csrf_token", token());
    const { elt: source, path, target, verb } = requestConfig;
    return htmx.ajax(verb, path, { source, target, values, swap: etc.swapOverride });
  }

  const retried = new WeakSet();

  document.addEventListener("htmx:configRequest", (event) => {
    Object.assign(event.detail.headers, proof());
  });

  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, requestConfig } = event.detail;
    if (xhr.status < 400) return;
    const fresh = xhr.getResponseHeader("X-CSRF-Refresh");
    const source = requestConfig.elt;
    if (fresh && !retried.has(source)) {
      retried.add(source);
      renewToken(fresh);
      event.detail.shouldSwap = false;
      const refused = event.detail;
      setTimeout(() => repeat(refused).finally(() => retried.delete(source)));
    } else if (xhr.getResponseHeader("HX-Retarget")) {
      event.detail.shouldSwap = true;
    }
  });

  // Polling rests while nobody looks, and looks at once on coming back.
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (document.hidden && event.detail.elt.matches("[data-poll]")) event.preventDefault();
  });

  const look = () => {
    if (window.htmx) htmx.trigger(document.body, "portal:look");
  };
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) look();
  });

  window.addEventListener("pageshow", (event) => {
    if (event.persisted) look();
  });
})();
