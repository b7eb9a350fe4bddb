"use strict";
// All cards, and what the events of the simulator change.
const MAX_CARDS = 60, MAX_ROWS = 1000, CARDS_A_TURN = 20;
const grid = byId("grid"), dialog = byId("dialog"), live = byId("live");
const cards = new Map();  // number -> card, the one without activity for longest first; at most maxCards() and those in use
let loads = 0;
let unread = 0;  // texts that came while the page was hidden
let opened = null, total = 0, reloading = 0, isList = location.hash === "#list";

function maxCards() { return isList ? MAX_ROWS : MAX_CARDS; }

function settleGrid() {
  for (const [number, card] of cards) {
    if (cards.size <= maxCards()) break;
    if (card.isInUse()) continue;
    card.root.remove();
    cards.delete(number);
  }
  const wanted = isList ? digits() : "";
  for (const [number, card] of cards) card.root.hidden = !number.includes(wanted);
  const nobody = grid.querySelector(".nobody");
  if (cards.size && nobody) nobody.remove();
  if (!cards.size && !nobody) grid.append(byId("nobody").content.cloneNode(true));
  byId("more").hidden = total <= cards.size;
  byId("more").textContent = `The ${cards.size.toLocaleString()} latest of ${total.toLocaleString()} handsets. ${isList ? "" : "The list shows more. "}Find any other by its number.`;
}

function latestCard(number) {
  let card = cards.get(number);
  if (card) cards.delete(number);
  else card = new Card(number, TEXTS_A_CARD);
  cards.set(number, card);
  return card;
}

function toFront(number) {
  const card = latestCard(number);
  card.movedIn = loads;
  if (!card.root.isConnected) card.root.classList.add("born");
  if (grid.firstElementChild !== card.root && !card.hasFocus()) grid.prepend(card.root);  // moving would take the focus
  return card;
}

// All cards in their order, around the one that has the focus: it is not moved.
function arrange() {
  let focused = [...cards.values()].find((card) => card.root.isConnected && card.hasFocus());
  for (const card of [...cards.values()].reverse()) {
    if (card === focused) focused = null;
    else if (focused) focused.root.before(card.root);
    else grid.append(card.root);
  }
}

// The rows of the list in their order, in slices. A row that came to the front since stays there.
async function arrangeRows(turn) {
  let last = null, count = 0;
  for (const card of [...cards.values()].reverse()) {
    const place = last && last.isConnected ? last.nextElementSibling : grid.firstElementChild;
    const stays = card.root === place || card.movedIn === turn || (card.root.isConnected && card.hasFocus());
    if (!stays) grid.insertBefore(card.root, place);
    if (card.movedIn !== turn) last = card.root;
    count += 1;
    if (count % CARDS_A_TURN) continue;
    await nextTurn();
    if (turn !== loads) return;
  }
}

function glide(change) {
  const calm = isList || matchMedia("(prefers-reduced-motion: reduce)").matches || document.hidden;
  const before = new Map();
  if (!calm) for (const card of cards.values()) before.set(card, card.root.getBoundingClientRect());
  change();
  for (const [card, was] of before) {
    if (!card.root.isConnected || was.top > innerHeight + 600) continue;
    const is = card.root.getBoundingClientRect();
    const x = was.left - is.left, y = was.top - is.top;
    if (x || y) card.root.animate({transform: [`translate(${x}px, ${y}px)`, "none"]}, {duration: 420, easing: "cubic-bezier(.2,.8,.2,1)"});
  }
}

function onTexts({texts, skipped}) {
  const touched = new Set();
  glide(() => {
    for (const {number, message} of texts) {
      const card = toFront(number);
      card.show(message, true);
      touched.add(card);
      if (opened && opened.root.dataset.number === number) opened.show(message, true);
    }
    settleGrid();
  });
  if (document.hidden) unread += texts.filter(({message}) => !message.to && message.complete).length;
  settleTitle();
  for (const card of touched) if (card.root.isConnected) { card.scrollToNewest(); card.light(); }
  if (skipped && !reloading) reloading = setTimeout(() => { reloading = 0; load(); }, 2000);
}

function settleTitle() {
  if (!document.hidden) unread = 0;
  document.title = `${unread ? `(${unread}) ` : ""}Handsets · simpost`;
}

function onSwitched({handsets}) {
  glide(() => {
    for (const handset of handsets) {
      const card = handset.condition === "on" ? cards.get(handset.number) : toFront(handset.number);
      if (card) card.setPower(handset);
      if (opened && opened.root.dataset.number === handset.number) opened.setPower(handset);
    }
    settleGrid();
  });
}

function onStats(stats) {
  total = stats.handsets;
  const {receipts} = stats;
  const ok = stats.responsesByStatus.ESME_ROK || 0;
  const figures = [[stats.bound, stats.bound === 1 ? "bind" : "binds"], [ok, "accepted"], [stats.responses - ok, "refused", true],
    [receipts.acknowledged, "receipts"], [receipts.pending, "receipts pending", true], [stats.off, "handsets off", true]];
  byId("figures").replaceChildren(...figures.filter(([count, , bad]) => count || !bad).map(([count, name, bad]) => {
    const figure = make("div", bad ? "trouble" : "");
    figure.append(make("dt", "", name), make("dd", "", count.toLocaleString()));
    return figure;
  }));
  settleGrid();
}

async function load() {
  const answer = await fetch(`handsets?limit=${maxCards()}&messages=${isList ? 1 : TEXTS_A_CARD}`);
  if (!answer.ok) return;
  const handsets = (await answer.json()).reverse();
  const known = new Set(handsets.map((handset) => handset.number));
  for (const [number, card] of cards) {
    if (known.has(number) || card.isInUse()) continue;
    card.root.remove();
    cards.delete(number);
  }
  const turn = ++loads;
  for (let at = 0; at < handsets.length; at += CARDS_A_TURN) {
    for (const handset of handsets.slice(at, at + CARDS_A_TURN)) latestCard(handset.number).fill(handset);
    if (at + CARDS_A_TURN < handsets.length) await nextTurn();
    if (turn !== loads) return;  // another load has begun
  }
  if (cards.size > MAX_CARDS) await arrangeRows(turn);
  else arrange();
  if (turn !== loads) return;
  settleGrid();
  for (const card of cards.values()) card.scrollToNewest();
  if (opened) await refill(opened);
}

// Lets the browser paint and react between slices of work: no slice takes 50 ms.
function nextTurn() { return new Promise((done) => setTimeout(done)); }

async function refill(card) {
  const answer = await fetch(`handsets/${encodeURIComponent(card.root.dataset.number)}`);
  if (answer.ok) card.fill(await answer.json());
  else if (answer.status === 404) dialog.close();
}
