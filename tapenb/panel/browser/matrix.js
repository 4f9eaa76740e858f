// The second derivatives.

import { h, hideIf, KEYS, list, write } from "./dom.js";
import { row, say } from "./readout.js";

/** @import { Model, Section } from "./protocol.js" */

/** So large ones are written smaller; larger ones than the second are coloured, too. */
const SEVERAL = 4, COLOURED = 6;
const plainly = (/** @type {string} */ text) => text.replaceAll("−", "-");

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
    scrolls: element,
    paint({ matrix: numbers }) {
      hideIf(element, !numbers);
      if (!numbers) return;
      element.classList.toggle("tapenb-alone", Boolean(numbers.alone));
      element.classList.toggle("tapenb-several", numbers.names.length >= SEVERAL);
      const shown = numbers.alone ? alone : table;
      if (element.firstChild !== shown) element.replaceChildren(shown);
      if (numbers.alone) return say(alone, numbers.alone, numbers.cells[0][0]);
      const heat = numbers.names.length > COLOURED;
      const most = Math.max(...numbers.cells.flat().map((text) => Math.abs(Number(plainly(text)) || 0))) || 1;
      table.classList.toggle("tapenb-heat", heat);
      list(head, ["", ...numbers.names.map((name) => `∂${name}`)],
        () => h(head.children.length ? "th" : "td", {}),
        (cell, text) => { write(cell, text); if (text) { cell.setAttribute("scope", "col"); cell.setAttribute("title", text); } });
      list(body, numbers.names, () => h("tr", {}, h("th", { scope: "row" })), (line, name) => {
        const cells = numbers.cells[numbers.names.indexOf(name)];
        list(line, [`∂${name}`, ...cells], () => h("td"), write);
        // Of many, each is coloured: blue above zero, purple below, the darker the larger.
        [...line.children].forEach((cell, k) => {
          const size = k && heat ? Number(plainly(cells[k - 1])) / most : 0;
          /** @type {HTMLElement} */ (cell).style.setProperty("--heat", `${Math.round(60 * Math.abs(size || 0))}%`);
          cell.classList.toggle("tapenb-below", size < 0);
          cell.classList.toggle("tapenb-zero", heat && size === 0 && k > 0);
        });
      });
    },
  };
}
