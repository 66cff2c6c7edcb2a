// The tree of folders: it opens in place, and goes by the keys of a tree (ARIA APG).
(() => {
  "use strict";

  const { all, one } = window.portal;

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

  // Above the tree
  function onTreeFieldKey(event, field) {
    const node = event.key === "ArrowDown" && nodes()[0];
    const clears = event.key === "Escape" && field.value;
    if (!node && !clears) return;
    event.preventDefault();
    if (node) return node.focus();
    field.value = "";
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  document.addEventListener("focusin", (event) => {
    const node = event.target.closest("#tree [role=treeitem]");
    if (node) rove(node);
  });

  document.addEventListener("click", (event) => {
    const arrow = event.target.closest("[data-toggle]");
    if (!arrow) return;
    event.preventDefault();
    toggleNode(arrow.closest("[role=treeitem]"));
  });

  document.addEventListener("keydown", (event) => {
    const { target } = event;
    if (target.id === "tree-of") onTreeFieldKey(event, target);
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const node = target.closest("[role=treeitem]");
    if (node && event.key !== "Escape") onTreeKey(event, node);
  });

  window.portal.prepareTree = prepareTree;
})();
