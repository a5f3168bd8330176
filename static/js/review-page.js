/* The picture beside the fields of a review: shows where the field stands that one is at, larger
   and smaller, and lets one draw a box, with a pointer or with the arrow keys. Boxes are in points. */

const root = document.querySelector("[data-review]");
const side = root.querySelector("[data-pages]");
const paper = side?.querySelector("[data-paper]");
const places = side?.querySelector("[data-places]");
const figure = places?.parentElement;
const SVG = "http://www.w3.org/2000/svg";
const STEP = 4; // points that an arrow key moves a box
const LEAST = 3; // points: a smaller box is a slip of the pointer
const MARGIN = 1.5;

const sheets = new Map(
  JSON.parse(side?.dataset.pages ?? "[]").map(([number, width, height, image]) => [
    number,
    { number, width, height, image },
  ]),
);
let shown = sheets.get(Number(side?.querySelector("[data-number]")?.textContent));
let zoom = 1;

const boxOf = (row) => row?.dataset.box?.split(",").map(Number);

function rectangle(box, name, margin = MARGIN) {
  const rect = document.createElementNS(SVG, "rect");
  const [x0, y0, x1, y1] = box;
  rect.setAttribute("class", name);
  rect.setAttribute("x", x0 - margin);
  rect.setAttribute("y", y0 - margin);
  rect.setAttribute("width", x1 - x0 + 2 * margin);
  rect.setAttribute("height", y1 - y0 + 2 * margin);
  return rect;
}

