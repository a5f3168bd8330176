/* Uploads: dropped, chosen, pasted or photographed files, and addresses, one request each.

   A few at once, with progress; what got no answer, or came too early, is sent again by itself.
   Without this script the form posts by itself. The server's answers are HTML parts. What becomes
   of accepted documents upload-progress.js shows; the options upload-options.js keeps. */

const form = document.getElementById("upload");
const texts = form.dataset;
const input = form.querySelector("input[type=file]");
const address = form.elements.url;
const list = document.getElementById("uploads");
const maxBytes = Number(texts.maxBytes);
const lanes = 3; // requests at once
const patience = 120; // seconds: a refusal for longer is shown
const pauses = [2, 5, 15, 30]; // seconds before each further try, where no answer came
const waiting = [];
const sending = new Set();
let pause = null; // {timer, upload} while nothing is begun
let added = 0; // uploads of this page
let accepted = [];
let stay = false; // on this page, even if one document is all

/* A name for the request, so that one whose answer was lost makes nothing again. */
function newKey() {
  return [...crypto.getRandomValues(new Uint32Array(4))].map((n) => n.toString(16)).join("-");
}

function part(id) {
  return document.getElementById(id).content.firstElementChild.cloneNode(true);
}

function add(files, more = false) {
  stay ||= more;
  for (const file of files) enqueue({ name: file.name, file });
}

function addAddress(url) {
  enqueue({ name: url, url });
}

function enqueue(upload) {
  const row = part("upload-row");
  row.querySelector(".name").textContent = upload.name;
  list.append(row);
  Object.assign(upload, { row, state: row.querySelector(".state"), tries: 0, key: newKey() });
  row.querySelector(".remove").addEventListener("click", () => remove(upload));
  row.querySelector(".again").addEventListener("click", () => again(upload));
  added += 1;
  queue(upload);
}

function queue(upload) {
  upload.state.textContent = texts.waiting;
  if (upload.file?.size > maxBytes) return refuse(upload, [part("upload-too-large")], false);
  if (upload.file?.size === 0) return refuse(upload, [part("upload-empty")], false);
  waiting.push(upload);
  return next();
}

function next() {
  while (!pause && waiting.length && sending.size < lanes) send(waiting.shift());
  if (!waiting.length && !sending.size) finished();
}

function remove(upload) {
  const at = waiting.indexOf(upload);
  if (at >= 0) waiting.splice(at, 1);
  if (pause?.upload === upload) resume();
  if (sending.delete(upload)) upload.request.abort();
  const near = upload.row.nextElementSibling ?? upload.row.previousElementSibling;
  upload.row.remove();
  (near?.querySelector("button, a") ?? input).focus();
  next();
}

function again(upload) {
  upload.row.querySelectorAll(".message").forEach((message) => message.remove());
  upload.row.querySelector(".again").hidden = true;
  upload.row.querySelector(".remove").focus();
  delete upload.row.dataset.refused;
  upload.tries = 0;
  queue(upload);
}

function send(upload) {
  const data = new FormData(form);
  data.delete(input.name);
  data.delete(address.name);
  if (upload.file) data.append(input.name, upload.file, upload.name);
  else data.append(address.name, upload.url);

  const bar = upload.row.querySelector("progress");
  const request = new XMLHttpRequest();
  upload.request = request;
  sending.add(upload);
  request.open("POST", form.action);
  request.setRequestHeader("HX-Request", "true");
  request.setRequestHeader("Idempotency-Key", upload.key);
  request.upload.addEventListener("progress", (event) => {
    const percent = Math.floor((100 * event.loaded) / event.total);
    bar.value = percent;
    if (!upload.file) upload.state.textContent = texts.fetching;
    else upload.state.textContent =
      percent < 100 ? texts.sending.replace("{n}", percent) : texts.checking;
  });
  request.addEventListener("load", () => {
    sending.delete(upload);
    answered(upload, request);
    next();
  });
  request.addEventListener("error", () => {
    sending.delete(upload);
    unanswered(upload);
    next();
  });
  request.send(data);
}

function answered(upload, request) {
  const login = request.getResponseHeader("HX-Redirect");
  const wait = Number(request.getResponseHeader("Retry-After"));
  if (login) return leave(login);
  if (request.status === 201) return accept(upload, request.getResponseHeader("Location"));
  if (request.status === 429 && wait && wait <= patience) return hold(upload, wait, texts.pause);
  if (wait && wait <= patience && upload.tries < pauses.length) { // busy: soon it may not be
    upload.tries += 1;
    return hold(upload, wait, texts.pause);
  }
  upload.key = newKey(); // it made nothing: sent again, it may be with other options
  const told = request.getResponseHeader("Content-Type")?.startsWith("text/html")
    ? [...new DOMParser().parseFromString(request.responseText, "text/html")
        .querySelectorAll(".message")]
    : [];
  return refuse(upload, told.length ? told : [part("upload-lost")], true);
}

