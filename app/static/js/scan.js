// Photos taken one after the other are gathered in the form's own chooser, in their
// order; each is shown small, and can be taken away. Without it the chooser is shown.
(() => {
  "use strict";

  const form = document.getElementById("scan");
  const files = document.getElementById("scan-files");
  const list = form?.querySelector("[data-pages]");
  if (!list || !window.DataTransfer) return;

  const full = form.querySelector("[data-full]");
  const add = form.querySelector("[data-add]");
  files.required = false;
  add.required = true;
  let pages = [];
  const isFull = () => pages.length >= Number(form.dataset.most);

  // The picture is drawn, since the page shows no address that is not the portal's.
  async function draw(canvas, file) {
    try {
      const picture = await createImageBitmap(file);
      const scale = Math.min(canvas.width / picture.width, canvas.height / picture.height);
      const [wide, high] = [picture.width * scale, picture.height * scale];
      canvas
        .getContext("2d")
        .drawImage(picture, (canvas.width - wide) / 2, (canvas.height - high) / 2, wide, high);
    } catch {
      // of a kind that this browser does not show: it is kept all the same
    }
  }

  function show() {
    const kept = new DataTransfer();
    for (const page of pages) kept.items.add(page.file);
    files.files = kept.files;
    add.required = !pages.length; // asked for where it can be seen
    list.replaceChildren(...pages.map((page) => page.row));
    full.hidden = !isFull();
    pages.forEach((page, at) => {
      const number = page.row.querySelector("[data-number]");
      number.textContent = number.dataset.word.replace("{number}", at + 1);
      const remove = page.row.querySelector("[data-remove]");
      remove.dataset.word ||= remove.getAttribute("aria-label");
      remove.setAttribute("aria-label", remove.dataset.word.replace("{number}", at + 1));
    });
  }

  add.addEventListener("change", (event) => {
    for (const file of event.target.files) {
      if (isFull()) break;
      const row = form.querySelector("template[data-page]").content.firstElementChild.cloneNode(true);
      const page = { file, row };
      row.querySelector("[data-remove]").addEventListener("click", () => {
        pages = pages.filter((other) => other !== page);
        show();
        add.focus();
      });
      draw(row.querySelector("canvas"), file);
      pages.push(page);
    }
    event.target.value = "";
    show();
    if (isFull()) return window.portal.announce(full.textContent);
    window.portal.announce(pages.at(-1)?.row.querySelector("[data-number]").textContent || "");
  });

  window.addEventListener("beforeunload", (event) => {
    if (pages.length && !form.hasAttribute("aria-busy")) event.preventDefault();
  });
})();
