// The panel: its sections, in their places, and what arrives for them.

import { asks } from "./asks.js";
import { h, reachable } from "./dom.js";
import { graph } from "./graph.js";
import { lights } from "./lights.js";
import { link } from "./link.js";
import { listing } from "./listing.js";
import { matrix } from "./matrix.js";
import { mover } from "./moves.js";
import { notes } from "./notes.js";
import { plot } from "./plot.js";
import { readout } from "./readout.js";
import { sliders } from "./sliders.js";
import { steps } from "./steps.js";
import { tools } from "./tools.js";
import { trace } from "./trace.js";
import { vectorFunctions } from "./vector.js";

/** @import { Answering, Model, Section, State } from "./protocol.js" */

/** Milliseconds after which what is shown is taken to stay. */
const SETTLED = 100;

/** Where each section stands, from top to bottom: above all, beside the graph, in columns. */
const SECTIONS = {
  above: [link],
  folds: [listing, steps, trace, tools],
  side: [sliders, readout, matrix, vectorFunctions.vector, notes].filter(Boolean),
  columns: [graph, plot],
};

/** @param {{model: Model & Partial<Answering>, el: HTMLElement}} context */
export function render({ model, el }) {
  const moves = mover(model), lit = lights(model), player = asks(model);
  /** @type {Record<string, Section[]>} */
  const made = Object.fromEntries(Object.entries(SECTIONS).map(
    ([place, makers]) => [place, makers.map((make) => make(model, moves, lit))]));
  const sections = Object.values(made).flat();
  /** @param {string} place */
  const elements = (place) => made[place].map((section) => section.element);
  const side = h("div", { class: "tapenb-side" }, ...elements("side"));
  const columns = h("div", { class: "tapenb-columns" }, side, ...elements("columns"));
  const root = h("div", { class: "tapenb tapenb-live", role: "group" },
    ...elements("above"), h("div", { class: "tapenb-folds" }, ...elements("folds")), columns);
  lit.attach(root);
  el.classList.add("tapenb-host");
  el.append(root);

  function paint() {
    due = 0;
    const state = /** @type {State} */ (model.get("state"));
    if (!state.rows) return;
    const label = `Derivatives of ${state.rows[0][0]}`;
    if (root.getAttribute("aria-label") !== label) root.setAttribute("aria-label", label);
    root.classList.toggle("tapenb-stale", state.stale);
    const programs = String(model.plays?.() || "");
    if ((root.dataset.plays ?? "") !== programs) root.dataset.plays = programs;
    columns.classList.toggle("tapenb-undrawn", model.get("picture").svg === undefined);
    const behind = (state.behind ?? []).join(" ");
    if ((root.dataset.behind ?? "") !== behind) root.dataset.behind = behind;
    for (const section of sections) section.paint(state);
    lit.paint();
    // What is measured waits until nothing moves: to ask now would lay out the page once more.
    clearTimeout(settling);
    settling = window.setTimeout(() => { for (const { scrolls } of sections) if (scrolls) reachable(scrolls); }, SETTLED);
    player.later();
  }

  let due = 0, settling = 0;
  const ask = () => { due ||= requestAnimationFrame(paint); };
  /** @type {[string, () => void][]} */
  const events = ["state", "position", "along", "look", "tape"].map((name) => [`change:${name}`, ask]);
  for (const { trait, build } of sections) {
    if (trait) events.push([`change:${trait}`, () => { build(); ask(); }]);
    build?.();
  }
  for (const [event, callback] of events) model.on(event, callback);
  const observer = new ResizeObserver(ask);
  observer.observe(root);
  paint();
  return () => {
    cancelAnimationFrame(due);
    clearTimeout(settling);
    observer.disconnect();
    for (const [event, callback] of events) model.off(event, callback);
    moves.stop();
    player.stop();
    lit.stop();
    for (const section of sections) section.stop?.();
  };
}
