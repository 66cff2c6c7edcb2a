// Deposits: files go one by one, three at a time, in their order, and each has a line in
// the tray. A retry carries the same upload_id, so that a document is never made twice.
(() => {
  "use strict";

  const AT_ONCE = 3;
  const tray = document.getElementById("depots");
  if (!tray || !document.querySelector("form[data-deposit], [data-deposit-closed]")) return;

  document.querySelector("[data-tray-place]").prepend(tray);
  const list = tray.querySelector("[data-tray-list]");
  const { say, counted, size, percent, howFar, howLong, dress } = window.portal.deposits;

  // crypto.randomUUID is only there in secure contexts
  function newId() {
    if (crypto.randomUUID) return crypto.randomUUID();
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 15) | 64;
    bytes[8] = (bytes[8] & 63) | 128;
    const hex = [...bytes].map((b) => b.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  }

  // The tray

  const retryAll = tray.querySelector("[data-tray-retry]");
  retryAll.addEventListener("click", () => are("cut", "expired").forEach(retry));

  let uploads = [];
  const LIVE = ["waiting", "sending", "checking"];
  const are = (...states) => uploads.filter((upload) => states.includes(upload.state));

  function addRow(upload) {
    const row = document.getElementById("deposit-row").content.firstElementChild.cloneNode(true);
    row.querySelector("[data-name]").textContent = upload.name;
    row.querySelector("progress").setAttribute("aria-label", upload.name);
    row.querySelector("[data-retry]").addEventListener("click", () => retry(upload));
    row.querySelector("[data-cancel]").addEventListener("click", () => cancel(upload));
    dress(row, upload.name);
    upload.row = row;
    list.append(row);
  }

  function show(upload, state, message) {
    upload.state = state;
    upload.row.dataset.state = state;
    const place = upload.row.querySelector("[data-message]");
    if (!place) return;
    place.textContent = message;
    showSummary();
  }

  function showSummary() {
    tray.hidden = !uploads.length;
    const done = are("ok").length;
    const live = are(...LIVE).length;
    const parts = live ? [say("under-way", { count: live })] : [outcome()];
    if (live && done) parts.unshift(counted("done", done, { total: uploads.length - are("told").length }));
    tray.querySelector("[data-tray-summary]").textContent = parts.join(" · ");
    const total = uploads.reduce((sum, upload) => sum + upload.weight, 0);
    const sent = uploads.reduce((sum, upload) => sum + (LIVE.includes(upload.state) ? upload.sent : upload.weight), 0);
    const part = total ? Math.min(1, sent / total) : 1;
    tray.querySelector("[data-tray-percent]").textContent = live ? percent(part) : "";
    const bar = tray.querySelector("[data-tray-progress]");
    bar.value = part * 100;
    bar.hidden = !live;
    retryAll.hidden = live || are("cut", "expired").length < 2;
    const isMoving = are("sending", "checking").some((upload) => upload.sent);
    const paused = cutOff().length;
    document.dispatchEvent(new CustomEvent("portal:deposits", { detail: { paused, live, isMoving } }));
  }

  const outcome = () =>
    [["deposited", "ok"], ["refused", "refused"], ["stopped", "cut", "expired"]]
      .map(([word, ...states]) => [word, are(...states).length])
      .filter(([, count]) => count)
      .map(([word, count]) => counted(word, count))
      .join(", ");

  function announceEnd() {
    const ended = outcome();
    if (ended) window.portal.announce(ended);
  }

  tray.querySelector("[data-tray-clear]").addEventListener("click", () => {
    for (const upload of uploads) {
      if (LIVE.includes(upload.state)) continue;
      upload.row.remove();
    }
    uploads = are(...LIVE);
    showSummary();
  });

  // Sending

  function refusalOf(file, form) {
    const limit = Number(form.dataset.maxMb) * 1e6;
    if (file.size === 0) return say("empty");
    if (file.size > limit) return say("too-large", { size: size(file.size), limit: size(limit) });
    return null;
  }

  // `found` is what js/directories.js tells of: files with the way to each, and the rest.
  function add(form, found) {
    isSignedOut = false;
    const start = uploads.length;
    tellOf(found);
    let accepted = 0;
    for (const { file, path } of found.files) {
      const upload = { id: newId(), file, path, form, name: file.name, weight: file.size, sent: 0 };
      uploads.push(upload);
      addRow(upload);
      const refusal = refusalOf(file, form);
      if (refusal) {
        upload.weight = 0;
        show(upload, "refused", refusal);
      } else {
        accepted += 1;
        show(upload, "waiting", say("waiting"));
      }
    }
    if (accepted) window.portal.announce(counted("started", accepted));
    else if (uploads.length > start) announceEnd();
    next();
  }

  function tellOf({ leftOut = [], empty = [], unreadable = [] }) {
    for (const [word, names, state] of [
      ["left-out", leftOut, "told"],
      ["empty-folders", empty, "told"],
      ["unreadable", unreadable, "refused"],
    ]) {
      if (!names.length) continue;
      const upload = { name: [...new Set(names)].join(", "), weight: 0, sent: 0 };
      uploads.push(upload);
      addRow(upload);
      show(upload, state, counted(word, names.length));
    }
  }

  // While nobody is signed in, nothing leaves only to be refused (js/session.js).
  let isSignedOut = false;

  document.addEventListener("portal:signed-out", ({ detail }) => {
    isSignedOut = true;
    const { length } = are("expired", ...LIVE);
    if (length) detail.textContent = counted("kept", length);
  });

  document.addEventListener("portal:signed-in", () => {
    isSignedOut = false;
    are("expired").forEach(retry);
    next();
  });

  function next() {
    if (isSignedOut) return;
    while (are("sending", "checking").length < AT_ONCE) {
      const upload = are("waiting")[0];
      if (!upload) break;
      send(upload);
    }
  }

  function send(upload) {
    const body = new FormData();
    body.append("upload_id", upload.id);
    if (upload.path) body.append("path", upload.path);
    body.append("file", upload.file, upload.file.name);
    const request = new XMLHttpRequest();
    upload.request = request;
    upload.sent = 0;
    request.open("POST", upload.form.action);
    for (const [name, value] of Object.entries(window.portal.proof())) request.setRequestHeader(name, value);
    request.setRequestHeader("HX-Request", "true");
    request.setRequestHeader("HX-Current-URL", location.href);
    request.setRequestHeader("Accept", "text/html");
    request.upload.addEventListener("progress", (event) => {
      if (upload.state !== "sending") return;
      const part = event.total ? event.loaded / event.total : 0;
      upload.sent = part * upload.weight;
      upload.row.querySelector("progress").value = part * 100;
      show(upload, "sending", [howFar(upload), howLong(upload)].filter(Boolean).join(" · "));
    });
    request.upload.addEventListener("load", () => {
      if (upload.state !== "sending") return;
      upload.sent = upload.weight;
      upload.row.querySelector("progress").removeAttribute("value");
      show(upload, "checking", say("checking"));
    });
    request.addEventListener("load", () => answered(upload, request));
    request.addEventListener("error", () => cut(upload));
    request.addEventListener("timeout", () => cut(upload));
    upload.startedAt = performance.now();
    show(upload, "sending", howFar(upload));
    request.send(body);
  }

  function answered(upload, request) {
    const fresh = request.getResponseHeader("X-CSRF-Refresh");
    if (fresh && !upload.renewed) {
      upload.renewed = true;
      window.portal.renewToken(fresh);
      return send(upload);
    }
    const isHtml = (request.getResponseHeader("Content-Type") || "").startsWith("text/html");
    const answer = new DOMParser().parseFromString(isHtml ? request.responseText : "", "text/html");
    const row = answer.querySelector("li[data-result]");
    if (row) return settle(upload, document.importNode(row, true));
    if (request.status === 413) {
      // refused by a server on the way
      const limit = Number(upload.form.dataset.maxMb) * 1e6;
      stop(upload, "refused", say("too-large", { size: size(upload.weight), limit: size(limit) }));
    } else if (request.status === 401) {
      stop(upload, "expired", say("expired"));
      window.portal.askToSignIn();
    } else {
      const told = answer.querySelector(".toast-text")?.textContent.trim();
      const isFinal = request.status >= 400 && request.status < 500 && ![400, 408, 409, 429].includes(request.status);
      stop(upload, isFinal ? "refused" : "cut", told || say("failed"));
    }
  }

  function settle(upload, row) {
    dress(row, upload.name);
    upload.row.replaceWith(row);
    upload.row = row;
    upload.state = row.dataset.state;
    if (upload.path) row.querySelector(".deposit-message").append(` ${say("in", { folder: upload.path })}`);
    showSummary();
    if (row.dataset.result === "ok" && window.htmx) htmx.trigger(document.body, "portal:look");
    goOn();
  }

  function stop(upload, state, message) {
    show(upload, state, message);
    goOn();
  }

  function goOn() {
    if (are(...LIVE).length) return next();
    announceEnd();
    if (are("ok").some((upload) => upload.path && !upload.isInTree)) showFolders();
  }

  // The tree comes anew with the folders that were made.
  async function showFolders() {
    for (const upload of are("ok")) upload.isInTree = true;
    const tree = document.getElementById("tree");
    if (!tree) return;
    const answer = await fetch(location.href);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("tree");
    if (!fresh) return;
    tree.replaceWith(fresh);
    document.getElementById("tree-of").value = page.getElementById("tree-of").value;
    htmx.process(fresh);
    window.portal.prepareTree();
  }

  // Those that a line is missing for, not an answer
  const cutOff = () => are("cut").filter((upload) => upload.isCutOff);

  const cut = (upload) => {
    upload.isCutOff = true;
    stop(upload, "cut", say("cut", { percent: percent(upload.weight ? upload.sent / upload.weight : 0) }));
  };

  function retry(upload) {
    if (!["cut", "expired"].includes(upload.state)) return;
    isSignedOut = false;
    upload.renewed = false;
    upload.isCutOff = false;
    upload.sent = 0;
    upload.row.querySelector("progress").value = 0;
    show(upload, "waiting", say("waiting"));
    next();
  }

  function cancel(upload) {
    if (!["waiting", "sending"].includes(upload.state)) return;
    upload.state = "cancelled";
    upload.request?.abort();
    stop(upload, "cancelled", say("cancelled"));
  }

  document.addEventListener("portal:try-again", () => cutOff().forEach(retry));
  window.addEventListener("online", () => are("cut").forEach(retry));
  window.addEventListener("beforeunload", (event) => {
    if (are("cut", "expired", ...LIVE).length) event.preventDefault();
  });

  // What js/dropping.js brings
  window.portal.deposits.add = add;
})();
