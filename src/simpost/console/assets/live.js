// Refreshes the part of a page with `data-live` when its stream says so (server-sent events).
// Where there is no stream it asks every 10 s. With one it asks every 30 s: a change that is taken
// back before the stream looks again was perhaps seen by the page. A page that nobody sees does
// neither.
"use strict";

(() => {
  const POLL_MS = 10000;
  const POLL_WITH_STREAM_MS = 30000;
  const part = () => document.querySelector("[data-live]");
  let source = null;
  let timer = 0;
  let period = 0;

  let isMissed = false;

  // Rows do not move while some of them are chosen.
  const refresh = () => {
    const found = part();
    isMissed = Boolean(found && found.querySelector("input:checked"));
    if (found && !isMissed) found.dispatchEvent(new CustomEvent("live"));
  };

  const poll = (everyMs) => {
    if (everyMs === period) return;
    clearInterval(timer);
    period = everyMs;
    timer = everyMs ? setInterval(refresh, everyMs) : 0;
  };

  const stop = () => {
    if (source) source.close();
    source = null;
    poll(0);
  };

  const start = () => {
    stop();
    const found = part();
    if (!found || document.hidden) return;
    source = new EventSource(found.dataset.live);
    poll(POLL_MS);
    source.addEventListener("open", () => poll(POLL_WITH_STREAM_MS));
    source.addEventListener("changed", refresh);
    source.addEventListener("over", () => { stop(); refresh(); });
    source.addEventListener("error", () => poll(POLL_MS));
  };

  // What a person has opened stays open, although the new page has it closed.
  const keepOpen = {
    htmx_before_morph_attr: (element, { attrName }) =>
      attrName !== "open" || !element.matches("[data-live] details"),
  };

  document.addEventListener("DOMContentLoaded", () => {
    htmx.registerExtension("live", keepOpen);
    document.addEventListener("visibilitychange", start);
    document.addEventListener("change", () => { if (isMissed) refresh(); });
    window.addEventListener("pagehide", stop);
    window.addEventListener("pageshow", (event) => { if (event.persisted) start(); });
    start();
  });
})();
