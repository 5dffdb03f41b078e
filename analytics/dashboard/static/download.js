// Asks the kernel for a text piece by piece and saves it as a file, byte for byte.
function render({ model, el }) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "view3-button view3-download";
  const said = document.createElement("span");
  said.className = "view3-said";
  said.setAttribute("role", "status");
  el.append(button, said);
  const write = () => (button.textContent = model.get("label"));
  write();
  model.on("change:label", write);

  let parts = [];
  let watch;
  const stop = (sentence) => {
    clearTimeout(watch);
    parts = [];
    button.disabled = false;
    said.textContent = sentence;
  };
  const ask = (what) => {
    clearTimeout(watch);
    watch = setTimeout(() => stop("The export stopped; please try again."), 60000);
    model.send(what);
  };
  const save = (name) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(parts, { type: "text/csv;charset=utf-8" }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    stop("");
  };

  button.addEventListener("click", () => {
    button.disabled = true;
    parts = [];
    said.textContent = "Preparing…";
    ask("start");
  });
  model.on("msg:custom", (message, buffers) => {
    if (message.failed) return stop("The export could not be read from the database.");
    if (buffers?.length) parts.push(buffers[0]);
    if (message.done) return save(message.name);
    ask("next");
  });
}

export default { render };
