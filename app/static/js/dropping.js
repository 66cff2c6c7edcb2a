// Files are chosen by the buttons or dropped anywhere on the page; js/deposit.js sends them.
(() => {
  "use strict";

  const { add, say, counted } = window.portal.deposits || {};
  if (!add) return;
  const forms = [...document.querySelectorAll("form[data-deposit]")];
  const closed = document.querySelector("[data-deposit-closed]");
  const plainly = (files) => ({ files: files.map((file) => ({ file })) });

  // Choosing

  let lastOpened = -Infinity;
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-deposit-open]");
    if (!button || event.timeStamp - lastOpened < 600) return;
    lastOpened = event.timeStamp;
    document.querySelector(`#${CSS.escape(button.dataset.depositOpen)} input[type=file]`)?.click();
  });

  for (const form of forms) {
    const field = form.querySelector("input[type=file]");
    field.addEventListener("change", () => {
      add(form, plainly([...field.files]));
      field.value = "";
    });
    form.querySelector("[data-directory-open]")?.addEventListener("click", () => {
      const directory = document.createElement("input");
      Object.assign(directory, { type: "file", webkitdirectory: true });
      directory.addEventListener("change", () =>
        add(form, window.portal.sortOut([...directory.files])),
      );
      directory.click();
    });
    form.addEventListener("submit", (event) => event.preventDefault());
  }

  // Dropping, anywhere on the page

  let over = null;
  const hasFiles = (event) => event.dataTransfer && [...event.dataTransfer.types].includes("Files");
  const leave = () => document.documentElement.classList.remove("dragging");
  const zone = document.querySelector(".dropzone");
  const nodeUnder = (event) => event.target.closest?.("#tree [role=treeitem]");
  const nameOf = (node) => node.querySelector(".tree-name").textContent;

  // A folder of the tree under the pointer, or a form, else the page's first
  function aimed(event) {
    const node = nodeUnder(event);
    if (!node) return event.target.closest?.("form[data-deposit]") || forms[0];
    if ("closed" in node.dataset) return null;
    const { maxMb } = (forms[0] || closed).dataset;
    return { action: `${node.href}/documents`, dataset: { maxMb, folder: nameOf(node) } };
  }

  // Where they will land, or that they cannot
  function showAim(event, form) {
    if (!zone) return;
    zone.classList.toggle("is-shut", !form);
    const title = zone.querySelector("[data-drag-title]");
    const files = [...event.dataTransfer.items].filter((item) => item.kind === "file");
    const node = nodeUnder(event);
    let text;
    if (form) text = counted("drop", files.length || 1, { folder: form.dataset.folder });
    else if (node) text = say("closed", { folder: nameOf(node) });
    else text = zone.querySelector(".dropzone-rest span").textContent;
    if (title.textContent !== text) title.textContent = text;
  }

  function enter(event) {
    if (!hasFiles(event)) return;
    event.preventDefault();
    const form = aimed(event);
    event.dataTransfer.dropEffect = form ? "copy" : "none";
    document.documentElement.classList.add("dragging");
    clearTimeout(over);
    over = setTimeout(leave, 500);
    showAim(event, form);
  }

  function drop(event) {
    if (!hasFiles(event)) return;
    event.preventDefault();
    clearTimeout(over);
    leave();
    const form = aimed(event);
    if (!form) return;
    const items = [...event.dataTransfer.items].filter((item) => item.kind === "file");
    const entries = items.map((item) => item.webkitGetAsEntry?.());
    const files = [...event.dataTransfer.files];
    if (!entries.some((entry) => entry?.isDirectory)) return add(form, plainly(files));
    window.portal.lookThrough(entries.filter(Boolean)).then((found) => add(form, found));
  }

  window.addEventListener("dragenter", enter);
  window.addEventListener("dragover", enter);
  window.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) leave();
  });
  window.addEventListener("drop", drop);
})();
