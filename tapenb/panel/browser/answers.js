// In front of the kernel: what was moved here is answered by the page at once, if it can play the
// program; the kernel's answer follows, and wins. What is shown is a function of what the kernel said
// last and of the moves that it has not answered, whatever arrives when.

import { evaluator, kept, REST } from "./evaluator.js";
import { reaching } from "./history.js";
import { traitsOf } from "./links.js";
import { unanswered, VIEW } from "./moves.js";

/** @import { Answering, Curve, Input, Model, Plot, State } from "./protocol.js" */
/** @import { Evaluator } from "./evaluator.js" */

/** @typedef {{of: any, player: Evaluator}} Played */

/** Whether the graph is of a derivative, with local partials, or folded in another way, which the kernel writes. */
const isOther = (/** @type {State} */ { orders, folded, partials }, /** @type {any} */ found) => Boolean(orders?.of.length || partials
  || (folded && folded.of.length !== found.folded?.of.length));

/** What is the kernel's in the drawing of its own program. */
const UNDRAWN = { orders: undefined, folds: undefined, folded: undefined, partials: undefined, words: undefined, listing: undefined, trace: undefined };

/** What an answer is a function of, beside whether there is a kernel; and the events of what stays while a program does. */
const TRAITS = ["state", "curve", "position", "tape", "along", "inputs", "look", "picture"];
const ON_CURVE = "change:curve", DRAWN_BY = ["picture", "program", "inputs"].map((name) => `change:${name}`);

/**
 * The page's texts, but for numbers that are rounding alone there and with the kernel: their last bits
 * are nobody's, so that the kernel's text stays and nothing flickers.
 * @param {any} page @param {any} kernel @param {any} noise
 */
function steady(page, kernel, noise) {
  if (Array.isArray(noise)) return page?.map((/** @type {any} */ each, /** @type {number} */ k) => steady(each, kernel?.[k], noise[k]));
  const isNothing = (/** @type {string} */ text) => text && Math.abs(Number(text.replaceAll("−", "-"))) <= noise;
  return noise && isNothing(page) && isNothing(kernel) ? kernel : page;
}

