// Loads what links the page to its kernel: work for half a second, in which a browser answers nobody. Before that its viewer
// may look and ask, which takes the server alone.
(() => {
  const FIRST = 400; // milliseconds that the viewer has
  const page = document.getElementById("view3");
  const script = document.createElement("script");
  script.src = document.currentScript.dataset.link;
  const listen = window.addEventListener.bind(window);
  // What is loaded here begins at the page's load, which is over by then.
  window.addEventListener = (type, heard, options) => {
    if (type === "load" && script.isConnected) setTimeout(() => heard.call(window, new Event("load")));
    else listen(type, heard, options);
  };
  const link = () => (page.hasAttribute("aria-busy") ? setTimeout(link, 50) : document.head.append(script));
  listen("load", () => setTimeout(link, FIRST));
})();
