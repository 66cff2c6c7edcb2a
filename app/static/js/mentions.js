// «@» in a comment: who may be called, by arrows, Enter or Tab, Escape. Without this the
// whole name is typed.
(() => {
  "use strict";

  const BEGUN = /(?:^|[^\p{L}\p{N}_@])@([^\s@][^@\n]{0,60})?$/u;
  const PAUSE = 120; // ms
  let asked = 0;
  let wait = 0;

  const isField = (element) => element instanceof HTMLTextAreaElement && "readers" in element.dataset;
  const listOf = (field) => document.getElementById(field.getAttribute("aria-controls"));
  const options = (list) => [...list.querySelectorAll("[role=option]")];
  const chosen = (list) => list.querySelector("[aria-selected=true]");

  function begun(field) {
    if (field.selectionStart !== field.selectionEnd) return null;
    const match = BEGUN.exec(field.value.slice(0, field.selectionStart));
    return match && { typed: match[1] ?? "", at: field.selectionStart - (match[1] ?? "").length };
  }

  function choose(field, option) {
    const list = listOf(field);
    chosen(list)?.setAttribute("aria-selected", "false");
    field.removeAttribute("aria-activedescendant");
    if (!option) return;
    option.setAttribute("aria-selected", "true");
    field.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }

  function close(field) {
    asked += 1;
    clearTimeout(wait);
    choose(field, null);
    listOf(field).hidden = true;
  }

  async function look(field) {
    const word = begun(field);
    if (!word) return close(field);
    const turn = ++asked;
    const url = new URL(field.dataset.readers, location.href);
    url.searchParams.set("q", word.typed);
    url.searchParams.set("visibility", field.form.elements.visibility?.value ?? "shared");
    const answer = await fetch(url).catch(() => null);
    const text = answer?.ok ? await answer.text() : "";
    if (turn !== asked) return; // something else was typed meanwhile
    const list = listOf(field);
    list.innerHTML = text;
    list.hidden = !options(list).length;
    choose(field, options(list)[0]);
  }

  function take(field, option) {
    const word = begun(field);
    close(field);
    if (!word) return;
    field.setRangeText(`${option.dataset.name} `, word.at, field.selectionStart, "end");
    field.focus();
  }

  function step(field, by) {
    const all = options(listOf(field));
    const at = all.indexOf(chosen(listOf(field)));
    choose(field, all[(at + by + all.length) % all.length]);
  }

  document.addEventListener("input", (event) => {
    if (!isField(event.target)) return;
    clearTimeout(wait);
    wait = setTimeout(look, PAUSE, event.target);
  });

  document.addEventListener("change", (event) => {
    const field = event.target.form?.querySelector("[data-readers]");
    if (field && event.target.name === "visibility" && !listOf(field).hidden) look(field);
  });

  document.addEventListener(
    "keydown",
    (event) => {
      const field = event.target;
      if (!isField(field) || event.isComposing || listOf(field).hidden) return;
      if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
      const keys = {
        ArrowDown: () => step(field, 1),
        ArrowUp: () => step(field, -1),
        Enter: () => take(field, chosen(listOf(field))),
        Tab: () => take(field, chosen(listOf(field))),
        Escape: () => close(field),
      };
      if (!(event.key in keys)) return;
      event.preventDefault();
      event.stopPropagation();
      keys[event.key]();
    },
    true,
  );

  document.addEventListener("pointerdown", (event) => {
    const option = event.target.closest?.(".readers [role=option]");
    if (!option) return;
    event.preventDefault(); // the field keeps the focus
    const field = document.querySelector(`[aria-controls="${option.parentElement.id}"]`);
    take(field, option);
  });

  document.addEventListener("focusout", (event) => {
    if (isField(event.target)) close(event.target);
  });
})();
