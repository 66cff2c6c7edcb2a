// A document's pages: zoom, printing, the page that is looked at, the neighbours by keyboard; and
// the pages laid out to be turned, moved or cut. All of it works (less well) without.
(() => {
  "use strict";

  const one = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // Zoom: steps of the style sheet, kept while documents are gone through

  const LEVELS = [50, 75, 100, 125, 150, 200];
  const FIT = 100;
  const KEPT = "viewer-zoom";

  function level() {
    try {
      const kept = Number(sessionStorage.getItem(KEPT));
      return LEVELS.includes(kept) ? kept : FIT;
    } catch {
      return FIT;
    }
  }

  function zoom(to) {
    try {
      sessionStorage.setItem(KEPT, to);
    } catch {
      // it holds for this page only
    }
    show(to);
  }

  function show(to) {
    const viewer = one("#viewer");
    const shown = viewer && one(".viewer-level", viewer);
    if (!shown) return;
    viewer.dataset.zoom = to;
    shown.textContent = `${to} %`;
    for (const button of all("[data-zoom-by]", viewer)) {
      const next = LEVELS.indexOf(to) + Number(button.dataset.zoomBy);
      button.disabled = button.dataset.zoomBy !== "0" && !LEVELS[next];
    }
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-zoom-by]");
    if (!button) return;
    const by = Number(button.dataset.zoomBy);
    zoom(by ? LEVELS[LEVELS.indexOf(level()) + by] || level() : FIT);
  });

  // Printed: the pages alone, once all of them are here (also those not yet scrolled to)

  async function print(button) {
    if (button.hasAttribute("aria-busy")) return;
    button.setAttribute("aria-busy", "true");
    const pictures = all(".viewer-page img");
    for (const picture of pictures) picture.loading = "eager";
    await Promise.allSettled(pictures.map((picture) => picture.decode()));
    button.removeAttribute("aria-busy");
    document.documentElement.classList.add("prints-pages");
    window.print();
  }

  window.addEventListener("afterprint", () =>
    document.documentElement.classList.remove("prints-pages"),
  );

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-print]");
    if (button) print(button);
  });

  // The page that is looked at is marked in the strip

  let watched = null;

  function watch() {
    watched?.disconnect();
    const pages = all(".viewer-page");
    if (!one(".viewer-strip") || !window.IntersectionObserver) return;
    const seen = new Map();
    watched = new IntersectionObserver(
      (entries) => {
        for (const { target, intersectionRatio } of entries) seen.set(target, intersectionRatio);
        const most = pages.reduce((a, b) => ((seen.get(b) || 0) > (seen.get(a) || 0) ? b : a));
        for (const link of all(".viewer-strip a")) {
          if (link.hash === `#${most.id}`) link.setAttribute("aria-current", "true");
          else link.removeAttribute("aria-current");
        }
      },
      { threshold: [0, 0.25, 0.5, 0.75, 1] },
    );
    for (const page of pages) watched.observe(page);
  }

  function begin() {
    show(level());
    watch();
  }

  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.target.id === "viewer" || event.detail.elt.id === "viewer") begin();
  });
  begin();

  // The neighbours, and back to the folder

  const inField = (target) =>
    target.closest("input, textarea, select, [contenteditable], dialog, [popover]");
  const STEPS = { j: "next", arrowright: "next", k: "previous", arrowleft: "previous" };

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.shiftKey || inField(event.target)) return;
    const key = event.key.toLowerCase();
    const isWide = event.target.closest(".viewer-pages") && level() > FIT;
    if (isWide && key.startsWith("arrow")) return; // it scrolls
    const isBusy = one("dialog[open], details[data-menu][open], .drawer[data-open], :popover-open");
    const way = STEPS[key] && `[data-step="${STEPS[key]}"]`;
    const link = key === "escape" ? one("[data-back]") : way && one(way);
    if (!link || isBusy) return;
    event.preventDefault();
    link.click();
  }, true);

  // Pages laid out: turned and moved by buttons, which fill the fields in

  const sheets = one("[data-sheets]");

  function number() {
    all(".sheet-page", sheets).forEach((page, index) => {
      const field = one("[name^=place-]", page);
      if (!field) return;
      field.value = index + 1;
      one("[data-act=up]", page).disabled = !page.previousElementSibling;
      one("[data-act=down]", page).disabled = !page.nextElementSibling;
    });
  }

  function turn(page) {
    const field = one("[name^=turn-]", page);
    field.value = (Number(field.value) + 90) % 360;
    one(".sheet-picture", page).dataset.turn = field.value;
  }

  function move(page, button) {
    if (button.dataset.act === "up") page.previousElementSibling?.before(page);
    else page.nextElementSibling?.after(page);
    number();
    (button.disabled ? one(".sheet-buttons button", page) : button).focus();
  }

  if (sheets) {
    const place = (page) => Number(one("[name^=place-]", page)?.value);
    const pages = all(".sheet-page", sheets);
    pages.sort((a, b) => place(a) - place(b));
    sheets.append(...pages);
    number();
    sheets.addEventListener("click", (event) => {
      const button = event.target.closest("[data-act]");
      if (!button) return;
      const page = button.closest(".sheet-page");
      if (button.dataset.act === "turn") turn(page);
      else move(page, button);
    });
  }

  // How many documents the cuts make

  const cuts = one("[data-cuts]");

  if (cuts) {
    const told = one("[data-parts]");
    const tell = () => {
      const made = all("[name=cuts]:checked", cuts).length + 1;
      told.textContent = made > 1 ? told.dataset.parts.replace("#", made) : "";
    };
    cuts.addEventListener("change", tell);
    tell();
  }
})();
