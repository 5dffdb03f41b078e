// Makes one piece of the page look like another and touches only the nodes that differ; rows with a name keep their node.
function attributes(old, node) {
  for (const { name } of [...old.attributes]) {
    if (!node.hasAttribute(name) && name !== "open") old.removeAttribute(name);
  }
  for (const { name, value } of node.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
}

function node(old, fresh) {
  if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName) return old.replaceWith(fresh);
  if (fresh.nodeType !== Node.ELEMENT_NODE) {
    if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
    return;
  }
  attributes(old, fresh);
  morph(old, fresh);
  if (old !== document.activeElement) control(old, fresh);
}

// What a viewer chose or typed is kept apart from what is written; who holds a control is not interrupted.
function control(old, fresh) {
  if (old.nodeName === "INPUT" && old.value !== fresh.value) old.value = fresh.value;
  if (old.nodeName === "SELECT" && old.selectedIndex !== fresh.selectedIndex) old.selectedIndex = fresh.selectedIndex;
}

export function morph(from, to) {
  if (to.firstElementChild?.hasAttribute("data-row")) return rows(from, to);
  const fresh = [...to.childNodes];
  const stale = [...from.childNodes];
  fresh.forEach((one, i) => (stale[i] ? node(stale[i], one) : from.appendChild(one)));
  stale.slice(fresh.length).forEach((one) => one.remove());
}

// A row that stays is not moved, for moving it would take the focus from what is in it.
function rows(from, to) {
  const wanted = [...to.children];
  const names = new Set(wanted.map((row) => row.dataset.row));
  [...from.childNodes].forEach((old) => names.has(old.dataset?.row) || old.remove());
  const kept = new Map([...from.children].map((row) => [row.dataset.row, row]));
  let place = from.firstElementChild;
  for (const row of wanted) {
    const old = kept.get(row.dataset.row);
    if (!old) from.insertBefore(row, place);
    else {
      if (old !== place) from.insertBefore(old, place);
      else place = place.nextElementSibling;
      node(old, row);
    }
  }
}
