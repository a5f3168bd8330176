/* What is found, in its row and on the picture of the page: pointed at or focused on one side it is
   marked on the other. Arrow keys move within a side: each is one stop of the Tab key. */

function lineOf(target) {
  return target instanceof Element ? target.closest("[data-line]") : null;
}

function mark(line, reveal) {
  const old = document.querySelectorAll("[data-line].active");
  for (const other of old) other.classList.remove("active");
  if (!line) return;
  const twins = document.querySelectorAll(`[data-line="${CSS.escape(line.dataset.line)}"]`);
  for (const twin of twins) {
    twin.classList.add("active");
    if (reveal && twin !== line && !line.contains(twin)) show(twin);
  }
}

/* Scrolls the twin into view, but only inside the picture's or a table's own scroll area: the page
   does not move under the pointer. */
function show(twin) {
  const area = twin.closest(".paper, .scroll");
  if (!area) return;
  const outer = area.getBoundingClientRect();
  const inner = twin.getBoundingClientRect();
  if (inner.top < outer.top || inner.bottom > outer.bottom) {
    area.scrollTop += inner.top - outer.top - outer.height / 3;
  }
}

document.addEventListener("pointerover", (event) => {
  const line = lineOf(event.target);
  if (line || event.target.closest?.("[data-lines]")) mark(line, true);
});

document.addEventListener("focusin", (event) => mark(lineOf(event.target), true));

document.addEventListener("keydown", (event) => {
  const line = lineOf(event.target);
  const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
  if (!line || !step) return;
  const lines = [...line.closest("[data-lines]").querySelectorAll("[data-line]")];
  const next = lines[lines.indexOf(line) + step];
  event.preventDefault();
  if (!next) return;
  line.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
});

function firstStops() {
  for (const side of document.querySelectorAll("[data-lines]")) {
    if (!side.querySelector('[data-line][tabindex="0"]')) {
      side.querySelector("[data-line]")?.setAttribute("tabindex", "0");
    }
  }
}

document.addEventListener("htmx:afterSettle", firstStops);
firstStops();
