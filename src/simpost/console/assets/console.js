// Keys: "/" to the box, "j" and "k" through a list, "g" and a letter to a page, "?" shows them.
"use strict";

(() => {
  const OFF = "simpost keys off";
  const PLACES = {
    h: "/console", m: "/console/messages", c: "/console/conversations",
    n: "/console/needs-a-person", r: "/console/carriers", b: "/console/broadcasts",
    t: "/console/templates", w: "/console/webhooks", s: "/console/stops", a: "/console/audit",
  };
  const GO_MS = 1500;
  let goUntil = 0;

  const link = (path) => document.querySelector(`#menu a[href="${path}"]`);

  const rows = () => [...document.querySelectorAll("main tbody tr")]
    .map((row) => row.querySelector("a"))
    .concat(...document.querySelectorAll("main details.delivery > summary"))
    .filter(Boolean);

  const move = (step) => {
    const all = rows();
    const row = document.activeElement.closest("tr, summary");
    const now = all.findIndex((each) => each === row || (row && row.contains(each)));
    const next = all[now < 0 ? (step > 0 ? 0 : all.length - 1) : now + step];
    if (next) next.focus();
  };

  const element = (name, text = "", attributes = {}) => {
    const made = document.createElement(name);
    made.textContent = text;
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  };

  const showKeys = () => {
    let dialog = document.getElementById("keys");
    if (!dialog) {
      dialog = element("dialog", "", { id: "keys", "aria-labelledby": "keys-title" });
      const list = element("dl");
      const add = (keys, words) => list.append(element("dt", keys), element("dd", words));
      add("/", "to the look-up box or the first filter");
      add("j, k", "to the next and the previous row");
      add("Enter", "open the row");
      for (const [key, path] of Object.entries(PLACES)) {
        if (link(path)) add(`g ${key}`, link(path).textContent);
      }
      add("?", "these keys");
      const label = element("label", " Keys are on");
      const box = element("input", "", { type: "checkbox" });
      box.checked = !localStorage.getItem(OFF);
      box.addEventListener("change", () => {
        if (box.checked) localStorage.removeItem(OFF);
        else localStorage.setItem(OFF, "1");
      });
      label.prepend(box);
      const form = element("form", "", { method: "dialog" });
      form.append(element("button", "Close"));
      dialog.append(element("h2", "Keys", { id: "keys-title" }), list, label, form);
      document.body.append(dialog);
    }
    if (!dialog.open) dialog.showModal();
  };

  const search = () => {
    const box = document.getElementById("look-up")
      || document.querySelector("main form[role=search] input:not([type=hidden])");
    if (box) { box.focus(); box.select(); }
    return box;
  };

  const button = element("button", "Keys", { type: "button", class: "keys" });
  button.addEventListener("click", showKeys);
  document.querySelector("footer").append(" ", button);

  // Firefox and WebKit end the requests of a page that is left before its scripts: that is no error.
  window.addEventListener("beforeunload", () => {
    for (const each of document.querySelectorAll("[hx-get], [hx-post]")) {
      each.dispatchEvent(new CustomEvent("htmx:abort"));
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.closest("input, textarea, select, dialog, [contenteditable]")) return;
    const isGo = performance.now() < goUntil;
    goUntil = 0;
    if (localStorage.getItem(OFF)) return;
    if (event.key === "?") showKeys();
    else if (isGo && PLACES[event.key]) {
      const place = link(PLACES[event.key]);
      if (!place) return;
      place.click();
    } else if (event.key === "g") goUntil = performance.now() + GO_MS;
    else if (event.key === "j") move(1);
    else if (event.key === "k") move(-1);
    else if (event.key !== "/" || !search()) return;
    event.preventDefault();
  });
})();
