/* The result viewer: what is pointed at or focused is marked in picture and text alike; keys leaf,
   zoom and search; texts are copied; pages appear while they are read. */

const htmx = window.htmx;
const byId = (id) => document.getElementById(id);
const layers = new Map(); // what the reader has switched, by the switch's id
let side = ""; // what a narrow screen shows, once chosen
let typed = null;
let owed = false; // the ended job is still to be shown, after what somebody asked for
let shownPage = "";

/* Parts: marked on both sides ---------------------------------------------------------------- */

const partOf = (target) => (target instanceof Element ? target.closest("[data-part]") : null);
const twinsOf = (name) => document.querySelectorAll(`[data-part="${CSS.escape(name)}"]`);

function mark(part, reveal) {
  for (const other of document.querySelectorAll("[data-part].active")) {
    other.classList.remove("active");
  }
  if (!part) return;
  for (const twin of twinsOf(part.dataset.part)) {
    twin.classList.add("active");
    if (reveal && twin !== part && !part.contains(twin)) bringIn(twin);
  }
}

/* Scrolls a part into view, but only inside the scroll areas of the viewer: the page does not move
   under the pointer. */
function bringIn(part) {
  for (let area = part.closest(".paper, .scroll, .panel"); area; ) {
    const outer = area.getBoundingClientRect();
    const inner = part.getBoundingClientRect();
    if (inner.top < outer.top || inner.bottom > outer.bottom) {
      area.scrollTop += inner.top - outer.top - area.clientHeight / 3;
    }
    if (inner.left < outer.left || inner.right > outer.right) {
      area.scrollLeft += inner.left - outer.left - area.clientWidth / 3;
    }
    area = area.parentElement.closest(".paper, .scroll, .panel");
  }
}

function read(target) {
  const readout = byId("readout");
  const word = target.closest?.(".layer-words rect");
  if (!readout || !word) return;
  const line = word.parentNode;
  const boxes = [...line.children];
  const said = line.getAttribute("aria-label") ?? "";
  const text = boxes.length > 1 ? said.split(" ")[boxes.indexOf(word)] : said;
  readout.textContent = word.dataset.c ? `${text} · ${word.dataset.c} %` : text;
}

document.addEventListener("pointerover", (event) => {
  const part = partOf(event.target);
  if (part || event.target.closest?.("[data-parts], .page")) mark(part, true);
  read(event.target);
});

document.addEventListener("focusin", (event) => {
  const part = partOf(event.target);
  if (part) mark(part, true);
});

/* A link to a part: shown at once where it is on this page, else after the page has come. */
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-shows]");
  if (!link) return;
  if (byId("paper")?.querySelector(`[data-part="${CSS.escape(link.dataset.shows)}"]`)) {
    event.preventDefault();
    event.stopPropagation();
    reveal(link.dataset.shows);
  } else {
    choose("side-picture");
  }
}, true);

function reveal(name) {
  choose("side-picture");
  const part = byId("paper")?.querySelector(`[data-part="${CSS.escape(name)}"]`);
  if (!part) return;
  mark(part, false);
  bringIn(part);
  byId("paper").focus({ preventScroll: true });
}

function choose(id) {
  const radio = byId(id);
  if (!radio) return;
  radio.checked = true;
  side = id;
}

/* Keys --------------------------------------------------------------------------------------- */

function step(part, by) {
  const group = part.closest("[data-parts]");
  const parts = [...group.querySelectorAll("[data-part][tabindex]")];
  const next = parts[parts.indexOf(part) + by];
  if (!next) return;
  part.tabIndex = -1;
  next.tabIndex = 0;
  next.focus();
}

function leaf(id) {
  const link = byId(id);
  if (link?.hasAttribute("href")) link.click();
}

const KEYS = {
  "[": () => leaf("previous"),
  "]": () => leaf("next"),
  "+": () => byId("zoom-in")?.click(),
  "=": () => byId("zoom-in")?.click(),
  "-": () => byId("zoom-out")?.click(),
  0: () => byId("zoom-width")?.click(),
  r: () => byId("rotate")?.click(),
  f: () => byId("find")?.focus(),
};

