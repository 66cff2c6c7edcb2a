// Messages: at most three, and only bad news stays.
(() => {
  "use strict";

  const { all, announce, one } = window.portal;

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
})();
