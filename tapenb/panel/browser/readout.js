// The value and its first derivatives, and what went wrong.

import { h, list, write } from "./dom.js";

/** @import { Model, Section } from "./protocol.js" */

/** @param {Model} _model @returns {Section} */
export function readout(_model) {
  const alert = h("p", { class: "tapenb-alert", role: "alert" });
  const status = h("p", { class: "tapenb-quiet" });
  const rows = h("div", { class: "tapenb-readout" });
  const live = h("div", { role: "status", "aria-live": "polite", "aria-atomic": "false" },
    status, rows);
  return {
    element: h("div", {}, alert, live),
    paint(state) {
      write(alert, state.error && `${state.error} ${state.kept}`);
      write(status, state.status && `${state.status} ${state.kept}`);
      list(rows, state.rows, row, (element, [name, text]) => say(element, name, text));
    },
  };
}

/** One line of the readout; the sign between name and number is text, so that it is read aloud. */
export function row() {
  return h("div", { class: "tapenb-row" }, h("span", { class: "tapenb-name" }),
    h("span", { class: "tapenb-equals" }, " = "), h("span", { class: "tapenb-number" }));
}

/** @param {Element} row @param {string} name @param {string} text */
export function say(row, name, text) {
  write(row.children[0], name);
  write(row.children[2], text);
}
