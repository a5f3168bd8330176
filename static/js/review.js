/* A document to be checked: values kept with Enter or Tab, one after the other; what is sent comes
   back as the document's parts, of which those that changed are put in place. The picture of the
   page is review-page.js's: they tell each other by the events review:at, review:draw, review:drawn. */

const root = document.querySelector("[data-review]");
const told = document.querySelector("[data-told]");
const lost = document.querySelector("[data-lost]");
const help = document.getElementById("shortcuts");
const RENEW_SECONDS = 240; // well before a claim runs out
const BACK_SECONDS = 3; // after a page was loaded anew

const rows = () => [...root.querySelectorAll("[data-row]")].filter((row) => row.offsetParent);
const rowOf = (target) => (target instanceof Element ? target.closest("[data-row]") : null);
const valueOf = (row) => row.querySelector("[data-value]");
const isChanged = (input) => !["hidden", "checkbox"].includes(input.type) && input.value !== input.defaultValue;
const dirty = (row) =>
  [...row.querySelectorAll("input, textarea")].some(isChanged) ||
  row.querySelector("[data-order]")?.dataset.changed === "yes" ||
  Boolean(row.querySelector("[name=box]")?.value);

let busy = false;
let leaving = false; // by a form of this page: what is taken is given back by the server
let worked = Date.now();

/* Rows as the server last sent them, to tell which it has changed */
const sent = new Map();
const remember = () => {
  for (const row of root.querySelectorAll("[data-row]")) sent.set(row.dataset.row, row.outerHTML);
};

/* Where one is -------------------------------------------------------------------------------- */

let active = null;

function activate(row) {
  if (!row || row === active) return;
  active?.classList.remove("active");
  active = row;
  row.classList.add("active");
  tell("review:at", row);
}

function tell(name, row) {
  document.dispatchEvent(new CustomEvent(name, { detail: { row } }));
}

function goTo(row) {
  if (!row) return;
  row.closest("details")?.setAttribute("open", "");
  const target = valueOf(row) ?? row;
  target.focus({ preventScroll: true });
  if (target.select && !row.querySelector(".cells")) target.select();
  row.scrollIntoView({ block: "nearest" });
}

/* The next doubtful one after a row, else the first; the button where none is left */
function goOn(from) {
  const all = rows();
  const at = all.findIndex((row) => row.dataset.row === from);
  const next = [...all.slice(at + 1), ...all.slice(0, at)].find((row) => row.dataset.doubtful);
  if (next) goTo(next);
  else document.getElementById("confirm")?.focus();
}

/* Sending ------------------------------------------------------------------------------------- */

async function send(form, name, value) {
  if (busy) return false;
  busy = true;
  const row = rowOf(form);
  const key = row.dataset.row;
  row.setAttribute("aria-busy", "true");
  const body = new FormData(form);
  for (const input of form.querySelectorAll(".cells input")) {
    if (!isChanged(input)) body.delete(input.name); // the server keeps what is not sent
  }
  body.set(name, value);
  try {
    const answer = await fetch(form.action, { method: "POST", body, headers: { "HX-Request": "true" } });
    lost.hidden = answer.status < 500 && answer.status !== 429;
    if (!lost.hidden) return false;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (answer.redirected || !page.querySelector("[data-piece]")) {
      location.reload(); // signed out, or the document is gone: the page says so
      return false;
    }
    replace(page, key);
    return answer.ok;
  } catch {
    lost.hidden = false;
    return false;
  } finally {
    row.removeAttribute("aria-busy");
    busy = false;
    worked = Date.now();
  }
}

/* The parts that the server changed; what is typed elsewhere and not sent yet stays */
function replace(page, key) {
  for (const name of ["messages", "left", "act"]) {
    const old = root.querySelector(`[data-piece="${name}"]`);
    const now = page.querySelector(`[data-piece="${name}"]`);
    if (old && now) old.replaceWith(document.adoptNode(now));
  }
  if (!page.querySelector("[data-say]") && root.querySelector("[data-say]")) {
    location.reload(); // it is somebody else's now
    return;
  }
  for (const now of page.querySelectorAll("[data-row]")) {
    const old = root.querySelector(`[data-row="${CSS.escape(now.dataset.row)}"]`);
    const own = now.dataset.row === key;
    if (!old || (!own && (sent.get(key) === undefined || dirty(old)))) continue;
    const text = now.outerHTML;
    if (!own && sent.get(now.dataset.row) === text) continue;
    sent.set(now.dataset.row, text);
    const fresh = document.adoptNode(now);
    const wasActive = old === active;
    old.replaceWith(fresh);
    if (wasActive) {
      active = null;
      activate(fresh);
    }
  }
  const left = root.querySelector("[data-left]");
  if (left) told.textContent = left.textContent;
}

