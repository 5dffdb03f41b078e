import { morph } from "./morph.js";

// One page: its forms ask one question at a time, and an answer is shown only while it is still the question.
const REFUSED = "This could not be answered, so the figures are still those of before. Please try again.";

// `answer(query, have)` gives the parts that a query brings, `save(form, query)` a file; `moved(query)` keeps the address in step.
export function makePage(root, { written, answer, save, moved }) {
  const have = {}; // the mark of every part in sight
  for (const part of root.querySelectorAll("[data-part]")) have[part.dataset.part] = part.dataset.mark;
  let shown = root.dataset.query; // the query that the figures in sight belong to
  let sale = ""; // whose row explains itself
  let wanted = null; // what is asked for and not answered yet
  let busy = false;
  let kernel = null;
  let number = 0; // of what the kernel was last told to look after
  let seen = null; // how many of its answers came

  const put = (told) => {
    const drawer = root.querySelector(".view3-why");
    const held = drawer?.contains(document.activeElement);
    for (const [name, [mark, html]] of Object.entries(told.parts)) {
      if (have[name] === mark) continue;
      const template = document.createElement("template");
      template.innerHTML = html;
      morph(root.querySelector(`[data-part="${name}"]`), template.content);
      have[name] = mark;
    }
    root.classList.toggle("view3-away", told.away);
    const why = root.querySelector(".view3-why");
    if (why && !drawer) why.focus({ preventScroll: true });
    if (!why && held) root.querySelector(`[data-row="${sale}"] .view3-choose`)?.focus({ preventScroll: true });
  };

  const take = (told, question) => {
    put(told);
    shown = written = told.query;
    sale = root.querySelector(".view3-why") ? (question.get("sale") ?? "") : "";
    moved(shown);
    tell();
  };
  // Controls go back to the filter that the figures belong to.
  const refuse = (told) => {
    const sentence = '<p class="view3-banner view3-banner-warning" role="alert"></p>';
    put(told ?? { parts: { banner: ["", sentence] }, away: root.classList.contains("view3-away") });
    if (!told) root.querySelector('[data-part="banner"] > p').textContent = REFUSED;
    root.querySelectorAll("form").forEach((form) => form.reset());
    root.querySelectorAll(".view3-range").forEach(slide);
    tell();
  };
  const run = async () => {
    busy = true;
    root.setAttribute("aria-busy", "true");
    while (wanted) {
      const question = wanted;
      const told = await answer(`${question}`, have).catch(() => null);
      if (wanted !== question) continue; // something else is asked by now
      wanted = null;
      if (told && !told.empty) take(told, question);
      else refuse(told);
    }
    busy = false;
    root.removeAttribute("aria-busy");
  };
  const ask = (form, button) => {
    const asks = (button?.dataset.asks ?? form.dataset.asks).split(" ");
    const next = new URLSearchParams(wanted ?? shown);
    if (sale && !wanted) next.set("sale", sale);
    asks.forEach((name) => next.delete(name));
    // What is hidden hands on the rest of the address where no script does.
    const own = [...form.elements].filter(({ name, type }) => name && type !== "hidden" && type !== "submit").concat(button?.name ? button : []);
    for (const { name, value } of own) if (value) next.set(name, value);
    // A title that is clicked again before its answer came turns the order about.
    if (button?.name === "sort" && wanted?.get("sort") === button.value) next.set("sort", `-${button.value}`.replace("--", ""));
    wanted = next;
    if (!busy) run();
  };

  // The two ends of the slider stop at each other; the one that has room to move lies on top.
  const slide = (form, moving) => {
    const { first, last } = form.elements;
    if (+first.value > +last.value) (moving ?? last).value = (moving === first ? last : first).value;
    const share = (end) => `${(100 * (end.value - end.min)) / Math.max(end.max - end.min, 1)}%`;
    form.querySelector(".view3-slider").style.cssText = `--from:${share(first)};--to:${share(last)}`;
    first.style.zIndex = first.value > first.max / 2 ? 1 : "";
    form.querySelector("output").textContent = `${first.value} – ${last.value}`;
  };

  root.addEventListener("submit", async (event) => {
    event.preventDefault();
    const form = event.target;
    if (!form.classList.contains("view3-file")) return ask(form, event.submitter);
    const [button, said] = [form.querySelector("button"), form.querySelector(".view3-said")];
    button.disabled = true;
    said.textContent = "Preparing…";
    said.textContent = await save(form, shown).then(() => "", (error) => error.message);
    button.disabled = false;
  });
  root.addEventListener("input", ({ target }) => {
    if (!target.form || target.type === "date") return;
    if (target.type === "range") slide(target.form, target);
    ask(target.form);
  });
  root.addEventListener("change", ({ target }) => {
    if (target.type === "date" && target.form.checkValidity()) ask(target.form);
  });
  root.addEventListener("click", ({ target }) => {
    if (target.closest("button")) return;
    const row = String(getSelection()) ? null : target.closest("tr[data-row]"); // who takes a text does not ask
    (target.closest("th[aria-sort]") ?? row)?.querySelector("button").click();
  });
  root.addEventListener("keydown", ({ key, target }) => {
    if (key !== "Escape") return;
    target.closest(".view3-why")?.querySelector(".view3-shut").click();
    const how = target.closest(".view3-how[open]");
    how?.removeAttribute("open");
    how?.querySelector("summary").focus();
  });

  // The kernel is told what is in sight, and sends what has changed since; a beat tells how many answers should have come.
  const tell = (now = false) => {
    number += 1;
    const query = new URLSearchParams(written);
    if (sale) query.set("sale", sale);
    send({ query: `${query}`, number, have, now });
  };
  const send = (message) => {
    try {
      kernel?.send(message);
    } catch {
      // the kernel is gone; the page learns it from the missing beat
    }
  };
  const hear = ({ answer: told, beat, checked, sent }) => {
    if (told) {
      seen = sent;
      if (told.number === number && !busy) put(told);
      if (told.outdated) moved(null);
    }
    if (!beat) return;
    const at = root.querySelector(".view3-checked");
    if (at && checked && at.textContent !== checked) at.textContent = checked;
    window.dispatchEvent(new CustomEvent("view3-beat"));
    seen ??= sent;
    if (seen === sent) return;
    seen = sent;
    tell();
  };
  return {
    follow(model) {
      kernel = model;
      model.on("msg:custom", hear);
      tell(true); // it knows nothing yet, and what came meanwhile has waited for it
      const timer = setInterval(() => send("here"), 20000);
      return () => clearInterval(timer);
    },
  };
}
