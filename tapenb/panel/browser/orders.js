// What is seen of the graph: of what it is, what stands on its edges, what is found and what hidden.

import { button, h, hideIf, KEYS, list, write } from "./dom.js";
import { edgesOf } from "./links.js";
import { asking } from "./moves.js";
import { save } from "./save.js";
import { figure } from "./sweep.js";

/** @import { Lights, Model, Mover, Orders, Program, Section, State } from "./protocol.js" */

/** @typedef {(string | number)[]} Path */
/** Whether a path begins with another. @param {Path} path @param {Path} other */
const within = (path, other) => path.slice(0, other.length).join() === other.join();
/** @type {Record<string, string>} */
const BOXES = { lines: "each line", calls: "each call", operations: "each operation", entries: "each operation" };
const WHAT = {
  flow: "On each edge: what flows back to the operand, the adjoint of the result times the local partial.",
  tangent: "On each edge: what flows on to the result, the tangent of the operand times the local partial.",
  line: "On each edge: what flows back from a box, in the round that is shown, to what it reads.",
  partial: "On each edge: the local partial, of the result by the operand alone.",
};

/**
 * @param {Model} model
 * @param {Mover} mover
 * @param {Lights} lights
 * @param {HTMLElement} box Of the drawing.
 * @param {HTMLElement} zoom Its buttons.
 * @returns {Section}
 */
