/* The month board by keyboard: arrows move between rows, space ticks, enter opens. */
(() => {
  "use strict";
  const rows = () => [...document.querySelectorAll("[data-month] tbody tr:not(.month-group)")];
  const link = (row) => row.querySelector(".month-company a");
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const row = event.target.closest?.("[data-month] tbody tr");
    if (!row) return;
    const all = rows(), place = all.indexOf(row);
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const next = all[place + (event.key === "ArrowDown" ? 1 : -1)];
      if (!next) return;
      event.preventDefault();
      const same = event.target.matches(".pick") ? next.querySelector(".pick") : link(next);
      same?.focus();
    } else if (event.key === " " && event.target === link(row)) {
      event.preventDefault();
      row.querySelector(".pick")?.click();
    }
  });
})();
