// Saves every matching row, or a notebook of what is on screen, as a file: from the server, which streams it to the disk, or piece by piece through the kernel.
function give(address, name) {
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
}

// The server is asked first whether it can: a link would lead away from the page to an error.
export async function fromServer(action, query) {
  const address = new URL(action, document.baseURI);
  address.search = query;
  const answer = await fetch(address, { method: "HEAD" });
  if (!answer.ok || answer.redirected) throw new Error("The export could not be read; please try again.");
  give(address, "");
}

export function throughKernel(model, file) {
  return new Promise((resolve, reject) => {
    const parts = [];
    let watch;
    const stop = (settle, value) => {
      clearTimeout(watch);
      model.off("msg:custom", hear);
      settle(value);
    };
    const ask = (what) => {
      clearTimeout(watch);
      watch = setTimeout(() => stop(reject, new Error("The export stopped; please try again.")), 60000);
      model.send({ file: what });
    };
    const hear = (message, buffers) => {
      if (message.failed) return stop(reject, new Error("The export could not be read from the database."));
      if (!("done" in message)) return;
      if (buffers?.length) parts.push(buffers[0]);
      if (!message.done) return ask("next");
      const address = URL.createObjectURL(new Blob(parts, { type: "application/octet-stream" }));
      give(address, message.name);
      setTimeout(() => URL.revokeObjectURL(address), 60000);
      stop(resolve);
    };
    model.on("msg:custom", hear);
    ask(file);
  });
}
