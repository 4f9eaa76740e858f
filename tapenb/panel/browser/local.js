// A model without a kernel: the page plays the tape. Where no program that was recorded stands, the
// last numbers stay, and it is said which line differs.

import { whole } from "./brief.js";
import { evaluator, kept, REST } from "./evaluator.js";
import { reaching } from "./history.js";
import { traitsOf } from "./links.js";

/** @import { Evaluator } from "./evaluator.js" */
/** @import { Input } from "./protocol.js" */

/**
 * @param {any} stored What `played.py` wrote.
 * @param {any} picture
 * @param {string[]} [notes] What is said beside the notes of the program.
 * @param {boolean} [apart] Whether it is in no notebook.
 */
export function localModel(stored, picture, notes = [], apart = true) {
  const data = whole(stored, picture.svg);
  const programs = /** @type {{of: any, player: Evaluator}[]} */ (data.programs.map((/** @type {any} */ of) => (
    { of, player: evaluator(of, () => programs.map(({ player }) => player).filter((each) => each !== current.player)) })));
  const listeners = /** @type {Record<string, Set<() => void>>} */ ({});
  const traits = /** @type {Record<string, any>} */ ({
    listing: data.listing ?? {}, along: data.along, look: data.look ?? {}, heights: {},
    position: { view: "", moves: {} }, apart,
    state: { moves: {}, positions: data.at, status: "", error: "", stale: false, kept: "", rows: [["", ""]] },
  });
  let current = programs[0], shown = data.at, resting = 0, plane = { key: "", number: 0, timer: 0 };

  /** What stays while a program does. */
  const programTraits = () => traitsOf(current.of, picture, data.inputs);

  /** The state of the panel where the sliders are. */
  function compute() {
    const { state, along, look } = traits, { moves, positions } = state;
    let error = "";
    for (const program of new Set([current, ...programs])) {
      const found = program.player.at(positions, look);
      error ||= found.error ?? "";
      if (found.error) continue;
      shown = positions;
      if (program !== current) {
        current = program;
        Object.assign(traits, programTraits());
        for (const name of ["picture", "program", "inputs"]) tell(name);
      }
      const axes = [along, look.surface?.and].map((label) => data.inputs.find((/** @type {Input} */ each) => each.label === label));
      const surface = axes[0] && axes[1] && over(axes, positions), line = axes[0] && program.player.plot(positions, axes[0]);
      traits.curve = line?.curve;
      clearTimeout(resting);
      if (line?.coarse) resting = setTimeout(() => { program.player.refine(); show(); }, REST);
      return { moves, positions, status: "", error: "", stale: false, kept: "", ...found,
        notes: [...found.notes, ...notes], plot: line?.plot, surface };
    }
    return { ...state, stale: true, error, kept: kept(shown) };
  }

  /** What touches the output over two sliders; its heights follow. @param {Input[]} axes @param {Record<string, number>} positions */
  function over(axes, positions) {
    const others = { ...positions, ...Object.fromEntries(axes.map(({ label }) => [label, 0])) };
    const key = JSON.stringify([axes, others, data.programs.indexOf(current.of)]);
    if (plane.key !== key) {
      clearTimeout(plane.timer);
      const { player } = current, number = plane.number + 1;
      plane = { key, number, timer: setTimeout(() => {
        traits.heights = { number, ...player.heights(positions, axes) };
        tell("heights");
      }) };
    }
    return current.player.surface(positions, axes, plane.number);
  }

  function show() {
    traits.state = compute();
    tell("state");
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
          const at = data.inputs.findIndex((/** @type {Input} */ each) => each.label === label);
          const held = at < 0 ? undefined : reaching(data.inputs[at], value);
          if (held !== data.inputs[at]) {
            data.inputs[at] = held;
            traits.inputs = programTraits().inputs;
            tell("inputs");
          }
        }
      }
      traits.state = { ...traits.state, moves, positions };
      show();
    },
    send() {},
    on(/** @type {string} */ event, /** @type {() => void} */ callback) {
      (listeners[event] ??= new Set()).add(callback);
    },
    off(/** @type {string} */ event, /** @type {() => void} */ callback) {
      listeners[event]?.delete(callback);
    },
  };
  Object.assign(traits, programTraits());
  traits.state = compute();
  return model;
}
