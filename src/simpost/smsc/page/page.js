"use strict";
// What starts the page and what its buttons do.

function digits() { return byId("number").value.replace(/[^0-9]/g, ""); }

function showList(isWanted) {
  isList = isWanted;
  grid.classList.toggle("list", isList);
  byId("list").setAttribute("aria-pressed", String(isList));
  if (!/^#(handset|text)\//.test(location.hash)) history.replaceState(null, "", isList ? "#list" : location.pathname);
}

const events = new EventSource("events");
events.addEventListener("open", () => { live.className = "live on"; live.textContent = "live"; load().then(() => opened || follow()); });
events.addEventListener("error", () => { live.className = "live"; live.textContent = "reconnecting"; });
events.addEventListener("texts", (event) => onTexts(JSON.parse(event.data)));
events.addEventListener("switched", (event) => onSwitched(JSON.parse(event.data)));
events.addEventListener("stats", (event) => onStats(JSON.parse(event.data)));
events.addEventListener("reload", load);
events.addEventListener("deleted", load);
events.addEventListener("reset", () => {
  dialog.close();
  cards.clear();
  grid.replaceChildren();
  load();
});

for (const place of [grid, dialog]) {
  const cardOf = (event) => place === dialog ? opened : cards.get(event.target.closest(".phone").dataset.number);
  place.addEventListener("click", (event) => { if (event.target.matches(".power")) cardOf(event).toggle(); });
  place.addEventListener("input", (event) => { if (event.target.matches(".reply input")) { cardOf(event).setProblem(""); cardOf(event).settleReply(); } });
  place.addEventListener("submit", (event) => { event.preventDefault(); cardOf(event).send(); });
}
grid.addEventListener("click", (event) => {
  const phone = event.target.closest(".power, .reply, .problem, a") ? null : event.target.closest(".phone");
  if (phone && !String(getSelection())) open(phone.dataset.number);
});
dialog.addEventListener("click", (event) => { if (event.target === dialog || event.target.closest(".close")) dialog.close(); });
dialog.addEventListener("close", onClosed);
panel.addEventListener("click", (event) => { if (event.target === panel || event.target.closest(".close")) panel.close(); });
panel.addEventListener("close", () => byId("content").replaceChildren());
addEventListener("hashchange", follow);
document.addEventListener("visibilitychange", settleTitle);
byId("undelivered").addEventListener("click", showUndelivered);
byId("faults").addEventListener("click", showFaults);
byId("number").addEventListener("input", (event) => { event.target.classList.remove("unknown"); settleGrid(); });
byId("list").addEventListener("click", () => { showList(!isList); load(); });
byId("find").addEventListener("submit", async (event) => {
  event.preventDefault();
  const words = byId("number").value.trim();
  const isNumber = /^[+\d\s().-]+$/.test(words);
  const isFound = isNumber ? await open(digits()) : words && await search(words);
  byId("number").classList.toggle("unknown", !isFound);
});
byId("clear").addEventListener("click", () => {
  if (confirm("Forget all handsets and their texts?")) fetch("handsets", {method: "DELETE"});
});
showList(isList);
settleGrid();
