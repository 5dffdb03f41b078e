import { morph } from "./morph.js";

// Writes the model's HTML into the page and, on a change, touches only the nodes that differ.
function render({ model, el }) {
  el.classList.add("view3-region");
  const write = () => {
    const template = document.createElement("template");
    template.innerHTML = model.get("html");
    morph(el, template.content);
  };
  write();
  model.on("change:html", write);
}

export default { render };
