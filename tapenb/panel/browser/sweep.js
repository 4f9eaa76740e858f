// The sweeps over a tape: one sentence for each step. Pure functions.

import { edgesOf } from "./links.js";
import { GRAPH_DIGITS, shown } from "./numbers.js";

/** @import { Entry, Program, Step, Trace } from "./protocol.js" */

/** In the place of an operand's slot: the entry is computed; the backward sweep begins with it. */
export const VALUE = -1;
export const SEED = -2;
/** More operands than these are not repeated with their values. */
const MOST_OPERANDS = 3;
/** Characters of what is differentiated; of longer ones the name is written. */
const LONGEST_FORMULA = 24;

/** @param {number | string | null | undefined} number */
export const figure = (number) => (number === null || number === undefined ? "–" : shown(number, GRAPH_DIGITS));
/** A number behind a sign: what is negative stands in brackets. @param {number | string} number */
const signed = (number) => (figure(number).startsWith("−") ? `(${figure(number)})` : figure(number));

/** A step that is in sight. @param {Trace | undefined} trace @param {number} at @returns {Step | undefined} */
export const stepAt = (trace, at) => trace?.steps?.of[at - trace.steps.first];

/**
 * What a step does, and why.
 * @param {Program} program
 * @param {Trace} trace
 * @param {number} at
 * @returns {string}
 */
export function narrate(program, trace, at) {
  const step = stepAt(trace, at), own = step && program.entries[step[0]];
  if (!step || !own) return "";
  if (step[1] === VALUE) return computed(program, trace, step[0], own);
  const adjoint = figure(trace.adjoints[step[0]]);
  if (step[1] === SEED) {
    return `The sweep turns back at ${own.name}: its adjoint is ${adjoint}, since ∂${own.name}/∂${own.name} = 1.`;
  }
  const [, slot, to, partial, part, before, after] = step, operand = program.entries[to];
  const equal = [...new Set([own.partials[slot], partial === null ? "" : figure(partial)])].filter(Boolean);
  const passes = equal.length
    ? `${slope(own, operand)} = ${equal.join(" = ")}; times the adjoint ${adjoint} of ${own.name}, `
    : `${own.formula} passes the adjoint ${adjoint} of ${own.name} back: `;
  const sum = `${figure(part)} is added to the adjoint of ${operand.name}, which held ${figure(before ?? 0)}`;
  return `${passes}${sum}: now ${figure(after)}.${found(program, trace, at, to)}`;
}

/** "∂z/∂x"; of a result without a name of its own "∂sin(x)/∂x". @param {Entry} own @param {Entry} operand */
function slope({ v, name, formula }, operand) {
  const written = /^\w+\([^()]*\)$/.test(formula) ? formula : `(${formula})`;
  return `∂${name === v && formula.length <= LONGEST_FORMULA ? written : name}/∂${operand.name}`;
}

/** @param {Program} program @param {Trace} trace @param {number} place @param {Entry} own */
function computed(program, trace, place, own) {
  const value = figure(trace.values[place]), forward = trace.kind !== "adjoint";
  const operands = [...new Set(own.parents)].filter((parent) => parent >= 0);
  const where = operands.length && operands.length <= MOST_OPERANDS
    ? `, where ${operands.map((p) => `${program.entries[p].name} = ${figure(trace.values[p])}`).join(" and ")}` : "";
  let text = own.input ? `${own.name} is an input: ${value}.` : `${own.name} = ${own.formula} = ${value}${where}.`;
  if (forward) {
    const terms = own.parents.map((parent, slot) => [own.partials[slot], trace.adjoints[parent]])
      .filter(([, tangent]) => tangent !== null && tangent !== undefined);
    const chain = terms.length && terms.every(([partial]) => partial)
      ? `${terms.map(([partial, tangent]) => `${partial} × ${signed(/** @type {number} */ (tangent))}`).join(" + ")} = ` : "";
    text += ` Its ${trace.kind} is ${chain}${figure(trace.adjoints[place] ?? 0)}.`;
  }
  return place === program.output ? `${text} That is the output.` : text;
}

