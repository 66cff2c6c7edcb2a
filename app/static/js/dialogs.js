// Dialogs come into #dialogue from the server, and go back where they were asked for.
(() => {
  "use strict";

  const { ask, one, all } = window.portal;

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
    const { elt, successful, requestConfig } = event.detail;
    const dialog = elt.closest("#dialogue dialog");
    if (dialog && successful && requestConfig.verb !== "get") dialog.close();
    const undo = elt.closest(".toast-undo");
    if (undo && successful) undo.closest("[data-toast]").remove();
  });

  document.addEventListener("click", (event) => {
    const close = event.target.closest("[data-close]");
    if (!close) return;
    event.preventDefault();
    const dialog = close.closest("dialog");
    if (dialog) dialog.close();
    else close.closest("[data-toast]").remove();
  });
})();
