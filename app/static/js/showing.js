// How deposits are shown: what is said of them, in the words that the page brings, and
// the line of one in the tray.
(() => {
  "use strict";

  const told = document.getElementById("deposit-words");
  if (!told) return;
  const locale = document.documentElement.lang;
  const words = {};
  for (const word of told.content.querySelectorAll("[data-word]")) {
    words[word.dataset.word] = word.textContent.trim();
  }

  const say = (word, values = {}) =>
    words[word].replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
  const counted = (word, count, values) =>
    say(`${word}.${count === 1 ? "one" : "many"}`, { count, ...values });

  const plainSpaces = (text) => text.replace(/\u202f/g, "\u00a0");
  function size(bytes) {
    let at = 0;
    while (bytes >= 1000 && at < 3) {
      bytes /= 1000;
      at += 1;
    }
    const unit = ["byte", "kilobyte", "megabyte", "gigabyte"][at];
    const maximumFractionDigits = at > 1 && bytes < 100 ? 1 : 0;
    return plainSpaces(
      new Intl.NumberFormat(locale, { style: "unit", unit, maximumFractionDigits }).format(bytes),
    );
  }
  const percent = (part) =>
    plainSpaces(new Intl.NumberFormat(locale, { style: "percent" }).format(part));

  const howFar = ({ sent, weight }) => say("sending", { sent: size(sent), total: size(weight) });

  // Roughly, and not before it can be known
  function howLong({ sent, weight, startedAt }) {
    const elapsed = (performance.now() - startedAt) / 1000;
    if (elapsed < 1 || !sent) return "";
    const left = ((weight - sent) * elapsed) / sent;
    if (left <= 60) return say(left <= 10 ? "left.moment" : "left.minute");
    return say("left.minutes", { count: Math.ceil(left / 60) });
  }

  const KINDS = [[/\.pdf$/i, "pdf"], [/\.(jpe?g|png|heic|gif|webp|tiff?)$/i, "image"], [/\.(xlsx?|ods|csv)$/i, "sheet"]];

  // The kind of the file; and where its name is too long, the ending stays in sight.
  function dress(row, name) {
    const kind = KINDS.find(([pattern]) => pattern.test(name))?.[1] || "other";
    row.querySelector(".filetype")?.classList.replace("filetype-other", `filetype-${kind}`);
    const place = row.querySelector(".deposit-name");
    const stem = place.querySelector("bdi");
    place.title = stem.textContent;
    const [ending] = stem.textContent.match(/\.[\p{L}\p{N}_]{1,8}$/u) || [""];
    if (!ending) return;
    stem.textContent = stem.textContent.slice(0, -ending.length);
    stem.after(Object.assign(document.createElement("span"), { textContent: ending }));
  }

  window.portal.deposits = { say, counted, size, percent, howFar, howLong, dress };
})();