/** What a completed adjoint of an input is. @param {Program} program @param {Trace} trace @param {number} at @param {number} to */
function found(program, trace, at, to) {
  const { first, of, count } = /** @type {NonNullable<Trace["steps"]>} */ (trace.steps);
  const { name, input } = program.entries[to], output = program.entries[program.output];
  const later = of.slice(at + 1 - first).some(([, slot, other]) => slot >= 0 && other === to);
  if (!input || later || first + of.length < count || typeof trace.values[program.output] !== "number") return "";
  return ` That is ∂${output.name}/∂${name}.`;
}

/**
 * The adjoint of an operand before and after a step, where both are numbers.
 * @param {Program} program
 * @param {Step | undefined} step
 */
export function grown(program, step) {
  if (!step || step[1] < 0) return null;
  const [, , to, , part, held, after] = step, before = held ?? 0;
  if (![part, before, after].every((each) => typeof each === "number")) return null;
  const text = `${bar(program.entries[to].name)} = ${figure(before)} + ${signed(part)} = ${figure(after)}`;
  return { before: Number(before), after: Number(after), text };
}

/** A name with the sign of an adjoint. @param {string} name */
const bar = (name) => `${name[0]}\u0304${name.slice(1)}`;

/**
 * What an entry's adjoint is the sum of.
 * @param {Program} program
 * @param {number} place
 */
export function chainRule(program, place) {
  if (place === program.output) return "1";
  const { v } = program.entries[place];
  const children = Object.values(program.entries).filter(({ parents }) => parents.includes(place));
  return children.map((child) => `${bar(child.v)} ∂${child.v}/∂${v}`).join(" + ") || "–";
}

/**
 * How far the sweeps are after a step: the last entry that is computed, the edges along which
 * something has flowed, and what each adjoint holds by then.
 * @param {Program} program
 * @param {Trace} trace
 * @param {number} at
 */
export function progress(program, trace, at) {
  const { first, of } = /** @type {NonNullable<Trace["steps"]>} */ (trace.steps);
  let last = first ? Infinity : -1;
  const flowed = new Set(), sums = new Map();
  for (const [place, slot, to, , , , after] of of.slice(0, at - first + 1)) {
    if (slot === VALUE) last = place;
    else if (slot === SEED) sums.set(place, trace.adjoints[place]);
    else {
      flowed.add(`${to}/${place}/${slot}`);
      sums.set(to, after);
    }
  }
  if (trace.kind !== "adjoint") {
    // Forward, what flows to an entry comes with its value.
    for (const edge of edgesOf(program)) if (Number(edge.split("/")[1]) <= last) flowed.add(edge);
    for (const place of Object.keys(program.entries).map(Number)) {
      if (place <= last) sums.set(place, trace.adjoints[place] ?? 0);
    }
  }
  return { last, flowed, sums };
}

/** The line of the text that a step is about. @param {Program} program @param {Step | undefined} step */
const lineOf = (program, step) => (step ? program.entries[step[0]]?.spot?.[0] ?? -1 : -1);

/**
 * The nearest step on another line, or the end of what is in sight.
 * @param {Program} program
 * @param {Trace} trace
 * @param {number} at
 * @param {1 | -1} direction
 */
export function otherLine(program, trace, at, direction) {
  const here = lineOf(program, stepAt(trace, at));
  let to = at + direction;
  while (stepAt(trace, to) && lineOf(program, stepAt(trace, to)) === here) to += direction;
  return to;
}

/**
 * The next step after one, from the end on to the beginning, that some test holds of.
 * @param {Trace} trace
 * @param {number} at
 * @param {(step: Step) => boolean} test
 */
export function nextStep(trace, at, test) {
  const { first, of } = /** @type {NonNullable<Trace["steps"]>} */ (trace.steps);
  const here = at - first, after = of.findIndex((step, k) => k > here && test(step));
  const any = after < 0 ? of.findIndex(test) : after;
  return any < 0 ? at : any + first;
}
