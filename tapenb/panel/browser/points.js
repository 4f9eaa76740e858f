// What listing, trace table and steps show of a point that the page has computed: as the kernel
// sends it.

import { drawn } from "./numbers.js";
import { briefText, isArray, sent } from "./texts.js";

/** A sum of numbers, or of arrays, or of pairs. */
function sum(a, b) {
  if (isArray(a)) return a.map((each, k) => sum(each, b[k]));
  if (a.text) return a;
  return typeof a === "object" ? { complex: sum(a.complex, b.complex) } : a + b;
}

/**
 * @param {any} shown What `stepping.py` wrote of table and steps.
 * @param {(refs: any) => any} read
 * @param {Record<string, any>} look What is open.
 */
export function traceAt({ kind, values, adjoints, steps, tangents }, read, look) {
  const numbers = (/** @type {any[]} */ refs) => refs.map((each) => sent(read(each)));
  const found = { kind, values: numbers(values), adjoints: numbers(adjoints), choices: /** @type {string[]} */ ([]) };
  if (look.steps) {
    const held = /** @type {Record<number, any>} */ ({});
    const of = steps.map(([place, slot, to, partial, edge]) => {
      if (slot < 0) return [place, slot];
      const part = read(edge), before = held[to] ?? null;
      held[to] = before === null ? part : sum(before, part);
      return [place, slot, to, ...[read(partial), part, before, held[to]].map(sent)];
    });
    Object.assign(found, { steps: { count: of.length, first: 0, of } });
  }
  const choices = Object.keys(tangents);
  if (look.open && choices.length) {
    const along = choices.includes(look.along) ? look.along : choices[0];
    Object.assign(found, { choices, along, tangents: numbers(tangents[along]) });
  }
  return found;
}

/** The numbers of what was read in a row; of what is written already there are none. */
const numbersOf = (x) => [x !== null && typeof x === "object" && !isArray(x) ? Object.values(x) : x].flat(Infinity)
  .filter((each) => typeof each === "number");

/**
 * What is said of single entries, as `Point.marks` has it: where nan or inf begins, and an adjoint that is
 * zero though one that it is made of is not. Tips are the kernel's to say.
 * @param {any} shown What `stepping.py` wrote of table and steps; without names of entries, which may be the kernel's.
 * @param {(refs: any) => any} read
 * @returns {string[]}
 */
export function marksAt({ kind, values, adjoints, steps, program, parents: own }, read) {
  const found = /** @type {string[]} */ ([]);
  const parents = /** @type {number[][]} */ (own ?? Object.values(program.entries).map((each) => each.parents));
  if (kind !== "adjoint") return found;
  const [value, adjoint] = [values, adjoints].map((all) => all.map((refs) => numbersOf(read(refs))));
  const isFinite = (/** @type {number[] | undefined} */ x = []) => x.every(Number.isFinite);
  const isZero = (/** @type {number[] | undefined} */ x = []) => x.length > 0 && x.every((each) => each === 0);
  for (const [k, of] of parents.entries()) {
    const lives = adjoints[k] !== null && !isZero(adjoint[k]);
    for (const parent of of) if (lives && isZero(adjoint[parent])) found[parent] = "adjoint 0";
  }
  for (const [place, slot, , , edge] of steps) {
    if (slot >= 0 && isFinite(adjoint[place]) && !isFinite(numbersOf(read(edge)))) found[place] = "its derivative is nan or inf";
  }
  for (const [k, of] of parents.entries()) {
    if (of.length && !isFinite(value[k]) && of.every((parent) => isFinite(value[parent]))) found[k] = "born here";
  }
  return found;
}

/** By part of the state the errors of its single numbers. @param {any} show @param {Float64Array} errors Of registers. */
export function noiseAt({ rows, nodes = [], edges = [], matrix }, errors) {
  const of = (/** @type {any[]} */ all) => all.map((refs) => (typeof refs === "number" ? errors[refs] : 0));
  return { rows: rows.map(([, refs]) => of(["", refs])), nodes: of(nodes), edges: of(edges), cells: matrix?.cells.map(of) ?? [] };
}

/** What a bar shows: a number, or the largest of an array; null where that is none. */
function sizeOf(x) {
  if (x === null || x.complex || x.text) return null;
  const all = [x.integer ?? x.truth ?? x].flat(Infinity);
  const largest = all.reduce((a, b) => (Math.abs(b) > Math.abs(a) || Number.isNaN(b) ? b : a), all[0]);
  return Number.isFinite(largest) ? Number(largest) : null;
}

/**
 * The boxes of a folded graph, in one round.
 * @param {any} shown What `stepping.py` wrote of them.
 * @param {(refs: any) => any} read
 * @param {Record<string, any>} look Of the listing.
 */