function unanswered(upload) {
  if (upload.tries >= pauses.length) return refuse(upload, [part("upload-lost")], true);
  const wait = pauses[upload.tries];
  upload.tries += 1;
  return hold(upload, wait, texts.offline);
}

/* Nothing more is begun for so many seconds; then this one is the first. */
function hold(upload, seconds, text) {
  waiting.unshift(upload);
  upload.row.querySelector("progress").value = 0;
  upload.state.textContent = texts.waiting;
  if (pause) return;
  pause = { upload, timer: 0 };
  const count = (left) => {
    upload.state.textContent = text.replace("{n}", left);
    if (left > 0) pause.timer = setTimeout(count, 1000, left - 1);
    else resume();
  };
  count(seconds);
}

function resume() {
  if (!pause) return;
  clearTimeout(pause.timer);
  pause.upload.state.textContent = texts.waiting;
  pause = null;
  next();
}

function accept(upload, location) {
  accepted.push(location);
  upload.state.textContent = texts.sent;
  upload.row.querySelector(".remove").hidden = true;
  const detail = { id: location.split("/").pop(), row: upload.row };
  form.dispatchEvent(new CustomEvent("upload:accepted", { detail }));
}

/* Shows why: the server's words, or ours where it was not asked or did not answer. */
function refuse(upload, messages, retry) {
  upload.state.textContent = texts.refused;
  upload.row.querySelector("progress").value = 0;
  upload.row.querySelector(".again").hidden = !retry;
  upload.row.append(...messages);
  upload.row.dataset.refused = "";
  list.scrollTop = upload.row.offsetTop - list.offsetTop; // within the list alone
}

/* One document alone: watch it being read. Several are shown in the list. */
function finished() {
  const alone = added === 1 && accepted.length === 1 && list.children.length === 1;
  if (alone && !stay) leave(accepted[0]);
}

function leave(where) {
  waiting.length = 0;
  location.assign(where);
}

input.addEventListener("change", () => {
  add(input.files);
  input.value = "";
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const url = address.value.trim();
  if (!url) return input.click();
  address.value = "";
  return addAddress(url);
});

document.getElementById("camera").addEventListener("click", () => {
  const camera = document.createElement("input");
  camera.type = "file";
  camera.accept = "image/*";
  camera.capture = "environment";
  camera.addEventListener("change", () => add(camera.files, true)); // more photos may follow
  camera.click();
});

addEventListener("paste", (event) => {
  const files = [...(event.clipboardData?.files ?? [])];
  if (!files.length) return;
  event.preventDefault();
  const time = new Date().toTimeString().slice(0, 8).replaceAll(":", ".");
  const named = (file) => {
    if (file.name !== "image.png") return file; // what browsers call a picture without a name
    const name = `${texts.pasted.replace("{time}", time)}.png`;
    return new File([file], name, { type: file.type });
  };
  add(files.map(named));
});

addEventListener("online", resume);

addEventListener("beforeunload", (event) => {
  if (sending.size || waiting.length) event.preventDefault();
});

/* The files dropped, those in folders too, but for hidden ones. */
async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((entry) => entry.isDirectory)) return [...transfer.files];
  const found = [];
  const walk = async (entry) => {
    if (entry.name.startsWith(".")) return;
    if (entry.isFile) {
      found.push(await new Promise((done, failed) => entry.file(done, failed)));
      return;
    }
    const reader = entry.createReader();
    for (;;) {
      const some = await new Promise((done, failed) => reader.readEntries(done, failed));
      if (!some.length) return;
      for (const each of some) await walk(each);
    }
  };
  for (const entry of entries) await walk(entry);
  return found;
}

/* The whole page takes a drop: a near miss must not open the file in place of the page. */
let depth = 0;
const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");

addEventListener("dragenter", (event) => {
  if (!carriesFiles(event)) return;
  depth += 1;
  form.classList.add("over");
});
addEventListener("dragleave", (event) => {
  if (!carriesFiles(event)) return;
  depth -= 1;
  if (depth <= 0) form.classList.remove("over");
});
addEventListener("dragover", (event) => {
  if (carriesFiles(event)) event.preventDefault();
});
addEventListener("drop", async (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  depth = 0;
  form.classList.remove("over");
  add(await dropped(event.dataTransfer));
});
