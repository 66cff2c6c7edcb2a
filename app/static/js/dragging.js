// Rows dragged to a folder of the tree; what is dragged opens folders that it rests on.
// The menu of a row and the bar do the same without a mouse.
(() => {
  "use strict";

  const bar = document.getElementById("together");
  if (!bar) return;

  const { idOf } = window.portal;
  const rows = () => [...document.querySelectorAll("tr[data-document]")];

  const SPRINGS_OPEN = 700;
  let dragged = [];
  let over = null;
  let spring = null;

  document.addEventListener("dragstart", (event) => {
    const row = event.target.closest?.("tr[data-document][draggable]");
    if (!row) return;
    const id = idOf(row);
    const chosen = window.portal.chosen();
    dragged = chosen.includes(id) ? chosen : [id];
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", row.querySelector(".document-name").title);
    for (const one of rows()) one.classList.toggle("is-dragged", dragged.includes(idOf(one)));
  });

  function leave() {
    clearTimeout(spring);
    over?.classList.remove("is-drop", "is-closed");
    over = null;
  }

  // Files of the computer may be dragged there too: js/dropping.js takes those.
  document.addEventListener("dragover", (event) => {
    const hasFiles = [...(event.dataTransfer?.types || [])].includes("Files");
    if (!dragged.length && !hasFiles) return;
    const node = event.target.closest?.("#tree [role=treeitem]");
    if (node !== over) {
      leave();
      over = node || null;
      if (node?.getAttribute("aria-expanded") === "false") {
        spring = setTimeout(() => node.querySelector("[data-toggle]")?.click(), SPRINGS_OPEN);
      }
    }
    if (!node) return;
    const isClosed = "closed" in node.dataset || (dragged.length && node.hasAttribute("aria-current"));
    node.classList.add(isClosed ? "is-closed" : "is-drop");
    if (!dragged.length) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = isClosed ? "none" : "move";
  });

  document.addEventListener("drop", (event) => {
    const node = event.target.closest?.("#tree [role=treeitem]");
    if (dragged.length && node && node.classList.contains("is-drop")) {
      event.preventDefault();
      moveTo(node.href.split("/").pop());
    }
    leave();
  });

  document.addEventListener("dragend", () => {
    leave();
    dragged = [];
    for (const row of rows()) row.classList.remove("is-dragged");
  });

  function moveTo(folder) {
    const here = bar.elements.here.value;
    const values = { act: "move", folder, here, id: dragged };
    window.portal.act(bar.getAttribute("action"), document.getElementById(`document-${dragged[0]}`), values);
  }
})();
