// Which move of a slider counts: the newest, in whatever order they arrive.

/** @import { Moves, State } from "./protocol.js" */

/** Who moves a slider: this page, whose views of a panel share what is to be sent. */
export const VIEW = Math.random().toString(36).slice(2, 10).padEnd(8, "0");

/**
 * What was moved here and the kernel has not answered: of the moves of one slider the one with the
 * higher number is the newer, and of two with the same number that of the view with the later name.
 * @param {Moves} moves
 * @param {string} view
 * @param {State["moves"]} answered
 * @returns {Moves}
 */
export function unanswered(moves, view, answered) {
  return Object.fromEntries(Object.entries(moves).filter(([label, [counter]]) => {
    const [known, by] = answered[label] ?? [0, ""];
    return counter > known || (counter === known && view > by);
  }));
}
