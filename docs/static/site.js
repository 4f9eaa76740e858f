// What the theme leaves to be said to those who do not see the page, or have no mouse.

/** @param {string} selector @param {Record<string, string>} attributes @param {(element: Element) => boolean} [which] */
function say(selector, attributes, which = () => true) {
  for (const element of document.querySelectorAll(selector)) {
    if (!which(element)) continue;
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  }
}

say(".sidebar-drawer", { "aria-label": "All pages" });
say(".toc-drawer", { "aria-label": "On this page" });
say(".caption[role=heading]", { "aria-level": "2" });
say("th", { role: "presentation" }, (cell) => !cell.textContent?.trim());
// What scrolls is reached by keys.
say("pre, .table-wrapper, .math-wrapper, .output", { tabindex: "0" }, (box) => box.scrollWidth > box.clientWidth);
