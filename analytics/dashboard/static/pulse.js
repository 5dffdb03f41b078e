// Passes the kernel's beat on to the page, which greys itself when it stops, and tells the kernel that someone watches.
function render({ model, el }) {
  el.hidden = true;
  const tell = () => {
    const checked = document.querySelector("#rendered_cells .view3-checked");
    const at = model.get("checked");
    if (checked && at && checked.textContent !== at) checked.textContent = at;
    window.dispatchEvent(new CustomEvent("view3-beat"));
  };
  const here = () => {
    try {
      model.send("here");
    } catch {
      // the kernel is gone; the page learns it from the missing beat
    }
  };
  tell();
  here();
  model.on("change:beat", tell);
  const timer = setInterval(here, 20000);
  return () => clearInterval(timer);
}

export default { render };
