// The grid of a folder: arrows go as the eye does, and a picture that is still being made
// is asked for again. Without this the arrows go from one to the next.
(() => {
  "use strict";

  // After a large deposit the last ones are made minutes later.
  const TRIES = 7;
  const PAUSE = 3000; // ms, twice as long with each try
  const LONGEST = 60000;
  const rows = () => [...document.querySelectorAll(".is-grid tr[data-document]")];

  function columns(list) {
    const first = list[0].offsetTop;
    const next = list.findIndex((row) => row.offsetTop !== first);
    return next < 0 ? list.length : next;
  }

  document.addEventListener(
    "keydown",
    (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
      const row = event.target.closest?.(".is-grid tr[data-document]");
      if (!row) return;
      const list = rows();
      const wide = columns(list);
      const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: wide, ArrowUp: -wide }[event.key];
      if (!step) return;
      event.preventDefault();
      event.stopPropagation();
      const next = list[list.indexOf(row) + step];
      next?.focus();
      next?.scrollIntoView({ block: "nearest" });
    },
    true,
  );

  function again(picture) {
    const tries = Number(picture.dataset.tries || 0) + 1;
    picture.classList.add("is-missing");
    if (tries > TRIES) return;
    picture.dataset.tries = tries;
    setTimeout(() => {
      if (!picture.isConnected) return;
      const url = new URL(picture.src);
      url.searchParams.set("try", tries);
      picture.src = url;
    }, Math.min(LONGEST, PAUSE * 2 ** (tries - 1)));
  }

  // They do not bubble.
  document.addEventListener("error", (event) => event.target.matches?.("[data-thumb]") && again(event.target), true);
  document.addEventListener("load", (event) => event.target.matches?.("[data-thumb]") && event.target.classList.remove("is-missing"), true);
  for (const picture of document.querySelectorAll("[data-thumb]")) {
    if (picture.complete && !picture.naturalWidth) again(picture);
  }
})();
