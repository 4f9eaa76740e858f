// The computational graph.

import { h, KEYS, reachable, write } from "./dom.js";
import { orders } from "./orders.js";
import { rounds } from "./rounds.js";

/** @import { Lights, Model, Mover, Section, State } from "./protocol.js" */

/** Pixels that a figure takes at most, on an edge at least, and what is left free in a box. */
const FIGURE = 8, ON_EDGE = 5.2, MARGIN = 8;

/**
 * Write a number into its box; one that was shorter when the box was made is drawn narrower.
 * @param {SVGTextElement | undefined} slot
 * @param {string} text
 * @param {boolean} [edge] Whether it stands on an edge.
 */
function fit(slot, text, edge) {
  if (!slot || (slot.textContent === text && slot.dataset.fits)) return;
  slot.textContent = text;
  const box = /** @type {SVGGraphicsElement | null} */ (slot.parentElement?.querySelector("path, polygon, rect"));
  const width = edge ? Math.max(9, text.length) * ON_EDGE : (box?.getBBox().width ?? 0) - MARGIN;
  slot.removeAttribute("textLength");
  // Before it is on the page, nothing has a width.
  if (width > 0) slot.dataset.fits = "";
  if (width > 0 && text.length * FIGURE > width && slot.getComputedTextLength() > width) {
    slot.setAttribute("textLength", String(width));
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
  const round = rounds(model), tools = orders(model, mover, lights), element = h("div", { class: "tapenb-drawing" }, place, round.element, tools.element);
  /** @type {Map<string, SVGTextElement>} */
  let slots = new Map();

  function build() {
    slots = new Map();
    const { svg: text, pending } = model.get("picture");
    element.hidden = text === undefined;
    place.replaceChildren();
    delete place.dataset.walk;
    if (pending) place.append(h("p", { class: "tapenb-quiet" }, "The graph follows in a moment…"));
    if (!text) return;
    const parsed = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
    const svg = /** @type {SVGElement} */ (document.importNode(parsed, true));
    // A panel may be on the page twice; no id is.
    for (const group of svg.querySelectorAll("g[id]")) {
      const lines = group.querySelectorAll(":scope > text");
      if (lines.length) slots.set(group.id, /** @type {SVGTextElement} */ (lines[lines.length - 1]));
      group.setAttribute("data-key", group.id);
      group.removeAttribute("id");
    }
    const width = parseFloat(svg.getAttribute("width") ?? "0") * (4 / 3);
    svg.removeAttribute("height");
    svg.setAttribute("width", `${width}px`);
    svg.setAttribute("role", "img");
    svg.style.setProperty("--tn-drawn", `${width}px`);
    place.append(svg);
    place.dataset.walk = "";
  }

  /** @param {State} state */
  function paint(state) {
    const svg = place.querySelector("svg");
    if (svg) {
      svg.setAttribute("aria-label", `Computational graph. ${state.label}`);
      state.nodes?.forEach((text, i) => fit(slots.get(`n${i}`), text));
      (state.partials ?? state.edges)?.forEach((text, i) => fit(slots.get(`e${i}`), text, true));
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
    reachable(place);
  }

  return { element, trait: "picture", build, paint, stop: tools.stop };
}
