// A field that searches its rows while one writes: the combobox of the ARIA practices.
// Without this file it is a text field that the server resolves.
(() => {
  "use strict";
  const FIELD = "[data-finder] input[type=text]";
  const field = (event) => event.target.closest?.(FIELD);
  const box = (input) => input.closest("[data-finder]");
  const sheet = (input) => box(input).querySelector(".finder-sheet");
  const chosen = (input) => box(input).querySelector("input[type=hidden]");
  const options = (input) => [...box(input).querySelectorAll("[role=option]")];
  const active = (input) => box(input).querySelector("[aria-selected=true]");
  const isOpen = (input) => !sheet(input).hidden;
  const say = (words) => { document.getElementById("announcer").textContent = words; };

  const prepare = () => document.querySelectorAll(FIELD).forEach((input) => {
    if (input.getAttribute("role")) return;
    input.removeAttribute("list");
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-expanded", "false");
    if (chosen(input).value) input.dataset.label = input.value;
  });

  const open = (input) => input.dispatchEvent(new CustomEvent("finder-open"));
  const close = (input) => {
    sheet(input).hidden = true;
    sheet(input).replaceChildren();
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-controls");
    input.removeAttribute("aria-activedescendant");
  };
  const walk = (input, step) => {
    const all = options(input);
    if (!all.length) return;
    const now = all.indexOf(active(input));
    const next = now < 0 ? (step > 0 ? 0 : all.length - 1) : (now + step + all.length) % all.length;
    all.forEach((option, n) => option.setAttribute("aria-selected", String(n === next)));
    input.setAttribute("aria-activedescendant", all[next].id);
    all[next].scrollIntoView({ block: "nearest" });
  };
  const choose = (input, option) => {
    input.value = input.dataset.label = option.textContent;
    chosen(input).value = option.dataset.pk;
    close(input);
    input.form?.querySelectorAll(`[data-finder-within="${chosen(input).name}"] input`).forEach(
      (other) => { other.value = ""; });
  };

  document.addEventListener("htmx:configRequest", (event) => {
    const input = field(event);
    if (!input) return;
    const within = input.form?.elements[box(input).dataset.finderWithin];
    const asked = event.detail.parameters;
    delete asked[input.name];
    // What was chosen before is no search: from it one looks at all the others.
    asked.q = input.value === input.dataset.label ? "" : input.value;
    if (within) asked.of = within.value;
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    const input = event.detail.requestConfig.elt;
    // Whoever went on meanwhile wants no list; nor a page that asks for the sign-in.
    if (input.matches?.(FIELD) && (document.activeElement !== input || event.detail.xhr.responseURL.includes("/sign-in/"))) {
      event.detail.shouldSwap = false;
    }
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    const input = event.detail.requestConfig.elt;
    if (!input.matches?.(FIELD)) return;
    const list = sheet(input).querySelector("[role=listbox]");
    sheet(input).hidden = false;
    options(input).forEach((option, n) => {
      option.id = `${input.id}_option_${n}`;
      option.setAttribute("aria-selected", "false");
    });
    input.removeAttribute("aria-activedescendant");
    input.setAttribute("aria-expanded", String(Boolean(list)));
    input.removeAttribute("aria-controls");
    if (list) {
      list.id = `${input.id}_list`;
      list.ariaLabel = input.ariaLabel || input.labels[0]?.textContent.trim();
      input.setAttribute("aria-controls", list.id);
    }
    say(sheet(input).querySelector(".finder-note")?.textContent || "");
  });
  document.addEventListener("htmx:afterSettle", prepare);

  document.addEventListener("input", (event) => {
    const input = field(event);
    if (input) chosen(input).value = "";
  });
  document.addEventListener("keydown", (event) => {
    const input = field(event);
    if (!input) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      if (isOpen(input)) walk(input, step); else open(input);
    } else if (event.key === "Enter" && isOpen(input) && active(input)) {
      event.preventDefault();
      choose(input, active(input));
    } else if (event.key === "Escape" && isOpen(input)) {
      event.preventDefault();
      close(input);
    }
  });
  document.addEventListener("pointerdown", (event) => {
    // The field keeps the focus while one points at its list.
    if (event.target.closest?.(".finder-sheet")) event.preventDefault();
  });
  document.addEventListener("click", (event) => {
    const input = field(event), option = event.target.closest?.(".finder-sheet [role=option]");
    if (input && !isOpen(input)) open(input);
    if (option) choose(option.closest("[data-finder]").querySelector("input[type=text]"), option);
  });
  document.addEventListener("focusout", (event) => {
    const input = field(event);
    if (input) close(input);
  });
  prepare();
})();
