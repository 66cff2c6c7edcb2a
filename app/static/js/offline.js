// Deposits without a line to the portal: a banner says that they are in pause and when
// the next try is. The browser's own word comes first, but it does not know of all.
(() => {
  "use strict";

  const FIRST = 12; // seconds
  const LONGEST = 60;

  const template = document.getElementById("deposit-offline");
  const topbar = document.querySelector(".topbar");
  if (!template || !topbar) return;

  const words = {};
  for (const word of template.content.querySelectorAll("[data-word]")) {
    words[word.dataset.word] = word.textContent.trim();
  }
  const banner = template.content.querySelector(".offline").cloneNode(true);
  const text = banner.querySelector("[data-text]");
  banner.hidden = true;
  topbar.after(banner);

  let paused = 0;
  let wait = FIRST;
  let left = 0;
  let timer = null;

  function tell() {
    const word = paused ? (paused === 1 ? "paused.one" : "paused.many") : "idle";
    text.textContent = words[word].replace("{count}", paused).replace("{left}", left);
    banner.querySelector("button").hidden = !paused;
  }

  function show() {
    if (banner.hidden) window.portal.announce(words.title);
    banner.hidden = false;
    tell();
  }

  function hide() {
    clearInterval(timer);
    timer = null;
    wait = FIRST;
    banner.hidden = true;
  }

  function tryAgain() {
    clearInterval(timer);
    timer = null;
    text.textContent = words.trying;
    document.dispatchEvent(new CustomEvent("portal:try-again"));
  }

  function count() {
    left -= 1;
    if (left > 0) tell();
    else tryAgain();
  }

  // js/deposit.js says how it goes
  document.addEventListener("portal:deposits", ({ detail }) => {
    paused = detail.paused;
    if (detail.isMoving || (!paused && !detail.live && navigator.onLine)) return hide();
    if (!paused || detail.live) return;
    if (!timer) {
      left = wait;
      wait = Math.min(2 * wait, LONGEST);
      timer = setInterval(count, 1000);
    }
    show();
  });

  banner.querySelector("button").addEventListener("click", tryAgain);
  window.addEventListener("offline", show);
  window.addEventListener("online", () => (paused ? tryAgain() : hide()));
})();
