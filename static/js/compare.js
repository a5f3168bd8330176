/* The form for a comparison: a document dropped anywhere on the page is the chosen one. */

const form = document.getElementById("compare");
const input = form.querySelector("input[type=file]");
const chosen = document.getElementById("chosen");
const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
let depth = 0;

function tell() {
  chosen.textContent = input.files.length ? `${chosen.dataset.chosen} ${input.files[0].name}` : "";
}

input.addEventListener("change", tell);
tell(); // a browser may have kept it

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
  const one = new DataTransfer(); // of several the first: one document is compared
  one.items.add(event.dataTransfer.files[0]);
  input.files = one.files;
  tell();
});
