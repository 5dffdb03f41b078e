// Turns the table's column headers into sort buttons; the sorting itself happens in the database.
function render({ model, el }) {
  el.hidden = true;
  let table;

  const dress = () => {
    const columns = model.get("columns");
    table.querySelectorAll("thead th").forEach((th, i) => {
      const name = columns[i];
      if (!name) return;
      const active = name === model.get("column");
      const order = active ? (model.get("descending") ? "descending" : "ascending") : "none";
      if (th.getAttribute("aria-sort") !== order) th.setAttribute("aria-sort", order);
      if (th.tabIndex !== 0) th.tabIndex = 0;
    });
    table.querySelectorAll("tbody td:not([data-seen])").forEach((td) => {
      td.setAttribute("data-seen", "");
      if (!/\S{25}/.test(td.textContent) && td.textContent.length < 70) return;
      const text = document.createElement("span");
      text.className = "view3-long";
      text.title = text.textContent = td.textContent;
      td.replaceChildren(text);
    });
  };
  const sort = (th) => {
    const name = model.get("columns")[th.cellIndex];
    if (!name) return;
    const again = name === model.get("column");
    model.set({ column: name, descending: again ? !model.get("descending") : false });
    model.save_changes();
    dress();
  };
  const header = (event) => event.target.closest?.("thead th");
  const clicked = (event) => header(event) && sort(header(event));
  const pressed = (event) => {
    if (!header(event) || !["Enter", " "].includes(event.key)) return;
    event.preventDefault();
    const index = header(event).cellIndex;
    sort(header(event));
    requestAnimationFrame(() => table.querySelectorAll("thead th")[index]?.focus());
  };

  const observer = new MutationObserver(dress);
  const attach = () => {
    table = el.closest(".view3-sales");
    if (!table) return requestAnimationFrame(attach);
    table.addEventListener("click", clicked);
    table.addEventListener("keydown", pressed);
    observer.observe(table, { childList: true, subtree: true });
    dress();
  };
  attach();
  model.on("change:column change:descending", () => table && dress());
  return () => observer.disconnect();
}

export default { render };
