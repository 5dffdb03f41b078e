// Saves every matching row, or a notebook of what is on screen, as a file: from the server, which streams it to the disk, or piece by piece through the kernel.
function render({ model, el }) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = `view3-button view3-download view3-save-${model.get("served")}`;
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
  const save = (address, name) => {
    const link = document.createElement("a");
    link.href = address;
    link.download = name;
    link.click();
    stop("");
  };

  const fromServer = async (served) => {
    const address = new URL(served, document.baseURI);
    address.search = location.search;
    try {
      const answer = await fetch(address, { method: "HEAD" });
      if (!answer.ok || answer.redirected) throw new Error(answer.status);
      save(address, "");
    } catch {
      stop("The export could not be read; please try again.");
    }
  };

  const ask = (what) => {
    clearTimeout(watch);
    watch = setTimeout(() => stop("The export stopped; please try again."), 60000);
    model.send(what);
  };
  model.on("msg:custom", (message, buffers) => {
    if (message.failed) return stop("The export could not be read from the database.");
    if (buffers?.length) parts.push(buffers[0]);
    if (!message.done) return ask("next");
    const address = URL.createObjectURL(new Blob(parts, { type: "application/octet-stream" }));
    save(address, message.name);
    setTimeout(() => URL.revokeObjectURL(address), 60000);
  });

  button.addEventListener("click", () => {
    button.disabled = true;
    parts = [];
    said.textContent = "Preparing…";
    const served = document.querySelector(`meta[name="view3-${model.get("served")}"]`);
    if (served) fromServer(served.content);
    else ask("start");
  });
}

export default { render };
