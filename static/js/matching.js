// Picking invoices in the queue: the amounts fill themselves in, and what remains is counted.
// Only shown: the server reads what was typed once more, and asks where it has two readings.
(() => {
  "use strict";
  const on = (kind, act) => document.addEventListener(kind, act);
  const cents = (plain) => Math.round(Number(plain) * 100);
  const written = (amount, more) => new Intl.NumberFormat(document.documentElement.lang, {
    minimumFractionDigits: 2, maximumFractionDigits: 2, ...more,
  }).format(amount / 100);

  const read = (text) => {
    const tidy = text.trim().replace(/[\u2212\u2013]/g, "-").replace(/(?<=\d)[\s\u00a0\u202f\u2009'’](?=\d{3})/g, "");
    if (/^-?\d+([.,]\d{1,2})?$/.test(tidy)) return cents(tidy.replace(",", "."));
    if (/^-?\d{1,3}(\.\d{3})+,\d{1,2}$/.test(tidy)) return cents(tidy.replace(/\./g, "").replace(",", "."));
    if (/^-?\d{1,3}(,\d{3})+\.\d{1,2}$/.test(tidy)) return cents(tidy.replace(/,/g, ""));
    if (/^-?\d{1,3}(([.,])\d{3})(\2\d{3})+$/.test(tidy)) return cents(tidy.replace(/[.,]/g, ""));
    return NaN;
  };
  const rows = (form) => [...form.querySelectorAll("[data-open]")].map((row) => ({
    open: cents(row.dataset.open),
    tick: row.querySelector("input[type=checkbox]"),
    box: row.querySelector("input[inputmode]"),
  }));
  const least = (a, b) => (Math.abs(a) < Math.abs(b) ? a : b);
  const left = (form) => rows(form).filter(({ tick }) => tick.checked).reduce(
    (rest, { open, box }) => rest - (box.value.trim() ? read(box.value) : least(open, rest)),
    cents(form.dataset.split),
  );
  const count = (form) => {
    const shown = form.querySelector("[data-remains]"), rest = left(form);
    shown.textContent = Number.isNaN(rest) ? shown.dataset.remains : written(rest);
    form.classList.toggle("is-over", rest * Math.sign(cents(form.dataset.split)) < 0);
  };

  on("change", (event) => {
    const form = event.target.closest("[data-split]");
    const row = form && rows(form).find(({ tick }) => tick === event.target);
    if (!row) return;
    if (!row.tick.checked) row.box.value = "";
    else if (!row.box.value.trim()) {
      row.tick.checked = false;
      const rest = left(form);
      row.tick.checked = true;
      if (!Number.isNaN(rest)) row.box.value = written(least(row.open, rest), { useGrouping: false });
    }
    count(form);
  });
  on("input", (event) => {
    const form = event.target.closest("[data-split]");
    const row = form && rows(form).find(({ box }) => box === event.target);
    if (!row) return;
    row.tick.checked = row.box.value.trim() !== "";
    count(form);
  });
  on("keydown", (event) => {
    if (event.key !== "Escape" || !event.target.closest("[data-split]")) return;
    document.querySelector("[data-close]")?.click();
  });
  const all = () => document.querySelectorAll("[data-split]").forEach(count);
  on("htmx:afterSettle", all);
  all();
})();
