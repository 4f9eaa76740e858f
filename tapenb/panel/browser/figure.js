// A picture with axes: what is drawn on it stays within, and a grip on it is dragged or moved by keys.

import { decades, partOn, ticks, tidy } from "./axes.js";
import { h, hideIf, KEYS, s } from "./dom.js";

/** Pixels that a figure of an axis takes. */
const TICK_FIGURE = 6.5;
const RIGHT = 8, TOP = 8, BOTTOM = 24;

/**
 * @typedef {{x: (v: number) => number, y: (v: number) => number, wide: (v: number) => number,
 *   high: (v: number) => number, left: number, right: number,
 *   top: number, bottom: number, width: number, height: number}} Frame
 * @typedef {[low: number, high: number]} Range
 */

/** Room for the numbers of an upright axis. @param {Range} range */
export function gutter([low, high]) {
  const texts = ticks(low, high, 4).map(tidy);
  return Math.max(46, ...texts.map((text) => text.length * TICK_FIGURE + 10));
}

/**
 * Draw a picture anew.
 * @param {SVGElement} picture
 * @param {{width: number, height: number, left: number, across: Range, up: Range,
 *   label: string, bare?: boolean, logs?: (boolean | undefined)[]}} as Logarithmic axes; bare of numbers below, where another picture has them.
 * @returns {{frame: Frame, inner: SVGElement}} Where to draw.
 */
export function drawAxes(picture, { width, height, left, across, up, label, bare, logs = [] }) {
  const right = width - RIGHT, top = TOP, bottom = height - (bare ? TOP : BOTTOM);
  const x = (/** @type {number} */ v) => left + partOn(v, across, logs[0]) * (right - left);
  const y = (/** @type {number} */ v) => bottom - partOn(v, up, logs[1]) * (bottom - top);
  const marked = (/** @type {Range} */ range, /** @type {number} */ most, /** @type {boolean | undefined} */ log) =>
    (log ? decades : ticks)(...range, most);
  picture.setAttribute("aria-label", label);
  // Pixels for one unit of each axis, at a place.
  const wide = (/** @type {number} */ v) => (right - left) / (logs[0] ? v * Math.log(across[1] / across[0]) : across[1] - across[0]);
  const high = (/** @type {number} */ v) => (bottom - top) / (logs[1] ? v * Math.log(up[1] / up[0]) : up[1] - up[0]);
  const frame = { x, y, wide, high, left, right, top, bottom, width, height };
  // While a point moves on a curve, its axes mostly stay.
  const key = JSON.stringify([width, height, left, across, up, bare, logs]);
  if (picture.dataset.axes === key) {
    const inner = /** @type {SVGElement} */ (picture.lastElementChild);
    inner.replaceChildren();
    return { frame, inner };
  }
  picture.dataset.axes = key;
  picture.setAttribute("viewBox", `0 0 ${width} ${height}`);
  picture.setAttribute("height", String(height));
  const axes = s("g", { class: "tapenb-axes" });
  for (const tick of marked(across, width / 70, logs[0])) {
    axes.append(s("path", { d: `M${x(tick)},${top}V${bottom}` }));
    if (bare) continue;
    const text = tidy(tick), half = (text.length * TICK_FIGURE) / 2;
    const middle = Math.min(x(tick), width - half);
    axes.append(s("text", { x: middle, y: bottom + 15, "text-anchor": "middle" }, text));
  }
  for (const tick of marked(up, bare ? 2 : 4, logs[1])) {
    axes.append(s("path", { d: `M${left},${y(tick)}H${right}` }));
    axes.append(s("text", { x: left - 6, y: y(tick) + 4, "text-anchor": "end" }, tidy(tick)));
  }
  // An inner svg cuts off what leaves the plot; a clip path would need an id.
  const box = `${left} ${top} ${right - left} ${bottom - top}`;
  const inner = s("svg", { x: left, y: top, width: right - left, height: bottom - top, viewBox: box });
  picture.replaceChildren(axes, inner);
  return { frame, inner };
}

/** @param {SVGElement} inner @param {string} name @param {string} d @param {string} [title] */
export function drawPath(inner, name, d, title) {
  const path = s("path", { d, class: `tapenb-${name}` });
  if (title) path.append(s("title", {}, title));
  inner.append(path);
}

/**
 * The point of a picture, to be dragged: it lies over it, since what is within an image has no role.
 * @param {SVGElement} picture
 * @param {{aim: (x: number, y: number) => void, step: (key: string, many: boolean) => boolean}} does
 *   Gets where the pointer is, as parts of the picture; and keys, and says which it took.
 */
export function grip(picture, { aim, step }) {
  const handle = h("div", { class: "tapenb-grip", role: "slider", tabindex: "0", ...KEYS });
  const stage = h("div", { class: "tapenb-stage" });
  stage.append(picture, handle);
  const point = (/** @type {PointerEvent} */ event) => {
    const box = picture.getBoundingClientRect();
    aim((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
  };
  stage.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    stage.setPointerCapture(event.pointerId);
    handle.focus({ preventScroll: true });
    event.preventDefault();
    point(event);
  });
  stage.addEventListener("pointermove", (event) => {
    if (stage.hasPointerCapture(event.pointerId)) point(event);
  });
  handle.addEventListener("keydown", (event) => {
    if (step(event.key, event.shiftKey)) event.preventDefault();
  });
  return {
    stage,
    /** @param {Frame} frame @param {number} x @param {number} y @param {string} label @param {Record<string, string | number>} now */
    place(frame, x, y, label, now) {
      const shown = Number.isFinite(x) && Number.isFinite(y);
      hideIf(handle, !shown);
      if (!shown) return;
      handle.style.left = `${(100 * x) / frame.width}%`;
      handle.style.top = `${(100 * Math.min(frame.bottom, Math.max(frame.top, y))) / frame.height}%`;
      handle.setAttribute("aria-label", label);
      for (const [name, value] of Object.entries(now)) {
        handle.setAttribute(`aria-value${name}`, String(value));
      }
    },
    hide() { handle.hidden = true; },
  };
}
