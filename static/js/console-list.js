/* The list of endpoints: filtered while typing. Without this script the form asks the server. */

const find = document.getElementById("find");
const none = document.getElementById("none-found");
const groups = [...document.querySelectorAll("#found .group")];

function filter() {
  const words = find.value.toLowerCase().split(/\s+/).filter(Boolean);
  let any = false;
  for (const group of groups) {
    let shown = false;
    for (const item of group.querySelectorAll("li")) {
      const text = item.textContent.toLowerCase();
      item.hidden = !words.every((word) => text.includes(word));
      shown ||= !item.hidden;
    }
    group.hidden = !shown;
    any ||= shown;
  }
  none.hidden = any;
}

find.addEventListener("input", filter);
find.form.addEventListener("submit", (event) => {
  event.preventDefault();
  document.querySelector("#found li:not([hidden]) a")?.focus();
});

/* The chosen one in sight, without moving the page */
const list = document.getElementById("found");
const chosen = list.querySelector("[aria-current]");
if (chosen && list.scrollHeight > list.clientHeight) {
  list.scrollTop = chosen.offsetTop - list.offsetTop - list.clientHeight / 3;
}
