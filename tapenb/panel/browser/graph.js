// The computational graph.

import { h, KEYS, reachable, s, write } from "./dom.js";
import { firstParts } from "./numbers.js";
import { orders } from "./orders.js";
import { rounds } from "./rounds.js";
import { zoom } from "./zoom.js";

/** @import { Lights, Model, Mover, Section, State } from "./protocol.js" */

/** Pixels that a figure takes at most, what is left free in a box, and of a layout: the room on an edge. */
const FIGURE = 8, MARGIN = 8, ON_EDGE = 5, LEAST = 12;
/** How many more figures a room holds, drawn narrower; of more parts the first are drawn, and all in the tip. */
const NARROW = 1.3;
/** How small a drawing is shown, and what part of the panel its column has, as the style sheets say. */
const SMALLEST = 0.8, COLUMN = 0.58;

/** How wide a number may be, by where it stands; in a box known once that is on the page. */
const rooms = /** @type {WeakMap<SVGTextElement, number>} */ (new WeakMap());

/** @param {SVGTextElement} slot */
function roomOf(slot) {
  if (!rooms.has(slot)) {
    const box = /** @type {SVGGraphicsElement | null} */ (slot.parentElement?.querySelector("path, polygon, rect"));
    const width = (box?.getBBox().width ?? 0) - MARGIN;
    if (width <= 0) return 0;
    rooms.set(slot, width);
  }
  return /** @type {number} */ (rooms.get(slot));
}

/** The fonts of slots, and what measures with them. */
const fonts = /** @type {WeakMap<SVGTextElement, string>} */ (new WeakMap());
let pen = /** @type {CanvasRenderingContext2D | null} */ (null);

/** How long a text is in a slot: asked of the slot, the page would be laid out in each move. @param {SVGTextElement} slot @param {string} text */
function lengthOf(slot, text) {
  if (!fonts.has(slot)) {
    const { fontStyle, fontWeight, fontSize, fontFamily } = getComputedStyle(slot);
    fonts.set(slot, `${fontStyle} ${fontWeight} ${fontSize} ${fontFamily}`);
  }
  pen ??= document.createElement("canvas").getContext("2d");
  if (!pen) return slot.getComputedTextLength();
  pen.font = fonts.get(slot) ?? "";
  return pen.measureText(text).width;
}

/**
 * Write numbers into their boxes; one that was shorter when its box was made is drawn narrower.
 * @param {[slot: SVGTextElement | undefined, text: string][]} all
 */
function fit(all) {
  const changed = /** @type {[SVGTextElement, string][]} */ (all.filter(([slot, text]) => slot && slot.dataset.fits !== text));
  // What is read stands apart from what is written, so that the page is laid out once.
  const widths = changed.map(([slot]) => roomOf(slot));
  for (const [slot, text] of changed) {
    slot.textContent = text;
    slot.removeAttribute("textLength");
    delete slot.dataset.fits;
  }
  const lengths = changed.map(([slot, text], k) => (text.length * FIGURE > widths[k] ? lengthOf(slot, text) : widths[k]));
  for (const [k, [slot, text]] of changed.entries()) {
    // Before it is on the page, nothing has a width.
    if (!widths[k] || !lengths[k]) continue;
    slot.dataset.fits = text;
    if (lengths[k] <= widths[k]) continue;
    const most = Math.round((NARROW * text.length * widths[k]) / lengths[k]);
    if (text.length > most) {
      slot.textContent = firstParts(text, most);
      slot.append(s("title", {}, text));
    }
    slot.setAttribute("textLength", String(widths[k]));
    slot.setAttribute("lengthAdjust", "spacingAndGlyphs");
  }
}

/**
 * The drawing: parsed once, then only its numbers change.
 * @param {Model} model
 * @param {Mover} mover
 * @param {Lights} lights
 * @returns {Section}
 */
