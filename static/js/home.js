/* What changes on the home page: asked for again while documents are on their way. */

const every = 3000; // milliseconds
const overview = () => document.getElementById("overview");
let timer = 0;

/* The server's part in place of ours; the focus stays where it was. */
function place(html) {
  const parsed = new DOMParser().parseFromString(html, "text/html").getElementById("overview");
  const fresh = document.importNode(parsed, true);
  // That documents wait to be checked would push all down; their rows say it, and the next page
  if (!overview().querySelector("#to-review")) fresh.querySelector("#to-review")?.remove();
  if (overview().isEqualNode(fresh)) return;
  const focused = overview().contains(document.activeElement) ? document.activeElement.id : "";
  overview().replaceWith(fresh);
  if (focused) document.getElementById(focused)?.focus();
}

async function look() {
  timer = 0;
  try {
    const answer = await fetch(overview().dataset.here, { headers: { "HX-Request": "true" } });
    if (answer.headers.has("HX-Redirect")) return; // signed out: the next click says so
    if (answer.ok) place(await answer.text());
  } catch {
    // no connection: the next look may have one
  }
  wait();
}

function wait() {
  if (!timer && "live" in overview().dataset) timer = setTimeout(look, every);
}

document.body.addEventListener("jobs:changed", () => {
  clearTimeout(timer);
  timer = setTimeout(look, 200);
});
wait();
