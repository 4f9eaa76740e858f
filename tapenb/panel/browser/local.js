// A model without a kernel: the page plays the tape, and what it shows is as the kernel would write
// it. Where the tape does not stand, the last numbers stay, and it is said which line differs.

import { drawn, GRAPH_DIGITS, plain, READOUT_DIGITS } from "./numbers.js";
import { placeAt } from "./curves.js";
import { load, play, read } from "./tape.js";

const SAMPLES = 161;
/** Elements of an axis that are shown before "…", the longest that is whole; the longest text. */
const HEAD = 3, WHOLE = 6, BRIEF = 24;

const isArray = Array.isArray;
const shapeOf = (/** @type {any} */ x) => (isArray(x) ? [x.length, ...shapeOf(x[0] ?? 0)] : []);
const shapeText = (/** @type {any} */ x) => {
  const shape = shapeOf(x);
  return `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;
};

/** An array as Python's listing of it. @returns {string} */
function nested(/** @type {any} */ x, /** @type {number} */ digits) {
  if (!isArray(x)) return plain(x, digits);
  const texts = x.map((each) => nested(each, digits));
  return `[${(x.length <= WHOLE ? texts : [...texts.slice(0, HEAD), "…", texts.at(-1)]).join(", ")}]`;
}

/** A number, or an array by its shape and some elements. */
export const valueText = (/** @type {any} */ x, digits = READOUT_DIGITS) =>
  (isArray(x) ? `${shapeText(x)} ${nested(x, digits)}` : plain(x, digits));

/** The same, short enough for a node of the graph. */
export function briefText(/** @type {any} */ x) {
  if (!isArray(x)) return plain(x, GRAPH_DIGITS);
  const flat = x.flat(Infinity), digits = Math.min(GRAPH_DIGITS, 4);
  const whole = flat.length <= WHOLE ? nested(x, digits) : "";
  if (whole && whole.length <= BRIEF) return whole;
  if (!flat.length) return `${shapeText(x)} []`;
  return `${shapeText(x)} [${plain(flat[0], digits)}, …, ${plain(flat.at(-1), digits)}]`;
}

/** Why the numbers stay, in words. @param {{kind: string, text?: string, line?: number}} guard */
function reason({ kind, text, line }) {
  if (kind === "branch") {
    const where = line ? `Line ${line}: ` : "";
    return `${where}${text}, and is not here: the cell takes another way, which was not recorded.`;
  }
  if (kind === "integer") return `${text}.`;
  return "Here the cell is to be run again, and there is no kernel.";
}

/** @param {any} data What `page.py` wrote. */
export function localModel(data) {
  const player = load(data.tape), { show } = data;
  const listeners = /** @type {Record<string, Set<() => void>>} */ ({});
  const traits = /** @type {Record<string, any>} */ ({
    inputs: data.inputs, picture: data.picture, listing: {}, along: data.along, look: {},
    position: { view: "", moves: {} }, state: data.state,
  });
  let moves = /** @type {Record<string, [number, string]>} */ ({});
  let positions = data.state.positions, curves = 0;

  function numbersAt(/** @type {Record<string, number>} */ at) {
    const given = data.start.slice();
    for (const [label, place] of Object.entries(data.places)) given[place] = at[label];
    return given;
  }

  /** As the kernel's samples; marks of kinks and jumps are the kernel's alone. */
  function curveAlong(/** @type {string} */ label) {
    const { min, max, step, log } = data.inputs.find((/** @type {any} */ each) => each.label === label);
    const refs = [show.value, ...show.along[label]], rows = new Float64Array(SAMPLES * 5);
    for (let k = 0; k < SAMPLES; k++) {
      const x = placeAt(k / (SAMPLES - 1), { from: min, to: max, log });
      const failed = play(player, numbersAt({ ...positions, [label]: x })) >= 0;
      rows.set([x, ...refs.map((ref) => (failed || ref === null ? NaN : read(player, ref))), -failed], 5 * k);
    }
    traits.curve = { number: ++curves, curve: new DataView(rows.buffer), marks: [], said: [], beyond: null };
    return { from: min, to: max, step, log, number: curves };
  }

  function plotOf() {
    const along = traits.along, choices = Object.keys(show.along);
    if (!choices.includes(along)) return undefined;
    const finite = (/** @type {number} */ x) => (Number.isFinite(x) ? x : null);
    const [slope, bend] = show.along[along];
    const at = {
      value: finite(read(player, show.value)), slope: finite(read(player, slope)),
      curvature: bend === null ? null : finite(read(player, bend)),
    };
    const output = data.state.rows[0][0];
    return { choices, planes: false, along, output, at: positions[along], label: `${output} along ${along}`,
      ...at, ...curveAlong(along) };
  }

  /** The state of the panel where the sliders are. */
  function compute() {
    const failed = play(player, numbersAt(positions));
    const last = traits.state;
    if (failed >= 0) {
      const kept = `The numbers below are still those at ${last.where ?? data.where}.`;
      return { ...last, moves, positions, stale: true, error: reason(player.guards[failed]), kept };
    }
    const where = Object.entries(positions).map(([k, v]) => `${k} = ${drawn(plain(v))}`).join(", ");
    const rows = data.state.rows.map(([name], k) => [name, drawn(valueText(read(player, show.rows[k])))]);
    const state = { ...data.state, moves, positions, stale: false, error: "", kept: "", where, rows,
      label: rows.map(([name, text]) => `${name} = ${text}`).join("; "), notes: data.state.notes };
    if (show.matrix) {
      const digits = data.inputs.length <= 2 ? READOUT_DIGITS : GRAPH_DIGITS;
      const cells = show.matrix.map((/** @type {any[]} */ row) => row.map((each) => drawn(plain(read(player, each), digits))));
      state.matrix = { ...data.state.matrix, cells };
    }
    const texts = (/** @type {any[]} */ refs) => refs.map((each) => (each === null ? "" : drawn(briefText(read(player, each)))));
    if (show.nodes) Object.assign(state, { nodes: texts(show.nodes), edges: texts(show.edges) });
    // The curve plays the tape elsewhere, so it comes last.
    return { ...state, plot: plotOf() };
  }

  function tell(/** @type {string} */ name) {
    for (const callback of listeners[`change:${name}`] ?? []) callback();
  }
  const model = {
    get: (/** @type {string} */ name) => traits[name],
    set(/** @type {string} */ name, /** @type {any} */ value) { traits[name] = value; },
    save_changes() {
      for (const [label, [counter, value]] of Object.entries(traits.position.moves)) {
        if (counter > (moves[label]?.[0] ?? 0)) {
          moves = { ...moves, [label]: [counter, traits.position.view] };
          positions = { ...positions, [label]: value };
        }
      }
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
  traits.state = compute();
  return model;
}
