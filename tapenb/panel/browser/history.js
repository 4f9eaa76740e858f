// Where the sliders were, to go back to; and what moves one by itself: pure functions.

/** Milliseconds within which moves are one. */
const TOGETHER = 700;

/**
 * @typedef {Record<string, number>} Positions
 * @typedef {{past: Positions[], future: Positions[], at: number}} History The last of the past is now.
 * @typedef {"once" | "loop" | "back"} Mode Once, again from the start, or there and back.
 */

/** @param {Positions} a @param {Positions} b @returns {[string, number][]} What of b is another. */
export const moved = (a, b) => Object.entries(b).filter(([label, value]) => a[label] !== value);

/**
 * @param {History} history
 * @param {Positions} positions
 * @param {number} now Milliseconds.
 * @returns {History}
 */
export function remembered({ past, future, at }, positions, now) {
  const last = past.at(-1);
  if (last && !moved(last, positions).length) return { past, future, at };
  const kept = past.length > 1 && now - at < TOGETHER ? past.slice(0, -1) : past;
  return { past: [...kept, positions].slice(-100), future: [], at: now };
}

/** One back. @param {History} history @returns {History} */
export function undone({ past, future }) {
  if (past.length < 2) return { past, future, at: 0 };
  return { past: past.slice(0, -1), future: [past[past.length - 1], ...future], at: 0 };
}

/** One forth again. @param {History} history @returns {History} */
export function redone({ past, future }) {
  return future.length ? { past: [...past, future[0]], future: future.slice(1), at: 0 }
    : { past, future, at: 0 };
}

/**
 * Where a slider that plays is next, as a part of its range.
 * @param {number} part From 0 to 1.
 * @param {number} way 1 upward, -1 downward.
 * @param {number} by
 * @param {Mode} mode
 * @returns {{part: number, way: number, ended: boolean}}
 */
export function advanced(part, way, by, mode) {
  const next = part + way * by;
  if (next >= 0 && next <= 1) return { part: next, way, ended: false };
  if (mode === "loop") return { part: next > 1 ? 0 : 1, way, ended: false };
  if (mode === "back") return { part: next > 1 ? 1 : 0, way: -way, ended: false };
  return { part: next > 1 ? 1 : 0, way, ended: true };
}

/**
 * A slider whose range holds a number; a logarithmic one that goes to zero or below is none any more.
 * @template {{min: number, max: number, step: number, log?: boolean}} T
 * @param {T} input
 * @param {number} value
 * @returns {T}
 */
export function reaching(input, value) {
  if (input.min <= value && value <= input.max) return input;
  const [min, max] = [Math.min(input.min, value), Math.max(input.max, value)];
  const even = input.log && min <= 0 && { log: false, step: Number(`1e${Math.floor(Math.log10(max - min)) - 2}`) };
  return { ...input, min, max, ...even };
}

/**
 * A position by its part of a range, on the slider's own steps.
 * @param {{min: number, max: number, step: number, log?: boolean}} input
 * @param {number} part
 */
export function positionAt({ min, max, step, log }, part) {
  if (log) return Number((min * (max / min) ** part).toPrecision(3));
  const whole = min + Math.round((part * (max - min)) / step) * step;
  return Number(Math.min(max, whole).toPrecision(12));
}

/** @param {{min: number, max: number, log?: boolean}} input @param {number} value */
export function partOf({ min, max, log }, value) {
  const part = log ? Math.log(value / min) / Math.log(max / min) : (value - min) / (max - min);
  return Math.min(1, Math.max(0, Number.isFinite(part) ? part : 0));
}
