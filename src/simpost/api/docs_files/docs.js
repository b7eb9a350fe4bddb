// Starts Swagger UI with the document of this simpost, and names what it leaves without a name.
"use strict";

SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#api",
  deepLinking: false, // puts links into buttons, which readers of the screen cannot reach
  docExpansion: "none",
  filter: true,
  validatorUrl: null,
  persistAuthorization: false,
  defaultModelsExpandDepth: -1,
  syntaxHighlight: false,
});

const all = (selector, act) => document.querySelectorAll(`#api ${selector}`).forEach(act);

function name(element, words) {
  if (!element.hasAttribute("aria-label")) element.setAttribute("aria-label", words);
}

/** Names, levels and focus that WCAG 2.2 asks for. Attributes that React did not set, it leaves. */
function complete() {
  all(".information-container, .scheme-container, .filter-container", (part) => {
    part.setAttribute("role", "region");
    name(part, { i: "About", s: "Server and credentials", f: "Filter" }[part.className.trim()[0]]);
  });
  all(".close-modal", (button) => name(button, "Close"));
  all(".auth-container input[id]", (field) => { // several have the same id
    const scheme = field.closest(".auth-container").querySelector("h4, h5")?.textContent ?? "";
    name(field, `${field.name || "value"} of ${scheme}`.trim());
    field.removeAttribute("id");
  });
  all("h3.opblock-tag, .modal-ux-header h3, .auth-container h4, .opblock-section-header h4, .responses-inner h5", (heading) => {
    heading.setAttribute("aria-level", heading.tagName === "H3" ? "2" : "3");
  });
  all("label[id]", (label) => label.removeAttribute("id"));
  all("select", (select) => {
    const row = select.closest("[data-param-name]");
    name(select, row ? row.dataset.paramName : select.id === "servers" ? "Server" : "Content type");
  });
  all("input, textarea", (field) => {
    const row = field.closest("[data-param-name]");
    if (!field.labels?.length) name(field, row ? row.dataset.paramName : field.placeholder || "Body");
  });
  all("pre", (text) => { text.tabIndex = 0; });
}

let isWaiting = false;
new MutationObserver(() => {
  if (isWaiting) return;
  isWaiting = true;
  requestAnimationFrame(() => {
    isWaiting = false;
    complete();
  });
}).observe(document.querySelector("#api"), { childList: true, subtree: true });
