// What else there is to say of a point.

import { h, list, prose } from "./dom.js";

/** @import { Model, Section } from "./protocol.js" */

/** @param {Model} _model @returns {Section} */
export function notes(_model) {
  const element = h("div", { class: "tapenb-notes" });
  return { element, paint: (state) => list(element, state.notes, () => h("p"), prose) };
}
