// The output along one slider.

import { line, range } from "./axes.js";
import { between, evenly, further, newton, pieces, placeAt, samples, snapped } from "./curves.js";
import { h, hideIf, KEYS, list, s, write } from "./dom.js";
import { drawAxes, drawPath, grip, gutter } from "./figure.js";
import { hear } from "./hear.js";
import { drawn, plain } from "./numbers.js";
import { surface } from "./surface.js";

/** @import { Curve, Model, Mover, Plot, Section, State } from "./protocol.js" */
/** @import { Frame, Range } from "./figure.js" */
/** @import { Mark, Sample } from "./curves.js" */

const HEIGHT = 190, LOW = 84;
/** Marks that are said below the picture. */
const SAID = 3;
const ORDERS = ["first", "second"];

/**
 * The output along one slider, with its tangent, osculating parabola and Newton's next points.
 * @param {Model} model
 * @param {Mover} mover
 * @returns {Section}
 */
export function plot(model, mover) {
  const choice = /** @type {HTMLSelectElement} */ (h("select", KEYS));
  const legend = h("p", { class: "tapenb-legend" });
  const picture = s("svg", { role: "img", class: "tapenb-picture" });
  const marked = h("p", { class: "tapenb-quiet tapenb-marks" });
  const other = /** @type {HTMLSelectElement} */ (h("select", { ...KEYS, "aria-label": "and" }));
  const both = h("span", {}, " and ", other);
  const head = h("div", { class: "tapenb-plot-head" },
    h("span", {}, h("label", {}, "along ", choice), both), legend);
  const below = h("div", { class: "tapenb-slopes" });
  const lower = ORDERS.map((order) => ({
    title: h("p", { class: `tapenb-quiet tapenb-${order}-key` }),
    picture: s("svg", { role: "img", class: "tapenb-picture" }),
  }));
  for (const { title, picture: small } of lower) below.append(title, small);
  const fold = /** @type {HTMLDetailsElement} */ (h("details", {},
    h("summary", KEYS, "First and second derivative"), below));
  fold.addEventListener("toggle", () => { if (last) draw(last); });
  choice.addEventListener("change", () => {
    model.set("along", choice.value);
    model.save_changes();
  });
  const look = (/** @type {object} */ now) => {
    model.set("look", { ...model.get("look"), ...now });
    model.save_changes();
  };
  other.addEventListener("change", () => look({ surface: { and: other.value } }));
  const plane = surface(model, mover);
  /** @type {Plot | undefined} */
  let last;
  /** @type {Sample[]} */
  let curve = [];
  /** @type {Mark[]} */
  let marks = [];
  let known = NaN; // no number of a curve
  /** @type {Frame | undefined} */
  let frame;

  const go = (/** @type {number} */ x) => { if (last && x !== last.at) mover.move(last.along, x); };
  const handle = grip(picture, {
    aim(part) {
      if (!last || !frame) return;
      const across = (part * frame.width - frame.left) / (frame.right - frame.left);
      go(snapped(placeAt(across, last), last));
    },
    step(key, many) {
      if (key === "h" || key === "H") return hear(model, many ? 2 : 1), true;
      const sign = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[key];
      if (!last || (!sign && key !== "Home" && key !== "End")) return false;
      const at = mover.mine()[last.along]?.[1] ?? last.at;
      go(sign ? further(at ?? last.from, sign * (many ? 10 : 1), last)
        : key === "Home" ? last.from : last.to);
      return true;
    },
  });
  const flat = h("div", {}, handle.stage, marked, fold);
  const place = h("div", { class: "tapenb-plot" }, head, flat, plane.element);

  /** What touches the curve here: nothing, the tangent, or the parabola too. @param {Plot} plot */
  function degree({ at, value, slope, curvature }) {
    if (at === null || value === null || slope === null) return 0;
    return curvature === null ? 1 : 2;
  }

  /** Where the hand is, before the kernel has answered. @param {Plot} plot @returns {Plot} */
  function ahead(plot) {
    const own = mover.mine()[plot.along]?.[1];
    if (own === undefined || own === plot.at) return plot;
    const found = between(curve, own);
    const finite = (/** @type {number | undefined} */ v) =>
      (v !== undefined && Number.isFinite(v) ? v : null);
    return { ...plot, at: own, value: finite(found?.value), slope: finite(found?.slope),
      curvature: finite(found?.curvature) };
  }

  /** @param {HTMLSelectElement} element @param {string[]} labels @param {string} chosen */
  function offer(element, labels, chosen) {
    list(element, labels, () => h("option"), (option, label) => {
      write(option, label || "–");
      option.setAttribute("value", label);
    });
    element.value = chosen;
  }

  /** @param {State} state */
  function show({ plot, surface: over }) {
    hideIf(place, !plot);
    if (!plot) return;
    offer(choice, plot.choices, plot.along);
    hideIf(both, !plot.planes);
    offer(other, ["", ...plot.choices.filter((each) => each !== plot.along)], over?.axes[1].label ?? "");
    hideIf(flat, Boolean(over));
    plane.paint(over);
    if (over) {
      last = undefined;
      return legendOf(["contour", "gradient", "curvature", ...(over.second ? ["newton"] : [])], plot);
    }
    const { number, along, curve: bytes, marks: all, said = [] } = /** @type {Curve} */ (model.get("curve"));
    // One along another slider is none of this; else it stays until the next is there.
    const texts = along === plot.along ? said : [];
    if (along !== plot.along) [known, curve, marks] = [NaN, [], []];
    else if (known !== number) [known, curve, marks] = [number, samples(bytes), all];
    flat.classList.toggle("tapenb-awaits", number !== plot.number);
    plot = { ...plot, label: [plot.label, ...texts].join("; ") };
    const more = texts.length > SAID ? [`and ${texts.length - SAID} more`] : [];
    write(marked, texts.length ? `Marked: ${[...texts.slice(0, SAID), ...more].join("; ")}.` : "");
    draw(ahead(plot));
  }

  // Its width is asked when that changes: to ask in each move would lay out the page in between.
  let wide = 0;
  const observer = new ResizeObserver(() => {
    wide = place.clientWidth;
    if (last) draw(last);
  });
  observer.observe(place);
  const heard = () => show(model.get("state"));
  const late = ["change:heights", "change:curve"];
  for (const event of late) model.on(event, heard);

  /** @param {Plot} plot */
  function draw(plot) {
    last = plot;
    wide ||= place.clientWidth;
    if (!wide) return;  // hidden: it is drawn when it has a width
    const width = Math.max(wide, 220), across = /** @type {Range} */ ([plot.from, plot.to]);
    const ups = (fold.open ? [1, 2, 3] : [1]).map((column) => range(evenly(curve, column, plot.log),
      [plot.value, plot.slope, plot.curvature][column - 1]));
    const left = Math.max(...ups.map(gutter));
    const axes = { width, height: HEIGHT, left, across, up: ups[0], label: plot.label, logs: [plot.log] };
    const { frame: drawnIn, inner } = drawAxes(picture, axes);
    frame = drawnIn;
    const kinds = drawCurve(plot, frame, inner);
    legendOf(kinds, plot);
    const { at, value } = plot;
    handle.place(frame, at === null ? NaN : frame.x(at), value === null ? NaN : frame.y(value),
      `${plot.along} on the curve`, { min: plot.from, max: plot.to, now: at ?? plot.from,
        text: `${plot.along} = ${drawn(plain(at ?? NaN))}, ${plot.output} = ${drawn(plain(value ?? NaN))}` });
    hideIf(fold, !curve.some((row) => Number.isFinite(row[2])));
    if (fold.open) drawSlopes(plot, axes, ups);
  }

  /** @param {string[]} kinds @param {Plot} plot */
  function legendOf(kinds, { output }) {
    const words = /** @type {Record<string, string>} */ (
      { curve: output, contour: output, newton: "Newton", other: "another branch" });
    list(legend, kinds, () => h("span"), (item, kind) => {
      item.className = `tapenb-${kind}-key`;
      write(item, words[kind] ?? kind);
    });
  }

  /** What is drawn, in words. @param {Plot} plot @param {Frame} frame @param {SVGElement} inner */
  function drawCurve(plot, { x, y, top, bottom }, inner) {
    const far = (/** @type {number} */ v) => Math.min(1e5, Math.max(-1e5, y(v)));
    const path = (/** @type {number[][]} */ points) => line(points.map(([u, v]) => [x(u), far(v)]));
    const kinds = [], { at, value, slope, curvature } = plot;
    const local = (/** @type {number} */ bend) => {
      const last = bend || plot.log ? 96 : 1;
      return path(Array.from({ length: last + 1 }, (_, i) => {
        const d = placeAt(i / last, plot) - at;
        return [at + d, value + d * (slope + (d * bend) / 2)];
      }));
    };
    if (degree(plot) > 1) drawPath(inner, "parabola", local(curvature));
    if (degree(plot) > 0) drawPath(inner, "tangent", local(0));
    const parts = pieces(curve, marks);
    for (const own of [false, true]) {
      const drawnParts = parts.filter((part) => part.own === own).map((part) => path(part.points));
      if (!drawnParts.length) continue;
      kinds.unshift(own ? "curve" : "other");
      drawPath(inner, own ? "curve" : "other", drawnParts.join(""), own ? "" : "another branch");
    }
    kinds.push(...["tangent", "parabola"].slice(0, degree(plot)));
    for (const mark of marks) {
      const ends = [mark.left, mark.right].filter((v) => v !== null && Math.abs(v) < 1e300);
      if (mark.kind !== "kink" && (mark.kind !== "edge" || !ends.length)) {
        drawPath(inner, `limit tapenb-${mark.kind}`, `M${x(mark.x)},${top}V${bottom}`, mark.text);
      }
      if (mark.kind === "pole") continue;
      for (const v of mark.kind === "kink" ? ends.slice(0, 1) : ends) {
        const ring = s("circle", { cx: x(mark.x), cy: far(v), r: 3.5, class: "tapenb-mark" });
        ring.append(s("title", {}, mark.text));
        inner.append(ring);
      }
    }
    let next = false;
    if (degree(plot)) for (const { x: u, y: v, kind } of newton(plot)) {
      const [px, py] = [x(u), y(v)];
      if (!(u >= plot.from && u <= plot.to && py >= top && py <= bottom)) continue;
      next = true;
      const where = kind === "root" ? "where the tangent is zero" : "where the parabola is level";
      drawPath(inner, "newton", `M${px},${py - 5}L${px + 5},${py}L${px},${py + 5}L${px - 5},${py}Z`,
        `Newton’s next point, ${where}: ${drawn(plain(u, 6))}`);
    }
    return next ? [...kinds, "newton"] : kinds;
  }

  /** @param {Plot} plot @param {object} axes @param {[number, number][]} ups */
  function drawSlopes(plot, axes, ups) {
    lower.forEach(({ title, picture: small }, k) => {
      const column = k + 2, now = [plot.slope, plot.curvature][k];
      const name = [`∂${plot.output}/∂${plot.along}`, `∂²${plot.output}/∂${plot.along}²`][k];
      const known = curve.some((row) => Number.isFinite(row[column]));
      small.toggleAttribute("hidden", !known);
      hideIf(title, !known);
      if (!known) return;
      const text = now === null ? name : `${name} = ${drawn(plain(now))}`;
      write(title, text);
      const bare = k === 0 && curve.some((row) => Number.isFinite(row[3]));
      const { frame: { x, y, top, bottom }, inner } = drawAxes(small, { ...axes, up: ups[k + 1],
        height: bare ? LOW - 16 : LOW, label: `${text}, along ${plot.along}`, bare });
      for (const { own, points } of pieces(curve, marks, column)) {
        drawPath(inner, own ? ORDERS[k] : "other", line(points.map(([u, v]) => [x(u), y(v)])));
      }
      if (plot.at === null || now === null) return;
      drawPath(inner, "limit", `M${x(plot.at)},${top}V${bottom}`);
      inner.append(s("circle", { cx: x(plot.at), cy: y(now), r: 3.5, class: `tapenb-${ORDERS[k]}-point` }));
    });
  }

  function stop() {
    observer.disconnect();
    for (const event of late) model.off(event, heard);
  }

  return { element: place, paint: show, stop };
}
