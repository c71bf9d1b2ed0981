// Stands in for jQuery and bootstrap-table on Data Docs pages, so that they work with nothing from the network.
(function () {
  "use strict";
  function render(table, options) {
    const columns = options.columns || Array.from(table.querySelectorAll("th"), (th) => ({ field: th.dataset.field, title: th.textContent }));
    const shown = columns.flat().filter((c) => c.field && c.visible !== false && !c.field.startsWith("_"));
    const head = shown.map((c) => `<th>${c.title || ""}</th>`).join("");
    const body = (options.data || []).map((row) => {
      const cells = shown.map((c) => `<td>${row[c.field] ?? ""}</td>`).join("");
      return `<tr data-link="${row._table_row_link_path || ""}">${cells}</tr>`;
    });
    table.innerHTML = `<thead><tr>${head}</tr></thead><tbody>${body.join("")}</tbody>`;
    table.querySelectorAll("tr[data-link]").forEach((tr) => {
      if (tr.dataset.link) tr.addEventListener("click", () => { window.location.href = tr.dataset.link; });
    });
  }
  function query(what) {
    const found = typeof what === "string" && /^[#.\w]/.test(what) ? Array.from(document.querySelectorAll(what)) : [];
    const calls = {
      ready: (then) => document.addEventListener("DOMContentLoaded", then),
      bootstrapTable: (options) => { if (typeof options === "object") found.forEach((table) => render(table, options)); },
    };
    const chain = new Proxy(function () {}, {
      get: (_, name) => (...given) => { if (name in calls) calls[name](...given); return chain; },
    });
    if (typeof what === "function") calls.ready(what);
    return chain;
  }
  window.$ = window.jQuery = query;
  document.addEventListener("DOMContentLoaded", () => {
    const rows = () => Array.from(document.querySelectorAll("tr")).filter((tr) => tr.querySelector("i.fas"));
    window.showAllValidations = () => rows().forEach((tr) => { tr.style.display = ""; });
    window.hideSucceededValidations = () => rows().forEach((tr) => { tr.style.display = tr.querySelector(".text-success") ? "none" : ""; });
    document.querySelectorAll(".nav-tabs a").forEach((tab) => tab.addEventListener("click", (event) => {
      event.preventDefault();
      document.querySelectorAll(".tab-pane").forEach((pane) => pane.classList.remove("active"));
      const pane = document.querySelector(tab.getAttribute("href"));
      if (pane) pane.classList.add("active");
    }));
  });
})();
