// The trace table.

import { h, KEYS, list, write } from "./dom.js";

/** @import { Model, Section } from "./protocol.js" */

/** @param {Model} _model @returns {Section} */
export function trace(_model) {
  const caption = h("caption"), head = h("tr"), body = h("tbody");
  const table = h("table", {}, caption, h("thead", {}, head), body);
  const label = { role: "group", "aria-label": "Trace" };
  const element = h("div", { class: "tapenb-trace", ...label, ...KEYS }, table);
  return {
    element,
    scrolls: true,
    paint({ trace: shown }) {
      element.hidden = !shown;
      if (!shown) return;
      write(caption, shown.caption);
      list(head, shown.head, () => h("th", { scope: "col" }), write);
      list(body, shown.rows, () => h("tr"), (line, cells) => list(line, cells, () => h("td"), write));
    },
  };
}
