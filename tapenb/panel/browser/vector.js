// Arrays without sliders: a bar for the slope by each element, and a slider for whichever is picked.

import { scale } from "./bars.js";
import { button, h, hideIf, KEYS, list, s, write } from "./dom.js";
import { asking } from "./moves.js";
import { drawn } from "./numbers.js";
import { figure } from "./sweep.js";
import { sent } from "./texts.js";

/** @import { Model, Section, Vector } from "./protocol.js" */

const WALKS = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10, Home: -Infinity, End: Infinity };

/** @param {Model} model @returns {Section} */
function vector(model) {
  const element = h("div", { class: "tapenb-vectors" }), { ask, look } = asking(model, "vector");
  // A slider for an element is another program, which a kernel makes.
  const picks = model.get("apart") === undefined;

  function chart() {
    let now = /** @type {Vector | undefined} */ (undefined), at = 0;
    const shape = [1, -1].map((sign) => s("path", { class: `tapenb-bar${sign < 0 ? " tapenb-below" : ""}` }));
    const here = s("rect", { width: 1, height: 2, y: -1 });
    const picture = s("svg", { preserveAspectRatio: "none", "aria-hidden": "true" });
    picture.append(here, ...shape);
    const bars = h("div", { class: "tapenb-bars", role: "slider", tabindex: "0", "aria-valuemin": "0", ...KEYS });
    bars.append(picture);
    const said = h("span", { class: "tapenb-quiet" }), title = h("p", { class: "tapenb-quiet" });
    const go = (/** @type {number} */ to) => { if (now) { at = Math.min(now.bars.length - 1, Math.max(0, to)); point(); } };
    const pick = () => ask({ pick: now?.bars[at][0] });
    // Pressed again, it begins where the array is now: that is asked for anew.
    const again = () => ask({ pick: now?.along, press: (look().press ?? 0) + 1 });
    const one = button("", pick), all = button("Along its gradient", again);
    const aim = (/** @type {PointerEvent} */ { clientX }) => {
      const box = bars.getBoundingClientRect();
      go(Math.floor(((clientX - box.left) / box.width) * (now?.bars.length ?? 0)));
    };
    bars.addEventListener("pointermove", aim);
    bars.addEventListener("pointerdown", aim);
    bars.addEventListener("dblclick", pick);
    bars.addEventListener("keydown", (event) => {
      const by = WALKS[/** @type {keyof typeof WALKS} */ (event.key)];
      if (by) go(at + by);
      else if (event.key === "Enter") pick();
      else return;
      event.preventDefault();
    });

    /** Say the number of the bar that is pointed at. */
    function point() {
      if (!now) return;
      const [label, value, slope] = now.bars[at], text = `${label} = ${figure(value)}, ${now.of}${label} = ${figure(slope)}`;
      here.setAttribute("x", String(at));
      bars.setAttribute("aria-valuenow", String(at));
      bars.setAttribute("aria-valuetext", text);
      write(said, text);
      write(one, `Slider for ${label}`);
    }
    /** @param {Vector} shown */
    function show(shown) {
      now = shown;
      const { bars: each, name, size, of } = shown, sizes = each.map(([, , slope]) => (typeof slope === "number" ? slope : null));
      const { length, words } = scale(sizes), count = each.length;
      picture.setAttribute("viewBox", `0 -1 ${count} 2`);
      shape.forEach((path, k) => path.setAttribute("d", sizes.map((slope, i) => (slope && slope > 0 === !k
        ? `M${i + 0.08},0V${(k ? 1 : -1) * length(slope)}H${i + 0.92}V0Z` : "")).join("")));
      const steepest = count < size ? `the steepest of each ${Math.round(size / count)} of ` : "";
      write(title, `${of}${name} by ${steepest}${size} elements; full at ${drawn(words)}`);
      bars.setAttribute("aria-label", `${of}${name}, element by element`);
      bars.setAttribute("aria-valuemax", String(count - 1));
      go(at);
    }
    return Object.assign(h("div", {}, title, bars, h("div", { class: "tapenb-toolbar" }, ...(picks ? [one, all] : []), said)), { show });
  }
  return {
    element,
    paint({ vector: shown = [] }) {
      hideIf(element, !shown.length);
      list(element, shown, chart, (made, each) => /** @type {ReturnType<typeof chart>} */ (made).show(each));
    },
  };
}

/** So many bars an array has: of more elements the steepest. */
const BARS = 128;

/**
 * The bars of arrays without sliders, as the kernel chooses them.
 * @param {{name: string, of: string, shape: number[], row: number, at: number}[]} vectors
 * @param {(row: number) => any} slopesOf
 * @param {number[]} given The numbers of all inputs.
 * @returns {Vector[]}
 */
function vectorsAt(vectors, slopesOf, given) {
  return vectors.map(({ name, of, shape, row, at }) => {
    const slopes = [slopesOf(row)].flat(Infinity), size = slopes.length, count = Math.min(size, BARS);
    const steep = (/** @type {number} */ k) => (Number.isNaN(slopes[k]) ? Infinity : Math.abs(slopes[k]));
    const bars = Array.from({ length: count }, (_, group) => {
      const [from, to] = [group, group + 1].map((k) => Math.floor(size / count) * k + Math.min(k, size % count));
      let chosen = from;
      for (let k = from; k < to; k += 1) if (steep(k) > steep(chosen)) chosen = k;
      let rest = chosen;
      const place = [];
      for (const length of [...shape].reverse()) {
        place.unshift(rest % length);
        rest = Math.floor(rest / length);
      }
      return /** @type {Vector["bars"][0]} */ ([`${name}[${place.join(", ")}]`, sent(given[at + chosen]), sent(slopes[chosen])]);
    });
    return { name, of, size, bars, along: `${name} along its gradient` };
  });
}

/** Only a page with such arrays has them. */
export const vectorFunctions = {
  vector,
  vectorsAt,
};
