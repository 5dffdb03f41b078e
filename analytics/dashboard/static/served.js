import { makePage } from "./page.js";
import { fromServer } from "./files.js";

// The page as a server wrote it: the server answers what its viewer asks, whether a kernel is there yet or not.
const root = document.getElementById("view3");
const place = document.querySelector('meta[name="view3-answer"]').content;

async function answer(query) {
  const address = new URL(place, document.baseURI);
  address.search = query;
  const got = await fetch(address, { cache: "no-store", signal: AbortSignal.timeout(20000) });
  if (got.redirected) location.reload(); // to the form that asks for the token
  if (!got.ok || got.redirected) throw new Error(got.status);
  return got.json();
}

// Nothing but a new Day 1 has the page loaded again.
function moved(query) {
  if (query === null) return location.reload();
  const address = `${location.pathname}${query ? `?${query}` : ""}${location.hash}`;
  if (address !== location.pathname + location.search + location.hash) history.replaceState(history.state, "", address);
}

const save = (form, query) => fromServer(form.getAttribute("action"), query);
root.page = makePage(root, { written: location.search, answer, save, moved });
