// Passkeys: the browser asks the device, and its answer goes with the form.
// <button data-passkey="create|get" data-options="id of a JSON script" hidden>; without data-options
// the options are fetched from the form's address. Whatever cannot do this never shows the button.
(() => {
  "use strict";
  if (!window.webauthnJSON?.supported()) return;
  const read = async (button) => {
    if (button.dataset.options) {
      return JSON.parse(document.getElementById(button.dataset.options).textContent);
    }
    const answer = await fetch(button.form.action, { headers: { Accept: "application/json" } });
    if (!answer.ok) throw new Error(answer.status);
    return (await answer.json()).request_options;
  };
  document.querySelectorAll("[data-passkey]").forEach((button) => {
    const form = button.form, problem = form.querySelector("[data-passkey-problem]");
    const part = button.closest("[data-passkey-part]");
    if (part) part.hidden = false;
    button.hidden = false;
    button.addEventListener("click", async () => {
      problem.hidden = true;
      button.disabled = true;
      try {
        const options = await read(button);
        const answer = button.dataset.passkey === "create"
          ? await window.webauthnJSON.create(options)
          : await window.webauthnJSON.get(options);
        form.querySelector("[name$=credential]").value = JSON.stringify(answer);
        form.submit();
      } catch {
        problem.hidden = false;
        button.disabled = false;
        button.focus();
      }
    });
  });
})();