document.addEventListener("keydown", (event) => {
  const open = event.target.closest?.("details.menu[open]");
  if (event.key === "Escape" && open) {
    open.open = false;
    open.querySelector("summary").focus();
    return;
  }
  const alone = !event.ctrlKey && !event.metaKey && !event.altKey;
  if (!byId("result")) return;
  if (event.target.closest?.("input, textarea, select, [contenteditable]")) return;
  const part = partOf(event.target);
  const by = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
  if (part === event.target && by && alone) {
    event.preventDefault();
    step(part, by);
    return;
  }
  if (!event.target.closest?.("#result")) return; // single keys are for where the focus is
  const area = event.target.closest?.("#paper");
  if (area && alone && event.key === "PageDown") {
    if (area.scrollTop + area.clientHeight >= area.scrollHeight - 2) KEYS["]"]();
  } else if (area && alone && event.key === "PageUp") {
    if (area.scrollTop <= 0) KEYS["["]();
  } else if (KEYS[event.key] && (alone || event.getModifierState("AltGraph"))) {
    event.preventDefault();
    KEYS[event.key]();
  }
});

/* Copying ------------------------------------------------------------------------------------ */

async function put(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = document.createElement("textarea"); // no clipboard without https
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-copy], [data-copy-from]");
  if (!button) return;
  const label = button.querySelector("span");
  const before = label.textContent;
  button.disabled = true;
  try {
    const { copy, copyFrom } = button.dataset;
    if (copyFrom) {
      const answer = await fetch(copyFrom);
      if (!answer.ok) throw new Error(String(answer.status));
      await put(await answer.text());
    } else {
      await put(byId(copy).innerText);
    }
    label.textContent = button.dataset.done;
  } catch {
    label.textContent = byId("result").dataset.copyFailed;
  }
  button.disabled = false;
  button.focus();
  say(label.textContent);
  setTimeout(() => {
    label.textContent = before;
  }, 2000);
});

/* Pages that come ---------------------------------------------------------------------------- */

function say(text) {
  const said = byId("said");
  if (said && said.textContent !== text) said.textContent = text;
}

/* The small pages are changed one by one, so that focus and scroll stay where they are. */
function takeNews(news) {
  const told = news.content.firstElementChild;
  for (const tile of told.querySelectorAll("[data-tile]")) {
    const old = document.querySelector(`#tiles [data-tile="${tile.dataset.tile}"]`);
    if (old && old.dataset.state !== tile.dataset.state) old.replaceWith(tile.cloneNode(true));
  }
  const chosen = told.querySelector(`[data-tile="${told.dataset.chosen}"]`);
  const result = byId("result");
  const known = result.dataset.page === told.dataset.chosen ? result.dataset.state : "";
  if (known === "done" || known === chosen?.dataset.state) return;
  const into = { source: "#result", target: "#result", select: "#result", swap: "outerHTML" };
  htmx.ajax("GET", location.href, into);
}

document.addEventListener("htmx:configRequest", (event) => {
  if (event.target.id !== "work" && event.target.dataset.turn !== "ended") return;
  for (const [name, value] of new URLSearchParams(location.search)) {
    event.detail.parameters[name] = value;
  }
});

/* What comes by itself waits for what somebody has asked for or is writing: replaced under way, a
   link or a form would not get its answer, and half a correction would be gone. */
const bySelf = (element) => element.id === "result" || element.dataset.turn === "ended";
const askedFor = () =>
  [...document.querySelectorAll("#job .htmx-request")].some((from) => from.id !== "work" && !bySelf(from));
const inUse = () => askedFor() || Boolean(document.activeElement?.closest("#panel form"));

function pay() {
  if (!owed || inUse()) return;
  owed = false;
  const turn = document.querySelector('[data-turn="ended"]');
  if (turn) htmx.trigger(turn, "owed");
}

document.addEventListener("htmx:afterRequest", pay); // also where it failed
document.addEventListener("focusout", () => setTimeout(pay));