/* Keep what a row says and go on; with what is wrong, stay */
async function say(row, name = "do", value = "say") {
  const form = row.querySelector("[data-say]");
  if (!form) return false;
  const key = row.dataset.row;
  const ok = await send(form, name, value);
  const now = root.querySelector(`[data-row="${CSS.escape(key)}"]`);
  if (ok) goOn(key);
  else if (now) goTo(now);
  return ok;
}

root.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.matches("[data-say]")) {
    event.preventDefault();
    say(rowOf(form), "do", event.submitter?.value || "say");
    return;
  }
  if (form.matches("[data-confirm]")) {
    const open = rows().find(dirty);
    if (open) {
      event.preventDefault();
      say(open).then((ok) => ok && document.getElementById("confirm").click());
      return;
    }
  }
  leaving = true;
});

/* Keys ---------------------------------------------------------------------------------------- */

document.addEventListener("keydown", (event) => {
  if (help.open || event.isComposing || root.querySelector(".drawing")) return;
  const { key, target } = event;
  const row = rowOf(target);
  const writing = target.matches?.("input:not([type=checkbox]), textarea, select");
  const act = (does) => {
    event.preventDefault();
    does();
  };
  if (key === "Enter" && (event.ctrlKey || event.metaKey)) {
    act(() => document.getElementById("confirm")?.click());
  } else if (event.altKey && !event.ctrlKey && event.code === "KeyS") {
    act(() => root.querySelector("[data-skip] button")?.click());
  } else if (event.altKey && (key === "ArrowDown" || key === "ArrowUp")) {
    act(() => step(row, key === "ArrowDown" ? 1 : -1));
  } else if (row && (event.altKey !== !writing || (!writing && event.altKey)) && !event.ctrlKey && !event.metaKey && short(row, event.code)) {
    event.preventDefault();
  } else if (key === "?" && !writing && root.contains(target)) {
    act(() => help.showModal());
  } else if (row && target === valueOf(row) && key === "Enter" && !event.shiftKey && !event.altKey) {
    act(() => say(row));
  } else if (row && target === valueOf(row) && key === "Tab" && !event.shiftKey && row.dataset.doubtful && !row.querySelector(".cells")) {
    act(() => say(row));
  } else if (row && key === "Escape") {
    act(() => undo(row, target));
  } else if (row && target === row && key === "Enter") {
    act(() => goTo(row));
  } else if (row && target === row && (key === "ArrowDown" || key === "ArrowUp")) {
    act(() => step(row, key === "ArrowDown" ? 1 : -1));
  }
});

/* What a key does in a row; with Alt while one writes */
function short(row, code) {
  const digit = /^(?:Digit|Numpad)([1-9])$/.exec(code)?.[1];
  const button = digit
    ? row.querySelector(`[data-choice="${digit}"]`)
    : { KeyN: row.querySelector("[data-absent]"), KeyB: row.querySelector("[data-draw]") }[code];
  button?.click();
  return Boolean(button);
}

function step(row, by) {
  const all = rows();
  goTo(all[row ? all.indexOf(row) + by : 0]);
}

/* First what is typed, then the value is left: Tab is the browser's from there */
function undo(row, target) {
  if (!dirty(row) || target === row) {
    row.focus();
    return;
  }
  const html = sent.get(row.dataset.row);
  const fresh = new DOMParser().parseFromString(html, "text/html").querySelector("[data-row]");
  row.replaceWith(document.adoptNode(fresh));
  active = null;
  goTo(fresh);
}

/* What buttons do ----------------------------------------------------------------------------- */

