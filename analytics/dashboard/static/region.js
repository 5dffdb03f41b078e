// Writes the model's HTML into the page and, on a change, touches only the nodes that differ.
function morph(from, to) {
  const fresh = [...to.childNodes];
  const stale = [...from.childNodes];
  fresh.forEach((node, i) => {
    const old = stale[i];
    if (!old) return from.appendChild(node);
    if (old.nodeType !== node.nodeType || old.nodeName !== node.nodeName) return old.replaceWith(node);
    if (node.nodeType !== Node.ELEMENT_NODE) {
      if (old.nodeValue !== node.nodeValue) old.nodeValue = node.nodeValue;
      return;
    }
    for (const { name } of [...old.attributes]) {
      if (!node.hasAttribute(name) && name !== "open") old.removeAttribute(name);
    }
    for (const { name, value } of node.attributes) {
      if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    }
    morph(old, node);
  });
  stale.slice(fresh.length).forEach((node) => node.remove());
}

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
