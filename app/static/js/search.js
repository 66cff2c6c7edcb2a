// The field of the top bar: «/» goes to it, arrows choose, Enter opens, Escape leaves.
(() => {
  "use strict";

  const field = document.getElementById("find");
  const list = document.getElementById("find-list");
  const options = () => [...list.querySelectorAll("[role=option]")];
  const chosen = () => list.querySelector("[aria-selected=true]");

  let cameFrom = null; // what had the focus before «/»

  const inField = (target) =>
    target.closest("input, textarea, select, [contenteditable], dialog");

  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (inField(event.target)) return;
    const own = document.getElementById("search-q") || field;
    if (!own) return;
    event.preventDefault();
    // Narrow windows have a link in its place.
    if (own.offsetParent === null) return document.querySelector(".find-link").click();
    cameFrom = event.target;
    own.focus();
    own.select();
  });

  if (!field) return;

  function choose(option) {
    chosen()?.setAttribute("aria-selected", "false");
    field.removeAttribute("aria-activedescendant");
    if (!option) return;
    option.setAttribute("aria-selected", "true");
    field.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }

  function show(isShown) {
    list.hidden = !isShown;
    field.setAttribute("aria-expanded", String(isShown));
    if (!isShown) choose(null);
  }

  // What is listed is for what is typed now.
  function isFresh() {
    const found = list.querySelector("[data-for]");
    return Boolean(found) && found.dataset.for === field.value.trim();
  }

  list.addEventListener("htmx:afterSwap", () => {
    if (!isFresh() || document.activeElement !== field) return show(false);
    show(true);
    choose(options()[0]);
  });

  field.addEventListener("focus", () => {
    if (isFresh()) show(true);
  });

  function step(by) {
    const all = options();
    if (list.hidden || !all.length) return;
    const at = all.indexOf(chosen());
    choose(all[(at + by + all.length) % all.length]);
  }

  function leave() {
    const back = cameFrom;
    field.blur();
    if (back?.isConnected) back.focus();
  }

  field.addEventListener("blur", () => (cameFrom = null));

  const keys = {
    ArrowDown: () => step(1),
    ArrowUp: () => step(-1),
    Escape: () => (list.hidden ? leave() : show(false)),
    Enter: (event) => {
      const option = !list.hidden && isFresh() && chosen();
      if (!option) return true; // all results, by the form
      if (event.ctrlKey || event.metaKey) window.open(option.href);
      else location.assign(option.href);
      return false;
    },
  };

  field.addEventListener("keydown", (event) => {
    if (event.isComposing || !(event.key in keys)) return;
    if (keys[event.key](event) === true) return;
    event.preventDefault();
    event.stopPropagation();
  });

  document.addEventListener("click", (event) => {
    if (!event.target.closest(".find")) show(false);
  });
  document.addEventListener("focusin", (event) => {
    if (!event.target.closest(".find")) show(false);
  });
})();
