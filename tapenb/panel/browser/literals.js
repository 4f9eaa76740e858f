// Numbers in the text of a cell, as handles: how they were written says how far they move.

import { plain } from "./numbers.js";

/**
 * @typedef {object} Literal A number as somebody wrote it.
 * @property {number} value
 * @property {number} step One more in its last digit.
 * @property {number} decimals
 * @property {number | null} power Of ten, where it was written with one.
 */

/** @param {string} text @returns {Literal | null} Null for what is no plain number. */
export function literal(text) {
  const found = /^([-+]?)(\d*)(?:\.(\d*))?(?:[eE]([-+]?\d+))?$/.exec(text.replaceAll(/[_ ]/g, ""));
  if (!found || !(found[2] || found[3])) return null;
  const decimals = found[3]?.length ?? 0;
  const power = found[4] === undefined ? null : Number(found[4]);
  const value = Number(`${found[1]}${found[2] || 0}.${found[3] || 0}e${power ?? 0}`);
  return { value, step: Number(`1e${(power ?? 0) - decimals}`), decimals, power };
}

/**
 * So many steps further, and no closer to the digits than they were written.
 * @param {Literal} written
 * @param {number} value
 * @param {number} steps
 */
export function stepped({ step }, value, steps) {
  const whole = Math.round(value / step), onGrid = Math.abs(value / step - whole) < 1e-6;
  const next = onGrid ? (whole + steps) * step : value + steps * step;
  return Number(next.toPrecision(15));
}

/**
 * A number in the form in which another one was written, and exact.
 * @param {Literal} written
 * @param {number} value
 */
export function rewritten({ decimals, power }, value) {
  if (power !== null && value !== 0) {
    const text = (value / 10 ** power).toFixed(decimals);
    if (Number(`${text}e${power}`) === value) return `${text}e${power}`;
  }
  const fixed = value.toFixed(decimals);
  return power === null && Number(fixed) === value ? fixed : plain(value, 15);
}

/**
 * A line with other numbers in the places of its own.
 * @param {string} line
 * @param {{start: number, end: number, text: string}[]} places From left to right.
 */
export function replaced(line, places) {
  let text = "", at = 0;
  for (const { start, end, text: number } of places) {
    text += line.slice(at, start) + number;
    at = end;
  }
  return text + line.slice(at);
}
