// The cell's own text: beside each line what it computed, and the adjoint that reached it.

import { line } from "./axes.js";
import { scale, spark } from "./bars.js";
import { h, KEYS, list, s, write } from "./dom.js";
import { literal, replaced, rewritten, stepped } from "./literals.js";
import { GRAPH_DIGITS, shown } from "./numbers.js";
import { rounds } from "./rounds.js";

/** @import { Handle, Listed, Model, Mover, Section, State } from "./protocol.js" */
/** @import { Literal } from "./literals.js" */

const SPARK = { width: 72, height: 16 };
/** Pixels that a number is dragged for one step. */
const DRAG = 5;
/** Steps of a key, by its name. */
const STEPS = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 };

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

  function build() {
    const { lines = [], first = 1, handles = [] } = model.get("listing");
    element.hidden = !lines.length;
    list(head, ["line", "value", "adjoint", ""], () => (head.children.length < 3 ? h("th", { scope: "col" }) : h("td")), write);
    rows = new Map();
    body.replaceChildren(...lines.map((/** @type {string} */ text, /** @type {number} */ number) => {
      const row = listed(text, number, first + number,
        handles.filter((/** @type {Handle} */ handle) => handle.line === number), mover);
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
    const { lines, series, iterations, iteration, adjoint } = state.listing;
    write(head.children[2], adjoint);
    const scales = [0, 1].map((k) => scale(lines.map(({ sizes }) => sizes[k])));
    write(caption, `Bars: blue above zero, purple below; full at ${scales[0].words} for values, `
      + `at ${scales[1].words} for ${adjoint}s.`);
    const at = new Map(lines.map((each) => [each.number, each]));
    for (const [number, row] of rows) {
      row.paint(at.get(number), series[number], scales, iterations);
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
 */
function listed(text, from0, number, handles, mover) {
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
    return { value, bar, cell: h("td", {}, value, bar) };
  });
  const count = h("span", { class: "tapenb-count" });
  const picture = s("svg", { viewBox: `-1 -1 ${SPARK.width + 2} ${2 * SPARK.height + 4}`, role: "img",
    width: SPARK.width, height: 2 * SPARK.height, class: "tapenb-spark" });
  const curves = ["value", "adjoint"].map((kind) => s("path", { class: `tapenb-spark-${kind}` }));
  picture.append(...curves);
  const element = h("tr", { "data-line": String(from0) }, h("th", { scope: "row" }, code, copy), ...cells.map(({ cell }) => cell),
    h("td", { class: "tapenb-often" }, count, picture));

  /** @param {Record<string, number>} positions */
  function place(positions) {
    for (const each of places) {
      const value = positions[each.label] ?? each.written.value;
      const changed = value !== each.written.value;
      each.text = changed ? rewritten(each.written, value) : text.slice(each.start, each.end);
      each.element.show(each.text, value, changed);
    }
    copy.hidden = !places.some((each) => each.element.classList.contains("tapenb-moved"));
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
   */
  function paint(now, series, scales) {
    [now?.value, now?.adjoint].forEach((value, k) => {
      const { bar, value: place } = cells[k], size = now?.sizes[k] ?? 0;
      // What was computed and does not reach the output has no adjoint.
      write(place, value === undefined ? "" : value === null ? "–" : shown(value, GRAPH_DIGITS));
      bar.style.setProperty("--size", String(scales[k].length(size)));
      bar.classList.toggle("tapenb-below", size < 0);
    });
    const often = now?.count ?? 1;
    write(count, often > 1 ? `×${often}` : "");
    picture.toggleAttribute("hidden", !series);
    if (!series) return;
    curves.forEach((curve, k) => {
      const points = spark(series[k], SPARK.width, SPARK.height);
      curve.setAttribute("d", line(points.map(([x, y]) => [x, y + k * (SPARK.height + 2)])));
    });
    const [values, adjoints] = series.map((each) =>
      `from ${shown(each[0] ?? NaN, 4)} to ${shown(each[each.length - 1] ?? NaN, 4)}`);
    picture.setAttribute("aria-label", `over ${often} runs, values ${values}, adjoints ${adjoints}`);
  }

  return { element, place, paint };
}

/**
 * A number in the text that can be dragged, and moved by keys.
 * @param {Handle} place
 * @param {Literal} written
 * @param {number} number Of the line.
 * @param {Mover} mover
 */
function handle({ label, start, end }, written, number, mover) {
  const element = h("span", { role: "slider", tabindex: "0", class: "tapenb-handle",
    "aria-label": `${label} in line ${number}`, "data-label": label, "data-length": String(end - start),
    title: `Drag, or press arrow keys, to move ${label}`, ...KEYS });
  let value = written.value;
  const go = (/** @type {number} */ to) => { if (to !== value) mover.move(label, to); };

  element.addEventListener("keydown", (event) => {
    const steps = STEPS[/** @type {keyof typeof STEPS} */ (event.key)];
    if (event.key === "Home") go(written.value);
    else if (steps) go(stepped(written, value, steps * (event.shiftKey ? 10 : 1)));
    else return;
    event.preventDefault();
  });
  element.addEventListener("dblclick", () => go(written.value));
  element.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    const begin = { x: event.clientX, value };
    element.focus();
    element.setPointerCapture(event.pointerId);
    const drag = (/** @type {PointerEvent} */ now) => {
      const steps = Math.round((now.clientX - begin.x) / DRAG);
      go(stepped(written, begin.value, steps * (now.shiftKey ? 10 : 1)));
    };
    element.addEventListener("pointermove", drag);
    element.addEventListener("lostpointercapture",
      () => element.removeEventListener("pointermove", drag), { once: true });
  });

  return Object.assign(element, {
    /** @param {string} text @param {number} now @param {boolean} changed */
    show(text, now, changed) {
      value = now;
      write(element, text);
      element.setAttribute("aria-valuenow", String(now));
      element.setAttribute("aria-valuetext", text);
      element.classList.toggle("tapenb-moved", changed);
    },
  });
}
