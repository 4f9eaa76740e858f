// What belongs together is lit together: nodes and edges of the graph, lines of the listing and
// their text, rows of the table, sliders.

import { h } from "./dom.js";
import { dependents, edgesOf, nextSeen, NO_PROGRAM } from "./links.js";
import { GRAPH_DIGITS, shown } from "./numbers.js";
import { rangeOf, relight } from "./spots.js";

/** @import { Box, Lights, Model, Program, State, Step } from "./protocol.js" */

/** @typedef {{places: Set<number>, edges: Set<string>, lines: Set<number>, spans: number[]}} Marks */

/** Steps of a key from node to node, or from row to row. */
const WALK = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
const NOTHING = /** @type {Marks} */ ({ places: new Set(), edges: new Set(), lines: new Set(), spans: [] });

/** @param {Model} model @returns {Lights} */
export function lights(model) {
  const spoken = h("p", { class: "tapenb-spoken", "aria-live": "polite" });
  let root = h("div"), walked = -1, pressed = false;
  /** @type {Marks | null} */
  let hovered = null;
  /** @type {Marks | null} */
  let focused = null;
  /** @type {Marks | null} */
  let found = null;
  /** @type {Lights["now"]} */
  let now = null;
  /** @type {((test: (step: Step) => boolean) => void) | undefined} */
  let goer;
  /** @type {(() => void)[]} */
  const followers = [];
  /** @type {Record<string, Range[]>} */
  const ranges = { "tapenb-lit": [], "tapenb-now": [] };
  const program = () => /** @type {Program} */ (model.get("program") ?? NO_PROGRAM);
  const entries = () => Object.keys(program().entries).map(Number);

  /** Some entries, with their lines. @param {Iterable<number>} given @returns {Marks} */
  function entriesMarked(given) {
    const places = new Set(given);
    const lines = [...places].map((place) => program().entries[place]?.spot?.[0] ?? -1);
    return { places, edges: new Set(), lines: new Set(lines), spans: [...places] };
  }
  /** Some entries, with what flows between them and from the given ones. @param {Set<number>} places @returns {Marks} */
  function paths(places) {
    const within = edgesOf(program()).filter((edge) => edge.split("/").slice(0, 2).every((end) => places.has(Number(end))));
    return { ...entriesMarked(places), edges: new Set(within), spans: [] };
  }
  /** @param {string} label Of an input, or of one of its elements. */
  const from = (label) => dependents(program(), program().inputs[label] ?? program().inputs[label.replace(/\[[^[]*$/, "")] ?? []);

  /** A line of the text with what it computed. @param {number} line @returns {Marks} */
  function onLine(line) {
    const own = entries().filter((each) => program().entries[each].spot?.[0] === line);
    return { ...entriesMarked(own), lines: new Set([line]), spans: [] };
  }
  /** What a box of a folded graph is of. @param {Box} box @returns {Marks | null} */
  const ofBox = ({ line = -1, input, places }) => (input ? paths(from(input)) : places ? entriesMarked(places) : line < 0 ? null : onLine(line));
  /** What the boxes of the graph are of, where it is folded. */
  const folded = () => /** @type {State} */ (model.get("state")).folded?.of;

  /** What an element of the panel is about. @param {Element} element @returns {Marks | null} */
  function meaning(element) {
    const at = (/** @type {string} */ selector) => /** @type {HTMLElement | null} */ (element.closest(selector));
    const named = at(".tapenb-handle")?.dataset.label ?? at(".tapenb-slider")?.querySelector(".tapenb-name")?.textContent;
    if (named) return paths(from(named));
    const drawn = at(".tapenb-graph :is(.node, .edge)[data-key]")?.dataset.key;
    const boxes = folded();
    if (drawn && boxes) {
      const ends = drawn[0] === "n" ? [boxes[Number(drawn.slice(1))]] : [];
      return ends[0] ? ofBox(ends[0]) : null;
    }
    if (drawn) {
      if (drawn[0] === "n") return entriesMarked([Number(drawn.slice(1))]);
      const edge = edgesOf(program())[Number(drawn.slice(1))];
      return edge ? { ...entriesMarked(edge.split("/").slice(0, 2).map(Number)), edges: new Set([edge]) } : null;
    }
    const place = at("[data-place]")?.dataset.place, line = at("[data-line]")?.dataset.line;
    if (place) return entriesMarked([Number(place)]);
    if (line) return onLine(Number(line));
    const row = at(".tapenb-row"), cell = /** @type {HTMLTableCellElement | null} */ (at(".tapenb-matrix tbody td"));
    if (row) {
      const [, by] = (row.querySelector(".tapenb-name")?.textContent ?? "").split("/∂");
      return paths(by ? from(by) : new Set(entries()));
    }
    if (!cell) return null;
    const other = cell.closest("table")?.querySelectorAll("thead th, thead td")[cell.cellIndex]?.textContent ?? "";
    const [one, two] = [cell.parentElement?.querySelector("th")?.textContent ?? "", other].map((name) => from(name.slice(1)));
    return paths(new Set([...one].filter((each) => two.has(each))));
  }

  /** @param {Element} element @param {Record<string, boolean>} classes */
  const mark = (element, classes) => {
    for (const [name, on] of Object.entries(classes)) if (element.classList.contains(name) !== on) element.classList.toggle(name, on);
  };

  function paint() {
    const marks = hovered ?? focused ?? found ?? NOTHING, edges = edgesOf(program());
    const text = now ? program().entries[now.place]?.spot : undefined, boxes = folded();
    for (const group of /** @type {NodeListOf<SVGElement>} */ (root.querySelectorAll(".tapenb-graph :is(.node, .edge)[data-key]"))) {
      const key = group.dataset.key ?? "", number = Number(key.slice(1)), node = key[0] === "n";
      if (boxes) {
        const { line = -1, input = "", places = program().inputs[input] } = (node && boxes[number]) || {};
        const lit = places ? places.some((each) => marks.places.has(each)) : marks.lines.has(line);
        const here = places ? now !== null && places.includes(now.place) : line >= 0 && text?.[0] === line;
        mark(group, { "tapenb-lit": Boolean(node && lit), "tapenb-now": node && here, "tapenb-to": false, "tapenb-ahead": false });
        continue;
      }
      mark(group, {
        "tapenb-lit": node ? marks.places.has(number) : marks.edges.has(edges[number]),
        "tapenb-now": now !== null && (node ? number === now.place : edges[number] === now.edge),
        "tapenb-to": now !== null && node && number === now.to,
        "tapenb-ahead": now !== null && (node ? number > now.last : !now.flowed.has(edges[number])),
      });
    }
    for (const row of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll("[data-place]"))) {
      const place = Number(row.dataset.place);
      mark(row, { "tapenb-lit": marks.places.has(place), "tapenb-now": now?.place === place, "tapenb-to": now?.to === place });
    }
    for (const row of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll("[data-line]"))) {
      const line = Number(row.dataset.line);
      mark(row, { "tapenb-lit": marks.lines.has(line), "tapenb-now": text?.[0] === line });
    }
    highlight("tapenb-lit", marks.spans);
    highlight("tapenb-now", now ? [now.place] : []);
  }

  /** Light the text of some entries. @param {string} name @param {number[]} places */
  function highlight(name, places) {
    ranges[name] = relight(name, ranges[name], places.flatMap((place) => rangeOf(root, program().entries[place]?.spot) ?? []));
  }

  /** Bring an entry into sight, in graph and table or one of them. @param {number} place @param {Element | null} [within] */
  function bring(place, within) {
    for (const each of root.querySelectorAll(`[data-key="n${place}"], [data-place="${place}"]`)) {
      if (!within || each.closest("[data-walk]") === within) each.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
  }

  /** Go to a node or row, and say which. @param {number} to */
  function walk(to) {
    const graph = document.activeElement?.matches(".tapenb-graph"), boxes = graph ? folded() : undefined;
    walked = nextSeen(graph ? root : null, (boxes ?? entries()).length, walked, to);
    focused = boxes ? ofBox(boxes[walked]) : entriesMarked([walked]);
    if (boxes) {
      const texts = [...root.querySelectorAll(`.tapenb-graph [data-key="n${walked}"] text`)].map((each) => each.dataset.fits ?? each.textContent);
      const { line = -1 } = boxes[walked];
      spoken.textContent = `${line < 0 ? "" : `line ${line + (model.get("listing").first ?? 1)}: `}${texts.slice(0, -1).join(" ")}: ${texts.at(-1)}`;
    } else {
      const state = /** @type {State} */ (model.get("state")), { name, input, formula, line } = program().entries[walked];
      const value = (graph && state.nodes?.[walked]) || shown(state.trace?.values[walked] ?? "", GRAPH_DIGITS);
      spoken.textContent = `${name}${input ? "" : ` = ${formula}`}${line === null ? "" : `, line ${line}`}: ${value}`;
    }
    bring(walked, document.activeElement);
    paint();
  }

  const free = () => { pressed = false; };
  const walks = (/** @type {HTMLElement} */ { dataset }) => dataset.walk !== undefined && (entries().length || folded());
  /** @param {HTMLElement} panel */
  function attach(panel) {
    root = panel;
    root.append(spoken);
    root.addEventListener("pointerover", (event) => { hovered = meaning(/** @type {Element} */ (event.target)); paint(); });
    root.addEventListener("pointerleave", () => { hovered = null; paint(); });
    root.addEventListener("pointerdown", ({ target }) => {
      const at = /** @type {Element} */ (target).closest(".node")?.getAttribute("data-key")?.slice(1);
      [pressed, walked] = [true, Number(at ?? walked)];
      for (const end of ["pointerup", "pointercancel"]) addEventListener(end, free, { once: true });
    });
    root.addEventListener("focusin", (event) => {
      const element = /** @type {HTMLElement} */ (event.target);
      // Who points at a box sees it, and does not want another one in its place.
      if (walks(element) && !pressed) walk(Math.max(walked, 0));
      else { focused = element.matches(":focus-visible") ? meaning(element) : null; paint(); }
    });
    root.addEventListener("focusout", () => { focused = null; paint(); });
    root.addEventListener("keydown", (event) => {
      const element = /** @type {HTMLElement} */ (event.target), by = WALK[/** @type {keyof typeof WALK} */ (event.key)];
      if (!walks(element) || event.altKey || event.ctrlKey || event.metaKey) return;
      if (by) walk(walked + by);
      else if (event.key === "Home") walk(0);
      else if (event.key === "End") walk(Infinity);
      else if (event.key === "Enter") goer?.(([place, , to]) => focused?.places.has(place) || focused?.places.has(to) || false);
      else return;
      event.preventDefault();
    });
    root.addEventListener("click", (event) => {
      const target = /** @type {Element} */ (event.target);
      const marks = target.closest("button, input, select, summary, .tapenb-handle") ? null
        : target.closest(":is(.node, .edge)[data-key], [data-place], [data-line]") && meaning(target);
      if (marks) goer?.(([place, slot, to]) => (marks.edges.size ? marks.edges.has(`${to}/${place}/${slot}`)
        : marks.places.has(place) || (marks.places.size === 1 && marks.places.has(to))));
    });
  }

  /** Light what was searched for, and bring one of it into sight. @param {number[]} places @param {number} [now] @param {number[]} [lines] */
  function find(places, now, lines = []) {
    const marks = entriesMarked(now === undefined ? places : [now]);
    found = places.length || lines.length ? { ...marks, lines: new Set([...marks.lines, ...lines]) } : null;
    if (now !== undefined) bring(now);
    paint();
  }

  return {
    attach, paint, find,
    get now() { return now; },
    get walked() { return walked; },
    step(next) {
      now = next;
      for (const follow of followers) follow();
      paint();
    },
    follows(follow) { followers.push(follow); },
    goes(go) { goer = go; },
    stop() { highlight("tapenb-lit", []); highlight("tapenb-now", []); },
  };
}
