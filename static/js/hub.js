// Comforts on top of pages that work without them. No state, no framework.
(() => {
  "use strict";
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const OPEN = "details[data-menu][open]";
  const on = (kind, act, early) => document.addEventListener(kind, act, early);
  const byId = (id) => document.getElementById(id);
  const say = (words) => { byId("announcer").textContent = words; };

  // On a phone the row of tabs is wider than the screen: begin where the page is.
  all(".tabs").forEach((row) => {
    const right = (one) => one?.getBoundingClientRect().right ?? 0;
    row.scrollLeft = right(row.querySelector("[aria-current]")) - right(row);
  });

  // The theme changes at once; the cookie lets the server render the next page in it.
  on("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-theme-switch]") || !event.submitter) return;
    event.preventDefault();
    const theme = event.submitter.value;
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `${form.dataset.themeSwitch}=${theme}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
    document.documentElement.dataset.theme = theme;
    all("[data-theme-switch] button").forEach((button) => {
      button.ariaCurrent = button.value === theme ? "true" : null;
    });
  });

  // A question before what cannot be undone: <button data-confirm="…">.
  on("click", (event) => {
    const button = event.target.closest("[data-confirm]");
    const dialog = byId("confirm");
    if (!button || !dialog?.showModal || button.dataset.confirmed) return;
    event.preventDefault();
    event.stopPropagation();
    const yes = byId("confirm-yes");
    const usual = (yes.dataset.usual ??= yes.textContent);
    byId("confirm-question").textContent = button.dataset.confirm;
    byId("confirm-text").textContent = button.dataset.confirmText || "";
    yes.textContent = button.dataset.confirmYes || usual;
    dialog.returnValue = "no";
    dialog.addEventListener("close", () => {
      button.focus();
      if (dialog.returnValue !== "yes") return;
      button.dataset.confirmed = "yes";
      button.click();
      delete button.dataset.confirmed;
    }, { once: true });
    dialog.showModal();
  }, true);

  // One press is one press: the button says that it works, and rests.
  const rest = (button) => {
    if (!button?.matches("button") || button.closest("[data-theme-switch], dialog")) return;
    setTimeout(() => {
      const label = button.querySelector(".button-label");
      if (label && button.dataset.busy) {
        button.dataset.label = label.textContent;
        label.textContent = button.dataset.busy;
        say(button.dataset.busy);
      }
      button.classList.add("is-busy");
      button.disabled = true;
    });
  };
  const wake = (button) => {
    const label = button.querySelector(".button-label");
    if (label && button.dataset.label) label.textContent = button.dataset.label;
    button.classList.remove("is-busy");
    button.disabled = false;
  };
  on("submit", (event) => {
    if (!event.defaultPrevented && event.target.method === "post") rest(event.submitter);
  });
  on("htmx:beforeRequest", (event) => {
    const source = event.detail.requestConfig?.triggeringEvent;
    if (source?.type === "submit") rest(source.submitter);
  });
  on("htmx:afterRequest", (event) => {
    // A page that follows itself asks all the time; that ends no press.
    if (event.detail.requestConfig?.triggeringEvent?.type === "submit") {
      all("button.is-busy").forEach(wake);
    }
  });
  addEventListener("pageshow", (event) => event.persisted && all("button.is-busy").forEach(wake));

  // Choosing rows: <input data-pick-all> in the head, <input class="pick"> in the rows.
  const count = (form) => {
    const picks = all(".pick", form), chosen = picks.filter((pick) => pick.checked).length;
    const head = form.querySelector("[data-pick-all]"), bar = form.querySelector("[data-bulk]");
    if (head) {
      head.checked = chosen > 0 && chosen === picks.length;
      head.indeterminate = chosen > 0 && chosen < picks.length;
    }
    if (bar) {
      bar.querySelector(".bulk-count").textContent = bar.dataset.bulk.replace("{n}", chosen);
      all("button:not([form])", bar).forEach((button) => { button.disabled = chosen === 0; });
    }
  };
  on("change", (event) => {
    const form = event.target.form;
    if (event.target.matches("[data-pick-all]")) {
      all(".pick", form).forEach((pick) => { pick.checked = event.target.checked && !pick.disabled; });
    }
    if (event.target.matches("[data-pick-all], .pick")) count(form);
    if (event.target.matches("[data-submit-on-change]")) form.requestSubmit();
    const drop = event.target.closest("[data-drop]");
    if (drop) {
      const names = [...event.target.files].map((file) => file.name);
      drop.querySelector(".drop-chosen").textContent = names.length > 3
        ? drop.dataset.several.replace("{n}", names.length)
        : names.length ? drop.dataset.chosen.replace("{names}", names.join(", ")) : "";
    }
  });

  // Dropping a file is choosing it.
  ["dragover", "dragleave", "drop"].forEach((kind) => on(kind, (event) => {
    const drop = event.target.closest?.("[data-drop]");
    if (!drop) return;
    event.preventDefault();
    drop.classList.toggle("is-over", kind === "dragover");
    const input = drop.querySelector("input[type=file]");
    if (kind !== "drop" || !event.dataTransfer.files.length) return;
    if (event.dataTransfer.files.length > 1 && !input.multiple) {
      drop.querySelector(".drop-chosen").textContent = drop.dataset.oneOnly;
    } else {
      input.files = event.dataTransfer.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
    }
  }));

  on("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    all(OPEN).forEach((menu) => {
      if (!menu.contains(event.target)) menu.open = false;
    });
    if (!button) return;
    await navigator.clipboard.writeText(button.dataset.copy);
    button.querySelector(".button-label").textContent = button.dataset.copied;
    say(button.dataset.copied);
  });

  on("keydown", (event) => {
    const open = event.target.closest(OPEN);
    if (event.key === "Escape" && open) {
      open.open = false;
      open.querySelector("summary").focus();
    }
    const find = document.querySelector("[data-find]");
    if (find && event.key === "k" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      find.click();
    }
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    const search = document.querySelector("input[type=search]");
    if (!search && !find) return;
    event.preventDefault();
    if (!search) return find.click();
    search.focus();
    search.select();
  });

  // The button that a question is about must still be there when the answer comes; and a part
  // that follows itself waits while somebody types, or has chosen something, in it.
  const isChanged = (one) => {
    if (one.type === "hidden") return false;
    if (one.matches("[type=checkbox], [type=radio]")) return one.checked !== one.defaultChecked;
    if (!one.options) return one.value !== one.defaultValue;
    const given = [...one.options].findIndex((option) => option.defaultSelected);
    return one.selectedIndex !== Math.max(given, 0);
  };
  // What is chosen with a .pick that has an id is chosen again afterwards.
  const ours = "input:not(.pick[id], [data-pick-all]), select, textarea";
  const isUsed = (part) => all(ours, part).some(
    (one) => isChanged(one) || (one === document.activeElement && one.matches("input:not([type=checkbox]), textarea")),
  );
  const byItself = (event) => !event.detail.requestConfig.triggeringEvent;
  on("htmx:beforeRequest", (event) => {
    const waits = byItself(event) && isUsed(event.detail.target);
    if (byId("confirm")?.open || waits) event.preventDefault();
  });
  on("htmx:beforeSwap", (event) => {
    if (byItself(event) && isUsed(event.detail.target)) event.detail.shouldSwap = false;
  });

  // After a swap the focus stays where it was; if that is gone, it goes to what is named as next:
  // a chosen row, or the part's own [data-focus-next]. A changed status is spoken once.
  let focused = [], picked = [], spoken = "";
  const path = (one) => {
    const of = (part, name) => `${part}[${name}="${CSS.escape(one.getAttribute(name) ?? "")}"]`;
    if (one.id) return `#${CSS.escape(one.id)}`;
    if (one.matches("a[href]")) return of("a", "href");
    if (!one.matches("button") || !one.form?.hasAttribute("action")) return "";
    return `form[action="${CSS.escape(one.form.getAttribute("action"))}"] button`;
  };
  on("htmx:beforeSwap", (event) => {
    const one = document.activeElement, part = event.detail.target;
    const sent = event.detail.requestConfig.verb === "post";
    const rows = all(".pick:checked", part);
    picked = sent ? [] : rows.map(path).filter(Boolean);
    // A button rests while its form is sent, so then nothing has the focus.
    focused = [path(one)];
    const link = sent && rows[0]?.closest("tr").querySelector(".row-link");
    if (link) focused.push(path(link));
    if (part.id && (sent || part.contains(one))) focused.push(`#${CSS.escape(part.id)} [data-focus-next]`);
    focused = focused.filter(Boolean);
  });
  on("htmx:afterSettle", () => {
    picked.forEach((pick) => { const box = document.querySelector(pick); if (box) box.checked = true; });
    for (const next of focused) {
      if (document.activeElement !== document.body) break;
      document.querySelector(next)?.focus({ preventScroll: true });
    }
    prepare();
    const words = all("[data-announce]").map((part) => part.innerText).join(". ");
    if (words && words !== spoken) say(words);
    spoken = words;
  });

  // A page that waits for a worker asks whether one lives; so does one that says that none does.
  const WAITS = "[hx-trigger^=every], [data-waits], #worker .notice";
  setInterval(() => {
    if (!document.hidden && byId("worker") && document.querySelector(WAITS)) {
      htmx.trigger("#worker", "look");
    }
  }, 2000);

  const prepare = () => {
    all("[data-copy]").forEach((button) => { button.hidden = !navigator.clipboard; });
    new Set(all(".pick").map((pick) => pick.form)).forEach((form) => form && count(form));
  };
  prepare();
  document.querySelector("[data-focus]")?.focus();
})();
