// The second derivatives.

import { h, KEYS, list, write } from "./dom.js";
import { row, say } from "./readout.js";

/** @import { Model, Section } from "./protocol.js" */

/** @param {Model} _model @returns {Section} */
export function matrix(_model) {
  const head = h("tr"), body = h("tbody");
  const table = h("table", {}, h("caption", {}, "Second derivatives"), h("thead", {}, head), body);
  const label = { role: "group", "aria-label": "Second derivatives" };
  const alone = row();
  alone.classList.add("tapenb-second-row");
  const element = h("div", { class: "tapenb-matrix", ...label, ...KEYS }, table);
  return {
    element,
    scrolls: true,
    paint({ matrix: numbers }) {
      element.hidden = !numbers;
      if (!numbers) return;
      const shown = numbers.alone ? alone : table;
      if (element.firstChild !== shown) element.replaceChildren(shown);
      if (numbers.alone) return say(alone, numbers.alone, numbers.cells[0][0]);
      list(head, ["", ...numbers.names.map((name) => `∂${name}`)],
        () => h(head.children.length ? "th" : "td", {}),
        (cell, text) => { write(cell, text); if (text) { cell.setAttribute("scope", "col"); cell.setAttribute("title", text); } });
      list(body, numbers.names, () => h("tr", {}, h("th", { scope: "row" })), (line, name) => {
        const cells = numbers.cells[numbers.names.indexOf(name)];
        list(line, [`∂${name}`, ...cells], () => h("td"), write);
      });
    },
  };
}
