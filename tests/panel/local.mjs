// A page without a kernel, as far as its numbers: the state of its panel after each move.
import { localModel } from "../../tapenb/panel/browser/local.js";

let input = "";
for await (const part of process.stdin) input += part;
const { data, moves } = JSON.parse(input);
const model = localModel(data, {}), said = [];
for (const [count, { look, along, to }] of moves.entries()) {
  model.set("look", look);
  model.set("along", along);
  const counted = Object.entries(to).map(([label, x]) => [label, [count + 1, x]]);
  model.set("position", { view: "page", moves: Object.fromEntries(counted) });
  model.save_changes();
  await new Promise((done) => { setTimeout(done, 1); });
  const { state, program, inputs, heights } = Object.fromEntries(
    ["state", "program", "inputs", "heights"].map((name) => [name, model.get(name)]));
  const bytes = heights.heights;
  said.push({ state, program, inputs, heights: bytes && [...new Float64Array(bytes.buffer)], columns: heights.columns });
}
process.stdout.write(JSON.stringify(said));
