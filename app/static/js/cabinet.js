// What only the firm's pages do: the countdown to the next run.
(() => {
  "use strict";

  // .cab-ring[data-next-run=<iso>][data-period=<seconds>] > [data-minutes]
  function countDown() {
    for (const ring of document.querySelectorAll("[data-next-run]")) {
      const period = Number(ring.dataset.period || 900);
      let left = (Date.parse(ring.dataset.nextRun) - Date.now()) / 1000;
      if (left < 0) left += Math.ceil(-left / period) * period;
      ring.style.setProperty("--left", Math.min(1, left / period).toFixed(3));
      const minutes = String(Math.max(1, Math.ceil(left / 60)));
      for (const place of [
        ring.querySelector("[data-minutes]"),
        ring.parentElement.querySelector("[data-minutes-text]"),
      ]) {
        if (place && place.textContent !== minutes) place.textContent = minutes;
      }
    }
  }
  setInterval(countDown, 1000);
  document.addEventListener("htmx:afterSettle", countDown);
  countDown();
})();
