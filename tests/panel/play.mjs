// Plays the tapes that come in, a line of JSON each, and answers with their numbers.
import { createInterface } from "node:readline";
import { load, play, read } from "../../tapenb/panel/browser/tape.js";
import { specialFunctions } from "../../tapenb/panel/browser/special.js";

/** What JSON has not, as text that Python reads. */
export function asJson(_, x) {
  if (typeof x !== "number") return x;
  if (Object.is(x, -0)) return "-0.0";
  return Number.isFinite(x) ? x : String(x);
}
const asNumber = (x) => (typeof x === "string" ? Number(x.replace("inf", "Infinity")) : x);

/** The numbers of a tape at some points, or those of one function. */
export function answer({ tape, points, name, operands }) {
  if (name) return operands.map((each) => specialFunctions[name](...each));
  const player = load(tape);
  return points.map((point) => {
    const failed = play(player, point.map(asNumber));
    return failed < 0 ? read(player) : { failed };
  });
}

for await (const line of createInterface({ input: process.stdin })) {
  let said;
  try {
    said = answer(JSON.parse(line));
  } catch (error) {
    said = { error: String(error) };
  }
  process.stdout.write(JSON.stringify(said, asJson) + "\n");
}
