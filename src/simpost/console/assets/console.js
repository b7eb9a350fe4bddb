// "/" goes to the look-up box, from everywhere except from a field.
"use strict";

document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  const box = document.getElementById("look-up");
  if (!box) return;
  event.preventDefault();
  box.focus();
  box.select();
});
