// Keeps the page's address in step with what the viewer chose, so that a link or a reload shows the same.
function render({ model, el }) {
  el.hidden = true;
  const write = () => {
    if (!document.querySelector("body.view3-body")) return; // in a notebook the address is not ours
    const query = model.get("query");
    const address = `${location.pathname}${query ? `?${query}` : ""}${location.hash}`;
    if (address !== location.pathname + location.search + location.hash) history.replaceState(history.state, "", address);
  };
  write();
  model.on("change:query", write);
  model.on("change:outdated", () => model.get("outdated") && location.reload());
}

export default { render };
