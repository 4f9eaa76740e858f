// A model without a kernel: the page plays the tape. Where no program that was recorded stands, the
// last numbers stay, and it is said which line differs.

import { evaluator, kept } from "./evaluator.js";

/**
 * @param {any} data What `played.py` wrote.
 * @param {any} picture
 * @param {string[]} notes What is said beside the notes of the program.
 */
export function localModel(data, picture, notes = []) {
  const programs = data.programs.map((/** @type {any} */ each) => ({ ...evaluator(each), picture: each.picture ?? picture }));
  const listeners = /** @type {Record<string, Set<() => void>>} */ ({});
  const traits = /** @type {Record<string, any>} */ ({
    inputs: data.inputs, picture, listing: {}, along: data.along, look: {},
    position: { view: "", moves: {} },
    state: { moves: {}, positions: data.at, status: "", error: "", stale: false, kept: "", rows: [["", ""]] },
  });

  /** The state of the panel where the sliders are. */
  function compute() {
    const { state, along } = traits, { moves, positions } = state;
    let error = "";
    for (const program of programs) {
      const found = program.at(positions);
      error ||= found.error ?? "";
      if (found.error) continue;
      shown = positions;
      if (drawing !== program.picture) {
        traits.picture = drawing = program.picture;
        tell("picture");
      }
      const range = data.inputs.find((/** @type {any} */ each) => each.label === along);
      const line = range && program.plot(positions, range);
      traits.curve = line?.curve;
      return { moves, positions, status: "", error: "", stale: false, kept: "", ...found,
        notes: [...found.notes, ...notes], plot: line?.plot };
    }
    return { ...state, stale: true, error, kept: kept(shown) };
  }

  function tell(/** @type {string} */ name) {
    for (const callback of listeners[`change:${name}`] ?? []) callback();
  }
  const model = {
    get: (/** @type {string} */ name) => traits[name],
    set(/** @type {string} */ name, /** @type {any} */ value) { traits[name] = value; },
    save_changes() {
      let { moves, positions } = traits.state;
      for (const [label, [counter, value]] of Object.entries(traits.position.moves)) {
        if (counter > (moves[label]?.[0] ?? 0)) {
          moves = { ...moves, [label]: [counter, traits.position.view] };
          positions = { ...positions, [label]: value };
        }
      }
      traits.state = { ...traits.state, moves, positions };
      traits.state = compute();
      tell("state");
    },
    send() {},
    on(/** @type {string} */ event, /** @type {() => void} */ callback) {
      (listeners[event] ??= new Set()).add(callback);
    },
    off(/** @type {string} */ event, /** @type {() => void} */ callback) {
      listeners[event]?.delete(callback);
    },
  };
  let shown = data.at, drawing = picture;
  traits.state = compute();
  return model;
}
