// Loads what links the page to its kernel: work for half a second, in which a browser answers nobody. Before that its viewer
// may look and ask, which takes the server alone.
(() => {
  const FIRST = 400; // milliseconds that the viewer has
  const page = document.getElementById("view3");
  const script = document.createElement("script");
  const { link: source, leave } = document.currentScript.dataset;
  script.src = source;
  const listen = window.addEventListener.bind(window);
  // What is loaded here begins at the page's load, which is over by then.
  window.addEventListener = (type, heard, options) => {
    if (type === "load" && script.isConnected) setTimeout(() => heard.call(window, new Event("load")));
    else listen(type, heard, options);
  };
  const link = () => (page.hasAttribute("aria-busy") ? setTimeout(link, 50) : document.head.append(script));
  listen("load", () => setTimeout(link, FIRST));

  // A page that is left takes its kernel with it: what is loaded here says so, once it is there, and where a browser lets it.
  let said = false;
  listen("beforeunload", () => (said = document.body.hasAttribute("data-live")));
  listen("pagehide", () => {
    if (said) return;
    const word = new FormData();
    word.append("_xsrf", document.cookie.match(/\b_xsrf=([^;]*)/)?.[1] ?? "");
    navigator.sendBeacon(leave, word);
  });
})();