root.addEventListener("click", (event) => {
  const button = event.target.closest("button, a");
  if (!button) return;
  const row = rowOf(button);
  if (button.matches("[data-help]")) help.showModal();
  else if (button.matches("[data-draw]")) tell("review:draw", row);
  else if (button.matches("[data-add]")) addRow(row);
  else if (button.matches("[data-remove]")) removeRow(row, button.closest("tr"));
  else if (button.matches("[data-show]")) {
    event.preventDefault();
    activate(row);
    tell("review:show", row);
  }
});

function renumber(row) {
  const order = row.querySelector("[data-order]");
  const lines = [...row.querySelectorAll("[data-rows] tr")];
  order.value = lines.map((line) => line.dataset.id).join(",");
  order.dataset.changed = "yes";
  lines.forEach((line, at) => {
    const remove = line.querySelector("[data-remove]");
    remove.setAttribute("aria-label", remove.getAttribute("aria-label").replace(/\d+/, at + 1));
  });
}

function addRow(row) {
  const lines = [...row.querySelectorAll("[data-rows] tr")];
  const id = `new${1 + Math.max(0, ...lines.map((line) => Number(/^new(\d+)$/.exec(line.dataset.id)?.[1] ?? 0)))}`;
  const line = lines.at(-1).cloneNode(true);
  line.dataset.id = id;
  for (const input of line.querySelectorAll("input")) {
    input.name = input.name.replace(/^cell:[^:]+:/, `cell:${id}:`);
    input.removeAttribute("data-value");
    input.defaultValue = input.value = "";
  }
  lines.at(-1).after(line);
  renumber(row);
  line.querySelector("input").focus();
}

function removeRow(row, line) {
  if (row.querySelectorAll("[data-rows] tr").length === 1) {
    for (const input of line.querySelectorAll("input")) input.value = "";
    line.querySelector("input").focus();
    return;
  }
  const near = line.nextElementSibling ?? line.previousElementSibling;
  line.remove();
  renumber(row);
  near.querySelector("input").focus();
}

root.addEventListener("focusin", (event) => activate(rowOf(event.target)));
root.addEventListener("input", () => {
  worked = Date.now();
});

/* A box was drawn: its text is proposed, and kept with Enter */
document.addEventListener("review:drawn", async (event) => {
  const { row, page, box } = event.detail;
  goTo(row);
  if (!box) return;
  row.querySelector("[name=page]").value = page;
  row.querySelector("[name=box]").value = box.map((edge) => edge.toFixed(2)).join(",");
  const input = row.querySelector(".cells") ? null : valueOf(row);
  const query = new URLSearchParams({ page, box: row.querySelector("[name=box]").value });
  const answer = await fetch(`${root.dataset.text}?${query}`);
  const text = answer.ok ? (await answer.text()).trim() : "";
  if (input && text) input.value = input.tagName === "TEXTAREA" ? text : text.replace(/\s+/g, " ");
  input?.select();
});

/* The claim: kept while one works, given back when one goes away -------------------------------- */

const keeps = () => root.querySelector("[data-keep]");
const HAD = "review-had";

async function keep() {
  const form = keeps();
  if (!form) return;
  const how = { method: "POST", body: new FormData(form), headers: { "HX-Request": "true" } };
  const answer = await fetch(form.action, how).catch(() => null);
  if (answer?.status === 409) location.reload(); // somebody else has it, or has confirmed it
}

setInterval(() => {
  if (Date.now() - worked < RENEW_SECONDS * 1000) keep();
}, RENEW_SECONDS * 1000);

window.addEventListener("pagehide", () => {
  const form = keeps();
  if (leaving || !form) return;
  sessionStorage.setItem(HAD, root.dataset.id);
  navigator.sendBeacon(form.dataset.leave, new FormData(form));
});

window.addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

/* Loaded anew, it is still one's own: kept when the word of leaving has surely arrived */
if (sessionStorage.getItem(HAD) === root.dataset.id) {
  if (keeps()) setTimeout(keep, BACK_SECONDS * 1000);
  else if (performance.getEntriesByType("navigation")[0]?.type !== "navigate") {
    root.querySelector("[data-take]")?.requestSubmit();
  }
}
sessionStorage.removeItem(HAD);

remember();
const named = location.hash.startsWith("#field-") && document.getElementById(location.hash.slice(1));
if (named) goTo(named);
else if (root.querySelector("[data-say]")) goOn("");
else root.querySelector("[data-take] button")?.focus();
