// Several files are sent one by one, each with its own row. Without this file all go at once.
(() => {
  "use strict";
  const form = document.querySelector("form[data-one-by-one]");
  const box = document.getElementById("uploading");
  if (!form || !box) return;
  const input = form.querySelector("input[type=file]");
  const words = box.dataset;
  const part = (name) => box.querySelector(name);
  let busy = false;
  addEventListener("beforeunload", (event) => { if (busy) event.preventDefault(); });

  const rowOf = (file) => {
    const row = document.createElement("li");
    const name = document.createElement("span"), state = document.createElement("span");
    name.textContent = file.name;
    state.textContent = words.waiting;
    row.append(name, state);
    return row;
  };
  const say = (row, text, tone = "") => {
    row.lastChild.textContent = text;
    row.className = tone;
  };
  const addressOf = (taken) => words.uploaded + taken.join(".");

  // Returns the id under which the hub keeps the file, or why there is none.
  const send = async (file, taken) => {
    if (file.size > Number(words.maxBytes)) return { why: words.tooLarge };
    const body = new FormData(form);
    body.set(input.name, file);
    // After signing in again the way leads to what had been uploaded until then.
    const open = new URL(addressOf(taken), location.href).href;
    const headers = { "HX-Request": "true", "HX-Current-URL": open };
    try {
      const answer = await fetch(form.action, { method: "POST", body, headers });
      if (answer.status === 201) return { id: (await answer.json()).file };
      if (answer.status === 400) return { why: (await answer.json()).why };
      if (answer.status === 413) return { why: words.tooLarge };
      const signIn = answer.headers.get("HX-Redirect");
      if (signIn) return { why: words.signedOut, signIn };
      return { why: words.refused.replace("{status}", answer.status) };
    } catch {
      return { why: words.unreachable };
    }
  };

  form.addEventListener("submit", async (event) => {
    const files = [...input.files];
    if (files.length < 2) return;
    event.preventDefault();
    if (busy) return;
    if (files.length > Number(words.most)) {
      form.querySelector(".drop-chosen").textContent = words.tooMany;
      return;
    }
    busy = true;
    const button = form.querySelector("button:not([type=button])");
    button.disabled = true;
    const rows = files.map(rowOf), taken = [], left = new DataTransfer();
    part(".uploading-files").replaceChildren(...rows);
    part(".uploading-next").hidden = part(".uploading-sign-in").hidden = true;
    part("progress").max = files.length;
    box.hidden = false;
    let signIn = "";
    for (const [at, file] of files.entries()) {
      say(rows[at], words.sending);
      const found = signIn ? { why: words.signedOut } : await send(file, taken);
      signIn = signIn || found.signIn || "";
      if (found.id) taken.push(found.id);
      else left.items.add(file);
      say(rows[at], found.id ? words.sent : found.why, found.id ? "is-sent" : "is-left");
      part("progress").value = at + 1;
      part(".uploading-count").textContent =
        words.count.replace("{n}", taken.length).replace("{total}", files.length);
    }
    busy = false;
    if (taken.length === files.length) {
      location.assign(addressOf(taken));
      return;
    }
    button.disabled = false;
    input.files = left.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
    const link = part(".uploading-link");
    link.href = addressOf(taken);
    link.hidden = !taken.length || signIn !== "";
    part(".uploading-next").hidden = false;
    part(".uploading-sign-in").hidden = !signIn;
    if (signIn) part(".uploading-sign-in a").href = signIn;
    (signIn ? part(".uploading-sign-in a") : link.hidden ? button : link).focus();
  });
})();
