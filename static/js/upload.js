/* Uploads: dropped, chosen or photographed files, one request each, with progress.
   Without this script the form posts by itself. The server's answers are HTML parts. */

const form = document.getElementById("upload");
const input = form.querySelector("input[type=file]");
const list = document.getElementById("uploads");
const maxBytes = Number(form.dataset.maxBytes);
const patience = 120; // seconds: a refusal for longer is shown
const waiting = [];
let active = 0;
let accepted = [];
let refused = 0;

function element(tag, text, className) {
  const made = document.createElement(tag);
  if (text) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(1).replace(".0", "")} MB`;
}

function add(files) {
  for (const file of files) {
    const row = element("li", "", "row");
    const state = element("span", "Waiting", "muted number");
    row.append(element("span", file.name, "break"), state);
    list.append(row);
    waiting.push({ file, row, state });
  }
  next();
}

function next() {
  if (active) return;
  const upload = waiting.shift();
  if (!upload) return finished();
  if (upload.file.size > maxBytes) {
    refuse(upload, null);
    return next();
  }
  active += 1;
  send(upload, () => {
    active -= 1;
    next();
  });
}

function send(upload, done) {
  const data = new FormData(form);
  data.delete(input.name);
  data.append(input.name, upload.file, upload.file.name);
  const bar = element("progress");
  bar.max = 100;
  bar.value = 0;
  bar.setAttribute("aria-label", `Sending ${upload.file.name}`);
  upload.row.append(bar);

  const request = new XMLHttpRequest();
  request.open("POST", form.action);
  request.setRequestHeader("HX-Request", "true");
  request.upload.addEventListener("progress", (event) => {
    const percent = Math.floor((100 * event.loaded) / event.total);
    bar.value = percent;
    upload.state.textContent = percent < 100 ? `${percent} %` : "Checking";
  });
  request.addEventListener("load", () => {
    const login = request.getResponseHeader("HX-Redirect");
    if (login) return location.assign(login);
    const wait = Number(request.getResponseHeader("Retry-After"));
    if (request.status === 429 && wait && wait <= patience) return later(upload, wait, done);
    if (request.status === 201) accept(upload, request.getResponseHeader("Location"));
    else refuse(upload, request);
    return done();
  });
  request.addEventListener("error", () => {
    refuse(upload, null);
    done();
  });
  request.send(data);
}

/* More files than may be sent in a minute go one after the other. */
function later(upload, seconds, done) {
  upload.row.querySelector("progress")?.remove();
  upload.state.textContent = `Too many in a short time: sent again in ${seconds} s`;
  if (seconds > 0) setTimeout(() => later(upload, seconds - 1, done), 1000);
  else send(upload, done);
}

function accept(upload, address) {
  accepted.push(address);
  const link = element("a", "Open");
  link.href = address;
  upload.row.querySelector("progress")?.remove();
  upload.state.replaceChildren("Sent. ", link);
}

/* Shows why: the server's words, or ours where it was not asked or did not answer. */
function refuse(upload, request) {
  refused += 1;
  upload.row.querySelector("progress")?.remove();
  upload.state.textContent = "Not accepted";
  if (request?.getResponseHeader("Content-Type")?.startsWith("text/html") && request.status < 500) {
    const parts = new DOMParser().parseFromString(request.responseText, "text/html");
    const messages = parts.querySelectorAll(".message");
    if (messages.length) return upload.row.append(...messages);
  }
  const message = element("div", "", "message message-bad");
  message.setAttribute("role", "alert");
  const text = element("div");
  if (upload.file.size > maxBytes) {
    text.append(
      element("p", "The file is larger than allowed", "title"),
      element("p", `Allowed: ${megabytes(maxBytes)}, this one: ${megabytes(upload.file.size)}.`),
      element("p", "Split the document, or scan it with fewer dots per inch."),
    );
  } else {
    text.append(
      element("p", "The file did not arrive", "title"),
      element("p", "Check the connection and send it again."),
    );
  }
  message.append(text);
  upload.row.append(message);
  return undefined;
}

/* One document: watch it being read. Several: the list, which shows them all. */
function finished() {
  if (!accepted.length) return;
  if (!refused && accepted.length === 1) return location.assign(accepted[0]);
  if (!refused && !document.getElementById("jobs")) return location.assign(form.dataset.list);
  document.body.dispatchEvent(new Event("jobs:changed"));
  if (!refused) list.replaceChildren();
  accepted = [];
  refused = 0;
}

input.addEventListener("change", () => {
  add(input.files);
  input.value = "";
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  input.click();
});

document.getElementById("camera").addEventListener("click", () => {
  const camera = document.createElement("input");
  camera.type = "file";
  camera.accept = "image/*";
  camera.capture = "environment";
  camera.addEventListener("change", () => add(camera.files));
  camera.click();
});

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
addEventListener("drop", (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  depth = 0;
  form.classList.remove("over");
  add(event.dataTransfer.files);
});
