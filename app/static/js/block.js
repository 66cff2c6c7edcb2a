// The firm's block of a folder comes anew after each act: whoever was on a switch of it
// by keyboard finds that switch again, and what was unfolded stays so. The marks of the
// tree come with it.
(() => {
  "use strict";

  let left = null; // the id of the switch to come back to
  let unfolded = []; // the ids of what was open

  const remember = (place) => {
    const row = place?.closest("#firm-block [data-switched]");
    const toggle = row?.querySelector(".cab-switch");
    if (toggle) left = toggle.id;
  };

  function comeBack() {
    const toggle = left && document.getElementById(left);
    if (toggle && document.activeElement === document.body) {
      const folded = toggle.closest("details");
      if (folded) folded.open = true;
      toggle.focus();
    }
    left = null;
  }

  function markTree({ content, dataset }) {
    const marks = new Map([...content.children].map((plug) => [plug.dataset.folder, plug]));
    const places = `.tree-node[href$="/${dataset.plugs}"], #below-${dataset.plugs} .tree-node`;
    for (const node of document.querySelectorAll(places)) {
      node.querySelector(".cab-plug")?.remove();
      const plug = marks.get(node.href.split("/").pop());
      if (plug) node.append(plug);
    }
  }

  document.addEventListener("click", (event) => remember(event.target));

  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id !== "firm-block") return;
    remember(document.activeElement);
    unfolded = [...document.querySelectorAll("#firm-block details[open]")].map(({ id }) => id);
  });

  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.target.id !== "firm-block") return;
    for (const id of unfolded) document.getElementById(id)?.setAttribute("open", "");
    unfolded = [];
    const marks = document.querySelector("template[data-plugs]");
    if (marks) markTree(marks);
    marks?.remove();
    if (!document.querySelector("dialog[open]")) comeBack();
  });

  // It does not bubble; what closes the dialog also gives the focus back, just after.
  document.addEventListener(
    "close",
    (event) => {
      if (event.target.matches("#dialogue dialog")) setTimeout(comeBack);
    },
    true,
  );
})();