export function graph(model, mover, lights) {
  const label = { role: "group", "aria-label": "Graph, node by node with arrow keys" };
  const place = h("div", { class: "tapenb-graph", ...label, ...KEYS });
  const round = rounds(model), near = zoom(place), tools = orders(model, mover, lights, place, near);
  const element = h("div", { class: "tapenb-drawing" }, place, round.element, tools.element);
  // A page without a kernel has no toolbar for it.
  if (!near.parentElement) element.append(near);
  /** @type {Map<string, SVGTextElement>} */
  let slots = new Map(), isNew = true, room = 0;

  /** Begin where the output is, if not all is seen. */
  function begin() {
    const box = place.getBoundingClientRect(), at = place.querySelector(".node.output")?.getBoundingClientRect();
    isNew = !box.width;
    if (isNew || !at) return;
    place.scrollLeft += (at.left + at.right - box.left - box.right) / 2;
    place.scrollTop += (at.top + at.bottom - box.top - box.bottom) / 2;
  }

  // What is wider than its column has a row of its own, where there are columns.
  const broaden = () => element.parentElement?.classList.toggle("tapenb-broad",
    parseFloat(place.querySelector("svg")?.style.getPropertyValue("--tn-drawn") ?? "0") * SMALLEST > room * COLUMN);
  const observer = new ResizeObserver(([{ contentRect }]) => { room = contentRect.width; broaden(); });

  function build() {
    if (element.parentElement) observer.observe(element.parentElement);
    slots = new Map();
    const { svg: text, pending } = model.get("picture");
    element.hidden = text === undefined;
    near.hidden = !text;
    place.replaceChildren();
    delete place.dataset.walk;
    if (pending) place.append(h("p", { class: "tapenb-quiet" }, "The graph follows in a moment…"));
    if (!text) return;
    const parsed = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
    const svg = /** @type {SVGElement} */ (document.importNode(parsed, true));
    // A panel may be on the page twice; no id is.
    for (const group of svg.querySelectorAll("g[id]")) {
      const lines = group.querySelectorAll(":scope > text");
      const slot = /** @type {SVGTextElement | undefined} */ (lines[lines.length - 1]);
      if (slot) slots.set(group.id, slot);
      if (slot && group.id.startsWith("e")) rooms.set(slot, Math.max(LEAST, slot.textContent.length) * ON_EDGE);
      group.setAttribute("data-key", group.id);
      group.removeAttribute("id");
    }
    const width = parseFloat(svg.getAttribute("width") ?? "0") * (4 / 3);
    svg.removeAttribute("height");
    svg.setAttribute("width", `${width}px`);
    svg.setAttribute("role", "img");
    svg.style.setProperty("--tn-drawn", `${width}px`);
    const [, , across, down] = (svg.getAttribute("viewBox") ?? "").split(" ").map(Number);
    svg.style.setProperty("--tn-ratio", String(across / down));
    place.append(svg);
    if (room) broaden();
    near.again();
    place.dataset.walk = "";
    reachable(place);
  }

  /** @param {State} state */
  function paint(state) {
    const svg = place.querySelector("svg");
    if (svg) {
      svg.setAttribute("aria-label", `Computational graph. ${state.label}`);
      fit([["n", state.nodes], ["e", state.partials ?? state.edges]].flatMap(([kind, texts]) =>
        (texts ?? []).map((text, i) => /** @type {const} */ ([slots.get(`${kind}${i}`), text]))));
      if (isNew) begin();
    } else if (state.words) {
      const [first, ...rest] = state.words.split("\n");
      if (!place.querySelector("pre")) {
        place.replaceChildren(h("details", {}, h("summary", KEYS), h("pre")));
      }
      write(place.querySelector("summary"), first);
      write(place.querySelector("pre"), rest.join("\n"));
    }
    round.paint(model.get("look").listing?.open ? undefined : state.folded);
    tools.paint(state);
  }

  const stop = () => { observer.disconnect(); tools.stop?.(); };
  return { element, trait: "picture", build, paint, stop, scrolls: place };
}
