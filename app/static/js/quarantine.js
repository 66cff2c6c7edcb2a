// The mails to check by keyboard: J and K browse, C files, A accepts the sender, X sets
// aside. After each of them the reader stands at the title of the mail that is open.
(() => {
  "use strict";

  const one = (selector) => document.querySelector(selector);
  const inField = (target) =>
    target.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable], dialog");

  function browse(step) {
    const links = [...document.querySelectorAll("[data-mail]")];
    const at = links.findIndex((link) => link.hasAttribute("aria-current"));
    const isList = one("#quarantine").dataset.view === "list" && !one("#mail")?.offsetParent;
    links[at < 0 || isList ? Math.max(0, at) : at + step]?.click();
  }

  // A key may be quicker than htmx is with what has just come.
  function click(selector) {
    htmx.process(one("#settle") ?? document.body);
    one(selector)?.click();
  }

  const keys = {
    j: () => browse(1),
    k: () => browse(-1),
    a: () => click("#settle [name=always]"),
    c: () => click('#settle [data-key="c"]:not(:disabled)'),
    x: () => click('#settle [data-key="x"]'),
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (inField(event.target) || one("dialog[open]")) return;
    const act = keys[event.key.toLowerCase()];
    if (!act || !one("#quarantine")) return;
    event.preventDefault();
    act();
  });

  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.target?.id !== "quarantine") return;
    const title = one("#mail-title");
    const place = title?.offsetParent ? title : one("#mails");
    place?.focus({ preventScroll: true });
    one("[data-mail][aria-current]")?.closest("li").scrollIntoView({ block: "nearest" });
  });
})();
