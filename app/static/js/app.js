// What every page does by itself: fresh tokens, messages, dialogs, menus, drawers,
// the tree and the rows by keyboard. Everything works (less well) without it.
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

  window.portal = {
    ...{ act, addressOf, announce, ask, idOf },
    ...{ prepareTree, renewToken, repeat, token },
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
    event.detail.headers["X-CSRFToken"] = token();
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
    for (const form of all("form[aria-busy]")) form.removeAttribute("aria-busy");
    if (event.persisted) look();
  });

  // Who does not want single letters to do something switches them off in their menu
  // (WCAG 2.1.4): then none of them gets any further. «?» lists what the keys do.

  const isTyped = (target) =>
    target.closest?.(
      "input:not([type=checkbox], [type=radio], [type=file]), textarea, select, [contenteditable]",
    );

  window.addEventListener(
    "keydown",
    (event) => {
      const isLetter = event.key.length === 1 && event.key !== " ";
      if (!isLetter || event.ctrlKey || event.metaKey || event.altKey || isTyped(event.target)) return;
      const list = one("#keys");
      if (document.body.dataset.keys === "off") {
        event.stopImmediatePropagation();
      } else if (event.key === "?" && list && !one("dialog[open]")) {
        event.preventDefault();
        list.showModal();
      }
    },
    true,
  );

  // Messages: at most three, and only bad news stays

  const MESSAGE_STAYS = 6000;
  const OFFER_STAYS = 15000; // one that can be taken back

  function keepMessage(toast) {
    if (toast.dataset.kept) return;
    toast.dataset.kept = "yes";
    if (toast.dataset.toast === "bad") return;
    announce(one(".toast-text", toast).textContent.trim());
    const stays = one("form", toast) ? OFFER_STAYS : MESSAGE_STAYS;
    let timer;
    const start = () => (timer = setTimeout(() => toast.remove(), stays));
    const hold = () => clearTimeout(timer);
    for (const name of ["mouseenter", "focusin"]) toast.addEventListener(name, hold);
    for (const name of ["mouseleave", "focusout"]) toast.addEventListener(name, start);
    start();
  }

  function keepMessages() {
    const toasts = all("#messages [data-toast]");
    for (const old of toasts.splice(0, toasts.length - 3)) old.remove();
    for (const toast of toasts) keepMessage(toast);
    if (toasts.length) document.body.dataset.messages = toasts.length;
    else delete document.body.dataset.messages;
    if (toasts.length) raiseMessages(one("#messages"));
  }

  // A popover shows above an open dialog
  function raiseMessages(messages) {
    if (!messages.showPopover || !one("dialog[open]")) return;
    messages.popover = "manual";
    if (messages.matches(":popover-open")) messages.hidePopover();
    messages.showPopover();
  }

  new MutationObserver(keepMessages).observe(one("#messages"), { childList: true });
  keepMessages();

  // Dialogs come into #dialogue from the server, and go back where they were asked for

  let opener = null;

  function openDialog() {
    const dialog = one("#dialogue dialog");
    if (!dialog || dialog.open) return;
    // A form that comes back with a fault was asked for where the first one was.
    if (document.activeElement !== document.body) opener = document.activeElement;
    dialog.addEventListener("close", () => {
      dialog.remove();
      if (opener && opener.isConnected) opener.focus();
    });
    dialog.showModal();
    const first = one("[autofocus]", dialog) || one("[data-close]", dialog);
    if (first) first.focus();
    if (first?.matches("input")) first.select(); // an old name gives way to a new one
    // Else htmx goes back there, when a key may have gone on already.
    for (const element of all("[autofocus]", dialog)) element.autofocus = false;
  }

  new MutationObserver(openDialog).observe(one("#dialogue"), { childList: true });
  openDialog();

  // a[data-ask]: the page of an act comes as a dialog. Focus goes back to the menu that
  // the link is in, for the link itself is out of sight then.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-ask]");
    const isElsewhere = event.ctrlKey || event.metaKey || event.shiftKey;
    if (!link || isElsewhere || !window.htmx) return;
    event.preventDefault();
    const menu = link.closest("details[data-menu]");
    if (menu) {
      menu.open = false;
      one("summary", menu).focus();
    }
    ask(link.href);
  });

  document.addEventListener("htmx:afterRequest", (event) => {
    const dialog = event.detail.elt.closest("#dialogue dialog");
    if (dialog && event.detail.successful && event.detail.requestConfig.verb !== "get") {
      dialog.close();
    }
    event.detail.elt.closest("form[aria-busy]")?.removeAttribute("aria-busy");
    const undo = event.detail.elt.closest(".toast-undo");
    if (undo && event.detail.successful) undo.closest("[data-toast]").remove();
  });

  // A form goes once

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.hasAttribute("aria-busy")) event.preventDefault();
    else if (!event.defaultPrevented && form.method !== "dialog") {
      form.setAttribute("aria-busy", "true");
      if (form.matches("[hx-get], [hx-post]")) return;
      setTimeout(() => form.removeAttribute("aria-busy"), 8000); // a download never leaves
    }
  });

  // Drawers

  function closeDrawers({ refocus = false } = {}) {
    one(".drawer-veil")?.remove();
    for (const drawer of all(".drawer[data-open]")) {
      delete drawer.dataset.open;
      const button = one(`[data-drawer="${drawer.id}"]`);
      button?.setAttribute("aria-expanded", "false");
      if (refocus) button?.focus();
    }
  }

  function openDrawer(drawer) {
    closeDrawers();
    drawer.dataset.open = "yes";
    one(`[data-drawer="${drawer.id}"]`)?.setAttribute("aria-expanded", "true");
    const veil = document.createElement("div");
    veil.className = "drawer-veil";
    veil.addEventListener("click", () => closeDrawers({ refocus: true }));
    document.body.append(veil);
    drawer.focus();
  }

  const isDrawer = (drawer) => drawer && getComputedStyle(drawer).position === "fixed";

  function toggleDrawer(id) {
    const drawer = document.getElementById(id);
    if (!isDrawer(drawer)) return;
    if ("open" in drawer.dataset) closeDrawers({ refocus: true });
    else openDrawer(drawer);
  }

  // Clicks

  document.addEventListener("click", (event) => {
    const target = event.target;
    for (const menu of all("details[data-menu][open]")) {
      if (!menu.contains(target)) menu.open = false;
    }
    const close = target.closest("[data-close]");
    if (close) {
      event.preventDefault();
      (close.closest("dialog") || close.closest("[data-toast]"))[
        close.closest("dialog") ? "close" : "remove"
      ]();
    }
    if (target.closest("[data-drawer-close]")) closeDrawers({ refocus: true });
    const drawer = target.closest("[data-drawer]");
    if (drawer) toggleDrawer(drawer.dataset.drawer);
    const arrow = target.closest("[data-toggle]");
    if (arrow) {
      event.preventDefault();
      toggleNode(arrow.closest("[role=treeitem]"));
    }
    const row = target.closest("tr[data-document]");
    if (row && !target.closest("a, button, input, label") && !String(getSelection())) {
      row.focus();
    }
  });

  document.addEventListener("dblclick", (event) => {
    const row = event.target.closest("tr[data-document]");
    if (row && !event.target.closest("a, button")) location.assign(addressOf(row));
  });

  // The tree

  const below = (node) => document.getElementById(node.getAttribute("aria-owns"));
  const isOpen = (node) => node.getAttribute("aria-expanded") === "true";

  function toggleNode(node, open = !isOpen(node)) {
    const group = below(node);
    if (!group || open === isOpen(node)) return;
    group.hidden = !open;
    node.setAttribute("aria-expanded", String(open));
    if (open && !group.children.length) {
      node.setAttribute("aria-busy", "true");
      htmx.trigger(group, "portal:open");
    }
  }

  const nodes = () => all("#tree [role=treeitem]").filter((n) => n.offsetParent !== null);

  function rove(node) {
    for (const other of all("#tree [role=treeitem]")) other.tabIndex = other === node ? 0 : -1;
  }

  function prepareTree() {
    if (one("#tree [role=treeitem]") && !one("#tree [role=treeitem][tabindex='0']")) {
      rove(one("#tree [aria-current]") || one("#tree [role=treeitem]"));
    }
    for (const node of all("#tree [role=treeitem]:not([tabindex])")) node.tabIndex = -1;
  }

  if (one("#tree")) {
    prepareTree();
    one("#tree [aria-current]")?.scrollIntoView({ block: "nearest" });
  }

  document.addEventListener("htmx:afterRequest", (event) => {
    const group = event.detail.elt;
    if (group.matches(".tree-find")) setTimeout(prepareTree);
    if (!group.matches("#tree [role=group]")) return;
    const node = one(`[aria-owns="${group.id}"]`);
    node.removeAttribute("aria-busy");
    if (!event.detail.successful) toggleNode(node, false);
    setTimeout(prepareTree);
  });

  const treeKeys = {
    ArrowDown: (node, list, at) => list[at + 1],
    ArrowUp: (node, list, at) => list[at - 1],
    Home: (node, list) => list[0],
    End: (node, list) => list[list.length - 1],
    ArrowRight: (node) => {
      if (!below(node)) return null;
      if (isOpen(node)) return one("[role=treeitem]", below(node));
      toggleNode(node, true);
      return null;
    },
    ArrowLeft: (node) => {
      if (below(node) && isOpen(node)) return toggleNode(node, false);
      const group = node.closest("[role=group]");
      return group && one(`[aria-owns="${group.id}"]`);
    },
    " ": (node) => void node.click(),
  };

  function onTreeKey(event, node) {
    const list = nodes();
    if (event.key in treeKeys) {
      event.preventDefault();
      const next = treeKeys[event.key](node, list, list.indexOf(node));
      next?.focus();
    } else if (/^\p{L}|\p{N}$/u.test(event.key) && event.key.length === 1) {
      const from = list.indexOf(node) + 1;
      const wanted = event.key.toLowerCase();
      [...list.slice(from), ...list.slice(0, from)]
        .find((n) => n.textContent.trim().toLowerCase().startsWith(wanted))
        ?.focus();
    }
  }

  // Above the tree: gives whether the key is used up.
  function onTreeFieldKey(event, field) {
    const node = event.key === "ArrowDown" && nodes()[0];
    const clears = event.key === "Escape" && field.value;
    if (!node && !clears) return false;
    event.preventDefault();
    if (node) {
      node.focus();
      return true;
    }
    field.value = "";
    field.dispatchEvent(new Event("input", { bubbles: true }));
    return true;
  }

  document.addEventListener("focusin", (event) => {
    const node = event.target.closest("#tree [role=treeitem]");
    if (node) rove(node);
  });

  // Rows

  function moveRow(step) {
    const rows = all("tr[data-document]");
    const at = rows.indexOf(document.activeElement.closest("tr[data-document]"));
    const next = at < 0 ? rows[0] : rows[at + step];
    next?.focus();
    next?.scrollIntoView({ block: "nearest" });
    return Boolean(next);
  }

  const inField = (target) =>
    target.closest("input:not([type=file], [type=checkbox]), textarea, select, [contenteditable], dialog");

  document.addEventListener("keydown", (event) => {
    const target = event.target;
    if (target.id === "tree-of" && onTreeFieldKey(event, target)) return;
    if (event.key === "Escape") {
      const menu = one("details[data-menu][open]");
      if (menu) {
        menu.open = false;
        one("summary", menu).focus();
      } else closeDrawers({ refocus: true });
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || inField(target)) return;
    const node = target.closest("[role=treeitem]");
    if (node) return onTreeKey(event, node);
    const row = target.closest("tr[data-document]");
    const key = event.key.toLowerCase();
    if (key === "j" || (row && key === "arrowdown")) {
      if (moveRow(1)) event.preventDefault();
    } else if (key === "k" || (row && key === "arrowup")) {
      if (moveRow(-1)) event.preventDefault();
    } else if (row && target === row && event.key === "Enter") {
      location.assign(addressOf(row));
    } else if (key === "i") {
      toggleDrawer("pane");
    } else if (key === "d") {
      one("[data-deposit-open]")?.click();
    }
  });

  // Rows that have just come are tinted for a moment

  let known = new Set();
  const rowIds = () => all("tr[data-document]").map((row) => row.id);

  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id === "documents") known = new Set(rowIds());
  });
  document.addEventListener("htmx:afterSettle", () => {
    if (!known.size) return;
    for (const row of all("tr[data-document]")) {
      row.classList.toggle("is-new", !known.has(row.id));
    }
    known = new Set();
  });
})();
