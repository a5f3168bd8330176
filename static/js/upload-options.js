/* The options of the upload: kept by this browser for next time, and told when they are changed. */

const form = document.getElementById("upload");
const badge = document.getElementById("options-changed");
const usual = document.getElementById("options-usual");
const store = `upload-options:${form.dataset.owner}`;
const notOptions = new Set(["csrfmiddlewaretoken", "file", "url", ""]);
const notKept = new Set(["pages", "password"]);

const controls = [...form.elements].filter((control) => !notOptions.has(control.name));
const isBox = (control) => control.type === "checkbox";
const keyOf = (control) => (isBox(control) ? `${control.name}=${control.value}` : control.name);
const valueOf = (control) => (isBox(control) ? control.checked : control.value);

function usualOf(control) {
  if (isBox(control)) return control.defaultChecked;
  if (control.options) {
    const chosen = [...control.options].find((option) => option.defaultSelected);
    return (chosen ?? control.options[0]).value;
  }
  return control.defaultValue;
}

function set(control, value) {
  if (isBox(control)) control.checked = value === true;
  else control.value = value;
  if (control.selectedIndex === -1) control.value = usualOf(control); // it is offered no longer
}

function changed() {
  return controls.filter((control) => valueOf(control) !== usualOf(control));
}

function tell() {
  const names = new Set(changed().map((control) => control.name));
  badge.hidden = usual.hidden = !names.size;
  badge.textContent = form.dataset.changed.replace("{n}", names.size);
}

function keep() {
  const kept = changed().filter((control) => !notKept.has(control.name));
  const values = Object.fromEntries(kept.map((control) => [keyOf(control), valueOf(control)]));
  if (kept.length) localStorage.setItem(store, JSON.stringify(values));
  else localStorage.removeItem(store);
}

function recall() {
  const values = JSON.parse(localStorage.getItem(store) ?? "{}");
  for (const control of controls) {
    if (keyOf(control) in values) set(control, values[keyOf(control)]);
  }
}

/* A browser may refuse to keep anything: the options then are the usual ones next time. */
function ifAllowed(action) {
  try {
    action();
  } catch {
    localStorage?.removeItem?.(store);
  }
}

if (!("bound" in form.dataset)) {
  ifAllowed(recall);
  tell();
  form.addEventListener("change", (event) => {
    if (!controls.includes(event.target)) return;
    tell();
    ifAllowed(keep);
  });
  usual.addEventListener("click", () => {
    for (const control of controls) set(control, usualOf(control));
    tell();
    ifAllowed(keep);
    form.querySelector("details:has(.options) > summary").focus();
  });
}
