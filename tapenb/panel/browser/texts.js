// What was read of a tape as text: numbers and arrays as the kernel writes them.

import { drawn, GRAPH_DIGITS, plain, READOUT_DIGITS } from "./numbers.js";

/** Elements of an axis that are shown before "…", the longest that is whole; the longest text. */
const HEAD = 3, WHOLE = 6, BRIEF = 24;
/** An integer is exact below it. */
const LONGEST_INTEGER = 1e16;

export const isArray = Array.isArray;

/** How the elements of what was read are written: numbers, pairs of them, integers, truths,
 * and what is none of these and written already. */
const KINDS = {
  real: { isLeaf: (x) => !isArray(x), text: plain },
  integer: {
    isLeaf: (x) => !isArray(x),
    text: (x, digits) => (Math.abs(x) < LONGEST_INTEGER ? String(x + 0) : plain(x, digits)),
  },
  truth: { isLeaf: (x) => !isArray(x), text: (x) => (x ? "True" : "False") },
  text: { isLeaf: () => true, text: (x) => x },
  complex: {
    isLeaf: (x) => !isArray(x[0]),
    text: ([re, im], digits) => `${plain(re, digits)}${plain(im, digits).replace(/^(?!-)/, "+")}j`,
  },
};

/** What was read, apart from what kind of number it is. */
function parted(x) {
  if (typeof x !== "object" || isArray(x)) return [x, KINDS.real];
  const [[kind, numbers]] = Object.entries(x);
  return [numbers, KINDS[kind]];
}

function shapeText(x, { isLeaf }) {
  const shape = [];
  for (let each = x; !isLeaf(each); each = each[0]) shape.push(each.length);
  return `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;
}

/** An array as Python's listing of it. @returns {string} */
function nested(x, kind, digits) {
  if (kind.isLeaf(x)) return kind.text(x, digits);
  const text = (each) => nested(each, kind, digits);
  return `[${(x.length <= WHOLE ? x.map(text) : [...x.slice(0, HEAD).map(text), "…", text(x.at(-1))]).join(", ")}]`;
}

/** A number, or an array by its shape and some elements. */
export function valueText(read, digits = READOUT_DIGITS) {
  const [x, kind] = parted(read);
  return (kind.isLeaf(x) ? "" : `${shapeText(x, kind)} `) + nested(x, kind, digits);
}

/** The same, short enough for a node of the graph. */
export function briefText(read) {
  const [x, kind] = parted(read);
  if (kind.isLeaf(x)) return kind.text(x, GRAPH_DIGITS);
  const digits = Math.min(GRAPH_DIGITS, 4);
  let size = 1, first = x, last = x;
  for (; !kind.isLeaf(first); first = first[0], last = last.at(-1)) size *= first.length;
  const whole = size <= WHOLE ? nested(x, kind, digits) : "";
  if (whole && whole.length <= BRIEF) return whole;
  return `${shapeText(x, kind)} [${kind.text(first, digits)}, …, ${kind.text(last, digits)}]`;
}

/** A number as such where it is a finite one, all else as its text: as the kernel sends it. */
export function sent(read) {
  if (read === null || (typeof read === "number" && Number.isFinite(read))) return read;
  return drawn(briefText(read));
}
