// Who does not want single letters to do something switches them off in their menu
// (WCAG 2.1.4): then none of them gets any further. «?» lists what the keys do.
(() => {
  "use strict";

  const { one } = window.portal;

  const isTyped = (target) =>
    target.closest?.(
      "input:not([type=checkbox], [type=radio], [type=file]), textarea, select, [contenteditable]",
    );

  window.addEventListener(
    "keydown",
    (event) => {
      const isLetter = event.key.length === 1 && event.key !== " ";
      if (!isLetter || event.ctrlKey || event.metaKey || event.altKey || isTyped(event.target)) return;
      const list = one("#keys");
      if (document.body.dataset.keys === "off") {
        event.stopImmediatePropagation();
      } else if (event.key === "?" && list && !one("dialog[open]")) {
        event.preventDefault();
        list.showModal();
      }
    },
    true,
  );
})();
