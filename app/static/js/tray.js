// Who goes by keyboard through the tray of deposits keeps their place when the button that
// they pressed goes away: beside it, else in the tray, else where a deposit begins.
(() => {
  "use strict";

  const tray = document.getElementById("depots");
  if (!tray) return;

  tray.addEventListener("click", (event) => {
    if (event.detail) return; // by pointer
    const row = event.target.closest("[data-state]");
    setTimeout(() => {
      if (document.activeElement?.offsetParent) return;
      const inside = [row, tray].flatMap((place) => [...(place?.querySelectorAll("button, a") || [])]);
      [...inside, ...document.querySelectorAll("[data-deposit-open]")]
        .find((one) => one.offsetParent)
        ?.focus();
    });
  });
})();
