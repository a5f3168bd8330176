/* The list of uploads once the server has them: how far each job is, told by the server's own rows.

   upload.js says which have been accepted. Their ids are kept for this tab, so that the list is
   there again after a reload, or on the next page with an upload, while one of them is at work. */

const form = document.getElementById("upload");
const tray = document.getElementById("tray");
const list = document.getElementById("uploads");
const summary = document.getElementById("uploads-summary");
const clear = document.getElementById("uploads-clear");
const save = document.getElementById("uploads-save");
const store = `uploads:${form.dataset.owner}`;
const mostKept = 200;
const mostAsked = 80; // of at once: the address is no longer
const beat = { seen: 1000, hidden: 5000, lost: 5000 }; // milliseconds between looks
const rows = new Map(); // a job's id: its row
let timer = 0;
let shown = false; // whether the page has been told anything of the list that it came with

function kept() {
  try {
    const ids = JSON.parse(sessionStorage.getItem(store) ?? "[]");
    return Array.isArray(ids) ? ids.map(String) : [];
  } catch {
    return [];
  }
}

function keep() {
  try {
    sessionStorage.setItem(store, JSON.stringify([...rows.keys()].slice(-mostKept)));
  } catch {
    // not allowed to: the list is this page's alone
  }
}

const ended = (row) => row !== null && "ended" in row.dataset;
const atWork = () => [...rows.values()].some((row) => !ended(row));

/* Put the server's row in place of ours; the focus stays where it was. */
function place(id, fresh) {
  const old = rows.get(id);
  if (old?.isEqualNode(fresh)) return;
  const focused = old?.contains(document.activeElement) ?? false;
  if (old) old.replaceWith(fresh);
  else list.append(fresh);
  rows.set(id, fresh);
  if (focused) fresh.querySelector("a").focus();
}

/* The server's rows of the jobs that were asked for; those without one have been deleted. */
function show(asked, html) {
  const fresh = new Map();
  for (const row of new DOMParser().parseFromString(html, "text/html").querySelectorAll("li")) {
    fresh.set(row.dataset.job, document.importNode(row, true));
  }
  const before = [...rows.values()].filter(ended).length;
  for (const id of asked) {
    if (fresh.has(id)) continue;
    rows.get(id)?.remove();
    rows.delete(id);
  }
  for (const [id, row] of fresh) if (rows.has(id)) place(id, row);
  if (!shown && !atWork()) forget(); // from before, and all is done: the pages show it
  shown = true;
  keep();
  if ([...rows.values()].filter(ended).length !== before) {
    document.body.dispatchEvent(new Event("jobs:changed"));
  }
}

async function look() {
  timer = 0;
  let wait = document.hidden ? beat.hidden : beat.seen;
  try {
    const asked = [...rows.keys()].filter((id) => !ended(rows.get(id))).slice(0, mostAsked);
    const query = new URLSearchParams(asked.map((id) => ["job", id]));
    const answer = await fetch(`${form.dataset.progress}?${query}`, {
      headers: { "HX-Request": "true" },
    });
    if (answer.headers.has("HX-Redirect")) return; // signed out: the next click says so
    if (answer.ok) show(asked, await answer.text());
    else wait = beat.lost;
  } catch {
    wait = beat.lost;
  }
  if (atWork()) later(wait);
}

function later(wait) {
  if (!timer) timer = setTimeout(look, wait);
}

function forget() {
  for (const [id, row] of rows) {
    row?.remove();
    rows.delete(id);
  }
  keep();
}

function summarise() {
  const all = list.children.length;
  const done = list.querySelectorAll(":scope > [data-ended], :scope > [data-refused]").length;
  const text = form.dataset.summary.replace("{done}", done).replace("{all}", all);
  tray.hidden = !all;
  clear.disabled = done < all;
  save.disabled = done < all || !list.querySelector(":scope > [data-read]");
  if (summary.textContent !== text) summary.textContent = text;
}

form.addEventListener("upload:accepted", (event) => {
  const { id, row } = event.detail;
  shown = true;
  rows.set(id, row);
  keep();
  document.body.dispatchEvent(new Event("jobs:changed"));
  later(300);
});

save.form.addEventListener("submit", () => {
  const read = [...list.querySelectorAll(":scope > [data-read]")];
  save.form.elements.ids.value = read.map((row) => row.dataset.job).join();
});

clear.addEventListener("click", () => {
  forget();
  list.replaceChildren();
  form.querySelector("input[type=file]").focus();
});

new MutationObserver(summarise).observe(list, {
  childList: true,
  subtree: true,
  attributeFilter: ["data-ended", "data-refused"],
});

for (const id of kept()) rows.set(id, null);
if (rows.size) look();
