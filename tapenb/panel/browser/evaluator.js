// The page's own answer to a point: plays the tape, and writes its numbers as the kernel would.

import { placeAt, sampled } from "./curves.js";
import { drawn, plain } from "./numbers.js";
import { foldedAt, listingAt, marksAt, noiseAt, traceAt } from "./points.js";
import { asNumber, errors, load, play, read } from "./tape.js";
import { briefText, isArray, valueText } from "./texts.js";
import { vectorFunctions } from "./vector.js";

/** Milliseconds for the first samples of a curve, and for the others, which come at rest. */
const CURVE = 5, CURVE_AT_REST = 300;
/** Columns and rows of the heights over two sliders; a slow program has fewer, or none, likewise. */
const ACROSS = 49, UP = 37, FEWEST = 9, HEIGHTS = 300, TRIED = 8;
/** Milliseconds without a move after which the others are computed. */
export const REST = 150;
/** More sliders than these are counted, not listed. */
const MOST_NAMED = 8;

/** What is said where nobody else answers. */
export const ALONE = "No kernel confirms these numbers: the page computes them.";

/** @import { Curve, Input } from "./protocol.js" */

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
 * @property {(positions: Record<string, number>, look: Record<string, any>) => {error: string} | Record<string, any>} at
 *   The numbers there of all that is open, as parts of the panel's state; or why there are none.
 * @property {() => Record<string, any>} noise By part of the state at the point that was computed last: numbers that
 *   are no larger are rounding alone.
 * @property {(positions: Record<string, number>, range: Input, curve?: Curve) => any} plot
 *   The output along one slider, of the point that was computed last; `plot` and `curve`, and whether that is `coarse`.
 * @property {() => void} refine The last curve is a finer one where it is asked for again; no point is computed then.
 * @property {(positions: Record<string, number>, axes: Input[], number: number) => any} surface
 *   What touches the output over two sliders, likewise, with the number of the heights.
 * @property {(positions: Record<string, number>, axes: Input[]) => any} heights Those.
 * @property {(positions: Record<string, number>, along: string) => (x: number) => number[] | undefined} row
 *   Value, slope and second derivative along a slider; undefined where another program is to answer.
 * @property {(label: string) => boolean} moves Whether a slider moves it.
 */

/**
 * @param {any} program What `played.py` wrote.
 * @param {() => Evaluator[]} [others] Those of other branches.
 * @returns {Evaluator}
 */
