// A directory of the computer, looked through: its files with the way to each, what is
// left out, and what is empty. js/deposit.js deposits what is found here.
(() => {
  "use strict";

  // What systems leave behind; nobody wants it filed.
  const LEFT_OUT = [".ds_store", "thumbs.db", "desktop.ini", "__macosx"];
  const isLeftOut = (name) => LEFT_OUT.includes(name.toLowerCase());

  const fileOf = (entry) => new Promise((good, bad) => entry.file(good, bad));

  // It gives some at a time (Chrome: 100), and none when there are no more.
  async function entriesOf(directory) {
    const reader = directory.createReader();
    const found = [];
    for (;;) {
      const some = await new Promise((good, bad) => reader.readEntries(good, bad));
      if (!some.length) return found;
      found.push(...some);
    }
  }

  async function walk(entry, way, found) {
    if (isLeftOut(entry.name)) return void found.leftOut.push(entry.name);
    try {
      if (entry.isFile) {
        found.files.push({ file: await fileOf(entry), path: way.join("/") });
        return;
      }
      const before = found.files.length;
      const here = [...way, entry.name];
      for (const one of await entriesOf(entry)) await walk(one, here, found);
      if (found.files.length === before) found.empty.push(here.join("/"));
    } catch {
      found.unreadable.push([...way, entry.name].join("/"));
    }
  }

  const nothing = () => ({ files: [], leftOut: [], empty: [], unreadable: [] });

  // Of a drop: entries are only there while the event is, files are read after it.
  window.portal.lookThrough = async (entries) => {
    const found = nothing();
    for (const entry of entries) await walk(entry, [], found);
    // Only the outermost of what is empty
    found.empty = found.empty.filter(
      (way) => !found.empty.some((other) => way.startsWith(`${other}/`)),
    );
    return found;
  };

  // Of a field that chooses a directory: it tells of no empty ones.
  window.portal.sortOut = (files) => {
    const found = nothing();
    for (const file of files) {
      const way = file.webkitRelativePath.split("/");
      const odd = way.find(isLeftOut);
      if (odd) found.leftOut.push(odd);
      else found.files.push({ file, path: way.slice(0, -1).join("/") });
    }
    return found;
  };
})();
