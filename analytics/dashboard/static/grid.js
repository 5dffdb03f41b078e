import { morph } from "./morph.js";

// itables makes the table out of sight; what is seen takes over what differs, so that focus, scroll and selection stay.
let loading;

function throughKernel(model) {
  return new Promise((resolve, reject) => {
    model.on("msg:custom", (message, buffers) => {
      if (!message.itables) return;
      const blob = new Blob([buffers[0]], { type: "text/javascript" });
      import(URL.createObjectURL(blob)).then(resolve, reject);
    });
    model.send("itables");
  });
}

function itables(model) {
  const served = document.querySelector('meta[name="view3-itables"]');
  loading ??= served ? import(new URL(served.content, document.baseURI)) : throughKernel(model);
  return loading;
}

function element(name, className, text = "") {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}

function cell(td, place) {
  const text = td.textContent;
  const made = element("td", td.className);
  if (!place) {
    const button = made.appendChild(element("button", "view3-choose", text || "No name"));
    button.type = "button";
    button.title = "Why this sale is credited as it is";
  } else if (/\S{25}/.test(text) || text.length >= 70) {
    made.appendChild(element("span", "view3-long", text)).title = text;
  } else made.textContent = text;
  return made;
}

// The last column names the sale; it becomes the row's own and is not shown.
function body(scratch, chosen) {
  const made = document.createElement("tbody");
  for (const tr of scratch.querySelectorAll("tbody tr")) {
    const cells = [...tr.cells];
    if (cells.length < 2) continue;
    const row = made.appendChild(element("tr", ""));
    row.dataset.row = cells.pop().textContent;
    if (row.dataset.row === String(chosen)) row.setAttribute("aria-selected", "true");
    row.append(...cells.map(cell));
  }
  return made;
}

function head(scratch, model) {
  const made = document.createElement("thead");
  const row = made.appendChild(document.createElement("tr"));
  const columns = model.get("columns");
  const titles = [...scratch.querySelectorAll("thead th")].slice(0, -1);
  titles.forEach((title, i) => {
    const th = row.appendChild(element("th", title.classList.contains("view3-number") ? "view3-number" : ""));
    th.scope = "col";
    if (!columns[i]) return (th.textContent = title.textContent);
    const active = columns[i] === model.get("column");
    th.setAttribute("aria-sort", active ? (model.get("descending") ? "descending" : "ascending") : "none");
    th.appendChild(element("button", "view3-sort", title.textContent)).type = "button";
  });
  return made;
}

function drawer(model, close) {
  const made = element("aside", "view3-why");
  made.setAttribute("aria-label", "Why this sale is credited as it is");
  made.tabIndex = -1;
  made.hidden = true;
  const shut = made.appendChild(element("button", "view3-button view3-shut", "Close"));
  shut.type = "button";
  const text = made.appendChild(element("div", "view3-why-text"));
  text.setAttribute("role", "status");
  shut.addEventListener("click", close);
  made.addEventListener("keydown", (event) => event.key === "Escape" && close());
  return { made, text };
}

function render({ model, el }) {
  el.classList.add("view3-scroll");
  el.tabIndex = 0; // wider than a phone: the arrow keys scroll it
  el.setAttribute("role", "region");
  el.setAttribute("aria-label", "High-ticket sales");
  const table = el.appendChild(element("table", "view3-table"));
  table.append(document.createElement("thead"), document.createElement("tbody"));
  const scratch = document.createElement("div");

  const choose = (sale) => {
    model.set("chosen", sale);
    model.save_changes();
  };
  const close = () => {
    const chosen = table.querySelector('tr[aria-selected="true"] .view3-choose');
    choose(0);
    chosen?.focus({ preventScroll: true });
  };
  const why = drawer(model, close);
  const page = el.closest(".view3-page") ?? document.body;
  (el.isConnected ? page : document.body).appendChild(why.made);

  const draw = () => {
    const made = document.createElement("table");
    made.append(head(scratch, model), body(scratch, model.get("chosen")));
    morph(table, made);
  };
  const tell = () => {
    const template = document.createElement("template");
    template.innerHTML = model.get("why");
    morph(why.text, template.content);
    const opens = why.made.hidden && model.get("why");
    why.made.hidden = !model.get("why");
    if (opens) why.made.focus({ preventScroll: true });
  };
  const sort = (th) => {
    const name = model.get("columns")[th.cellIndex];
    if (!name) return;
    const again = name === model.get("column");
    model.set({ column: name, descending: again ? !model.get("descending") : false });
    model.save_changes();
  };
  table.addEventListener("click", (event) => {
    const th = event.target.closest("thead th");
    const row = event.target.closest("tbody tr");
    if (th) sort(th);
    else if (row && !String(getSelection())) choose(Number(row.dataset.row));
  });
  itables(model).then((module) => {
    module.default.render({ model, el: scratch });
    draw();
    model.on("change:_dt_args change:column change:descending change:chosen", draw);
  });
  model.on("change:why", tell);
  tell();
  return () => why.made.remove();
}

export default { render };
