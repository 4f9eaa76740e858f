// The output over two sliders: contours, gradient, curvatures and Newton's step.

import { range, ticks } from "./axes.js";
import { contour, eigen, newtonStep, shape } from "./contours.js";
import { further, placeAt, snapped } from "./curves.js";
import { h, hideIf, s, write } from "./dom.js";
import { drawAxes, drawPath, grip, gutter } from "./figure.js";
import { drawn, plain } from "./numbers.js";

/** @import { Model, Mover, Surface } from "./protocol.js" */
/** @import { Frame } from "./figure.js" */

const PLANE_HEIGHT = 300, LEVELS = 20;
/** Pixels of the arrow along the gradient, and of the larger half axis. */
const ARROW = 46, AXIS = 40;

const brief = (/** @type {number} */ x) => drawn(plain(x, 6));

/**
 * @param {Model} model
 * @param {Mover} mover
 */
export function surface(model, mover) {
  const picture = s("svg", { role: "img", class: "tapenb-picture" });
  const said = h("p", { class: "tapenb-quiet tapenb-marks" });
  /** @type {Surface | undefined} */
  let last;
  /** @type {Frame | undefined} */
  let frame;
  let lines = { key: "", heights: new Float64Array(), cliff: 0, paths: /** @type {{level: number, pieces: [number, number][][]}[]} */ ([]) };

  const here = () => last?.axes.map(({ label }, k) => mover.mine()[label]?.[1] ?? last.at[k]) ?? [];
  const go = (/** @type {number[]} */ to) => {
    const at = here();
    last?.axes.forEach(({ label }, k) => { if (to[k] !== at[k]) mover.move(label, to[k]); });
  };
  const handle = grip(picture, {
    aim(across, down) {
      if (!last || !frame) return;
      const parts = [(across * frame.width - frame.left) / (frame.right - frame.left),
        (frame.bottom - down * frame.height) / (frame.bottom - frame.top)];
      go(last.axes.map((axis, k) => snapped(placeAt(parts[k], axis), axis)));
    },
    step(key, many) {
      const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowDown: [0, -1], ArrowUp: [0, 1] }[key];
      if (!last || !way) return false;
      const at = here();
      go(last.axes.map((axis, k) => (way[k]
        ? further(at[k], way[k] * (many ? 10 : 1), axis) : at[k])));
      return true;
    },
  });
  handle.stage.classList.add("tapenb-plane");
  const element = h("div", {}, handle.stage, said);

  /** Contours by the heights, in columns and rows; found once for each grid. */
  function contours() {
    const grid = model.get("heights") ?? {};
    if (lines.key === String(grid.number)) return grid;
    const bytes = /** @type {DataView | undefined} */ (grid.heights);
    const heights = new Float64Array(bytes
      ? bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) : 0);
    const [low, high] = range(heights, null);
    const cliff = (high - low) / 2;
    const paths = ticks(low, high, LEVELS).map((level) => (
      { level, pieces: contour(heights, grid.columns, level, cliff) }));
    lines = { key: String(grid.number), heights, cliff, paths };
    return grid;
  }

  /** @param {Surface | undefined} shown */
  function paint(shown) {
    last = shown;
    hideIf(element, !shown);
    if (!shown || !element.clientWidth) return;
    const { axes: [ax, ay], at, output } = shown, grid = contours();
    const up = /** @type {[number, number]} */ ([ay.from, ay.to]);
    const made = drawAxes(picture, { width: Math.max(element.clientWidth, 220), height: PLANE_HEIGHT,
      left: gutter(up), across: [ax.from, ax.to], up, label: shown.label, logs: [ax.log, ay.log] });
    const { inner } = made;
    frame = made.frame;
    const { x, y, left, right, top, bottom } = frame;
    // Those of other positions stay, lighter, until theirs are there.
    const whole = s("g", { class: grid.number === shown.heights ? "" : "tapenb-old" });
    const rows = grid.heights ? grid.heights.byteLength / 8 / grid.columns : 0;
    const placed = (/** @type {[number, number]} */ [i, j]) =>
      `${(left + (i / (grid.columns - 1)) * (right - left)).toFixed(1)},${(bottom - (j / (rows - 1)) * (bottom - top)).toFixed(1)}`;
    const path = (/** @type {[number, number][][]} */ pieces) =>
      pieces.map(([a, b]) => `M${placed(a)}L${placed(b)}`).join("");
    lines.paths.forEach(({ level, pieces }, k) => {
      const d = path(pieces);
      const line = s("path", { d, class: "tapenb-contour" });
      line.style.opacity = String(0.3 + (0.7 * k) / Math.max(lines.paths.length - 1, 1));
      line.append(s("title", {}, `${output} = ${brief(level)}`));
      whole.append(line);
    });
    if (shown.value !== null) {
      const own = contour(lines.heights, grid.columns, shown.value, lines.cliff);
      drawPath(whole, "contour tapenb-here", path(own), `${output} = ${brief(shown.value)}, as at the point`);
    }
    inner.append(whole);
    const px = at && [x(at[0]), y(at[1])];
    const text = `${ax.label} = ${brief(at?.[0] ?? NaN)}, ${ay.label} = ${brief(at?.[1] ?? NaN)}`;
    handle.place(frame, px?.[0] ?? NaN, px?.[1] ?? NaN, `${ax.label} and ${ay.label} in the plane`,
      { min: ax.from, max: ax.to, now: at?.[0] ?? ax.from, text: `${text}, ${output} = ${brief(shown.value ?? NaN)}` });
    const notes = grid.number === shown.heights && !rows ? ["this takes too long to be drawn"] : [];
    if (px && shown.gradient && shown.second) notes.push(...touching(shown, px, inner));
    write(said, notes.length ? `${notes.join("; ")}.`.replace(/^./, (c) => c.toUpperCase()) : "");
  }

  /**
   * Arrow, ellipse and step. Lengths are those of the picture: there the arrow stands upright on
   * the contours, and the axes of the ellipse on each other.
   * @param {Surface} shown @param {number[]} px @param {SVGElement} inner
   */
  function touching({ axes: [ax, ay], at, gradient, second }, [px, py], inner) {
    const { x, y, left, right, top, bottom, ...unit } = /** @type {Frame} */ (frame);
    const wide = unit.wide(at[0]), high = unit.high(at[1]);
    const p = gradient[0] / wide, q = gradient[1] / high, steep = Math.hypot(p, q);
    const { values, angle } = eigen(second[0] / wide ** 2, second[1] / wide / high, second[2] / high ** 2);
    const largest = Math.max(...values.map(Math.abs)), notes = [];
    if (largest > 0) {
      const half = values.map((v) => AXIS * Math.min(2, Math.sqrt(largest / Math.max(Math.abs(v), largest / 16)) / 2));
      const turn = (-angle * 180) / Math.PI;
      const turned = s("g", { transform: `translate(${px} ${py}) rotate(${turn})` });
      turned.append(s("ellipse", { rx: half[0], ry: half[1], class: "tapenb-curvature" }));
      // An axis along which it is curved downward is dashed.
      values.forEach((v, k) => turned.append(s("path", {
        d: k ? `M0,${-half[1]}V${half[1]}` : `M${-half[0]},0H${half[0]}`,
        class: `tapenb-curvature${v < 0 ? " tapenb-downward" : ""}` })));
      inner.append(turned);
    }
    const own = eigen(second[0], second[1], second[2]).values;
    notes.push(`the Hessian has the eigenvalues ${own.map(brief).join(" and ")} (${shape(own)})`);
    const step = newtonStep(gradient, second);
    if (step) {
      const to = [at[0] + step[0], at[1] + step[1]], [tx, ty] = [x(to[0]), y(to[1])];
      const seen = tx >= left && tx <= right && ty >= top && ty <= bottom;
      if (Number.isFinite(tx + ty)) drawPath(inner, "step", `M${px},${py}L${tx},${ty}`);
      if (seen) drawPath(inner, "newton", `M${tx},${ty - 5}l5,5l-5,5l-5,-5Z`, "Newton’s next point");
      notes.push(`Newton’s step leads to ${ax.label} = ${brief(to[0])}, ${ay.label} = ${brief(to[1])}`);
    }
    if (steep > 0) {
      const [dx, dy] = [(p / steep) * ARROW, (-q / steep) * ARROW];
      const head = [[-0.22, 0.09], [-0.22, -0.09]].map(([along, aside]) =>
        `${px + dx * (1 + along) - dy * aside},${py + dy * (1 + along) + dx * aside}`);
      drawPath(inner, "gradient", `M${px},${py}l${dx},${dy}M${head[0]}L${px + dx},${py + dy}L${head[1]}`, "gradient");
    }
    return notes;
  }

  return { element, paint };
}
