// Evaluates programs of a module `m` and an argument `a`, a line of JSON each.
import { createInterface } from "node:readline";

for await (const line of createInterface({ input: process.stdin })) {
  const { module, program, argument } = JSON.parse(line);
  let said;
  try {
    const m = await import(module);
    said = { value: new Function("m", "a", `return ${program};`)(m, argument) };
  } catch (error) {
    said = { error: error.stack };
  }
  process.stdout.write(JSON.stringify(said) + "\n");
}
