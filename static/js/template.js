/* The template editor: tries the draft on the sample while it is changed, draws the place of a
   field on the page, keeps the keyboard where it belongs, warns of changes that are not saved.
   The page works without: each button sends the form. */

const EDGES = ["left", "top", "right", "bottom"];
const QUIET = 900; // milliseconds after the last change, then it is tried
let touched = false; // since the server last told whether the draft is changed
let leaving = false;
let timer = 0;
let last = ""; // what was tried last
let drag = null;

const editor = () => document.getElementById("editor");
const sheet = () => document.getElementById("sheet");
const region = () => document.getElementById("region");
const edge = (name) => document.getElementById(`id_field-${name}`);

function touch() {
  touched = true;
  document.getElementById("untouched")?.setAttribute("hidden", "");
  document.getElementById("touched")?.removeAttribute("hidden");
}

/* Trying ---------------------------------------------------------------------------------- */

function sent() {
  const data = new FormData(editor());
  for (const name of ["note", "find", "of", "do", "page", "document", "file", "csrfmiddlewaretoken"]) {
    data.delete(name);
  }
  return new URLSearchParams(data).toString();
}

function tryLater(wait = QUIET) {
  clearTimeout(timer);
  timer = setTimeout(() => {
    const button = document.getElementById("try");
    if (!button || sent() === last) return;
    last = sent();
    button.click();
  }, wait);
}

/* Frames of what was found on the page that is shown; the rows tell where. */
function frames() {
  const svg = document.getElementById("boxes");
  if (!svg) return;
  svg.replaceChildren();
  for (const one of document.querySelectorAll(`.found-value [data-page="${sheet().dataset.page}"]`)) {
    const [x0, y0, x1, y1] = one.dataset.box.split(" ").map(Number);
    const row = one.closest("[data-line]");
    const group = document.createElementNS(svg.namespaceURI, "g");
    const frame = document.createElementNS(svg.namespaceURI, "rect");
    group.dataset.line = row.dataset.line;
    group.setAttribute("role", "img");
    group.setAttribute("tabindex", svg.childElementCount ? "-1" : "0");
    const label = document.querySelector(`#open-${CSS.escape(row.dataset.line)} span`)?.textContent;
    group.setAttribute("aria-label", `${label}: ${one.querySelector("strong").textContent}`);
    frame.setAttribute("class", "found");
    frame.setAttribute("x", x0 - 1);
    frame.setAttribute("y", y0 - 1);
    frame.setAttribute("width", x1 - x0 + 2);
    frame.setAttribute("height", y1 - y0 + 2);
    group.append(frame);
    svg.append(group);
  }
}

/* The place of the open field ------------------------------------------------------------- */

function place() {
  if (!edge("left")) return null;
  const values = EDGES.map((name) => Number.parseFloat(edge(name).value));
  return values.some(Number.isNaN) ? null : values;
}

function show() {
  const shown = region();
  const button = document.getElementById("draw");
  const values = place();
  if (button) {
    button.hidden = !sheet();
    document.getElementById("clear-place").hidden = EDGES.every((name) => !edge(name).value);
  }
  if (!shown) return;
  const page = document.getElementById("id_field-page")?.value;
  const here = !page || page === sheet().dataset.page || Number(page) < 0;
  shown.hidden = !values || !here;
  if (!values) return;
  const [left, top, right, bottom] = values;
  shown.style.left = `${left}%`;
  shown.style.top = `${top}%`;
  shown.style.width = `${Math.max(right - left, 0)}%`;
  shown.style.height = `${Math.max(bottom - top, 0)}%`;
}

function keep(values) {
  const bounded = values.map((value) => Math.min(Math.max(value, 0), 100));
  EDGES.forEach((name, index) => {
    edge(name).value = Number(bounded[index].toFixed(1));
  });
  touch();
  show();
  tryLater();
}

function drawing(on) {
  const button = document.getElementById("draw");
  if (!button) return;
  button.setAttribute("aria-pressed", String(on));
  button.querySelector("span").textContent = on ? button.dataset.drawing : button.dataset.idle;
  sheet()?.classList.toggle("drawing", on);
}

function at(event) {
  const box = sheet().getBoundingClientRect();
  return [
    (100 * (event.clientX - box.left)) / box.width,
    (100 * (event.clientY - box.top)) / box.height,
  ];
}

document.addEventListener("pointerdown", (event) => {
  const figure = event.target.closest?.("#sheet");
  if (!figure || !edge("left") || event.button) return;
  const [x, y] = at(event);
  if (figure.classList.contains("drawing")) drag = { kind: "new", x, y };
  else if (event.target.dataset.corner) drag = { kind: event.target.dataset.corner, from: place() };
  else if (event.target === region()) drag = { kind: "all", x, y, from: place() };
  else return;
  event.preventDefault();
  figure.setPointerCapture(event.pointerId);
});

