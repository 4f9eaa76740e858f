// A stored panel with all that its data leave out: what brief.py takes away, and nothing of others.

import { edgesOf } from "./links.js";
import { SEED, VALUE } from "./sweep.js";
import { isArray } from "./texts.js";

const DIGITS = "₋₀₁₂₃₄₅₆₇₈₉", PLACE = /v[₋₀-₉]+/g;

/** @param {any} data @param {string} [drawing] The picture that stands beside. */
export function whole(data, drawing = "") {
  if (data.at) return data;
  const inputs = data.inputs.map(([label, min, max, step, at, rest]) => (
    { label, min, max, step, integer: false, log: false, boolean: false, recorded: at, idle: false, ...rest }));
  const at = Object.fromEntries(data.inputs.map(([label, , , , at]) => [label, at]));
  const listing = data.listing && { ...data.listing, handles: data.listing.handles.map((each) => {
    if (!isArray(each)) return each;
    const [label, line, start, end] = each;
    return { label, line, start, end };
  }) };
  return { along: inputs[0]?.label ?? "", ...data, inputs, at, listing,
    programs: data.programs.map((each) => programOf(each, at, listing, drawing)) };
}

function programOf({ picture, ...program }, at, text, drawing) {
  const places = program.places ?? Object.fromEntries(Object.keys(at).map((label, k) => [label, k]));
  const { rows, along, matrix, trace, listing } = program.show;
  const show = { output: rows[0][0], value: rows[0][1], notes: [], ...program.show,
    rows: rows.map(([name, refs, kind], k) => [name, refs, kind ?? (k ? "slope" : "value")]),
    matrix: matrix && { names: Object.keys(along), digits: 10, alone: "",
      ...(matrix.cells ? {} : { cells: Object.values(along).map(([, second]) => second) }), ...matrix },
    listing: listing && linesBy({ adjoint: "adjoint", iterations: 1, ends: [], functions: [], ...listing }) };
  if (trace) show.trace = traceOf(trace, show, places, text);
  return { start: Object.keys(places).map((label) => at[label]), places, ...program,
    tape: { guards: [], ...program.tape, code: codeOf(program.tape.code) }, show,
    ...(picture && { picture: isArray(picture.svg) ? { ...picture, svg: assembled(picture.svg, drawing) } : picture }) };
}

const LETTERS = Array.from({ length: 93 }, (_, k) => String.fromCharCode(33 + k)).filter((letter) => !'"&<\\`'.includes(letter));

/** The integers of a text, digit by digit, the lowest one first; the second half of the letters goes on. @param {string} text */
function codeOf(text) {
  const found = [], base = LETTERS.length / 2;
  let number = -1, unit = 1;
  for (const letter of text) {
    const digit = LETTERS.indexOf(letter);
    number += unit * (digit % base);
    unit *= base;
    if (digit >= base) continue;
    found.push(number);
    [number, unit] = [-1, 1];
  }
  return found;
}

/** A drawing of parts of another one, and of its own; beside another than it was made of, none. */
function assembled([length, ...parts], drawing) {
  if (length !== drawing.length) return "";
  return parts.map((part) => (isArray(part) ? drawing.slice(...part) : part)).join("");
}

/** The text, or a function that it calls, with its lines by name. */
const linesBy = ({ lines, functions, ...listing }) => ({ ...listing, ...(functions !== undefined && { functions: functions?.map(linesBy) ?? null }),
  lines: lines.map(([number, runs, starts, picked, lasts, calls]) => (
    starts ? { number, starts, runs, ...(picked && { picked }), ...(calls && { lasts, calls }) } : { number, parts: runs })) });

function traceOf({ entries, inputs, output, whole: all, edges: own, ...trace }, { nodes, edges = own }, places, text) {
  const single = Object.fromEntries(Object.entries(places).map(([name, place]) => [name, [place]]));
  const program = { entries: entriesOf(entries, text), inputs: inputs ?? single,
    output: output ?? entries.length - 1, whole: all ?? true };
  const steps = trace.steps[0]?.[1] === VALUE ? trace.steps : stepsOf(program, trace.steps, edges);
  return { kind: "adjoint", values: nodes, ...trace, program, steps };
}

/** Each entry is computed, then the sweep passes every one, the last one first. */
function stepsOf(program, partials, edges) {
  const pairs = edgesOf(program).map((key, k) => [...key.split("/").map(Number), k]);
  pairs.sort((one, other) => other[1] - one[1] || one[2] - other[2]);
  return [...Object.keys(program.entries).map((place) => [Number(place), VALUE]), [program.output, SEED],
    ...pairs.map(([parent, place, slot, k], at) => [place, slot, parent, partials[at], edges[k]])];
}

/** An input is its name; of an operation there is its text with partials, spot, and a name that is its own. */
function entriesOf(entries, text) {
  const count = entries.filter((each) => typeof each === "string" || each.input).length;
  const called = entries.map((_, k) => `v${String(k - count + 1).replace(/./g, (digit) => DIGITS["-0123456789".indexOf(digit)])}`);
  const names = entries.map((each, k) => (typeof each === "string" ? each : isArray(each) ? each[5] ?? called[k] : each.name));
  return Object.fromEntries(entries.map((each, k) => {
    const name = names[k], own = { v: called[k], name };
    if (typeof each === "string") {
      const handle = text?.handles.find(({ label }) => label === each);
      return [k, { ...own, text: each, formula: each, input: true, parents: [], partials: [], line: null,
        spot: handle ? [handle.line, handle.start, handle.end] : null }];
    }
    if (!isArray(each)) return [k, each];
    const [written, partials, line, ...ends] = each, found = written.match(PLACE) ?? [];
    return [k, { ...own, text: name === called[k] ? written : `${name} = ${written}`,
      formula: written.replace(PLACE, (v) => names[called.indexOf(v)] ?? v), input: false,
      parents: found.map((v) => called.indexOf(v)).filter((parent) => parent >= 0), partials,
      line: line === undefined ? null : line + text.first, spot: line === undefined ? null : [line, ...ends.slice(0, 2)] }];
  }));
}
