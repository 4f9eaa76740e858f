// What depends on what in a program: pure functions.

/** @import { Input, Program } from "./protocol.js" */

/** Of a tape that is too long to be told entry by entry. @type {Program} */
export const NO_PROGRAM = { entries: {}, inputs: {}, output: -1, whole: true };

/** What a page shows of a program that it plays, apart from its numbers. @param {any} of @param {any} picture @param {Input[]} inputs */
export const traitsOf = ({ show, places, picture: own }, picture, inputs) => ({ picture: own ?? picture,
  program: show.trace?.program ?? NO_PROGRAM,
  inputs: inputs.map((each) => ({ ...each, idle: !each.boolean && !(each.label in places) })) });

/** The edges of a program, in the order of the drawing's: "operand/entry/slot". @param {Program} program */
export function edgesOf(program) {
  return Object.entries(program.entries).flatMap(([place, { parents }]) => parents
    .map((parent, slot) => (parent >= 0 ? `${parent}/${place}/${slot}` : "")).filter(Boolean));
}

/** Some entries and all that depends on them. @param {Program} program @param {number[]} places */
export function dependents(program, places) {
  const reached = new Set(places);
  for (const [place, { parents }] of Object.entries(program.entries)) {
    if (parents.some((parent) => reached.has(parent))) reached.add(Number(place));
  }
  return reached;
}

/**
 * Which of so many boxes is walked to: what is hidden is passed over, from the ends inwards.
 * @param {HTMLElement | null} graph @param {number} count @param {number} from @param {number} to
 */
export function nextSeen(graph, count, from, to) {
  const seen = Array.from({ length: count }, (_, n) => n).filter((n) => !graph?.querySelector(`.tapenb-gone[data-key="n${n}"]`));
  return (to < from ? seen.findLast((n) => n <= to) : seen.find((n) => n >= to)) ?? seen.at(to > 0 ? -1 : 0) ?? from;
}
