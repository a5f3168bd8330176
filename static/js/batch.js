/* Sending a batch: what was chosen or dropped is told, and how much of it is on its way.
   Without this script the form posts by itself. */

const form = document.getElementById("batch-form");
const input = form.querySelector("input[type=file]");
const chosen = document.getElementById("chosen");
const state = document.getElementById("state");
const bar = document.getElementById("sending");
const button = document.getElementById("send");
const problems = document.getElementById("problems");

function tell() {
  const count = input.files.length;
  const text = count === 1 ? form.dataset.one : form.dataset.many.replace("{n}", count);
  chosen.textContent = count ? `${text}: ${[...input.files].slice(0, 5).map((file) => file.name).join(", ")}${count > 5 ? " …" : ""}` : "";
}

function over(text) {
  button.disabled = false;
  bar.hidden = true;
  state.textContent = text;
}

input.addEventListener("change", tell);

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!input.files.length) return over(form.dataset.none);
  problems.replaceChildren();
  button.disabled = true;
  bar.hidden = false;
  const request = new XMLHttpRequest();
  request.open("POST", form.action);
  request.setRequestHeader("HX-Request", "true");
  request.upload.addEventListener("progress", (told) => {
    const percent = Math.floor((100 * told.loaded) / told.total);
    bar.value = percent;
    state.textContent =
      percent < 100 ? form.dataset.sending.replace("{p}", percent) : form.dataset.checking;
  });
  request.addEventListener("load", () => {
    const login = request.getResponseHeader("HX-Redirect");
    if (login) return location.assign(login);
    if (request.status === 201) return location.assign(request.getResponseHeader("Location"));
    const parts = new DOMParser().parseFromString(request.responseText, "text/html");
    const messages = request.status < 500 ? parts.querySelectorAll(".message") : [];
    problems.append(...messages);
    problems.firstElementChild?.scrollIntoView({ block: "center" });
    return over(messages.length ? "" : form.dataset.failed);
  });
  request.addEventListener("error", () => over(form.dataset.failed));
  request.send(new FormData(form));
  return undefined;
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
  input.files = event.dataTransfer.files;
  tell();
});