export function orders(model, mover, lights, box, zoom) {
  const { look, ask } = asking(model, "orders");
  const pick = (/** @type {string} */ label, /** @type {(value: string) => void} */ does) => {
    const made = /** @type {HTMLSelectElement} */ (h("select", KEYS));
    made.addEventListener("change", () => does(made.value));
    return { made, element: h("label", {}, `${label} `, made) };
  };
  const of = pick("graph of", (value) => ask({ of: value ? JSON.parse(value) : [] }));
  const on = pick("on edges", (value) => ask({ edges: value }));
  const dial = /** @type {HTMLInputElement} */ (h("input", { type: "range", min: "0", max: "1", ...KEYS }));
  const size = h("span"), fold = h("label", { class: "tapenb-dial" }, "a box for ", dial, size);
  let levels = /** @type {string[]} */ ([]);
  dial.addEventListener("input", () => ask({ fold: levels[Math.round(dial.valueAsNumber * (levels.length - 1))], unfolded: [] }));
  const search = /** @type {HTMLInputElement} */ (h("input", { type: "search", placeholder: "name, number, line 3",
    "aria-label": "find in the graph", ...KEYS }));
  const count = h("span", { class: "tapenb-quiet", role: "status" });
  const said = h("p", { class: "tapenb-quiet" }), files = save(model);
  const hide = button("Hide", () => conceal(lights.walked), "hide the box that was clicked, or where the arrow keys are: H on the graph");
  const show = button("Show all", () => veil(new Set()), "show what was hidden: Shift+H on the graph");
  const element = /** @type {HTMLDetailsElement} */ (h("details", { class: "tapenb-orders" },
    h("summary", KEYS, "Graph of derivatives, find, zoom, save"),
    h("div", { class: "tapenb-toolbar" }, of.element, fold, on.element, zoom),
    h("div", { class: "tapenb-toolbar" }, h("label", {}, "find ", search), count, hide, show, files.element), said));
  let found = /** @type {number[]} */ ([]), next = -1, hidden = /** @type {Set<number>} */ (new Set()), drawn = /** @type {unknown} */ (null);

  /** Light what holds the text in its name, its operation, its line or its number. */
  function seek() {
    const words = search.value.trim().toLowerCase(), { nodes, trace } = /** @type {State} */ (model.get("state"));
    const { entries } = /** @type {Program} */ (model.get("program"));
    next = -1;
    const lines = [...(element.closest(".tapenb")?.querySelectorAll(".tapenb-listing [data-line]") ?? [])].filter(
      (row) => words && row.querySelector("code")?.textContent?.toLowerCase().includes(words));
    found = !words ? [] : Object.keys(entries).map(Number).filter((at) => {
      const { name, v, text, formula, line } = entries[at];
      return [name, v, text, formula, `line ${line}`, nodes?.[at] ?? figure(trace?.values[at])]
        .some((each) => each.toLowerCase().replaceAll("−", "-").includes(words.replaceAll("−", "-")));
    });
    const all = Object.keys(entries).length ? found.length : lines.length;
    write(count, words && (all ? `${all} found` : "nothing found"));
    lights.find(found, undefined, lines.map((row) => Number(/** @type {HTMLElement} */ (row).dataset.line)));
  }
  search.addEventListener("input", seek);
  search.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !found.length) return;
    next = (next + (event.shiftKey ? found.length - 1 : 1)) % found.length;
    write(count, `${next + 1} of ${found.length}`);
    lights.find(found, found[next]);
    event.preventDefault();
  });

  /** @param {number} n Of a box, whose boxes take its place. */
  function unfold(n) {
    const path = /** @type {State} */ (model.get("state")).folded?.of[n]?.path;
    const unfolded = /** @type {Path[]} */ (look().unfolded ?? []);
    if (path && !unfolded.some((each) => each.join() === path.join())) ask({ unfolded: [...unfolded, path] });
  }

  /** Hide one box more, as it may be in the way. @param {number} n */
  function conceal(n) {
    write(count, n < 0 ? "click a box first" : "");
    if (n >= 0) veil(new Set([...hidden, n]));
  }

  /** Hide some boxes with their edges, and no others. @param {Set<number>} boxes */
  function veil(boxes) {
    hidden = boxes;
    const edges = /** @type {State} */ (model.get("state")).folded?.edges
      ?? edgesOf(/** @type {Program} */ (model.get("program"))).map((edge) => edge.split("/").slice(0, 2).map(Number));
    for (const group of box.querySelectorAll(":is(.node, .edge)[data-key]")) {
      const key = group.getAttribute("data-key") ?? "", at = Number(key.slice(1));
      group.classList.toggle("tapenb-gone", (key[0] === "n" ? [at] : edges[at] ?? []).some((each) => hidden.has(each)));
    }
    hideIf(show, !hidden.size);
  }

  box.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.key.toLowerCase();
    if (key === "u") unfold(lights.walked);
    else if (key === "f") ask({ unfolded: (look().unfolded ?? []).slice(0, -1) });
    else if (key === "h") event.shiftKey ? veil(new Set()) : conceal(lights.walked);
  });
  box.addEventListener("dblclick", ({ target }) => {
    const group = /** @type {Element} */ (target).closest(".node, .cluster"), key = group?.getAttribute("data-key") ?? "";
    const frame = /** @type {State} */ (model.get("state")).folded?.groups[key];
    if (group?.matches(".node")) unfold(Number(key.slice(1)));
    else if (frame) {
      // What was unfolded last around it; a frame may have unfolded with that.
      const unfolded = /** @type {Path[]} */ (look().unfolded ?? []);
      const [by] = unfolded.filter((each) => within(frame, each)).sort((a, b) => b.length - a.length);
      if (by) ask({ unfolded: unfolded.filter((each) => !within(each, by)) });
    }
  });

  /** @param {State} state */
  function paint({ orders: shown, nodes, trace, folds = [], fold: level = "", folded }) {
    hideIf(element, !nodes);
    if (drawn !== model.get("picture")) { drawn = model.get("picture"); veil(new Set()); }
    hideIf(of.element, !shown || shown.choices.length < 2);
    const forward = (trace?.kind ?? "adjoint") !== "adjoint" || !shown;
    list(of.made, shown?.choices ?? [], () => h("option"), (option, choice) => {
      write(option, choice.name);
      option.setAttribute("value", JSON.stringify(choice.of));
      option.toggleAttribute("disabled", choice.fixed);
    });
    of.made.value = JSON.stringify(shown?.of ?? []);
    list(on.made, [["flow", forward ? "tangents" : "adjoints"], ["partial", "local partials"]], () => h("option"),
      (option, [value, text]) => { write(option, text); option.setAttribute("value", value); });
    hideIf(fold, folds.length < 2);
    levels = folds;
    dial.step = String(1 / Math.max(1, folds.length - 1));
    dial.value = String(folds.indexOf(level) / Math.max(1, folds.length - 1));
    write(size, ` ${level === "entries" && folds.includes("operations") ? "each run" : BOXES[level] ?? ""}`);
    dial.setAttribute("aria-valuetext", size.textContent ?? "");
    for (const [n, { path }] of (folded?.of ?? []).entries()) {
      box.querySelector(`[data-key="n${n}"]`)?.classList.toggle("tapenb-unfolds", Boolean(path));
    }
    hideIf(on.element, Boolean(folded));
    const edges = folded ? "flow" : look().edges ?? "flow";
    on.made.value = edges;
    const does = [folded?.of.some(({ path }) => path) && "unfolds a box", folded && look().unfolded?.length && "folds its frame"].filter(Boolean).join(", or ");
    write(said, (edges === "partial" ? WHAT.partial : forward ? WHAT.tangent : folded ? WHAT.line : WHAT.flow)
      + (does && ` Double-click ${does}; where the arrow keys are, U and F do.`) + (folded?.said ?? ""));
    if (search.value) seek();
  }
  return { element, paint, stop: files.stop };
}
