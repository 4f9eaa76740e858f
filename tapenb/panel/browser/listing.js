// The cell's own text: beside each line what it computed, and the adjoint that reached it.

import { line } from "./axes.js";
import { scale, spark } from "./bars.js";
import { h, hideIf, KEYS, list, s, write } from "./dom.js";
import { handle } from "./handle.js";
import { literal, replaced, rewritten } from "./literals.js";
import { GRAPH_DIGITS, shown } from "./numbers.js";
import { rounds } from "./rounds.js";

/** @import { Calls, Handle, Listed, Model, Mover, Section, State } from "./protocol.js" */
/** @import { Literal } from "./literals.js" */

const SPARK = { width: 72, height: 16 };

/** @param {Model} model @param {Mover} mover @returns {Section} */
export function listing(model, mover) {
  const summary = h("summary", KEYS, "Line by line");
  const head = h("tr"), body = h("tbody");
  const caption = h("caption", { class: "tapenb-listing-scale" });
  const table = h("table", {}, caption, h("thead", {}, head), body);
  const scroll = h("div", { class: "tapenb-listing-lines", role: "group", "aria-label": "Line by line", ...KEYS },
    table);
  const round = rounds(model);
  const element = /** @type {HTMLDetailsElement} */ (
    h("details", { class: "tapenb-listing" }, summary, scroll, round.element));
  /** @type {Map<number, Row>} */
  let rows = new Map();
  /** Of called functions, by the path of each line. @type {Map<string, Row>} */
  const below = new Map();
  let unfolded = "";
  /** @type {{open: boolean, iteration: number | null}} */
  let look = { open: false, iteration: null };

  /** @param {Partial<typeof look>} change */
  function ask(change) {
    const now = model.get("look").listing ?? look;
    look = { ...now, ...change };
    model.set("look", { ...model.get("look"), listing: look });
    model.save_changes();
  }
  summary.addEventListener("click", (event) => {
    event.preventDefault();  // it opens as every view of the panel does
    ask({ open: !element.open });
    element.open = look.open;
  });

  /** Unfold what a line calls, or fold it. @param {(number | string)[]} path */
  function turn(path) {
    const now = /** @type {(number | string)[][]} */ ((model.get("look").listing ?? look).unfolded ?? []);
    const own = now.filter((each) => each.slice(0, path.length).join("/") === path.join("/"));
    ask({ unfolded: own.length ? now.filter((each) => !own.includes(each)) : [...now, path] });
  }

  /** Rows for the lines of called functions, below those that called them. @param {Calls[]} calls */
  function unfold(calls) {
    const those = JSON.stringify(calls.map(({ path, text }) => [path, text]));
    if (those === unfolded) return;
    unfolded = those;
    for (const { element: row } of below.values()) row.remove();
    below.clear();
    const ends = /** @type {Record<string, Element>} */ ({});
    for (const { path, first, text } of calls) {
      const from = path.slice(0, -1), key = from.join("/");
      for (const [number, line] of text.entries()) {
        const row = listed(line, number, first + number, [], mover, turn, [...path, number]);
        (ends[key] ?? (below.get(key) ?? rows.get(Number(key)))?.element)?.after(row.element);
        ends[key] = row.element;
        below.set([...path, number].join("/"), row);
      }
    }
  }

  function build() {
    const { lines = [], first = 1, handles = [] } = model.get("listing");
    element.hidden = !lines.length;
    list(head, ["line", "value", "adjoint", ""], () => (head.children.length < 3 ? h("th", { scope: "col" }) : h("td")), write);
    [rows, unfolded] = [new Map(), ""];
    body.replaceChildren(...lines.map((/** @type {string} */ text, /** @type {number} */ number) => {
      const row = listed(text, number, first + number,
        handles.filter((/** @type {Handle} */ handle) => handle.line === number), mover, turn, [number]);
      rows.set(number, row);
      return row.element;
    }));
  }

  /** @param {State} state */
  function paint(state) {
    element.open = (model.get("look").listing ?? look).open;
    const moved = Object.entries(mover.mine()).map(([label, [, value]]) => [label, value]);
    const positions = { ...state.positions, ...Object.fromEntries(moved) };
    for (const row of rows.values()) row.place(positions);
    if (!state.listing) return;
    const { lines, series, iterations, iteration, adjoint, calls } = state.listing;
    if (calls) unfold(calls);
    write(head.children[2], adjoint);
    const scales = [0, 1].map((k) => scale([lines, ...(calls ?? []).map((each) => each.lines)].flat().map(({ sizes }) => sizes[k])));
    write(caption, `Bars: blue above zero, purple below; full at ${scales[0].words} for values, `
      + `at ${scales[1].words} for ${adjoint}s.`);
    const at = new Map(lines.map((each) => [each.number, each]));
    // What the page answers itself leaves the called functions as they are.
    const open = calls && new Set(calls.map(({ path }) => path.slice(0, -1).join("/")));
    for (const [number, row] of rows) row.paint(at.get(number), series[number], scales, open);
    for (const { path, text, lines: inner } of calls ?? []) {
      const shows = new Map(inner.map((each) => [each.number, each]));
      for (const number of text.keys()) below.get([...path, number].join("/"))?.paint(shows.get(number), undefined, scales, open);
    }
    round.paint({ iterations, iteration });
  }

  return { element, trait: "listing", build, paint };
}

