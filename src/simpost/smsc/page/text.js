"use strict";
// Texts are hostile input: they reach the page through textContent and nothing else.
// How texts are shown.
// The same characters as simpost.text.display; a test compares the two.
const CONTROL = /[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff0-\ufffb\ufffe\uffff\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}]/gu;
const SHORT_ESCAPES = {"\t": "\\t", "\n": "\\n", "\r": "\\r"};
const byId = (id) => document.getElementById(id);

function make(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function escaped(char) {
  if (SHORT_ESCAPES[char]) return SHORT_ESCAPES[char];
  const hex = char.codePointAt(0).toString(16);
  return hex.length <= 2 ? `\\x${hex.padStart(2, "0")}` : hex.length <= 4 ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`;
}

// Fills an element with a text of a peer: control characters and bidi overrides are seen and have no effect.
function fillVisible(element, text, keepsLines = false) {
  let end = 0;
  element.replaceChildren();
  for (const {0: char, index} of text.matchAll(CONTROL)) {
    if (keepsLines && char === "\n") continue;
    element.append(text.slice(end, index), make("span", "control", escaped(char)));
    end = index + char.length;
  }
  element.append(text.slice(end));
  return element;
}

function visibly(text) { return text.replace(CONTROL, escaped); }

function plural(count, one) { return `${count.toLocaleString()} ${one}${count === 1 ? "" : "s"}`; }

function hueOf(name) {
  let sum = 7;
  for (const char of name) sum = (sum * 31 + char.codePointAt(0)) % 360;
  return sum;
}

function fillText(item, message) {
  const isFlash = message.messageClass === 0;
  item.className = `text${message.complete ? "" : " growing"}${isFlash ? " flash" : ""}${message.to ? " sent" : ""}`;
  item.dataset.id = message.id;
  if (message.to) return fillSent(item, message);
  const from = message.from || "no sender";
  const face = make("span", "face", (from.match(/[\p{L}\p{N}]/u) || ["?"])[0].toUpperCase());
  face.style.setProperty("--hue", hueOf(from));
  face.setAttribute("aria-hidden", "true");
  const kind = message.encoding === "binary" ? " code" : message.text ? "" : " empty";
  const bubble = fillVisible(make("div", `bubble${kind}`), message.text || "empty text", true);
  const facts = make("div", "facts");
  if (isFlash) facts.append(make("span", "badge warn", "flash"));
  facts.append(make("span", "badge", message.encoding));
  if (message.complete) facts.append(make("span", "badge", plural(message.parts, "part")));
  else facts.append(make("span", "badge warn", `${message.parts - message.missingParts.length} of ${plural(message.parts, "part")}`));
  facts.append(timeOf(message));
  item.replaceChildren(fillVisible(make("span", "from"), from), face, bubble, facts);
}

function isName(address) { return !/^\+?\d+$/.test(address); }

// The time of a text is the link to it.
function timeOf(message) {
  const link = make("a", "", new Date(message.receivedAt).toLocaleTimeString());
  link.href = `#text/${Number(message.id)}`;
  link.setAttribute("aria-label", `Link to the text of ${link.textContent}`);
  return link;
}

function fillSent(item, message) {
  const facts = make("div", "facts");
  const responses = new Set(message.responses);
  if (message.parts > 1) facts.append(make("span", "badge", plural(message.parts, "part")));
  if (!responses.size) facts.append(make("span", "badge", "sending"));
  for (const status of responses) facts.append(make("span", status === "ESME_ROK" ? "badge good" : "badge warn", status === "ESME_ROK" ? "accepted" : status));
  if (isName(message.to)) facts.append(make("span", "badge warn", "no real phone can reply to a name"));
  facts.append(timeOf(message));
  item.replaceChildren(fillVisible(make("span", "from"), `to ${message.to}`), fillVisible(make("div", "bubble"), message.text, true), facts);
}

function post(path, body) {
  const options = {method: "POST"};
  if (body) Object.assign(options, {body: JSON.stringify(body), headers: {"content-type": "application/json"}});
  return fetch(path, options);
}

async function refusalOf(ask) {
  try {
    const answer = await ask();
    return answer.ok ? "" : (await answer.json()).error.message;
  } catch {
    return "The simulator does not answer. Try again.";
  }
}