document.addEventListener("htmx:beforeSwap", (event) => {
  const { target, xhr, requestConfig } = event.detail;
  if (bySelf(requestConfig.elt) && inUse()) {
    event.detail.shouldSwap = false;
    owed ||= requestConfig.elt.dataset.turn === "ended";
    return;
  }
  if (target.id === "result" && xhr.status >= 400 && xhr.responseText.includes('id="result"')) {
    event.detail.shouldSwap = true; // a correction that was not taken, with why
    event.detail.isError = false;
  }
  if (target.id !== "result" && target.id !== "job") return;
  if (target.id === "job") document.querySelector(".rail")?.removeAttribute("id");
  const scrolled = (id) => [byId(id)?.scrollLeft ?? 0, byId(id)?.scrollTop ?? 0];
  const { page, view } = byId("result")?.dataset ?? {};
  typed = {
    page,
    view,
    paper: scrolled("paper"),
    panel: scrolled("panel"),
    find: byId("find") === document.activeElement ? byId("find").value : null,
    go: byId("go") === document.activeElement ? byId("go").value : null,
    within: byId("result")?.contains(document.activeElement) ?? false,
  };
});

/* At once: another answer may come before this one has settled */
document.addEventListener("htmx:afterSwap", () => {
  for (const [id, on] of layers) if (byId(id)) byId(id).checked = on;
  if (side && byId(side)) byId(side).checked = true;
  const result = byId("result");
  if (!typed || !result) return;
  const { page, view } = result.dataset;
  if (typed.within && document.activeElement === document.body) {
    result.focus({ preventScroll: true }); // what had it is gone; keys go on working
  }
  if (typed.page === page) byId("paper")?.scrollTo(...typed.paper);
  if (typed.page === page && typed.view === view) byId("panel")?.scrollTo(...typed.panel);
  if (typed.find !== null && byId("find")) byId("find").value = typed.find;
  if (typed.go !== null && byId("go") && typed.page === page) byId("go").value = typed.go;
  typed = null;
});

document.addEventListener("htmx:afterSettle", settle);

function settle() {
  const news = byId("news");
  if (news) {
    takeNews(news);
    news.remove();
  }
  pay();
  for (const group of document.querySelectorAll("[data-parts]")) {
    if (!group.querySelector('[data-part][tabindex="0"]')) {
      group.querySelector("[data-part][tabindex]")?.setAttribute("tabindex", "0");
    }
  }
  const result = byId("result");
  if (!result) return;
  const { page, view } = result.dataset;
  rail(page, view);
  missed();
  if (shownPage && page && shownPage !== page) say(result.dataset.sayPage);
  shownPage = page;
  const named = location.hash.startsWith("#in-") && byId(location.hash.slice(1));
  if (named) reveal(named.dataset.part);
  const hit = byId("panel")?.querySelector("mark");
  if (hit && result.dataset.found !== "seen") bringIn(hit);
  result.dataset.found = "seen";
  const field = location.hash.startsWith("#field-") && byId(location.hash.slice(1));
  if (field) {
    mark(field, true);
    bringIn(field);
  }
}

/* The small pages stay while the page changes: which is chosen, and what their links open. */
function rail(page, view) {
  for (const tile of document.querySelectorAll("#tiles [data-tile]")) {
    const link = tile.querySelector("a");
    const address = new URL(link.href);
    address.searchParams.set("view", view);
    link.href = address.pathname + address.search;
    if (tile.dataset.tile !== page) {
      link.removeAttribute("aria-current");
      continue;
    }
    link.setAttribute("aria-current", "page");
    const area = tile.closest("ol");
    const [outer, inner] = [area.getBoundingClientRect(), tile.getBoundingClientRect()];
    if (inner.top < outer.top || inner.bottom > outer.bottom) {
      area.scrollTop += inner.top - outer.top - 40;
    }
    if (inner.left < outer.left || inner.right > outer.right) {
      area.scrollLeft += inner.left - outer.left - 40;
    }
  }
}

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-layer]")) layers.set(event.target.id, event.target.checked);
  if (event.target.name === "side") {
    side = event.target.id;
    dispatchEvent(new Event("resize")); // what was hidden is laid out
  }
});

document.addEventListener(
  "error",
  (event) => {
    if (event.target instanceof SVGImageElement) byId("picture-gone").hidden = false;
    else if (event.target.closest?.(".tile")) event.target.classList.add("gone");
  },
  true,
);

/* A picture may have failed before this script came. */
function missed() {
  const image = document.querySelector("#paper image");
  const asked = image && performance.getEntriesByName(new URL(image.href.baseVal, location).href);
  if (asked?.some((entry) => entry.responseStatus >= 400)) byId("picture-gone").hidden = false;
}

settle();
addEventListener("load", missed);
