// A button with data-copies="#id" copies what that element holds, and says so.

for (const button of document.querySelectorAll("[data-copies]")) {
  if (!navigator.clipboard) continue;
  const label = button.querySelector("[data-label]");
  const before = label.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const held = document.querySelector(button.dataset.copies);
    await navigator.clipboard.writeText("value" in held ? held.value : held.textContent);
    label.textContent = button.dataset.done;
    setTimeout(() => (label.textContent = before), 3000);
  });
}
