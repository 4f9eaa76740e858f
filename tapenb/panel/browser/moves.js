// From every section one way to the kernel, and one place that knows what is unanswered. The newest
// move of a slider counts, in whatever order they arrive.

/** @import { Answering, Model, Mover, Moves, State } from "./protocol.js" */

/**
 * Milliseconds after a move. Jupyter's server keeps an answer back until the browser has
 * acknowledged the kernel's "busy" before it, which a system may put off for 40 ms (Nagle's
 * algorithm); whatever the browser sends carries the acknowledgement along.
 */
const NUDGE = 10;

/** Milliseconds between two messages where the page answers by itself: the kernel need not hear of each move. */
const APART = 60;

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

/**
 * What a section shows, which the views of a panel share and the kernel is told.
 * @param {Model} model
 * @param {string} section
 */
export function asking(model, section) {
  const look = () => model.get("look")[section] ?? {};
  return {
    look,
    /** @param {Record<string, unknown>} change */
    ask(change) {
      model.set("look", { ...model.get("look"), [section]: { ...look(), ...change } });
      model.save_changes();
    },
  };
}

/** @param {Model & Partial<Answering>} model @returns {Mover} */
export function mover(model) {
  let nudge = 0, timer = 0, told = 0;

  function tell() {
    clearTimeout(timer);
    [timer, told] = [0, performance.now()];
    model.save_changes();
    clearTimeout(nudge);
    nudge = window.setTimeout(() => model.send({}), NUDGE);
  }

  function mine() {
    const { view, moves } = model.get("position");
    return view === VIEW ? unanswered(moves, VIEW, model.get("state").moves ?? {}) : {};
  }
  return {
    mine,
    move(label, value) {
      if (model.get("look")?.tools?.locked?.includes(label)) return;
      // All that was not answered goes along: a message may replace one that waits, or be lost.
      const moves = mine();
      const known = model.get("state").moves?.[label]?.[0] ?? 0;
      moves[label] = [Math.max(known, moves[label]?.[0] ?? 0) + 1, value];
      model.set("position", { view: VIEW, moves });
      if (!model.plays?.()) tell();
      else timer ||= window.setTimeout(tell, told + APART - performance.now());
    },
    /** Send it once more, past the model, which keeps moves back until it hears that the last one was handled. */
    again() {
      model.send({ position: { view: VIEW, moves: mine() } });
    },
    stop() {
      if (timer) tell();
      clearTimeout(nudge);
    },
  };
}
