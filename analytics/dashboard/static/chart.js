// Draws the model's figure with plotly.js, in place, in the colours of the page's theme.
const PAPER = { width: 1200, height: 260 }; // pixels, on a page that the style sheet scales to the sheet

let loading;

function load(source) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = source;
    script.onload = () => (window.Plotly ? resolve(window.Plotly) : reject(new Error("plotly.js did not load")));
    script.onerror = reject;
    document.head.appendChild(script);
  });
}

function throughKernel(model) {
  return new Promise((resolve, reject) => {
    model.on("msg:custom", (message, buffers) => {
      if (!message.plotly) return;
      const blob = new Blob([buffers[0]], { type: "text/javascript" });
      load(URL.createObjectURL(blob)).then(resolve, reject);
    });
    model.send("plotly");
  });
}

export function plotly(model) {
  if (window.Plotly) return Promise.resolve(window.Plotly);
  const served = document.querySelector('meta[name="view3-plotly"]');
  loading ??= served ? load(served.content) : throughKernel(model);
  return loading;
}

function themed(figure, element) {
  const style = getComputedStyle(element);
  const colour = (name, fallback) => style.getPropertyValue(name).trim() || fallback;
  const [ink, muted] = [colour("--v3-ink", "#1f2937"), colour("--v3-muted", "#6b7280")];
  const [grid, surface] = [colour("--v3-line", "#e5e7eb"), colour("--v3-surface", "#ffffff")];
  const narrow = element.clientWidth < 560;
  const { xaxis = {}, yaxis = {}, legend = {}, margin = {} } = figure.layout ?? {};
  return {
    ...figure.layout,
    autosize: true,
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: style.fontFamily, size: 13, color: muted },
    hoverlabel: { bgcolor: surface, bordercolor: grid, font: { color: ink, size: 13, family: style.fontFamily } },
    legend: { ...legend, font: { color: ink, size: 13 } },
    margin: narrow ? { ...margin, l: 36 } : margin,
    xaxis: { ...xaxis, linecolor: grid, showgrid: false, ticks: "", automargin: false, nticks: Math.max(3, Math.floor(element.clientWidth / 62)) },
    yaxis: { ...yaxis, gridcolor: grid, zeroline: false, nticks: 6, title: narrow ? undefined : { ...yaxis.title, font: { size: 12 } } },
  };
}

export function paint(Plotly, board, figure) {
  const config = { displayModeBar: false, responsive: false, scrollZoom: false, doubleClick: false, showTips: false };
  return Plotly.react(board, figure.data ?? [], themed(figure, board), config);
}

function render({ model, el }) {
  const board = document.createElement("div");
  board.className = "view3-board";
  el.classList.add("view3-chart");
  el.appendChild(board);
  let drawn = Promise.resolve();

  const draw = () => {
    drawn = drawn
      .then(() => plotly(model))
      .then((Plotly) => {
        if (!board.clientWidth) return; // not laid out yet; the observer calls again
        board.setAttribute("role", "img");
        board.setAttribute("aria-label", model.get("label"));
        return paint(Plotly, board, JSON.parse(model.get("figure")));
      })
      .then((drawn) => drawn && board.setAttribute("data-drawn", drawn.layout.barmode))
      .catch(() => {
        board.textContent = "The chart could not be drawn; the table below has the same numbers.";
      });
  };

  let width = 0;
  const observer = new ResizeObserver(() => {
    if (board.clientWidth === width) return;
    width = board.clientWidth;
    draw();
  });
  observer.observe(board);
  // Nobody is asked to lay out anew for paper, so the bars are drawn for it beforehand.
  const forPaper = () => window.Plotly && board.data && window.Plotly.relayout(board, { autosize: false, ...PAPER });
  window.addEventListener("beforeprint", forPaper);
  window.addEventListener("afterprint", draw);
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", draw);
  model.on("change:figure change:label", draw);
  draw();
  return () => {
    observer.disconnect();
    window.removeEventListener("beforeprint", forPaper);
    window.removeEventListener("afterprint", draw);
    dark.removeEventListener("change", draw);
    window.Plotly?.purge(board);
  };
}

export default { render };