/** @param {Model} model @returns {Answering} */
export function answers(model) {
  let known = { of: /** @type {unknown} */ (undefined), players: /** @type {Played[]} */ ([]) };
  let seen = /** @type {unknown[]} */ ([]), shown = /** @type {Record<string, any>} */ ({});
  let isAlone = false, told = /** @type {unknown} */ (undefined), resting = 0;
  /** Who hears of what. */
  const heard = /** @type {Map<() => void, string>} */ (new Map());

  /** The programs that the page can play, the kernel's own one first. */
  function players() {
    const tape = model.get("tape");
    if (known.of !== tape) {
      const all = tape?.tape ? [tape, ...(tape.others ?? [])] : [];
      const made = /** @type {Played[]} */ (all.map((of) => ({ of, player: evaluator(of,
        () => made.filter((each) => each.of !== of).map(({ player }) => player)) })));
      known = { of: tape, players: made };
    }
    return known.players;
  }

  /** The kernel's state, with what was moved since; what stands for its picture where that is of another branch. */
  function answer() {
    const said = /** @type {State} */ (model.get("state")), curve = /** @type {Curve} */ (model.get("curve"));
    const { view, moves } = model.get("position"), plays = players(), look = model.get("look") ?? {};
    const mine = Object.entries(view === VIEW ? unanswered(moves, VIEW, said.moves ?? {}) : {});
    const along = isAlone ? model.get("along") : said.plot?.along;
    // What is true or false in the cell makes it another program, also where the kernel is still about to record it.
    const isSwitched = Object.entries(model.get("tape")?.switches ?? {}).some(([label, value]) => Number(said.positions[label]) !== Number(value));
    // Nobody else opens a section once the kernel is gone.
    const opens = isAlone && ((look.listing?.open && !said.listing) || ((look.trace?.open || look.trace?.steps) && !said.trace));
    // The kernel has heard of the move, and is still to run the cell there.
    const waits = said.stale && !said.error;
    if (isSwitched || !(mine.length || opens || waits || (said.plot && along !== said.plot.along))) return { state: said, curve };
    const positions = { ...said.positions, ...Object.fromEntries(mine.map(([label, [, value]]) => [label, value])) };
    let error = "";
    // The one that is shown comes first, and says why it stands no more.
    for (const played of [...plays].sort((a, b) => Number(b.of === shown.of) - Number(a.of === shown.of))) {
      if (played === plays[0] && waits && !mine.length) continue;
      if (!mine.every(([label]) => label in played.of.places)) continue;
      const found = played.player.at(positions, look);
      if (!found.error) return together(found, played, said, curve, positions, along, mine);
      error ||= found.error;
    }
    const stays = { ...said, positions, stale: true, error, kept: kept(said.positions) };
    return { state: isAlone && error ? stays : said, curve };
  }

  /**
   * @param {Record<string, any>} found Of the page.
   * @param {Played} played
   * @param {State} said @param {Curve} curve Of the kernel.
   * @param {Record<string, number>} positions
   * @param {string} along The slider that the curve is along.
   * @param {[label: string, move: [number, number]][]} mine What was moved here since.
   */
  function together(found, { of, player }, said, curve, positions, along, mine) {
    const isOwn = of === known.players[0].of;
    if (isOwn && !isAlone) {
      const { cells, ...noise } = player.noise();
      for (const [part, each] of Object.entries(noise)) found[part] = steady(found[part], said[part], each);
      if (found.matrix) found.matrix.cells = steady(found.matrix.cells, said.matrix?.cells, cells);
    }
    // What many called functions computed is the kernel's: where that says nothing, or is on another branch, they fold.
    if (found.listing && (!isOwn || isAlone)) found.listing.calls ??= [];
    const isDrawn = !isOwn || !isOther(said, found);
    const keeps = isOwn ? { folded: said.folded, ...(!isDrawn && { nodes: said.nodes, edges: said.edges }),
      ...(said.orders?.of.length && { trace: said.trace }) } : {};
    // What the page leaves to the kernel is of another position until that answers: these parts of the state.
    const behind = Object.entries({ surface: said.surface, check: said.check, words: said.words, compare: said.compare?.caption,
      vector: said.vector && !found.vector, listing: said.listing && !found.listing, graph: !isDrawn,
      calls: said.listing?.calls?.length && !found.listing?.calls, trace: said.trace && (keeps.trace || !found.trace),
    }).filter(([, is]) => is).map(([part]) => part);
    const state = { ...said, ...(!isOwn && UNDRAWN), status: "", error: "", stale: false, kept: "", matrix: undefined, ...found, ...keeps,
      positions, ahead: true, behind };
    const inputs = model.get("inputs"), other = isOwn ? {} : { of, ...traitsOf(of, model.get("picture"), inputs) };
    const input = inputs.find((/** @type {Input} */ each) => each.label === along);
    if (!said.plot || !input) return { state, curve, ...other };
    const same = isOwn && along === said.plot.along && mine.every(([label]) => label === along);
    const line = player.plot(positions, reaching(input, positions[along]), same ? curve : undefined);
    return { state: { ...state, plot: { ...said.plot, ...line?.plot, planes: said.plot.planes } },
      curve: line?.curve ?? curve, refine: line?.coarse && player.refine, ...other };
  }

  /** The same, found once for what is known. */
  function now() {
    const by = [...TRAITS.map((name) => model.get(name)), isAlone];
    if (!seen.length || by.some((each, k) => each !== seen[k])) [seen, shown] = [by, answer()];
    return shown;
  }

  /** Who draws by a program hears of another one. */
  function tell() {
    const { of, refine } = now();
    clearTimeout(resting);
    // A kernel has a curve of its own, which follows.
    if (refine && isAlone) resting = setTimeout(() => { refine(); seen = []; call(ON_CURVE); }, REST);
    if (of !== told) call(...DRAWN_BY);
    told = of;
  }
  const call = (/** @type {string[]} */ ...events) => { for (const [callback, event] of heard) if (events.includes(event)) callback(); };

  const own = {
    get: (/** @type {string} */ name) => (name in now() ? now()[name] : model.get(name)),
    plays: () => players().length,
    alone(/** @type {boolean} */ is = isAlone) {
      if (is !== isAlone) { isAlone = is; tell(); }
      return isAlone;
    },
    on(/** @type {string} */ event, /** @type {() => void} */ callback) {
      if ([ON_CURVE, ...DRAWN_BY].includes(event)) {
        if (!heard.size) for (const name of TRAITS) model.on(`change:${name}`, tell);
        heard.set(callback, event);
      }
      model.on(event, callback);
    },
    off(/** @type {string} */ event, /** @type {() => void} */ callback) {
      if (heard.get(callback) === event && heard.delete(callback) && !heard.size) {
        for (const name of TRAITS) model.off(`change:${name}`, tell);
        clearTimeout(resting);
      }
      model.off(event, callback);
    },
  };
  // All else is the kernel's model.
  return new Proxy(/** @type {Answering} */ (model), { get: (_, name) => {
    const found = own[name] ?? model[name];
    return typeof found === "function" ? found.bind(model) : found;
  } });
}
