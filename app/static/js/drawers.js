// What opens beside or over the page, and closes by Escape or a click elsewhere: drawers
// on narrow screens, and menus.
(() => {
  "use strict";

  const { all, one } = window.portal;

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

  document.addEventListener("click", (event) => {
    const target = event.target;
    for (const menu of all("details[data-menu][open]")) {
      if (!menu.contains(target)) menu.open = false;
    }
    if (target.closest("[data-drawer-close]")) closeDrawers({ refocus: true });
    const drawer = target.closest("[data-drawer]");
    if (drawer) toggleDrawer(drawer.dataset.drawer);
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    const menu = one("details[data-menu][open]");
    if (menu) {
      menu.open = false;
      one("summary", menu).focus();
    } else closeDrawers({ refocus: true });
  });

  window.portal.toggleDrawer = toggleDrawer;
})();
