// The page's own answer to a point: plays the tape, and writes its numbers as the kernel would.

import { placeAt } from "./curves.js";
import { drawn, GRAPH_DIGITS, plain, READOUT_DIGITS } from "./numbers.js";
import { asNumber, load, play, read } from "./tape.js";

/** Samples of a curve, the finest last; a slow program has fewer, of so many milliseconds in all. */
const SAMPLES = 160, STRIDES = [8, 4, 2, 1], CURVE = 5;
/** Elements of an axis that are shown before "…", the longest that is whole; the longest text. */
const HEAD = 3, WHOLE = 6, BRIEF = 24;
/** More sliders than these are counted, not listed. */
const MOST_NAMED = 8;

/** What is said where nobody else answers. */
export const ALONE = "No kernel confirms these numbers: the page computes them.";

/** @import { Curve, Input } from "./protocol.js" */

const isArray = Array.isArray;

/** How the elements of what was read are written: numbers, pairs of them, or truths. */
const KINDS = {
  real: { isLeaf: (x) => !isArray(x), text: plain },
  truth: { isLeaf: (x) => !isArray(x), text: (x) => (x ? "True" : "False") },
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
function valueText(read, digits = READOUT_DIGITS) {
  const [x, kind] = parted(read);
  return (kind.isLeaf(x) ? "" : `${shapeText(x, kind)} `) + nested(x, kind, digits);
}

/** The same, short enough for a node of the graph. */
function briefText(read) {
  const [x, kind] = parted(read);
  if (kind.isLeaf(x)) return kind.text(x, GRAPH_DIGITS);
  const digits = Math.min(GRAPH_DIGITS, 4);
  let size = 1, first = x, last = x;
  for (; !kind.isLeaf(first); first = first[0], last = last.at(-1)) size *= first.length;
  const whole = size <= WHOLE ? nested(x, kind, digits) : "";
  if (whole && whole.length <= BRIEF) return whole;
  return `${shapeText(x, kind)} [${kind.text(first, digits)}, …, ${kind.text(last, digits)}]`;
}

/** A Jacobian, with not a number by whatever elements of the output are none. */
const defined = (jacobian, value) => (isArray(value) ? value.map((each, k) => defined(jacobian[k], each))
  : Number.isNaN(value) ? emptied(jacobian) : jacobian);
const emptied = (x) => (isArray(x) ? x.map(emptied) : NaN);

/** The positions of sliders in words. @param {Record<string, number>} positions */
function places(positions) {
  const all = Object.entries(positions);
  if (all.length > MOST_NAMED) return `${all.length} inputs`;
  return all.map(([label, value]) => `${label} = ${drawn(plain(value))}`).join(", ");
}

/** How many curves there were: a point says by its number which one it is on. */
let curves = 0;

/** What the numbers are of where they stay. @param {Record<string, number>} positions */
export const kept = (positions) => `The numbers below are still those at ${places(positions)}.`;

/** Why the numbers stay, in words. @param {{kind: string, text?: string, line?: number}} guard */
function reason({ kind, text, line }) {
  if (kind === "branch") {
    const where = line ? `Line ${line}: ` : "";
    return `${where}${text}, and is not here: the cell takes another way, which was not recorded.`;
  }
  if (kind === "integer") return `${text}.`;
  return "Here the cell is to be run again, and there is no kernel.";
}

/**
 * @typedef {object} Evaluator
 * @property {(positions: Record<string, number>) => {error: string} | Record<string, any>} at
 *   The numbers there, as parts of the panel's state; or why there are none.
 * @property {(positions: Record<string, number>, range: Input, curve?: Curve) => any} plot
 *   The output along one slider, of the point that was computed last; `plot` and `curve`.
 */

/**
 * @param {any} program What `played.py` wrote.
 * @returns {Evaluator}
 */
export function evaluator(program) {
  const player = load(program.tape), { show, start } = program;
  const begin = start.map(asNumber);
  let line = { key: "", curve: /** @type {Curve | undefined} */ (undefined) };

  function playAt(/** @type {Record<string, number>} */ positions, label = "", x = 0) {
    const given = begin.slice();
    for (const [each, place] of Object.entries(program.places)) given[place] = positions[each];
    if (label) given[program.places[label]] = x;
    return play(player, given);
  }

  /** @param {any[]} row @param {boolean} isNone */
  function rowText([symbol, refs, kind], isNone) {
    if (kind === "slope" && isNone) {
      return `not defined, since ${symbol.slice(1, symbol.lastIndexOf("/∂"))} is nan`;
    }
    const found = read(player, refs);
    return valueText(kind === "jacobian" ? defined(found, read(player, show.value)) : found);
  }

  function at(/** @type {Record<string, number>} */ positions) {
    const failed = playAt(positions);
    if (failed >= 0) return { error: reason(player.guards[failed]) };
    const isNone = Number.isNaN(read(player, show.sum ?? show.value));
    const rows = show.rows.map((row) => [row[0], drawn(rowText(row, isNone))]);
    const label = rows.map(([symbol, text]) => `${symbol} = ${text}`);
    label[0] += ` at ${places(positions)}`;
    const found = { rows, notes: show.notes, label: label.join("; ") };
    if (show.matrix && !isNone) {
      const { names, cells, digits, alone } = show.matrix;
      const text = (ref) => drawn(plain(read(player, ref), digits));
      found.matrix = { names, cells: cells.map((row) => row.map(text)), alone };
    }
    if (show.nodes) {
      const texts = (refs) => refs.map((ref) => (ref === null ? "" : drawn(briefText(read(player, ref)))));
      Object.assign(found, { nodes: texts(show.nodes), edges: texts(show.edges) });
    }
    return found;
  }

  /** As the kernel's samples; marks of kinks and jumps are the kernel's alone. @returns {Curve} */
  function curveOf(/** @type {Record<string, number>} */ positions, along, range) {
    const refs = [show.value, ...show.along[along]], rows = [], began = performance.now();
    for (const stride of STRIDES) {
      if (performance.now() - began > CURVE) break;
      for (let k = 0; k <= SAMPLES; k += stride) {
        if (rows[k]) continue;
        const x = placeAt(k / SAMPLES, range), failed = playAt(positions, along, x) >= 0;
        rows[k] = [x, ...refs.map((ref) => (failed || ref === null ? NaN : read(player, ref))), -failed];
      }
    }
    const curve = new DataView(Float64Array.from(rows.filter(Boolean).flat()).buffer);
    return { number: --curves, curve, marks: [], said: [], beyond: null };
  }

  function plot(positions, { label: along, min: from, max: to, step, log }, known) {
    if (!(along in show.along)) return undefined;
    const finite = (ref) => {
      const x = ref === null ? NaN : read(player, ref);
      return Number.isFinite(x) ? x : null;
    };
    const [value, slope, curvature] = [show.value, ...show.along[along]].map(finite);
    let curve = known;
    if (!curve) {
      const key = JSON.stringify([along, from, to, { ...positions, [along]: 0 }]);
      // The curve plays the tape elsewhere, so what is read of the point is read before.
      if (line.key !== key) line = { key, curve: curveOf(positions, along, { from, to, log }) };
      curve = /** @type {Curve} */ (line.curve);
    }
    const label = `${show.output} along ${along}`;
    return { curve, plot: { choices: Object.keys(show.along), planes: false, along, output: show.output, from, to,
      step, log, number: curve.number, at: positions[along], label, value, slope, curvature } };
  }
  return { at, plot };
}
