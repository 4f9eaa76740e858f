// The rounds of a loop.

import { h, hideIf, KEYS, write } from "./dom.js";
import { asking } from "./moves.js";

/** @import { Model } from "./protocol.js" */

/**
 * Which round of a loop is shown, in the listing and in the graph.
 * @param {Model} model
 */
export function rounds(model) {
  const { ask } = asking(model, "listing");
  const bar = /** @type {HTMLInputElement} */ (h("input", { type: "range", min: "0", ...KEYS }));
  const count = h("span", { class: "tapenb-number" });
  const element = h("label", { class: "tapenb-iteration" }, "iteration ", bar, count);
  element.hidden = true;
  bar.addEventListener("input", () => ask({ iteration: bar.value === bar.max ? null : bar.valueAsNumber }));
  return {
    element,
    /** @param {{iterations: number, iteration: number | null} | undefined} shown */
    paint(shown) {
      hideIf(element, !shown || shown.iterations < 2);
      if (!shown) return;
      const { iterations, iteration } = shown, last = iterations - 1;
      bar.max = String(last);
      // While it is held the user is ahead of the kernel.
      if (bar !== document.activeElement) bar.value = String(iteration ?? last);
      else if ((model.get("look").listing?.iteration ?? null) === null) bar.value = bar.max;
      write(count, ` ${(iteration ?? last) + 1} of ${iterations}`);
    },
  };
}
