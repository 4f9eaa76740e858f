// A curve as sound: from left to right, the higher the value the higher the tone; silent in a gap.

import { partOn } from "./axes.js";
import { placeAt, samples } from "./curves.js";

/** @import { Model, Plot, State } from "./protocol.js" */
/** @import { Mark } from "./curves.js" */

const SECONDS = 2.5, TONES = 200, LOWEST = 165, OCTAVES = 2.5, LOUD = 0.15, CLICK = 0.012;
/** @type {AudioContext | undefined} */
let audio;

/**
 * The tones of a column of samples at even places of the axis: frequencies, and 0 where there is no value.
 * @param {number[][]} rows
 * @param {number} column
 * @param {number} steps
 * @param {boolean} [log]
 */
export function tones(rows, column, steps, log) {
  const finite = rows.map((row) => row[column]).filter(Number.isFinite);
  const low = Math.min(...finite), span = Math.max(...finite) - low || 1;
  const axis = { from: rows[0]?.[0] ?? 0, to: rows[rows.length - 1]?.[0] ?? 1, log };
  let at = 0;
  return Array.from({ length: steps }, (_, k) => {
    const x = placeAt(k / (steps - 1), axis);
    while (at < rows.length - 1 && rows[at + 1][0] <= x) at++;
    const value = rows[at]?.[column];
    return Number.isFinite(value) ? LOWEST * 2 ** (OCTAVES * ((value - low) / span)) : 0;
  });
}

/** When marks are passed, as parts of the time; not those beyond the axis. @param {Mark[]} marks @param {Plot} plot */
export function clicks(marks, { from, to, log }) {
  return marks.filter(({ x }) => x >= from && x <= to).map(({ x }) => partOn(x, [from, to], log));
}

/** Play the curve along the slider, or its derivative; a click at each mark. @param {Model} model @param {number} column */
export function hear(model, column) {
  const { plot } = /** @type {State} */ (model.get("state")), { curve, marks = [] } = model.get("curve") ?? {};
  if (!plot || !curve?.byteLength) return;
  const sound = (audio ??= new AudioContext()), begin = sound.currentTime + 0.05, end = begin + SECONDS;
  const pan = new StereoPannerNode(sound, { pan: -1 }), gain = new GainNode(sound, { gain: 0 });
  const tone = new OscillatorNode(sound), found = tones(samples(curve), column, TONES, plot.log);
  tone.connect(gain).connect(pan).connect(sound.destination);
  let last = found.find((each) => each) || LOWEST;
  tone.frequency.setValueCurveAtTime(found.map((each) => (last = each || last)), begin, SECONDS);
  found.forEach((each, k) => gain.gain.setTargetAtTime(each ? LOUD : 0, begin + (SECONDS * k) / TONES, 0.01));
  pan.pan.setValueAtTime(-1, begin);
  pan.pan.linearRampToValueAtTime(1, end);
  gain.gain.setTargetAtTime(0, end, 0.02);
  tone.start(begin);
  tone.stop(end + 0.2);
  for (const part of clicks(marks, plot)) {
    const when = begin + SECONDS * part;
    const click = new OscillatorNode(sound, { type: "square", frequency: 1800 }), quiet = new GainNode(sound, { gain: LOUD / 3 });
    click.connect(quiet).connect(sound.destination);
    click.start(when);
    click.stop(when + CLICK);
  }
}
