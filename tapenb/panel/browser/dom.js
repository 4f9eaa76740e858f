// Elements. Text goes in as textContent only.

const SVG = "http://www.w3.org/2000/svg";

/**
 * @param {string} tag
 * @param {Record<string, string>} [attributes]
 * @param {(Node | string)[]} children
 * @returns {HTMLElement}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/**
 * @param {string} tag
 * @param {Record<string, string | number>} attributes
 * @param {string} [text]
 */
export function s(tag, attributes, text) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  if (text !== undefined) element.textContent = text;
  return element;
}

/** @param {string} text @param {() => void} does @param {string} [label] What it does, in words. */
export function button(text, does, label) {
  const made = /** @type {HTMLButtonElement} */ (h("button", { type: "button", class: "tapenb-tool", ...KEYS }, text));
  if (label) made.setAttribute("aria-label", made.title = label);
  made.addEventListener("click", does);
  return made;
}

/** Without this attribute on the very element that has the focus, the notebook takes its keys. */
export const KEYS = { "data-lm-suppress-shortcuts": "true" };

/** @param {Element} element @param {string} text */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** The same of a sentence, in which what stands between backticks is code. @param {Element} element @param {string} text */
export function prose(element, text) {
  if (element.textContent === text.replaceAll("`", "")) return;
  element.replaceChildren(...text.split("`").map((part, i) => (i % 2 ? h("code", {}, part) : part)));
}

/** Hide it or not: set as it is, the property itself has the browser look for its style anew. @param {Element} element @param {boolean} is */
export function hideIf(element, is) {
  element.toggleAttribute("hidden", is);
}

/**
 * As many children as items, each one written anew only where it differs.
 * @template T
 * @param {Element} parent
 * @param {T[]} items
 * @param {() => Element} make
 * @param {(element: Element, item: T) => void} update
 */
export function list(parent, items, make, update) {
  while (parent.children.length > items.length) parent.lastElementChild?.remove();
  while (parent.children.length < items.length) parent.append(make());
  items.forEach((item, i) => update(parent.children[i], item));
}

/** What scrolls or is walked through can be reached by keys, and only that; what has the focus keeps it. @param {HTMLElement} element */
export function reachable(element) {
  const is = element.dataset.walk !== undefined || element.matches(":focus") || element.scrollWidth > element.clientWidth;
  if (is === element.hasAttribute("tabindex")) return;
  if (is) element.tabIndex = 0;
  else element.removeAttribute("tabindex");
}

/** In the place of what only a page with a kernel has. */
export const absent = () => ({ element: h("div"), attach() {}, later() {}, paint() {}, stop() {} });
