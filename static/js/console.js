/* The console: a form's request sent to the API, its answer shown, the same call as code.

   Calls carry a token that the page asks for when it first sends (or a key that was typed in); both
   stay in this module's memory. Cookies are left out, as the API takes none. Answers are hostile:
   they are shown by textContent alone, and saved as files of no type that a browser would open. */

const form = document.getElementById("call");
const { SAMPLES } = await import(form.dataset.samples);
const MOST_SHOWN = 200_000; // characters of an answer
const by = (id) => document.getElementById(id);
const speaker = by("speaker");
const kindOfBody = by("body-kind");
let token = null; // {access, until}
let running = null; // the AbortController of the call under way
let saved = null; // the address of the answer as a file

/* The form read ------------------------------------------------------------------------- */

class Wrong extends Error {
  constructor(input, message) {
    super(message);
    this.input = input;
  }
}

function control(field) {
  return field.querySelector("input, select, textarea");
}

/* A field's value; undefined where nothing was filled in. Throws Wrong. */
function valueOf(field) {
  const kind = field.dataset.kind;
  const input = control(field);
  if (kind === "choices") {
    const chosen = [...field.querySelectorAll("input:checked")].map((each) => each.value);
    return chosen.length ? chosen : undefined;
  }
  if (kind === "file" || kind === "files") return input.files.length ? [...input.files] : undefined;
  const text = kind === "long" || kind === "secret" ? input.value : input.value.trim();
  if (input.validity.badInput) throw new Wrong(field, form.dataset.noNumber);
  if (text === "") return undefined;
  if (kind === "flag") return text === "true";
  if (kind === "integer" || kind === "number") return Number(text);
  if (kind === "list") {
    const lines = text.split("\n").map((line) => line.trim()).filter(Boolean);
    if (field.dataset.item !== "number") return lines;
    if (lines.some((line) => Number.isNaN(Number(line)))) throw new Wrong(field, form.dataset.noNumber);
    return lines.map(Number);
  }
  if (kind === "json" || kind === "any") {
    try {
      return JSON.parse(text);
    } catch {
      if (kind === "any") return text;
      throw new Wrong(field, form.dataset.noJson);
    }
  }
  return text;
}

/* The filled-in fields of a part of the form: [[name, value, field]]. */
function filled(part, strict) {
  const found = [];
  for (const field of part?.querySelectorAll("[data-input]") ?? []) {
    let value;
    try {
      value = valueOf(field);
    } catch (wrong) {
      if (strict) throw wrong;
    }
    if (value !== undefined) found.push([field.dataset.name, value, field]);
    else if (strict && "required" in field.dataset) throw new Wrong(field, form.dataset.missing);
  }
  return found;
}