document.addEventListener("pointermove", (event) => {
  if (!drag) return;
  const [x, y] = at(event);
  if (drag.kind === "new") {
    keep([Math.min(drag.x, x), Math.min(drag.y, y), Math.max(drag.x, x), Math.max(drag.y, y)]);
  } else if (drag.kind === "all") {
    moved(drag.from, x - drag.x, y - drag.y);
  } else {
    const [left, top, right, bottom] = drag.from;
    keep([
      drag.kind.includes("left") ? Math.min(x, right - 1) : left,
      drag.kind.includes("top") ? Math.min(y, bottom - 1) : top,
      drag.kind.includes("right") ? Math.max(x, left + 1) : right,
      drag.kind.includes("bottom") ? Math.max(y, top + 1) : bottom,
    ]);
  }
});

for (const name of ["pointerup", "pointercancel"]) {
  document.addEventListener(name, () => {
    if (drag?.kind === "new") drawing(false);
    drag = null;
  });
}

function moved([left, top, right, bottom], right_by, down_by) {
  const x = Math.min(Math.max(right_by, -left), 100 - right);
  const y = Math.min(Math.max(down_by, -top), 100 - bottom);
  keep([left + x, top + y, right + x, bottom + y]);
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") drawing(false);
  if (event.target !== region() || !event.key.startsWith("Arrow")) return;
  event.preventDefault();
  const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const [x, y] = step[event.key];
  const [left, top, right, bottom] = place();
  if (!event.shiftKey) return moved([left, top, right, bottom], x, y);
  keep([left, top, Math.max(right + x, left + 1), Math.max(bottom + y, top + 1)]);
});

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("#draw");
  if (button) {
    const on = button.getAttribute("aria-pressed") !== "true";
    if (on && !place()) keep([10, 10, 40, 20]); // for the keyboard: a place to move about
    drawing(on);
    if (on) sheet().closest(".paper").scrollIntoView({ block: "nearest" });
  }
  if (event.target.closest?.("#clear-place")) {
    event.preventDefault();
    for (const name of EDGES) edge(name).value = "";
    edge("page").value = "";
    touch();
    show();
    tryLater();
    document.getElementById("draw").focus();
  }
  if (event.target.closest?.('[aria-disabled="true"]')) event.preventDefault();
}, true);

/* Changes, and leaving -------------------------------------------------------------------- */

document.addEventListener("input", (event) => {
  if (event.target.form !== editor() || event.target.matches("#add-search, #add-of, #document")) return;
  if (event.target.id === "file") return;
  touch();
  show();
  tryLater();
});

document.addEventListener("change", (event) => {
  if (event.target.id === "file" && event.target.files.length) {
    document.getElementById("send-sample").click();
  }
});

addEventListener("beforeunload", (event) => {
  if (!leaving && (touched || "unsaved" in editor().dataset)) event.preventDefault();
});

document.addEventListener("submit", () => {
  leaving = true; // without htmx the page goes with the form
});
document.addEventListener("htmx:beforeRequest", () => {
  leaving = false;
});
document.addEventListener("htmx:beforeOnLoad", (event) => {
  if (event.detail.xhr.getResponseHeader("HX-Redirect")) leaving = true;
});

/* What was refused, in the server's words; ours where it did not answer. */
function trouble(event) {
  const answer = event.detail.xhr?.responseText ?? "";
  const messages = new DOMParser().parseFromString(answer, "text/html").querySelectorAll(".message");
  const shown = document.getElementById("trouble");
  const unknown = document.getElementById("trouble-unknown").content.cloneNode(true);
  shown.replaceChildren(...(messages.length ? messages : [unknown]));
  shown.focus();
  shown.scrollIntoView({ block: "center" });
}

for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, trouble);
}
document.addEventListener("htmx:beforeRequest", () => {
  document.getElementById("trouble").replaceChildren();
});

/* After each answer ----------------------------------------------------------------------- */

document.addEventListener("htmx:afterSettle", (event) => {
  const part = event.detail.target.id || event.target.id;
  if (part === "editor") {
    touched = false;
    const form = editor();
    const wrong = "wrong" in form.dataset && form.querySelector('[aria-invalid="true"]');
    const wanted = wrong || document.getElementById(form.dataset.focus);
    if (wanted) {
      wanted.closest("details")?.setAttribute("open", "");
      wanted.focus();
      if (wanted.matches?.("input[type=text], input:not([type])")) wanted.select?.();
    }
  }
  const told = document.getElementById("tried");
  if (told?.dataset.wait) {
    last = "";
    tryLater(1000 * Number(told.dataset.wait));
    delete told.dataset.wait;
  } else if (part === "editor" || part === "sample") {
    tryLater(300);
  }
  frames();
  show();
});

frames();
show();
tryLater(0);
document.getElementById(editor().dataset.focus)?.focus();
