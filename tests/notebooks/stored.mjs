// What the page shows of stored panels before anybody moves a slider: the states of their panels.
import { localModel } from "../../tapenb/panel/browser/local.js";

let input = "";
for await (const part of process.stdin) input += part;
const states = [];
for (const data of JSON.parse(input)) {
  const model = localModel(data, {});
  model.set("along", data.along);
  model.set("position", { view: "page", moves: {} });
  model.save_changes();
  await new Promise((done) => { setTimeout(done, 0); });
  states.push(model.get("state"));
}
process.stdout.write(JSON.stringify(states));