function asText(value) {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function partOf(kind) {
  return form.querySelector(`[data-body="${CSS.escape(kind)}"]`);
}

/* The request as it stands. Strict: throws Wrong where something is missing or cannot be read. */
function request(strict) {
  let path = form.dataset.path;
  const query = new URLSearchParams();
  const headers = [];
  for (const [name, value, field] of filled(form.querySelector("[data-parameters]"), strict)) {
    const text = Array.isArray(value) ? value.join(",") : asText(value);
    if (field.dataset.place === "path") path = path.replace(`{${name}}`, encodeURIComponent(text));
    else if (field.dataset.place === "query") query.append(name, text);
    else headers.push([name, text]);
  }
  const asked = query.size ? `${path}?${query}` : path;
  const read = { method: form.dataset.method, path: asked, url: form.dataset.site + asked, headers };
  read.open = "open" in form.dataset;
  const kind = kindOfBody?.value;
  if (kind === "raw") {
    try {
      read.json = JSON.parse(by("raw").value);
    } catch {
      if (strict) throw new Wrong(partOf("raw"), form.dataset.noJson);
      read.json = {};
    }
  } else if (kind === "application/json") {
    read.json = Object.fromEntries(filled(partOf(kind), strict));
  } else if (kind) {
    read.form = [];
    for (const [name, value] of filled(partOf(kind), strict)) {
      const several = Array.isArray(value) && value.every((each) => each instanceof File || typeof each === "string");
      for (const each of several ? value : [value]) {
        read.form.push([name, each instanceof File ? each : asText(each)]);
      }
    }
  }
  return read;
}

/* What is wrong is said beside its field ------------------------------------------------- */

function clearWrongs() {
  for (const told of form.querySelectorAll(".error")) told.hidden = true;
  for (const input of form.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
}

function tell(wrong) {
  const input = control(wrong.input);
  const told = wrong.input.querySelector(".error");
  told.textContent = wrong.message;
  told.hidden = false;
  input.setAttribute("aria-invalid", "true");
  const folded = input.closest("details");
  if (folded) folded.open = true;
  input.focus();
}

function trouble(message) {
  by("trouble").textContent = message;
  by("trouble").hidden = false;
}

/* Body: by a form, or as text --------------------------------------------------------- */

function fill(field, value) {
  const kind = field.dataset.kind;
  if (kind === "choices") {
    for (const box of field.querySelectorAll("input")) box.checked = (value ?? []).includes?.(box.value) ?? false;
    return;
  }
  const input = control(field);
  if (value === undefined || value === null) input.value = "";
  else if (kind === "list" && Array.isArray(value)) input.value = value.join("\n");
  else if (typeof value === "object") input.value = JSON.stringify(value, null, 2);
  else input.value = String(value);
}

let shownBody = kindOfBody?.value;

function chooseBody() {
  const raw = by("raw");
  if (kindOfBody.value === "raw" && shownBody === "application/json") {
    const begun = Object.fromEntries(filled(partOf(shownBody), false));
    if (Object.keys(begun).length) raw.value = JSON.stringify(begun, null, 2);
  } else if (kindOfBody.value === "application/json" && shownBody === "raw") {
    try {
      const typed = JSON.parse(raw.value);
      for (const field of partOf("application/json").querySelectorAll("[data-input]")) {
        fill(field, typed[field.dataset.name]);
      }
    } catch {
      /* what cannot be read stays in the text */
    }
  }
  shownBody = kindOfBody.value;
  for (const part of form.querySelectorAll("[data-body]")) part.hidden = part.dataset.body !== shownBody;
}

/* Sent --------------------------------------------------------------------------------- */

async function credential(signal, anew) {
  if (speaker?.value === "key") {
    const key = by("key").value.trim();
    if (!key) throw new Wrong(by("key-field"), form.dataset.noKey);
    return key;
  }
  if (!anew && token && token.until > performance.now()) return token.access;
  const answer = await fetch(form.action, {
    method: "POST",
    headers: { "X-CSRFToken": form.elements.csrfmiddlewaretoken.value },
    redirect: "manual",
    signal,
  });
  if (answer.type === "opaqueredirect") throw new Error(form.dataset.signedOut);
  if (!answer.ok) throw new Error(form.dataset.refused);
  const given = await answer.json();
  token = { access: given.access, until: performance.now() + 1000 * (given.expires_in - 30) };
  return token.access;
}

async function ask(read, signal) {
  const once = async (anew) => {
    const headers = new Headers(read.headers);
    if (!read.open) headers.set("Authorization", `Bearer ${await credential(signal, anew)}`);
    let body;
    if (read.json !== undefined) {
      headers.set("Content-Type", "application/json");
      body = JSON.stringify(read.json);
    } else if (read.form) {
      body = new FormData();
      for (const [name, value] of read.form) body.append(name, value);
    }
    const begun = performance.now();
    const options = { method: read.method, headers, body, signal, credentials: "omit", redirect: "manual" };
    const answer = await fetch(read.path, { ...options, cache: "no-store", referrerPolicy: "no-referrer" });
    return { answer, headers, begun, took: performance.now() - begun };
  };
  const told = await once(false);
  if (told.answer.status !== 401 || read.open || speaker?.value === "key") return told;
  return once(true); // the token has ended meanwhile, as with a new password
}

function fileName(read, answer) {
  const named = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition") ?? "");
  const kind = (answer.headers.get("Content-Type") ?? "").split(";")[0].split(/[/+]/).pop();
  const last = read.path.split("?")[0].split("/").pop();
  return named?.[1] ?? (last.includes(".") ? last : `${last}.${kind.replace(/[^a-z0-9]/gi, "") || "bin"}`);
}

// a number with one decimal, as the page's language writes it
const tenths = (number) => number.toLocaleString(document.documentElement.lang, { minimumFractionDigits: 1, maximumFractionDigits: 1 });

function size(bytes) {
  return bytes < 1000 ? `${bytes} B` : bytes < 1e6 ? `${tenths(bytes / 1000)} kB` : `${tenths(bytes / 1e6)} MB`;
}

function isText(kind) {
  return /^text\/|[/+](json|xml|yaml|event-stream|javascript)/.test(kind);
}

function show(text, kind) {
  let shown = text;
  if (/[/+]json/.test(kind) && text.length <= MOST_SHOWN) {
    try {
      shown = JSON.stringify(JSON.parse(text), null, 2);
    } catch {
      /* shown as it came */
    }
  }
  by("body").textContent = shown.slice(0, MOST_SHOWN);
  by("body").hidden = false;
  about(text.length > MOST_SHOWN ? form.dataset.cut : "");
}

function about(message) {
  by("about-body").textContent = message;
  by("about-body").hidden = !message;
}

/* The body as it comes: streams of events are shown while they last. */
async function receive({ answer, begun, took }, read) {
  const kind = answer.headers.get("Content-Type") ?? "";
  const parts = [];
  const decoder = new TextDecoder();
  let text = "";
  let length = 0;
  const streamed = kind.startsWith("text/event-stream");
  const reader = answer.body?.getReader();
  try {
    for (let next = await reader?.read(); next && !next.done; next = await reader.read()) {
      parts.push(next.value);
      length += next.value.length;
      if (isText(kind)) text += decoder.decode(next.value, { stream: true });
      if (streamed) show(text, kind);
    }
  } finally {
    outcome(answer, streamed ? performance.now() - begun : took, length);
  }
  if (!length) return about(form.dataset.nothing);
  saved = URL.createObjectURL(new Blob(parts, { type: "application/octet-stream" }));
  const download = by("download");
  download.href = saved;
  download.download = fileName(read, answer);
  download.hidden = false;
  if (isText(kind)) show(text, kind);
  else about(form.dataset.file);
  document.querySelector('[data-copy="body"]').hidden = !isText(kind);
  return undefined;
}

function outcome(answer, took, length) {
  const badge = document.createElement("span");
  const good = answer.status < 400;
  badge.className = `badge badge-text ${good ? "badge-succeeded" : "badge-failed"}`;
  badge.textContent = `${answer.status} ${answer.statusText}`;
  const facts = document.createElement("span");
  facts.className = "number";
  facts.textContent = [`${Math.round(took)} ms`, length === null ? "" : size(length)].filter(Boolean).join(" · ");
  by("outcome").replaceChildren(badge, facts);
}

function showSent(read, headers) {
  const lines = [`${read.method} ${read.url}`];
  for (const [name, value] of headers) {
    lines.push(name === "authorization" ? `${name}: Bearer ${value.slice(7, 13)}…` : `${name}: ${value}`);
  }
  if (read.json !== undefined) lines.push("", JSON.stringify(read.json, null, 2).slice(0, MOST_SHOWN));
  for (const [name, value] of read.form ?? []) {
    lines.push(`${name} = ${value instanceof File ? `${value.name} (${size(value.size)})` : value.slice(0, 1000)}`);
  }
  by("sent").textContent = lines.join("\n");
}

function clearAnswer() {
  if (saved) URL.revokeObjectURL(saved);
  saved = null;
  by("download").hidden = true;
  by("body").hidden = true;
  by("body").textContent = "";
  by("outcome").replaceChildren();
  document.querySelector('[data-copy="body"]').hidden = true;
  about("");
}

async function send() {
  clearWrongs();
  running = new AbortController();
  try {
    const read = request(true);
    const { signal } = running;
    by("send").disabled = true;
    by("stop").hidden = false;
    by("told").textContent = form.dataset.sending;
    const told = await ask(read, signal);
    clearAnswer();
    by("answer").hidden = false;
    showSent(read, told.headers);
    by("answer-headers").textContent = [...told.answer.headers].map((pair) => pair.join(": ")).join("\n");
    outcome(told.answer, told.took, null);
    by("answer").focus();
    await receive(told, read);
  } catch (error) {
    if (error instanceof Wrong) tell(error);
    else if (error.name === "AbortError") about(form.dataset.stopped);
    else trouble(error instanceof TypeError ? form.dataset.notSent : error.message);
  } finally {
    running = null;
    by("send").disabled = false;
    by("stop").hidden = true;
    by("told").textContent = "";
  }
}

/* The same call as code ------------------------------------------------------------------ */

function sample() {
  const language = document.querySelector('input[name="language-of-code"]:checked').value;
  by("sample").textContent = SAMPLES[language](request(false));
}

async function copy(button) {
  await navigator.clipboard.writeText(by(button.dataset.copy).textContent);
  by("told").textContent = form.dataset.copied;
  const before = button.textContent;
  button.textContent = form.dataset.copied;
  setTimeout(() => (button.textContent = before), 1500);
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (running) return;
  const sure = by("sure");
  if (sure && !sure.open) {
    sure.open = true; // Enter in a field asks too
    by("send").focus();
    return;
  }
  if (sure) sure.open = false;
  send();
});
form.addEventListener("input", sample);
form.addEventListener("change", sample);
by("stop").addEventListener("click", () => running?.abort());
kindOfBody?.addEventListener("change", chooseBody);
speaker?.addEventListener("change", () => {
  by("key-field").hidden = speaker.value !== "key";
  by("speaker-hint").hidden = speaker.value === "key";
});
document.querySelector(".languages-of-code").addEventListener("change", sample);
for (const button of document.querySelectorAll("[data-copy]")) button.addEventListener("click", () => copy(button));
if (kindOfBody) chooseBody();
sample();
document.body.dataset.ready = "";
