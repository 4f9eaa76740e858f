// A curve of samples: pure functions of numbers.

import { partOn } from "./axes.js";

/** Numbers of a sample: position, value, slope, second derivative, and whose program it is. */
const COLUMNS = 5;
/** Positions that a range is found of. */
const EVEN = 160;

/**
 * @typedef {number[]} Sample
 * @typedef {{x: number, kind: string, left: number | null, right: number | null, text: string}} Mark
 */

/** @param {DataView} bytes @returns {Sample[]} */
export function samples(bytes) {
  const all = new Float64Array(
    bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  return Array.from({ length: all.length / COLUMNS },
    (_, k) => [...all.subarray(k * COLUMNS, (k + 1) * COLUMNS)]);
}

/**
 * One column at evenly spaced positions: where it bends the samples are denser, which counts for
 * nothing in a range.
 * @param {Sample[]} all
 * @param {number} column
 * @param {boolean} [log] Whether positions are even by their logarithms.
 */
export function evenly(all, column, log) {
  if (!all.length) return new Float64Array();
  const ends = /** @type {[number, number]} */ ([all[0][0], all[all.length - 1][0]]), found = [];
  for (const row of all) if (partOn(row[0], ends, log) * EVEN >= found.length - 1e-7) found.push(row[column]);
  return new Float64Array(found);
}

/**
 * Whether nothing lies between two samples: not so where the slopes at both say that it goes down,
 * and it is higher afterwards, as 1/x is beyond its pole.
 * @param {Sample} a
 * @param {Sample} b
 */
export function joined([xa, ya, sa], [xb, yb, sb]) {
  const rise = yb - ya, least = Math.min(Math.abs(sa), Math.abs(sb)) * (xb - xa);
  return !(sa * sb > 0 && sa * rise < 0 && Math.abs(rise) > least / 2);
}

/**
 * Pieces of a curve without a gap, each of one program.
 * @param {Sample[]} all
 * @param {Mark[]} marks
 * @param {number} column 1 of the value, 2 of the slope, 3 of the second derivative.
 * @returns {{own: boolean, points: [number, number][]}[]}
 */
export function pieces(all, marks, column = 1) {
  /** @type {{own: boolean, points: [number, number][]}[]} */
  const found = [];
  let program = NaN, next = 0;
  /** @type {Sample | undefined} */
  let before;
  const open = () => { found.push({ own: program === 0, points: [] }); };
  const put = (/** @type {number} */ x, /** @type {number | null} */ y) => {
    if (y !== null && Number.isFinite(y)) found.at(-1)?.points.push([x, y]);
  };
  for (const sample of all) {
    let cut = !before || !Number.isFinite(sample[column]) || sample[4] !== program
      || !joined(before, sample);
    for (; next < marks.length && marks[next].x <= sample[0]; next++) {
      const { x, kind, left, right } = marks[next];
      if (x < all[0][0]) continue;
      if (column > 1) { cut = true; continue; }
      put(x, left);
      if (kind === "kink") continue;
      program = sample[4];
      open();
      put(x, right);
      cut = false;
    }
    if (cut) { program = sample[4]; open(); }
    // What stands on a jump itself belongs to neither side of it.
    if (!(next && marks[next - 1].x === sample[0] && marks[next - 1].kind !== "kink")) {
      put(sample[0], sample[column]);
    }
    before = sample;
  }
  return found.filter((piece) => piece.points.length > 1);
}

/**
 * Value, slope and second derivative between two samples, as near as these tell.
 * @param {Sample[]} all
 * @param {number} x
 * @returns {{value: number, slope: number, curvature: number} | null}
 */
export function between(all, x) {
  const k = all.findIndex((sample) => sample[0] >= x);
  if (k < 0 || !all.length) return null;
  const b = all[k], a = all[Math.max(k - 1, 0)];
  if (a[4] !== b[4] || !joined(a, b)) return null;
  const part = b[0] > a[0] ? (x - a[0]) / (b[0] - a[0]) : 0;
  const [value, slope, curvature] = [1, 2, 3].map((n) => a[n] + part * (b[n] - a[n]));
  return Number.isFinite(value) ? { value, slope, curvature } : null;
}

/**
 * The nearest whole step of a slider, counted from its start.
 * @param {number} x
 * @param {{from: number, to: number, step: number, log?: boolean}} range
 */
export function snapped(x, { from, to, step, log }) {
  if (log) return Number(Math.min(to, Math.max(from, x)).toPrecision(3));
  const whole = from + Math.round((x - from) / step) * step;
  return Number(Math.min(to, Math.max(from, whole)).toPrecision(12));
}

/**
 * What is at a part of an axis.
 * @param {number} part
 * @param {{from: number, to: number, log?: boolean}} range
 */
export function placeAt(part, { from, to, log }) {
  return log ? from * (to / from) ** part : from + part * (to - from);
}

/**
 * A place some steps further on a slider; a logarithmic one has 300 from end to end.
 * @param {number} x
 * @param {number} steps
 * @param {{from: number, to: number, step: number, log?: boolean}} range
 */
export const further = (x, steps, range) => snapped(
  range.log ? x * (range.to / range.from) ** (steps / 300) : x + steps * range.step, range);

/**
 * Newton's next points: where the tangent is zero, and where the parabola is lowest or highest.
 * @param {{at: number, value: number, slope: number, curvature: number | null}} point
 * @returns {{x: number, y: number, kind: "root" | "extremum"}[]}
 */
export function newton({ at, value, slope, curvature }) {
  /** @type {{x: number, y: number, kind: "root" | "extremum"}[]} */
  const found = [];
  if (slope) found.push({ x: at - value / slope, y: 0, kind: "root" });
  if (curvature) {
    const step = -slope / curvature;
    found.push({ x: at + step, y: value + (slope * step) / 2, kind: "extremum" });
  }
  return found;
}

/** Samples of a curve, the finest last. */
const SAMPLES = 160, STRIDES = [8, 4, 2, 1];

/**
 * A curve that becomes finer each time that it is asked for.
 * @param {{from: number, to: number, log?: boolean}} range
 * @param {() => ((x: number) => number[] | undefined)[]} makers Programs, of which the first counts that stands.
 * @returns {(most: number) => {curve: DataView, isWhole: boolean}} In so many milliseconds, about.
 */
export function sampled(range, makers) {
  const rows = /** @type {number[][]} */ ([]), strides = [...STRIDES];
  return (most) => {
    const all = makers();
    for (const began = performance.now(); strides.length && performance.now() - began <= most; strides.shift()) {
      for (let k = 0; k <= SAMPLES; k += strides[0]) {
        if (rows[k]) continue;
        const x = placeAt(k / SAMPLES, range);
        let found;
        const number = all.findIndex((each) => { found = each(x); return found; });
        rows[k] = [x, ...(found ?? [NaN, NaN, NaN]), number];
      }
    }
    return { curve: new DataView(Float64Array.from(rows.filter(Boolean).flat()).buffer), isWhole: !strides.length };
  };
}