/** @typedef {ReturnType<typeof listed>} Row */

/**
 * One line: its text with the numbers that move in it, and what it shows.
 * @param {string} text
 * @param {number} from0 Of the line, from 0.
 * @param {number} number
 * @param {Handle[]} handles
 * @param {Mover} mover
 * @param {(path: (number | string)[]) => void} turn
 * @param {(number | string)[]} path Of the line: of one of a called function with all that led there.
 */
function listed(text, from0, number, handles, mover, turn, path) {
  const code = h("code"), copy = h("button", { type: "button", class: "tapenb-copy", ...KEYS });
  const places = handles.map((each) => {
    const written = /** @type {Literal} */ (literal(text.slice(each.start, each.end)));
    return { ...each, written, text: text.slice(each.start, each.end),
      element: handle(each, written, number, mover) };
  });
  let at = 0;
  for (const { start, end, element } of places) {
    code.append(text.slice(at, start), element);
    at = end;
  }
  code.append(text.slice(at));
  const moved = () => replaced(text, places).trim();
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(moved());
    write(copy, "Copied");
  });
  copy.hidden = true;
  const cells = [0, 1].map(() => {
    const value = h("span", { class: "tapenb-number" }), bar = h("span", { class: "tapenb-bar" });
    return { value, bar, cell: h("td", { class: "tapenb-nothing" }, value, bar) };
  });
  const count = h("span", { class: "tapenb-count" });
  const picture = s("svg", { viewBox: `-1 -1 ${SPARK.width + 2} ${2 * SPARK.height + 4}`, role: "img",
    width: SPARK.width, height: 2 * SPARK.height, class: "tapenb-spark" });
  const curves = ["value", "adjoint"].map((kind) => s("path", { class: `tapenb-spark-${kind}` }));
  picture.append(...curves);
  const often = h("td", { class: "tapenb-often tapenb-nothing" }, count, picture);
  const opens = h("button", { type: "button", class: "tapenb-copy", ...KEYS }), depth = (path.length - 1) / 2;
  opens.addEventListener("click", () => turn(path));
  opens.hidden = true;
  const element = h("tr", depth ? { class: "tapenb-within", style: `--depth: ${depth}` } : { "data-line": String(from0) },
    h("th", { scope: "row" }, code, opens, copy), ...cells.map(({ cell }) => cell),
    often);

  /** @param {Record<string, number>} positions */
  function place(positions) {
    for (const each of places) {
      const value = positions[each.label] ?? each.written.value;
      const changed = value !== each.written.value;
      each.text = changed ? rewritten(each.written, value) : text.slice(each.start, each.end);
      each.element.show(each.text, value, changed);
    }
    hideIf(copy, !places.some((each) => each.element.classList.contains("tapenb-moved")));
    if (!copy.hidden && !copy.title.endsWith(moved())) {
      write(copy, "Copy");
      copy.title = `Copy as ${moved()}`;
      copy.setAttribute("aria-label", copy.title);
    }
  }

  /**
   * @param {Listed | undefined} now
   * @param {[(number | null)[], (number | null)[]] | undefined} series
   * @param {ReturnType<typeof scale>[]} scales
   * @param {Set<string> | undefined} open Paths of lines whose calls are unfolded, where that is known.
   */
  function paint(now, series, scales, open) {
    [now?.value, now?.adjoint].forEach((value, k) => {
      const { bar, value: place, cell } = cells[k], size = now?.sizes[k] ?? 0;
      cell.classList.toggle("tapenb-nothing", value === undefined);
      // What was computed and does not reach the output has no adjoint.
      write(place, value === undefined ? "" : value === null ? "–" : shown(value, GRAPH_DIGITS));
      bar.style.setProperty("--size", String(scales[k].length(size)));
      bar.classList.toggle("tapenb-below", size < 0);
    });
    const runs = now?.count ?? 1;
    write(count, runs > 1 ? `×${runs}` : "");
    often.classList.toggle("tapenb-nothing", runs < 2);
    if (open) {
      const is = open.has(path.join("/")), names = now?.calls?.join(", ");
      hideIf(opens, !names);
      write(opens, `${is ? "▾" : "▸"} ${names}`);
      opens.setAttribute("aria-label", opens.title = `${is ? "Fold" : "Unfold"} ${names} here`);
      opens.setAttribute("aria-expanded", String(is));
    }
    picture.toggleAttribute("hidden", !series);
    if (!series) return;
    curves.forEach((curve, k) => {
      const points = spark(series[k], SPARK.width, SPARK.height);
      curve.setAttribute("d", line(points.map(([x, y]) => [x, y + k * (SPARK.height + 2)])));
    });
    const [values, adjoints] = series.map((each) =>
      `from ${shown(each[0] ?? NaN, 4)} to ${shown(each[each.length - 1] ?? NaN, 4)}`);
    picture.setAttribute("aria-label", `over ${runs} runs, values ${values}, adjoints ${adjoints}`);
  }

  return { element, place, paint };
}
