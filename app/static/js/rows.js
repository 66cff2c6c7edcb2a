// The menu of a row: there is one, filled for the row whose button was pressed. Without
// this the button leads to the document's page, where the same acts are.
(() => {
  "use strict";

  const menu = document.getElementById("row-menu");
  if (!menu || !menu.showPopover) return;

  const GAP = 4;
  const EDGE = 8;
  let button = null;
  let wasOpenAt = null;

  // Behind the document's address; the others are acts from a list.
  const OWN = { open: "", download: "/download", comment: "#comment-body" };

  function fill() {
    const row = button.closest("tr[data-document]");
    const open = new Set([...button.dataset.acts.split(" "), "open", "download", "comment"]);
    const address = window.portal.addressOf(row);
    for (const item of menu.querySelectorAll("[data-act]")) {
      const { act, path } = item.dataset;
      item.hidden = !open.has(act);
      const url = OWN[act] === undefined ? `/${path || act}?from=list` : OWN[act];
      item[item.matches("form") ? "action" : "href"] = address + url;
    }
    menu.querySelector("bdi").textContent = row.querySelector(".document-name").title;
    tellMore(row);
  }

  // What the sheet of a phone has room for: what the row tells, and why it was refused.
  function tellMore(row) {
    const textOf = (selector) => row.querySelector(selector)?.textContent.trim();
    const parts = [".column-size", ".depositor bdi", ".column-date time"].map(textOf);
    menu.querySelector(".filetype").className = row.querySelector(".filetype").className;
    menu.querySelector("[data-about]").textContent = parts.filter(Boolean).join(" · ");
    const refused = menu.querySelector(".row-menu-refused");
    const link = row.querySelector(".document-take-up");
    refused.hidden = !textOf(".document-note");
    refused.querySelector("[data-reason]").textContent = textOf(".document-note") || "";
    const button = refused.querySelector("a");
    button.hidden = !link;
    if (link) button.href = link.href;
  }

  const isSheet = () => matchMedia("(max-width: 767px)").matches;

  // Beside its button; on a phone the sheet of the style sheet stands at the bottom.
  function place() {
    menu.style.inset = "";
    if (isSheet()) return;
    const at = button.getBoundingClientRect();
    const fits = at.bottom + GAP + menu.offsetHeight < innerHeight - EDGE;
    const top = fits ? at.bottom + GAP : Math.max(EDGE, at.top - GAP - menu.offsetHeight);
    const left = Math.max(EDGE, at.right - menu.offsetWidth);
    menu.style.inset = `${top}px auto auto ${left}px`;
  }

  const items = () =>
    [...menu.querySelectorAll(".menu-item")].filter((item) => item.offsetParent !== null);

  document.addEventListener(
    "pointerdown",
    () => (wasOpenAt = menu.matches(":popover-open") ? button : null),
    true,
  );

  // A tap beside the sheet closes it, and is not for what lies below.
  document.addEventListener(
    "click",
    (event) => {
      if (!event.detail || !wasOpenAt || menu.contains(event.target) || !isSheet()) return;
      wasOpenAt = null;
      event.preventDefault();
      event.stopImmediatePropagation();
    },
    true,
  );

  document.addEventListener("click", (event) => {
    const pressed = event.target.closest("[data-acts]");
    if (!pressed) return;
    event.preventDefault();
    if (event.detail && wasOpenAt === pressed) return;
    button = pressed;
    fill();
    menu.showPopover();
    place();
    items()[0]?.focus({ focusVisible: !event.detail });
  });

  // The row under the pointer, or with the focus, offers its download beside the menu.
  const download = document.getElementById("row-download").content.firstElementChild;

  function offer({ target }) {
    const more = target.closest?.("tr[data-document]")?.querySelector("[data-acts]");
    if (!more || more.parentElement.querySelector(".row-action")) return;
    if (!matchMedia("(hover: hover)").matches) return;
    const row = more.closest("tr");
    const link = download.cloneNode(true);
    const { title } = row.querySelector(".document-name");
    link.href = window.portal.addressOf(row) + OWN.download;
    link.ariaLabel = link.ariaLabel.replace("{name}", () => title);
    more.before(link);
  }
  document.addEventListener("pointerover", offer);
  document.addEventListener("focusin", offer);

  // In place: the page stays, and the row changes. The others lead to a page.
  const ASKED = ["rename", "move", "copy", "refuse"];

  menu.addEventListener("submit", (event) => {
    event.preventDefault();
    menu.hidePopover();
    const row = button.closest("tr[data-document]");
    row.focus();
    window.portal.act(event.target.action, row);
  });

  menu.addEventListener("click", (event) => {
    const item = event.target.closest("a[data-act]");
    if (!item || !ASKED.includes(item.dataset.act) || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    menu.hidePopover();
    button.focus();
    window.portal.ask(item.href);
  });

  menu.addEventListener("toggle", (event) => {
    button?.setAttribute("aria-expanded", String(event.newState === "open"));
  });

  menu.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    const list = items();
    const next = list.indexOf(document.activeElement) + step;
    list[(next + list.length) % list.length].focus();
  });

  document.addEventListener("scroll", () => menu.hidePopover(), { capture: true, passive: true });
  window.addEventListener("resize", () => menu.hidePopover());
})();
