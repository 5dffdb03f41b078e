import { makePage } from "./page.js";
import { throughKernel } from "./files.js";

// The page in a notebook that nobody serves: the kernel answers, and hands over files piece by piece.
const PATIENCE = 20000; // milliseconds

function render({ model, el }) {
  el.innerHTML = model.get("frame");
  const root = el.firstElementChild;
  let last = 0;
  const answer = (query, have) =>
    new Promise((resolve, reject) => {
      const number = --last; // below those of what the kernel looks after by itself
      const hear = ({ answer: told }) => {
        if (told?.number !== number) return;
        model.off("msg:custom", hear);
        resolve(told);
      };
      model.on("msg:custom", hear);
      model.send({ query, number, have, now: true });
      setTimeout(reject, PATIENCE);
    });
  const save = (form) => throughKernel(model, form.getAttribute("action").match(/(\w+)\.\w+$/)[1]);
  const page = makePage(root, { written: root.dataset.query, answer, save, moved: () => {} });
  return page.follow(model);
}

export default { render };
