// The firm's block of a folder comes anew after each act: whoever was on a switch of it
// by keyboard finds that switch again.
(() => {
  "use strict";

  let left = null; // the id of the switch to come back to

  const remember = (place) => {
    const part = place?.closest("#firm-block .cab-part");
    const toggle = part?.querySelector(".cab-switch");
    if (toggle) left = toggle.id;
  };

  function comeBack() {
    if (left && document.activeElement === document.body) {
      document.getElementById(left)?.focus();
    }
    left = null;
  }

  document.addEventListener("click", (event) => remember(event.target));

  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id === "firm-block") remember(document.activeElement);
  });

  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.target.id === "firm-block" && !document.querySelector("dialog[open]")) comeBack();
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
