// The output along one slider.

import { line, range, ticks, tidy } from "./axes.js";
import { KEYS, h, list, s, write } from "./dom.js";

/** @import { Model, Plot, Section } from "./protocol.js" */

/** Pixels that a figure of an axis takes. */
const TICK_FIGURE = 6.5;

/**
 * The output along one slider, with its tangent and osculating parabola.
 * @param {Model} model
 * @returns {Section}
 */
export function plot(model) {
  const choice = /** @type {HTMLSelectElement} */ (h("select", KEYS));
  const legend = h("p", { class: "tapenb-legend" });
  const picture = s("svg", { role: "img", class: "tapenb-picture" });
  const head = h("div", { class: "tapenb-plot-head" }, h("label", {}, "along ", choice), legend);
  choice.addEventListener("change", () => {
    model.set("along", choice.value);
    model.save_changes();
  });
  const place = h("div", { class: "tapenb-plot" }, head, picture);

  /** @param {Plot | undefined} plot */
  function show(plot) {
    place.hidden = !plot;
    if (!plot) return;
    list(choice, plot.choices, () => h("option"), (option, label) => {
      write(option, label);
      option.setAttribute("value", label);
    });
    choice.value = plot.along;
    const kinds = ["curve", "tangent", "parabola"].slice(0, 1 + degree(plot));
    if (!plot.curve.byteLength) kinds.shift();
    list(legend, kinds, () => h("span"), (item, kind) => {
      item.className = `tapenb-${kind}-key`;
      write(item, kind === "curve" ? plot.output : kind);
    });
    draw(plot);
  }

  /** What touches the curve here: nothing, the tangent, or the parabola too. @param {Plot} plot */
  function degree({ at, value, slope, curvature }) {
    if (at === null || value === null || slope === null) return 0;
    return curvature === null ? 1 : 2;
  }

  /** @type {Plot | undefined} */
  let last;
  const observer = new ResizeObserver(() => { if (last) draw(last); });
  observer.observe(place);

  /** @param {Plot} plot */
  function draw(plot) {
    last = plot;
    if (!place.clientWidth) return;  // hidden: it is drawn when it has a width
    const width = Math.max(place.clientWidth, 220), height = 190;
    const bytes = plot.curve;
    const ys = new Float64Array(
      bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
    const [low, high] = range(ys, plot.value);
    const marks = ticks(low, high, 4).map((tick) => ({ tick, text: tidy(tick) }));
    const left = Math.max(46, ...marks.map(({ text }) => text.length * TICK_FIGURE + 10));
    const right = width - 8, top = 8, bottom = height - 24;
    const x = (/** @type {number} */ v) =>
      left + ((v - plot.from) / (plot.to - plot.from)) * (right - left);
    const y = (/** @type {number} */ v) => bottom - ((v - low) / (high - low)) * (bottom - top);
    picture.setAttribute("viewBox", `0 0 ${width} ${height}`);
    picture.setAttribute("height", String(height));
    picture.setAttribute("aria-label", plot.label);

    const axes = s("g", { class: "tapenb-axes" });
    for (const tick of ticks(plot.from, plot.to, width / 70)) {
      axes.append(s("path", { d: `M${x(tick)},${top}V${bottom}` }));
      const text = tidy(tick), half = (text.length * TICK_FIGURE) / 2;
      const middle = Math.min(x(tick), width - half);
      axes.append(s("text", { x: middle, y: bottom + 15, "text-anchor": "middle" }, text));
    }
    for (const { tick, text } of marks) {
      axes.append(s("path", { d: `M${left},${y(tick)}H${right}` }));
      axes.append(s("text", { x: left - 6, y: y(tick) + 4, "text-anchor": "end" }, text));
    }
    // An inner svg cuts off what leaves the plot; a clip path would need an id.
    const inner = s("svg", { x: left, y: top, width: right - left, height: bottom - top });
    inner.setAttribute("viewBox", `${left} ${top} ${right - left} ${bottom - top}`);
    const steps = Math.max(ys.length - 1, 1);
    const curve = line([...ys].map((v, i) => [x(plot.from + ((plot.to - plot.from) * i) / steps), y(v)]));
    const local = (/** @type {number} */ bend) => line(Array.from({ length: 97 }, (_, i) => {
      const v = plot.from + ((plot.to - plot.from) * i) / 96, d = v - plot.at;
      return [x(v), y(plot.value + d * (plot.slope + (d * bend) / 2))];
    }));
    if (degree(plot) > 1) {
      inner.append(s("path", { d: local(plot.curvature), class: "tapenb-parabola" }));
    }
    if (degree(plot) > 0) inner.append(s("path", { d: local(0), class: "tapenb-tangent" }));
    inner.append(s("path", { d: curve, class: "tapenb-curve" }));
    picture.replaceChildren(axes, inner);
    if (plot.value !== null && plot.at !== null) {
      picture.append(s("circle", { cx: x(plot.at), cy: y(plot.value), r: 4.5, class: "tapenb-point" }));
    }
  }

  return { element: place, paint: (state) => show(state.plot), stop: () => observer.disconnect() };
}
