// Plays a compact tape: a recorded program with its derivatives, on single numbers.
//
// No code is generated, so it runs under a strict Content-Security-Policy. Register 0 holds zero,
// then come the inputs and the constants; each instruction fills the next register, a guard none.
// The format is stated in docs/compact-tape.md.

import { elementaryFunctions } from "./elementary.js";
import { furtherFunctions } from "./further.js";
import { rowFunctions } from "./rows.js";
import { specialFunctions } from "./special.js";

/** The version of the format that this player knows. */
const VERSION = 1;
const GUARD = -1;

// The first ones stand in the loop itself.
const INLINE = ["add", "subtract", "multiply", "divide", "negative", "select"];
const FUNCTIONS = {
  ...Object.fromEntries(INLINE.map((name) => [name, null])),
  ...elementaryFunctions,
  ...furtherFunctions,
  ...specialFunctions,
};
const NAMES = Object.keys(FUNCTIONS);
const TABLE = Object.values(FUNCTIONS);
const COUNTS = NAMES.map((name, k) => TABLE[k]?.length ?? { negative: 1, select: 3 }[name] ?? 2);

/**
 * @typedef {object} Player A tape that is ready to be played.
 * @property {Float64Array} registers What was computed last.
 * @property {Record<string, any>} shown By group and label the registers to be read, nested as arrays.
 * @property {object[]} guards What each guard is about.
 * @property {number} inputs How many there are.
 * @property {number} first Where the output is computed.
 * @property {number} main Where all is computed but what stands beside steps and lines.
 */

/** @returns {Player} */
export function load(tape) {
  if (tape.version !== VERSION) throw new Error(`unknown: a tape of version ${tape.version}`);
  const own = tape.operations.map((name) => {
    if (Object.hasOwn(rowFunctions, name)) return { several: rowFunctions[name] };
    if (!Object.hasOwn(FUNCTIONS, name)) throw new Error(`unknown: an operation ${name}`);
    return { number: NAMES.indexOf(name) };
  });
  const code = Int32Array.from(tape.code), blocks = [];
  for (let i = 0; i < code.length;) {
    if (code[i] === GUARD) { i += 4; continue; }
    const { several, number } = own[code[i]];
    if (!several) { code[i] = number; i += 1 + COUNTS[number]; continue; }
    const next = i + 3 + code[i + 1];
    blocks.push({ several, results: code[i + 2], operands: tape.code.slice(i + 3, next), next });
    code[i] = -1 - blocks.length;
    i = next;
  }
  const registers = new Float64Array(tape.registers);
  registers.set(tape.constants.map(asNumber), 1 + tape.inputs);
  const start = 1 + tape.inputs + tape.constants.length;
  const { inputs, first, main = code.length, guards, shown } = tape;
  return { registers, shown, guards, inputs, code, blocks, start, first, main };
}

/** A number of the format, which has names for what JSON has not. */
export function asNumber(constant) {
  if (typeof constant === "number") return constant;
  return { nan: NaN, inf: Infinity, "-inf": -Infinity, "-0": -0 }[constant];
}

/**
 * Compute everything, or what stands before an end.
 *
 * @param {Player} player
 * @param {ArrayLike<number>} inputs
 * @param {number} [until]
 * @returns {number} The guard that failed, after which nothing was computed; -1 where all stand.
 */
export function play(player, inputs, until = Infinity) {
  const { code, registers: r, blocks } = player;
  const end = Math.min(until, code.length);
  for (let k = 0; k < player.inputs; k++) r[k + 1] = inputs[k];
  let at = player.start, i = 0;
  while (i < end) {
    const operation = code[i];
    switch (operation) {
      case 0: r[at++] = r[code[i + 1]] + r[code[i + 2]]; i += 3; break;
      case 1: r[at++] = r[code[i + 1]] - r[code[i + 2]]; i += 3; break;
      case 2: r[at++] = r[code[i + 1]] * r[code[i + 2]]; i += 3; break;
      case 3: r[at++] = r[code[i + 1]] / r[code[i + 2]]; i += 3; break;
      case 4: r[at++] = -r[code[i + 1]]; i += 2; break;
      case 5: r[at++] = r[code[i + 1]] ? r[code[i + 2]] : r[code[i + 3]]; i += 4; break;
      case GUARD:
        if (r[code[i + 1]] !== r[code[i + 2]]) return code[i + 3];
        i += 4;
        break;
      default:
        if (operation < GUARD) {
          const { several, operands, results, next } = blocks[-2 - operation];
          r.set(several(operands.map((each) => r[each]), results), at);
          at += results;
          i = next;
        } else if (COUNTS[operation] === 1) {
          r[at++] = TABLE[operation](r[code[i + 1]]);
          i += 2;
        } else {
          r[at++] = TABLE[operation](r[code[i + 1]], r[code[i + 2]]);
          i += 3;
        }
    }
  }
  return -1;
}

/**
 * Of each register before `main` the running bound of its rounding error: as large as the number
 * itself where no digit of it is right. What a function makes of its operands' errors is left out.
 * @param {Player} player
 */
export function errors({ code, registers: r, blocks, start, main }) {
  const found = new Float64Array(r.length), size = (/** @type {number} */ k) => Math.abs(r[k]);
  for (let at = start, i = 0; i < main;) {
    const operation = code[i], a = code[i + 1], b = code[i + 2];
    if (operation === GUARD) { i += 4; continue; }
    const { results = 1, next = i + 1 + COUNTS[operation] } = operation < GUARD ? blocks[-2 - operation] : {};
    const own = operation < GUARD ? 0 : operation < 2 ? found[a] + found[b] : operation === 2 ? size(a) * found[b] + size(b) * found[a]
      : operation === 3 ? (found[a] + size(at) * found[b]) / size(b) : operation === 4 ? found[a]
      : operation === 5 ? found[r[a] ? b : code[i + 3]] : 0;
    for (const end = at + results; at < end; at++) found[at] = own + Number.EPSILON * size(at);
    i = next;
  }
  return found;
}

/** The numbers that stand in registers, one or nested as these are; by group or label of all. */
export function read(player, registers = player.shown) {
  if (typeof registers === "number") return player.registers[registers];
  if (typeof registers === "string") return registers;
  if (Array.isArray(registers)) return registers.map((each) => read(player, each));
  return Object.fromEntries(Object.entries(registers).map(([k, each]) => [k, read(player, each)]));
}
