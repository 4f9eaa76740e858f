// In front of the kernel: what was moved here is answered by the page at once, if it can play the
// program; the kernel's answer follows, and wins. What is shown is a function of what the kernel said
// last and of the moves that it has not answered, whatever arrives when.

import { evaluator, kept } from "./evaluator.js";
import { reaching } from "./history.js";
import { unanswered, VIEW } from "./moves.js";

/** @import { Answering, Curve, Input, Model, Plot, State } from "./protocol.js" */
/** @import { Evaluator } from "./evaluator.js" */

/** Whether the graph is of a derivative, folded, or with local partials, which the kernel writes. */
const isOther = (/** @type {State} */ { orders, folded, partials }) => Boolean(orders?.of.length || folded || partials);

/** @param {Model} model @returns {Answering} */
export function answers(model) {
  /** @type {{of: unknown, player: Evaluator | null}} */
  let known = { of: null, player: null };
  let seen = /** @type {unknown[]} */ ([]), shown = /** @type {{state: State, curve: Curve} | null} */ (null);
  let isAlone = false;

  function player() {
    const tape = model.get("tape");
    if (known.of !== tape) known = { of: tape, player: tape?.tape ? evaluator(tape) : null };
    return known.player;
  }

  /** The kernel's state, with what was moved since. */
  function answer() {
    const said = /** @type {State} */ (model.get("state")), curve = /** @type {Curve} */ (model.get("curve"));
    const { view, moves } = model.get("position"), plays = player();
    const mine = Object.entries(view === VIEW ? unanswered(moves, VIEW, said.moves ?? {}) : {});
    const along = isAlone ? model.get("along") : said.plot?.along;
    // What is true or false in the cell makes it another program, also where the kernel is still about to record it.
    const { places = {}, switches = {} } = model.get("tape");
    const isOwn = mine.every(([label]) => label in places)
      && Object.entries(switches).every(([label, value]) => Boolean(said.positions[label]) === value);
    const look = model.get("look") ?? {};
    // Nobody else opens a section once the kernel is gone.
    const opens = isAlone && ((look.listing?.open && !said.listing) || ((look.trace?.open || look.trace?.steps) && !said.trace));
    if (!plays || !isOwn || !(mine.length || opens || (said.plot && along !== said.plot.along))) return { state: said, curve };
    const positions = { ...said.positions, ...Object.fromEntries(mine.map(([label, [, value]]) => [label, value])) };
    const found = plays.at(positions, look);
    if (found.error) {
      const stays = { ...said, positions, stale: true, error: found.error, kept: kept(said.positions) };
      return { state: isAlone ? stays : said, curve };
    }
    const own = { ...(isOther(said) && { nodes: said.nodes, edges: said.edges }), ...(said.orders?.of.length && { trace: said.trace }) };
    // What the page leaves to the kernel is of another position until that answers.
    const behind = Boolean(said.surface || said.check || said.words || (said.vector && !found.vector) || said.compare?.caption || (said.listing && !found.listing)
      || (said.trace && (own.trace || !found.trace)));
    const state = { ...said, status: "", error: "", stale: false, kept: "", matrix: undefined, ...found, ...own, positions,
      ahead: true, behind, whole: !isOther(said) };
    const input = model.get("inputs").find((/** @type {Input} */ each) => each.label === along);
    if (!said.plot || !input) return { state, curve };
    const same = along === said.plot.along && mine.every(([label]) => label === along);
    const line = plays.plot(positions, reaching(input, positions[along]), same ? curve : undefined);
    return { state: { ...state, plot: { ...said.plot, ...line?.plot, planes: said.plot.planes } },
      curve: line?.curve ?? curve };
  }

  /** The same, found once for what is known. */
  function now() {
    const by = [...["state", "curve", "position", "tape", "along", "inputs", "look"].map((name) => model.get(name)), isAlone];
    if (!shown || by.some((each, k) => each !== seen[k])) [seen, shown] = [by, answer()];
    return shown;
  }

  const own = {
    get: (/** @type {string} */ name) => (name in now() ? now()[name] : model.get(name)),
    plays: () => player() !== null,
    alone(/** @type {boolean} */ is) { isAlone = is; },
  };
  // All else is the kernel's model.
  return new Proxy(/** @type {Answering} */ (model), { get: (_, name) => {
    const found = own[name] ?? model[name];
    return typeof found === "function" ? found.bind(model) : found;
  } });
}
