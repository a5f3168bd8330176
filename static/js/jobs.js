/* The list of jobs: what is ticked stays ticked when the list is fetched anew, also what has moved
   to another page by then. Without this script the boxes are sent as they are. */

const bar = document.getElementById("selection");
const ticked = new Set();
let last = null; // the box that a range begins at

const list = () => document.getElementById("jobs");
const boxes = () => [...list().querySelectorAll("input[name=job]")];

function show() {
  const here = boxes();
  const all = document.getElementById("pick-all");
  for (const box of here) box.checked = ticked.has(box.value);
  if (all) {
    const some = here.filter((box) => box.checked).length;
    all.checked = some > 0 && some === here.length;
    all.indeterminate = some > 0 && some < here.length;
  }
  if (!bar) return;
  bar.hidden = ticked.size === 0;
  if (!ticked.size) document.getElementById("all-match").checked = false;
  const text = ticked.size === 1 ? bar.dataset.one : bar.dataset.many.replace("{n}", ticked.size);
  document.getElementById("ticked").textContent = text;
}

function tick(box, on) {
  if (on) ticked.add(box.value);
  else ticked.delete(box.value);
}

document.addEventListener("click", (event) => {
  const box = event.target;
  if (!(box instanceof HTMLInputElement) || !list().contains(box)) return;
  const here = boxes();
  if (box.id === "pick-all") {
    for (const each of here) tick(each, box.checked);
  } else if (box.name === "job") {
    const from = here.findIndex((each) => each.value === last);
    const to = here.indexOf(box);
    const range = event.shiftKey && from >= 0 ? [Math.min(from, to), Math.max(from, to)] : [to, to];
    for (const each of here.slice(range[0], range[1] + 1)) tick(each, box.checked);
    last = box.value;
  } else {
    return;
  }
  show();
});

bar?.addEventListener("submit", () => {
  bar.querySelector("input[name=ids]")?.remove();
  const shown = new Set(boxes().map((box) => box.value));
  const ids = document.createElement("input");
  ids.type = "hidden";
  ids.name = "ids";
  ids.value = [...ticked].filter((id) => !shown.has(id)).join(",");
  bar.append(ids);
});

/* Nothing is fetched anew while somebody fills in the form within the list. */
document.body.addEventListener("htmx:beforeRequest", (event) => {
  const { elt } = event.detail;
  if (elt.id === "jobs" && elt.querySelector("details[open]")) event.preventDefault();
});

document.body.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.requestConfig?.elt?.id === "find") ticked.clear();
  show();
});

/* Boxes that the browser ticked again by itself, after "back" */
addEventListener("pageshow", () => {
  for (const box of boxes()) tick(box, box.checked);
  show();
});
