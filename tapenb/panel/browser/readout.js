// The value and its first derivatives, and what went wrong.

import { h, hideIf, KEYS, list, prose, write } from "./dom.js";
import { asking } from "./moves.js";

/** @import { Model, Section } from "./protocol.js" */

/** Rows that stand in columns. */
const MANY = 14;

/** @param {Model} model @returns {Section} */
export function readout(model) {
  const { ask } = asking(model, "output"), choice = /** @type {HTMLSelectElement} */ (h("select", KEYS));
  choice.addEventListener("change", () => ask({ of: choice.value }));
  const outputs = h("label", { class: "tapenb-outputs" }, "output ", choice);
  const alert = h("p", { class: "tapenb-alert", role: "alert" });
  const status = h("p", { class: "tapenb-quiet" });
  const rows = h("div", { class: "tapenb-readout" });
  const live = h("div", { role: "status", "aria-live": "polite", "aria-atomic": "false" },
    status, rows);
  return {
    element: h("div", {}, alert, outputs, live),
    paint(state) {
      hideIf(outputs, !state.output);
      list(choice, state.output?.choices ?? [], () => h("option"), (option, name) => {
        write(option, name);
        option.setAttribute("value", name);
      });
      if (state.output) choice.value = state.output.of;
      prose(alert, state.error && `${state.error} ${state.kept}`);
      write(status, state.status && `${state.status} ${state.kept}`);
      rows.classList.toggle("tapenb-many", state.rows.length >= MANY);
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