export function foldedAt({ of, iterations, ends, starts, nodes, edges }, read, look) {
  const iteration = look.iteration ?? null, end = ends[iteration ?? iterations] ?? Infinity;
  const run = (/** @type {number} */ line) => starts[line]?.findLastIndex((/** @type {number} */ start) => start <= end) ?? 0;
  const text = (/** @type {any[]} */ all) => (all.length ? drawn(briefText(all.reduce(sum))) : "");
  return {
    nodes: nodes.map((/** @type {any[]} */ refs, /** @type {number} */ n) => {
      const now = run(of[n].line), some = "input" in of[n] ? refs : [refs[now] ?? null];
      if (some[0] === null) return now < 0 ? "not yet run" : "did not run";
      return drawn(briefText(together(some.map(read))));
    }),
    edges: edges.map(([line, parts]) => text((parts[run(line)] ?? []).map(read))),
    folded: { of, groups: {}, iterations, iteration },
  };
}

/** One number, or several as an array, of which what is none counts as 0. */
const together = (parts) => (parts.length === 1 ? parts[0]
  : parts.every((part) => part === null) ? null : parts.map((part) => part?.integer ?? part ?? 0));

/** What a run of a line shows, or numbers in a text together. @param {any[]} at Their registers. @param {(refs: any) => any} read */
function lineAt({ number }, at, count, read) {
  const [value, other] = [0, 1].map((k) => together(at.map((refs) => read(refs[k]))));
  return { number, value: sent(value), adjoint: sent(other), sizes: [value, other].map(sizeOf), count };
}

/**
 * @param {any} shown What `stepping.py` wrote of the lines.
 * @param {(refs: any) => any} read
 * @param {Record<string, any>} look What is open.
 */
export function listingAt({ adjoint, iterations, ends, lines, functions }, read, look) {
  const iteration = look.iteration ?? null, end = ends[iteration ?? iterations] ?? Infinity, found = [];
  const series = /** @type {Record<number, any>} */ ({});
  for (const line of lines) {
    const { number, parts, runs, picked } = line, run = parts ? -1 : lastRun(line, end);
    // Of a line that has not run yet there is the series alone.
    if (parts || run >= 0) found.push({ ...lineAt(line, parts ?? [runs[run]], runs?.length ?? 1, read), ...named(functions, line, run) });
    if (!(runs?.length > 1)) continue;
    const some = picked ? picked.map((/** @type {number} */ k) => runs[k]) : runs;
    series[number] = [0, 1].map((k) => some.map((refs) => sizeOf(read(refs[k]))));
  }
  const calls = functions && callsAt(lines, functions, read, look.unfolded ?? [], end);
  return { adjoint, iterations, iteration, series, lines: found, ...(calls && { calls }) };
}

/** The last run of a line that began by an entry. */
const lastRun = ({ starts }, end) => starts.findLastIndex((/** @type {number} */ start) => start <= end);
/** The functions that a run of a line called. */
const under = (functions, { calls = [] }, run) => (isArray(calls[0]) ? calls[run] : calls).map((n) => functions[n]);
/** Their names, if there are any. */
function named(functions, line, run) {
  const names = functions ? under(functions, line, run).map(({ name }) => name.split(":")[0]) : [];
  return names.length ? { calls: names } : {};
}

/** What lines called where that is unfolded, those further out first, as `Calls.unfolded` has it. @param {any[][]} paths */
function callsAt(lines, functions, read, paths, end) {
  /** The line that a path ends in, and which run of it. */
  function at(path) {
    const outer = path.length > 1 && at(path.slice(0, -2)), number = path.at(-1);
    const inner = outer && under(functions, ...outer).find(({ name }) => name === path.at(-2));
    const line = (path.length > 1 ? inner?.lines : lines)?.find((each) => each.number === number);
    const run = line?.starts ? lastRun(line, outer ? outer[0].lasts[outer[1]] : end) : -1;
    return run >= 0 && !(outer && line.starts[run] < outer[0].starts[outer[1]]) && [line, run];
  }
  return [...paths].sort((a, b) => a.length - b.length).flatMap((path) => {
    const outer = at(path);
    if (!outer) return [];
    const [{ starts, lasts }, k] = outer;
    return under(functions, ...outer).map(({ name, first, text, lines: all }) => ({ path: [...path, name], first, text,
      lines: all.flatMap((line) => {
        const run = lastRun(line, lasts[k]), count = line.starts.filter((start) => start >= starts[k] && start <= lasts[k]).length;
        return count ? [{ ...lineAt(line, [line.runs[run]], count, read), ...named(functions, line, run) }] : [];
      }) }));
  });
}
