// Bars beside numbers: pure functions.

import { drawn, plain } from "./numbers.js";

/** The bars of a column reach over no more powers of ten than this. */
const MOST_DECADES = 6;
/** Where the largest number is so many times the smallest, bars are logarithmic. */
const WIDE = 1000;

/**
 * The scale of a column of bars, from what it has to show.
 * @param {(number | null)[]} sizes
 * @returns {{length(size: number): number, words: string}} A length is from 0 to 1.
 */
export function scale(sizes) {
  const found = sizes.filter((size) => size).map((size) => Math.abs(/** @type {number} */ (size)));
  const most = Math.max(0, ...found), least = Math.min(most, ...found);
  const write = (/** @type {number} */ size) => drawn(plain(size, 3));
  if (!(most > 0)) return { length: () => 0, words: "0" };
  if (most / least <= WIDE) {
    return { length: (size) => Math.abs(size) / most, words: write(most) };
  }
  const top = Math.ceil(Math.log10(most));
  const bottom = Math.max(Math.floor(Math.log10(least)), top - MOST_DECADES) - 1;
  return {
    length: (size) => size
      ? Math.max(0, (Math.log10(Math.abs(size)) - bottom) / (top - bottom)) : 0,
    words: `${write(10 ** top)} (logarithmic, from ${write(10 ** bottom)})`,
  };
}

/**
 * The path of a series in a box, each on its own scale.
 * @param {(number | null)[]} series
 * @param {number} width
 * @param {number} height
 * @returns {number[][]}
 */
export function spark(series, width, height) {
  const finite = /** @type {number[]} */ (series.filter((each) => each !== null));
  const low = Math.min(...finite), high = Math.max(...finite), span = high - low || 1;
  return series.map((each, i) => [
    (i / Math.max(series.length - 1, 1)) * width,
    each === null ? NaN : height - ((each - low) / span) * height,
  ]);
}
