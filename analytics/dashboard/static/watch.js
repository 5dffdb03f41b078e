// Watches the kernel's beat: without one the numbers are old, and the page says so instead of looking alive.
import { paint, plotly } from "./chart.js";

(() => {
  const LATE = 15000;
  const tries = Number(sessionStorage.getItem("view3-tries") ?? 0);
  const PATIENCE = 2 ** tries; // a machine that is only slow gets more time at each try
  const COMPLETE = 45000 * PATIENCE; // for the kernel to start and to write the whole page
  const LIVE = 15000 * PATIENCE; // from then on for the first beat
  const AGAIN = 5000;
  const opened = Date.now();
  let complete = 0;
  let last = 0;
  const notice = document.querySelector(".view3-stale");
  const time = (moment) => new Date(moment).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });

  const say = (sentence) => {
    if (notice.firstElementChild.textContent !== sentence) notice.firstElementChild.textContent = sentence;
    notice.hidden = !sentence;
    document.body.classList.toggle("view3-is-stale", Boolean(sentence));
  };
  // A complete page on which the widgets' place is missing, or an error stands in it, will never come to life.
  const barren = () => {
    const place = document.querySelector("#rendered_cells .jp-OutputArea-child");
    return !place || place.textContent.startsWith("Error displaying widget");
  };
  const restart = () => {
    sessionStorage.setItem("view3-tries", Math.min(tries + 1, 4));
    location.reload();
  };
  const look = () => {
    const now = Date.now();
    if (last) return say(now - last > LATE ? `The live link was lost at ${time(last)}. These numbers are from then.` : "");
    const due = !complete ? opened + COMPLETE : complete + (barren() ? AGAIN * (PATIENCE - 1) : LIVE);
    if (now > due) restart();
    else say(now > due - AGAIN ? "The live link did not start. Loading the page again in a few seconds." : "");
  };
  window.addEventListener("load", () => (complete = Date.now()));

  // Jupyter's sliders and toggles come without a name or a state for screen readers.
  const name = () => {
    document.querySelectorAll(".view3-filter .noUi-handle").forEach((handle, i) => {
      handle.setAttribute("aria-label", i ? "Last challenge day" : "First challenge day");
    });
    document.querySelectorAll(".view3-segments button").forEach((button) => {
      button.setAttribute("aria-pressed", button.classList.contains("mod-active"));
    });
    const arrangement = document.querySelector(".view3-attendance .view3-segments");
    arrangement?.setAttribute("role", "group");
    arrangement?.setAttribute("aria-label", "Stacked / Side by side");
  };

  // The first sight, written by the server, is looked at until the kernel is ready.
  const figure = document.getElementById("view3-first-figure");
  if (figure) {
    plotly().then((Plotly) => {
      const board = document.getElementById("view3-first-board");
      if (board) paint(Plotly, board, JSON.parse(figure.textContent));
    });
  }

  window.addEventListener("view3-beat", () => {
    if (!last) document.addEventListener("click", () => setTimeout(name, 100));
    last = Date.now();
    sessionStorage.removeItem("view3-tries");
    document.body.setAttribute("data-live", "");
    document.getElementById("view3-first")?.remove();
    name();
    look();
  });
  notice.querySelector("button").addEventListener("click", () => location.reload());
  setInterval(look, 2000);
})();