export function evaluator(program, others = () => []) {
  const player = load(program.tape), { show, start } = program;
  const begin = start.map(asNumber), given = begin.slice();
  const get = (/** @type {any} */ refs) => (refs === null ? null : read(player, refs));
  let line = { key: "", isCoarse: false, curve: /** @type {Curve | undefined} */ (undefined), refine() {} };

  function put(/** @type {Record<string, number>} */ positions) {
    given.splice(0, given.length, ...begin);
    for (const [each, place] of Object.entries(program.places)) given[place] = positions[each];
  }

  /** @param {any[]} row @param {boolean} isNone */
  function rowText([symbol, refs, kind], isNone) {
    if (kind === "slope" && isNone) {
      return `not defined, since ${symbol.slice(1, symbol.lastIndexOf("/∂"))} is nan`;
    }
    const found = get(refs);
    return valueText(kind === "jacobian" ? defined(found, get(show.value)) : found);
  }

  function at(/** @type {Record<string, number>} */ positions, /** @type {Record<string, any>} */ look) {
    put(positions);
    const { listing = {}, trace = {} } = look, steps = trace.open || trace.steps;
    const failed = play(player, given, listing.open || steps ? Infinity : player.main);
    if (failed >= 0) return { error: reason(player.guards[failed]) };
    const isNone = Number.isNaN(get(show.sum ?? show.value));
    const rows = show.rows.map((row) => [row[0], drawn(rowText(row, isNone))]);
    const label = rows.map(([symbol, text]) => `${symbol} = ${text}`);
    label[0] += ` at ${places(Object.fromEntries(Object.entries(positions).filter(([each]) => each in program.places)))}`;
    const found = { rows, notes: show.notes, label: label.join("; ") };
    if (show.matrix && !isNone) {
      const { names, cells, digits, alone } = show.matrix;
      const text = (ref) => drawn(plain(get(ref), digits));
      found.matrix = { names, cells: cells.map((row) => row.map(text)), alone };
    }
    if (show.nodes) {
      const texts = (refs) => refs.map((ref) => (ref === null ? "" : drawn(briefText(get(ref)))));
      const said = show.trace ? marksAt(show.trace, get) : [];
      Object.assign(found, { nodes: texts(show.nodes).map((text, k) => (said[k] ? `${text} (${said[k]})` : text)),
        edges: texts(show.edges) });
    }
    if (show.folded) Object.assign(found, foldedAt(show.folded, get, listing));
    if (show.vector) found.vector = vectorFunctions.vectorsAt(show.vector, (row) => get(show.rows[row][1]), given);
    if (steps && show.trace) found.trace = traceAt(show.trace, get, trace);
    if (listing.open && show.listing) found.listing = listingAt(show.listing, get, listing);
    return found;
  }

  function row(/** @type {Record<string, number>} */ positions, /** @type {string} */ along, end = player.main) {
    const refs = [show.value, ...slopes(along)], none = refs.map(() => NaN);
    put(positions);
    return (/** @type {number} */ x) => {
      given[program.places[along]] = x;
      const failed = play(player, given, end);
      if (failed < 0) return refs.map((ref) => get(ref) ?? NaN);
      const { kind } = player.guards[failed];
      // Where a derivative is found in another way the value stands; where Python raises is a gap.
      return kind === "derivative" ? [get(show.value), NaN, NaN] : kind === "raises" ? none : undefined;
    };
  }

  /** The registers of slope and second derivative along a slider. @param {string} along */
  function slopes(along) {
    const [slope, second = null] = show.along[along] ?? [null];
    // Tapes that were stored before have no mixed derivatives.
    return [slope, typeof second === "number" ? second : second && second[Object.keys(show.along).indexOf(along)]];
  }

  /** By whichever program stands there; marks of kinks and jumps are the kernel's alone. */
  function curveOf(/** @type {Record<string, number>} */ positions, along, range) {
    const all = () => [evaluated, ...others()].filter(({ moves }) => moves(along)).map((each) => each.row(positions, along));
    const more = sampled(range, all);
    return (/** @type {number} */ most) => {
      const { curve, isWhole } = more(most);
      line.curve = { number: --curves, along, curve, marks: [], said: [], beyond: null };
      line.isCoarse = !isWhole && most < CURVE_AT_REST;
    };
  }

  const finite = (/** @type {any} */ ref) => { const x = get(ref); return Number.isFinite(x) ? x : null; };

  function plot(positions, { label: along, min: from, max: to, step, log }, known) {
    if (!(along in show.along)) return undefined;
    const [value, slope, curvature] = [show.value, ...slopes(along)].map(finite);
    let curve = known;
    if (!curve) {
      const key = JSON.stringify([along, from, to, { ...positions, [along]: 0 }]);
      // The curve plays the tape elsewhere, so what is read of the point is read before.
      if (line.key !== key) {
        const fill = curveOf({ ...positions }, along, { from, to, log });
        line = { ...line, key, refine: () => fill(CURVE_AT_REST) };
        fill(CURVE);
      }
      curve = /** @type {Curve} */ (line.curve);
    }
    const choices = Object.keys(show.along), label = `${show.output} along ${along}`;
    return { curve, coarse: curve === line.curve && line.isCoarse, plot: { choices, planes: choices.length > 1 && show.along[along].length > 1 && typeof show.along[along][1] !== "number", along,
      output: show.output, from, to, step, log, number: curve.number, at: positions[along], label, value, slope, curvature } };
  }

  function surface(positions, axes, number) {
    const labels = axes.map(({ label }) => label), order = Object.keys(show.along), [x, y] = labels;
    const of = labels.map((label) => show.along[label]);
    if (x === y || !of.every((each) => each?.length > 1 && typeof each[1] !== "number")) return undefined;
    const value = finite(show.value), gradient = of.map(([slope]) => finite(slope));
    const second = [[0, x], [0, y], [1, y]].map(([k, label]) => finite(of[k][1][order.indexOf(label)]));
    const isFinite = ![value, ...gradient, ...second].includes(null), at = labels.map((label) => positions[label]);
    const here = labels.map((label, k) => `${label} = ${plain(at[k])}`).join(", ");
    return { axes: axes.map(({ label, min: from, max: to, step, log }) => ({ label, from, to, step, log })),
      output: show.output, at, value, gradient: isFinite ? gradient : null, second: isFinite ? second : null,
      heights: number, label: drawn(`Contours of ${show.output} over ${x} and ${y}; at ${here} it is ${plain(get(show.value))}`) };
  }

  function heights(positions, [across, up]) {
    const all = [evaluated, ...others()].filter(({ moves }) => moves(across.label));
    const rowAt = (/** @type {number} */ part, /** @type {number} */ columns) => {
      const y = placeAt(part, { from: up.min, to: up.max, log: up.log });
      const rows = all.map((each) => each.row({ ...positions, [up.label]: y }, across.label, player.first));
      return Array.from({ length: columns }, (_, k) => {
        const x = placeAt(k / (columns - 1), { from: across.min, to: across.max, log: across.log });
        let found;
        rows.some((each) => { found = each(x); return found; });
        return found ? found[0] : NaN;
      });
    };
    const began = performance.now();
    rowAt(0.5, TRIED);
    const affordable = HEIGHTS / ((performance.now() - began) / TRIED + 1e-6);
    const part = Math.min(1, Math.sqrt(affordable / (ACROSS * UP)));
    const [columns, count] = [ACROSS, UP].map((each) => Math.floor(each * part));
    const rows = Math.min(columns, count) < FEWEST ? [] : Array.from({ length: count }, (_, k) => rowAt(k / (count - 1), columns));
    return { columns, heights: new DataView(Float64Array.from(rows.flat()).buffer) };
  }

  const noise = () => noiseAt(show, errors(player));

  const evaluated = { at, noise, plot, refine: () => line.refine(), surface, heights, row, moves: (/** @type {string} */ label) => label in program.places };
  return evaluated;
}