/* Another page, or the same with the boxes as they are now */
function show(number, lit) {
  const sheet = sheets.get(Number(number)) ?? shown;
  if (!sheet) return;
  if (sheet !== shown) {
    shown = sheet;
    const image = figure.querySelector("[data-image]");
    if (image) {
      image.width = Math.round(sheet.width);
      image.height = Math.round(sheet.height);
      image.src = sheet.image;
    }
    places.setAttribute("viewBox", `0 0 ${sheet.width} ${sheet.height}`);
    side.querySelector("[data-number]").textContent = sheet.number;
    for (const link of side.querySelectorAll("[data-go]")) {
      if (Number(link.dataset.go) === sheet.number) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  }
  places.replaceChildren();
  for (const row of root.querySelectorAll("[data-row][data-box]")) {
    if (Number(row.dataset.page) !== sheet.number) continue;
    places.append(rectangle(boxOf(row), row === lit ? "found lit" : "found"));
  }
}

/* Scrolls the picture, never the window, so that the box is in sight */
function bringIntoSight(box) {
  const scale = figure.clientWidth / shown.width;
  const top = ((box[1] + box[3]) / 2) * scale - paper.clientHeight / 2;
  const left = ((box[0] + box[2]) / 2) * scale - paper.clientWidth / 2;
  paper.scrollTo({ top, left });
}

document.addEventListener("review:at", ({ detail: { row } }) => {
  if (!shown || drawing) return;
  show(row.dataset.page, row);
  const box = boxOf(row);
  if (box) bringIntoSight(box);
});

document.addEventListener("review:show", ({ detail: { row } }) => {
  if (!shown) return;
  show(row.dataset.page, row);
  side.scrollIntoView({ block: "nearest" });
  const box = boxOf(row);
  if (box) bringIntoSight(box);
  paper.focus({ preventScroll: true });
});

side?.addEventListener("click", (event) => {
  const button = event.target.closest("[data-go], [data-zoom]");
  if (!button) return;
  event.preventDefault();
  if (button.dataset.go) {
    show(button.dataset.go, root.querySelector(".active"));
    if (drawing) place();
    return;
  }
  zoom = Math.min(4, Math.max(1, zoom * (button.dataset.zoom === "in" ? 1.4 : 1 / 1.4)));
  figure.style.width = `${Math.round(zoom * 100)}%`;
  const box = boxOf(root.querySelector(".active[data-box]"));
  if (box) bringIntoSight(box);
});

/* Drawing ------------------------------------------------------------------------------------- */

let drawing = null; // {row, box}
let from = null; // where the pointer went down

function place() {
  places.querySelector(".drawn")?.remove();
  places.append(rectangle(drawing.box, "drawn", 0));
}

document.addEventListener("review:draw", ({ detail: { row } }) => {
  if (!shown) return;
  if (row.dataset.page) show(row.dataset.page, row);
  const middle = [shown.width * 0.4, shown.height * 0.1, shown.width * 0.6, shown.height * 0.1 + 16];
  const seen = paper.scrollTop / figure.clientHeight;
  const start = middle.map((edge, at) => (at % 2 ? edge + seen * shown.height : edge));
  drawing = { row, box: boxOf(row) ?? start };
  side.classList.add("drawing");
  side.querySelector("[data-drawing]").hidden = false;
  side.scrollIntoView({ block: "nearest" });
  place();
  bringIntoSight(drawing.box);
  paper.focus({ preventScroll: true });
});

function end(box) {
  const { row } = drawing;
  const page = shown.number;
  drawing = from = null;
  side.classList.remove("drawing");
  side.querySelector("[data-drawing]").hidden = true;
  places.querySelector(".drawn")?.remove();
  if (box) {
    row.dataset.page = page;
    row.dataset.box = box.join(",");
    crop(row, box);
    show(page, row);
  }
  document.dispatchEvent(new CustomEvent("review:drawn", { detail: { row, page, box } }));
}

/* The part of the page beside the value, as the server cuts it */
function crop(row, [x0, y0, x1, y1]) {
  const svg = row.querySelector("[data-crop] svg");
  const image = svg?.querySelector("image");
  if (!image) return;
  const height = Math.min(y1 - y0 + 14, shown.height);
  const width = Math.min(Math.max(x1 - x0 + 14, 5 * height, 150), shown.width);
  const left = Math.min(Math.max((x0 + x1 - width) / 2, 0), shown.width - width);
  const top = Math.min(Math.max((y0 + y1 - height) / 2, 0), shown.height - height);
  svg.setAttribute("viewBox", `${left} ${top} ${width} ${height}`);
  image.setAttribute("href", shown.image);
  image.setAttribute("width", shown.width);
  image.setAttribute("height", shown.height);
  svg.querySelector(".mark")?.replaceWith(rectangle([x0, y0, x1, y1], "mark"));
}

const pointOf = (event) => {
  const area = figure.getBoundingClientRect();
  const at = (share, whole) => Math.min(whole, Math.max(0, share * whole));
  return [
    at((event.clientX - area.left) / area.width, shown.width),
    at((event.clientY - area.top) / area.height, shown.height),
  ];
};

figure?.addEventListener("pointerdown", (event) => {
  if (!drawing || event.button) return;
  event.preventDefault();
  paper.focus({ preventScroll: true });
  figure.setPointerCapture(event.pointerId);
  from = pointOf(event);
});

figure?.addEventListener("pointermove", (event) => {
  if (!drawing || !from) return;
  const [x, y] = pointOf(event);
  drawing.box = [Math.min(x, from[0]), Math.min(y, from[1]), Math.max(x, from[0]), Math.max(y, from[1])];
  place();
});

figure?.addEventListener("pointerup", () => {
  if (!drawing || !from) return;
  from = null;
  const [x0, y0, x1, y1] = drawing.box;
  if (x1 - x0 >= LEAST && y1 - y0 >= LEAST) end(drawing.box);
});

const MOVES = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };

document.addEventListener("keydown", (event) => {
  if (!drawing) return;
  const [across, down] = MOVES[event.key] ?? [];
  if (event.key === "Escape") end(null);
  else if (event.key === "Enter") end(drawing.box);
  else if (event.key === "PageDown" || event.key === "PageUp") {
    show(shown.number + (event.key === "PageDown" ? 1 : -1), drawing.row);
    place();
  } else if (across !== undefined) move(across, down, event.shiftKey);
  else return;
  event.preventDefault();
  event.stopPropagation();
}, true);

/* With Shift the right lower corner alone moves */
function move(across, down, corner) {
  let [x0, y0, x1, y1] = drawing.box;
  x1 = Math.min(shown.width, Math.max(corner ? x0 + STEP : x1 - x0, x1 + across));
  y1 = Math.min(shown.height, Math.max(corner ? y0 + STEP : y1 - y0, y1 + down));
  if (!corner) {
    const [wide, tall] = [drawing.box[2] - x0, drawing.box[3] - y0];
    [x0, y0] = [x1 - wide, y1 - tall];
  }
  drawing.box = [x0, y0, x1, y1];
  place();
  bringIntoSight(drawing.box);
}
