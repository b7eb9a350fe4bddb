"use strict";
// What opens over the wall: a handset, found texts, texts that are not shown, faults.
const panel = byId("panel");

async function open(number, id) {
  const answer = await fetch(`handsets/${encodeURIComponent(number)}`);
  if (!answer.ok) return false;
  const handset = await answer.json();
  if (opened) onClosed();  // another one is open: keep its draft
  const card = cards.get(handset.number);
  opened = new Card(handset.number, FULL_TEXTS);
  dialog.replaceChildren(byId("close").content.cloneNode(true), opened.root);
  if (panel.open) panel.close();
  if (!dialog.open) dialog.showModal();
  opened.fill(handset);
  const linked = id && opened.screen.querySelector(`[data-id="${Number(id)}"]`);
  if (linked) linked.classList.add("linked");
  if (linked) linked.scrollIntoView({block: "center"});
  history.replaceState(null, "", id ? `#text/${Number(id)}` : `#handset/${handset.number}`);
  if (card) moveDraft(card, opened);
  return true;
}

function moveDraft(from, to) {
  to.to = from.to;
  to.reply.elements.text.value = from.draft;
  from.reply.elements.text.value = "";
  from.setProblem("");
  from.settleReply();
  to.settleReply();
}

function onClosed() {
  const card = opened && cards.get(opened.root.dataset.number);
  if (card && opened.draft) moveDraft(opened, card);
  opened = null;
  dialog.replaceChildren();
  history.replaceState(null, "", isList ? "#list" : location.pathname);
}

// Opens what the address names: a handset, a text.
async function follow() {
  const [, kind, id] = location.hash.match(/^#(handset|text)\/(\d+)$/) || [];
  if (kind === "handset") return open(id);
  if (kind !== "text") return false;
  const answer = await fetch(`messages/${id}`);
  return answer.ok && open((await answer.json()).number, id);
}

function showPanel(title, ...content) {
  const heading = make("h2", "", title);
  heading.id = "title";
  byId("content").replaceChildren(heading, ...content);
  if (!panel.querySelector(".close")) panel.firstElementChild.prepend(byId("close").content.cloneNode(true));
  if (!panel.open) panel.showModal();
}

function listOf(texts, fill) {
  const found = make("ol", "found");
  for (const text of texts) {
    const item = make("li");
    fill(item, text);
    item.append(fillVisible(make("div"), text.text, true));
    found.append(item);
  }
  return texts.length ? found : make("p", "", "None.");
}

async function search(words) {
  const answer = await fetch(`messages?latest=200&match=${encodeURIComponent(words)}`);
  if (!answer.ok) return false;
  const texts = (await answer.json()).reverse();
  const fill = (item, text) => {
    const link = fillVisible(make("a"), `${text.number} from ${text.from || "no sender"}`);
    link.href = `#text/${Number(text.id)}`;
    item.append(link);
  };
  showPanel(`${plural(texts.length, "text")} with “${visibly(words)}”`, listOf(texts, fill));
  return true;
}

async function showUndelivered() {
  const answer = await fetch("undelivered");
  if (!answer.ok) return;
  const fill = (item, text) => item.append(fillVisible(make("span"), `${text.number} from ${text.from || "no sender"}`), make("span", "badge warn", text.reason));
  showPanel("Texts that no handset shows", listOf(await answer.json(), fill));
}

// Rules to begin with, for every text; docs/faults.md has all faults and conditions.
const RULES = [
  ["throttle 1 in 10", {when: {every: 10}, do: {fault: "refuse", status: "ESME_RTHROTTLED"}}],
  ["slow responses", {do: {fault: "slow", seconds: 2}}],
  ["no response", {when: {every: 10}, do: {fault: "silent"}}],
  ["cut connection", {when: {every: 100}, do: {fault: "drop"}}],
  ["lose receipts", {when: {share: 0.5}, do: {fault: "lose_receipt"}}],
  ["late receipts", {do: {fault: "delay_receipt", seconds: 60}}],
  ["receipts twice", {do: {fault: "double_receipt"}}],
];

async function showFaults() {
  const form = byId("rules").content.firstElementChild.cloneNode(true), {rules, none, write} = form.elements;
  const tell = (wrong) => { form.querySelector(".problem").textContent = wrong; };
  const apply = async (body, path = "") => {
    let wrong = await refusalOf(() => fetch("faults", {method: "PUT", body}));
    if (!wrong && path) wrong = await refusalOf(() => fetch(path, {method: "PUT"}));
    tell(wrong);
    if (!wrong) panel.close();
  };
  const add = (rule) => {
    try {
      const given = JSON.parse(rules.value);
      rules.value = JSON.stringify({...given, rules: [...given.rules, rule]}, null, 2);
      tell("");
    } catch {
      tell("The rules are not JSON: correct them first.");
    }
  };
  for (const [name, rule] of RULES) {
    const button = make("button", "", `+ ${name}`);
    button.type = "button";
    button.addEventListener("click", () => add(rule));
    form.querySelector("[role=group]").append(button);
  }
  write.addEventListener("click", () => apply(rules.value, "faults/file"));
  rules.value = JSON.stringify(await (await fetch("faults")).json(), null, 2);
  form.addEventListener("submit", (event) => { event.preventDefault(); apply(rules.value); });
  none.addEventListener("click", () => apply('{"rules": []}'));
  showPanel("Faults", form);
}
