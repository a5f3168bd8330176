/* The picture of a page: zoom, pan and quarter turns. How it was looked at stays for the next page;
   the picture itself is never changed. */

const STEP = 1.25;
const SMALLEST = 0.25;
const LARGEST = 8;
const look = { zoom: 1, fit: "width", turn: 0 };
const pointers = new Map();
let pinched = 0;
let dragged = null;

const paper = () => document.getElementById("paper");
/* Without an id: htmx would copy its style to the next page's, as an attribute, which is refused. */
const page = () => document.querySelector("#paper > .page");

function measures(svg) {
  const width = Number(svg.dataset.width);
  const height = Number(svg.dataset.height);
  return look.turn % 180 ? [height, width, width, height] : [width, height, width, height];
}

function room(area) {
  const style = getComputedStyle(area);
  const across = parseFloat(style.paddingLeft) + parseFloat(style.paddingRight);
  const down = parseFloat(style.paddingTop) + parseFloat(style.paddingBottom);
  const most = parseFloat(style.maxHeight);
  const height = Number.isFinite(most) ? most : Math.max(area.clientHeight, innerHeight * 0.7);
  return [area.clientWidth - across, Math.min(height, innerHeight) - down];
}

/* Lays the picture out as it is looked at; what is at the point (of the window) stays there. */
function lay(x, y) {
  const area = paper();
  const svg = page();
  if (!area || !svg) return;
  const [across, down, width, height] = measures(svg);
  if (look.fit === "width") look.zoom = 1;
  if (look.fit === "page") {
    const [wide, high] = room(area);
    look.zoom = Math.min(1, (high * across) / (down * wide));
  }
  const before = svg.getBoundingClientRect();
  const outer = area.getBoundingClientRect();
  const atX = x ?? outer.left + area.clientWidth / 2;
  const atY = y ?? Math.max(outer.top, 0) + Math.min(area.clientHeight, innerHeight) / 2;
  const shareX = before.width ? (atX - before.left) / before.width : 0.5;
  const shareY = before.height ? (atY - before.top) / before.height : 0;
  const turns = {
    0: "",
    90: `translate(${height} 0) rotate(90)`,
    180: `translate(${width} ${height}) rotate(180)`,
    270: `translate(0 ${width}) rotate(270)`,
  };
  svg.setAttribute("viewBox", `0 0 ${across} ${down}`);
  svg.querySelector("[data-turned]").setAttribute("transform", turns[look.turn]);
  svg.style.width = `${look.zoom * 100}%`;
  const after = svg.getBoundingClientRect();
  area.scrollLeft += after.left + shareX * after.width - atX;
  area.scrollTop += after.top + shareY * after.height - atY;
  area.classList.toggle("zoomed", look.zoom > 1);
  const share = document.querySelector("[data-zoom-share]");
  if (share) share.textContent = `${Math.round(look.zoom * 100)} %`;
}

function zoom(how, x, y) {
  if (how === "width" || how === "page") {
    look.fit = how;
  } else {
    const factor = { in: STEP, out: 1 / STEP }[how] ?? how;
    look.fit = "";
    look.zoom = Math.min(LARGEST, Math.max(SMALLEST, look.zoom * factor));
    if (Math.abs(look.zoom - 1) < 0.02) look.zoom = 1;
  }
  lay(x, y);
}

function turn() {
  look.turn = (look.turn + 90) % 360;
  lay();
}

const inPaper = (event) => event.target instanceof Element && event.target.closest("#paper");

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-zoom], [data-rotate]");
  if (!button) return;
  if (button.dataset.zoom) zoom(button.dataset.zoom);
  else turn();
});

document.addEventListener(
  "wheel",
  (event) => {
    if (!event.ctrlKey || !inPaper(event)) return;
    event.preventDefault();
    zoom(Math.exp(-event.deltaY / 300), event.clientX, event.clientY);
  },
  { passive: false },
);

document.addEventListener("pointerdown", (event) => {
  if (!inPaper(event)) return;
  if (event.pointerType === "touch") {
    pointers.set(event.pointerId, event);
    pinched = 0;
  } else if (event.button === 0) {
    const area = paper();
    dragged = { x: event.clientX, y: event.clientY, left: area.scrollLeft, top: area.scrollTop };
  }
});

document.addEventListener("pointermove", (event) => {
  if (pointers.has(event.pointerId)) {
    pointers.set(event.pointerId, event);
    if (pointers.size !== 2) return;
    const [one, two] = pointers.values();
    const apart = Math.hypot(one.clientX - two.clientX, one.clientY - two.clientY);
    if (pinched) {
      zoom(apart / pinched, (one.clientX + two.clientX) / 2, (one.clientY + two.clientY) / 2);
    }
    pinched = apart;
  } else if (dragged && event.buttons & 1) {
    const area = paper();
    const [across, down] = [event.clientX - dragged.x, event.clientY - dragged.y];
    if (!dragged.moving && Math.hypot(across, down) < 4) return;
    dragged.moving = true;
    area.classList.add("dragged");
    area.scrollTo(dragged.left - across, dragged.top - down);
  }
});

for (const over of ["pointerup", "pointercancel"]) {
  document.addEventListener(over, (event) => {
    pointers.delete(event.pointerId);
    pinched = 0;
    dragged = null;
    paper()?.classList.remove("dragged");
  });
}

addEventListener("resize", () => lay());
for (const come of ["htmx:afterSwap", "htmx:afterSettle"]) document.addEventListener(come, () => lay());
lay();
