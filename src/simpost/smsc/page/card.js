"use strict";
// The card of one handset, on the wall or opened.
const TEXTS_A_CARD = 8, FULL_TEXTS = 50;

class Card {
  constructor(number, limit) {
    const shown = /^[1-9]\d{9,}$/.test(number) ? `+${number}` : number;
    this.limit = limit;
    this.received = this.newest = 0;
    this.root = make("article", "phone");
    this.root.dataset.number = number;
    const top = make("div", "top"), heading = make("h2", "number");
    const name = make(limit === FULL_TEXTS ? "span" : "button", "", shown);
    if (limit !== FULL_TEXTS) name.title = "Open this handset";
    heading.append(name);
    this.count = make("span", "count");
    this.state = make("span", "state");
    this.power = make("button", "power");
    this.power.type = "button";
    this.power.setAttribute("role", "switch");
    this.power.setAttribute("aria-label", `Handset ${shown}`);
    top.append(heading, this.count, this.power, this.state);
    this.screen = make("ol", "screen");
    this.screen.setAttribute("aria-label", `Texts of ${shown}`);
    this.earlier = make("li", "earlier");
    this.earlier.hidden = true;
    this.screen.append(this.earlier);
    this.reply = byId("reply").content.firstElementChild.cloneNode(true);
    this.reply.elements.text.setAttribute("aria-label", `Reply from ${shown}`);
    this.problem = make("p", "problem");
    this.problem.setAttribute("role", "alert");
    if (limit === FULL_TEXTS) this.root.append(top, this.makeActions(shown), this.screen);
    else this.root.append(top, this.screen);
    this.note = make("p", "note", "No real phone can reply to a name.");
    this.root.append(this.note, this.reply, this.problem);
    this.to = this.latest = "";
    this.isSending = false;
    this.setPower({on: true, condition: "on", delayS: null, pendingTexts: 0});
  }
  makeActions(shown) {
    const actions = make("div", "actions");
    const button = (name, act) => {
      const made = make("button", "", name);
      made.type = "button";
      made.addEventListener("click", act);
      actions.append(made);
      return made;
    };
    this.stop = button("Reply STOP", () => this.send("STOP"));
    button("Raw", () => this.toggleRaw());
    button("Delete", () => this.remove(shown));
    this.full = button("Full", () => this.become(this.condition === "full" ? "on" : "full"));
    this.full.title = "Texts are undeliverable: the memory of the phone is full";
    this.delayed = button("Delayed", () => this.condition === "delayed" ? this.become("on") : this.become("delay", {seconds: Number(this.seconds.value)}));
    this.delayed.title = "Texts are shown later, and their receipts follow then";
    const label = make("label", "", "seconds ");
    this.seconds = make("input");
    Object.assign(this.seconds, {type: "number", min: 1, max: 86400, value: 60});
    label.prepend(this.seconds);
    actions.append(label);
    return actions;
  }
  async remove(shown) {
    if (confirm(`Delete ${shown} and its texts?`)) await fetch(`handsets/${encodeURIComponent(this.root.dataset.number)}`, {method: "DELETE"});
  }
  async toggleRaw() {
    const shown = this.screen.querySelectorAll(".raw");
    if (shown.length) return shown.forEach((each) => each.remove());
    for (const item of this.screen.querySelectorAll(".text")) {
      const answer = await fetch(`messages/${Number(item.dataset.id)}/parts`);
      if (!answer.ok) continue;
      const lines = (await answer.json()).map((part) => `part ${part.number}: data_coding ${part.dataCoding}, esm_class ${part.esmClass}\n${part.octets}`);
      item.append(make("pre", "raw", lines.join("\n")));
    }
  }
  get draft() { return this.reply.elements.text.value; }
  hasFocus() { return this.root.contains(document.activeElement); }
  isInUse() { return this.hasFocus() || Boolean(this.draft); }
  setPower({on, condition, delayS, pendingTexts}) {
    this.on = on;
    this.condition = condition;
    this.pendingTexts = pendingTexts;
    this.state.hidden = condition !== "full" && condition !== "delayed";
    this.state.textContent = condition === "delayed" ? `delayed ${delayS.toLocaleString()} s` : condition;
    if (this.full) this.full.setAttribute("aria-pressed", String(condition === "full"));
    if (this.delayed) this.delayed.setAttribute("aria-pressed", String(condition === "delayed"));
    if (this.delayed && condition === "delayed") this.seconds.value = delayS;
    this.root.classList.toggle("off", !on);
    this.power.setAttribute("aria-checked", String(on));
    this.power.title = on ? "Switch off: texts are kept until it is on" : "Switch on";
    this.settle();
  }
  settleReply() {
    const {text, send} = this.reply.elements;
    if (!text.value) this.to = this.latest;  // a draft keeps its recipient
    this.reply.hidden = !this.to;
    text.readOnly = !this.on;
    text.placeholder = this.on ? `Reply to ${visibly(this.to)}` : "This handset is off";
    send.disabled = !this.on || !text.value;
    if (this.note) this.note.hidden = this.limit !== FULL_TEXTS || !this.to || !isName(this.to);
    if (this.stop) this.stop.disabled = !this.on || !this.to;
  }
  setProblem(wrong) {
    this.reply.classList.toggle("refused", Boolean(wrong));
    fillVisible(this.problem, wrong);
  }
  async send(fixed) {
    const {text} = this.reply.elements, sent = fixed || text.value;
    if (!sent || this.isSending) return;
    this.isSending = true;
    this.setProblem("");
    const wrong = await refusalOf(() => post(`handsets/${this.root.dataset.number}/messages`, {to: this.to, text: sent}));
    this.isSending = false;
    if (!wrong && text.value === sent) {
      if (this.hasFocus()) text.focus();  // the button is about to be disabled
      text.value = "";
    }
    this.setProblem(wrong);
    this.settleReply();
  }
  async toggle() { await this.become(this.on ? "off" : "on"); }
  async become(condition, body) {
    let handset = null;
    const wrong = await refusalOf(async () => {
      const answer = await post(`handsets/${this.root.dataset.number}/${condition}`, body);
      if (answer.ok) handset = await answer.json();
      return answer;
    });
    this.setProblem(wrong);
    if (handset) this.setPower(handset);
  }
  show(message, came) {
    let item = this.screen.querySelector(`[data-id="${Number(message.id)}"]`);
    if (!item) {
      if (message.id <= this.newest) return;  // a late part of a text that has scrolled off
      this.newest = message.id;
      item = make("li");
      this.screen.append(item);
      if (came && !message.to) this.received += 1;
    }
    fillText(item, message);
    if (!message.to && message.from) this.latest = message.from;
    if (came) item.classList.add("came");
    const items = this.screen.querySelectorAll(".text");
    for (let over = 0; over < items.length - this.limit; over += 1) items[over].remove();
    if (!this.isFilling) this.settle();
  }
  settle() {
    const hidden = this.received - this.screen.querySelectorAll(".text:not(.sent)").length;
    this.count.textContent = this.pendingTexts ? `${this.pendingTexts.toLocaleString()} pending` : plural(this.received, "text");
    this.count.classList.toggle("pending", this.pendingTexts > 0);
    this.earlier.hidden = hidden <= 0;
    this.earlier.textContent = `${hidden.toLocaleString()} earlier`;
    this.scrollToNewest();
    this.settleReply();
  }
  scrollToNewest() {
    if (isList && this.limit !== FULL_TEXTS) return;  // a row does not scroll
    this.screen.scrollTop = this.screen.scrollHeight;
    this.screen.tabIndex = this.screen.scrollTop > 0 ? 0 : -1;  // the keyboard scrolls it, too
  }
  fill(handset) {
    this.received = handset.received;
    this.newest = 0;
    this.screen.replaceChildren(this.earlier);
    this.isFilling = true;  // one layout for all texts
    for (const message of handset.messages) this.show(message, false);
    this.isFilling = false;
    this.setPower(handset);
  }
  light() {
    this.root.classList.remove("lit");
    void this.root.offsetWidth;  // start the animation again
    this.root.classList.add("lit");
  }
}
