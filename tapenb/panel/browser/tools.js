// What is done with the sliders together: play, undo, reset, copy, pin, and the derivatives checked.

import { short } from "./axes.js";
import { button, h, hideIf, KEYS, list, write } from "./dom.js";
import { advanced, moved, partOf, positionAt, redone, remembered, undone } from "./history.js";
import { hear } from "./hear.js";
import { asking } from "./moves.js";
import { drawn, plain } from "./numbers.js";

/** @import { Answering, Input, Model, Mover, Section, State } from "./protocol.js" */
/** @import { History, Mode, Positions } from "./history.js" */

/** Milliseconds that a slider takes from one end to the other; steps of who wants little motion. */
const SWEEP = 6000, FEW = 20, CALM = 600;
/** Milliseconds to a bookmark; how many there are, and how many sliders can be locked. */
const TRAVEL = 700, MOST_MARKS = 9, MOST_LOCKS = 24;
const MODES = { once: "once", loop: "again and again", back: "there and back" };

/**
 * @param {Model & Partial<Answering>} model
 * @param {Mover} mover
 * @returns {Section}
 */
export function tools(model, mover) {
  /** @type {History} */
  let history = { past: [], future: [], at: 0 };
  let playing = 0, way = 1, asked = "";

  const inputs = () => /** @type {Input[]} */ (model.get("inputs"));
  const state = () => /** @type {State} */ (model.get("state"));
  const now = () => {
    const own = Object.entries(mover.mine()).map(([label, [, value]]) => [label, value]);
    return /** @type {Positions} */ ({ ...state().positions, ...Object.fromEntries(own) });
  };
  const go = (/** @type {Positions} */ to) => moved(now(), to).forEach((move) => mover.move(...move));
  const turn = (/** @type {History} */ to) => { history = to; go(history.past[history.past.length - 1]); show(); };

  const which = /** @type {HTMLSelectElement} */ (h("select", { ...KEYS, "aria-label": "slider that plays" }));
  const mode = /** @type {HTMLSelectElement} */ (h("select", { ...KEYS, "aria-label": "how it plays" },
    ...Object.entries(MODES).map(([value, text]) => h("option", { value }, text))));
  const ranges = asking(model, "sliders"), range = ["from", "to"].map((end) => {
    const made = /** @type {HTMLInputElement} */ (h("input", { type: "number", step: "any", "aria-label": `range ${end}`, ...KEYS }));
    const typed = () => {
      const ends = range.map((each) => each.valueAsNumber);
      // The same range may be asked for again, once it is another.
      if (ends.every(Number.isFinite)) ranges.ask({ ranges: { ...ranges.look().ranges, [which.value]: [...ends, Date.now()] } });
      show();
    };
    made.addEventListener("change", typed);
    made.addEventListener("keydown", (event) => { if (event.key === "Enter") typed(); });
    return made;
  });
  which.addEventListener("change", () => show());
  const start = button("Play", () => (playing ? rest() : play()));
  const back = button("Undo", () => turn(undone(history)));
  const forth = button("Redo", () => turn(redone(history)));
  const reset = button("Reset", () => go(Object.fromEntries(inputs().map((each) => [each.label, each.recorded]))));
  const copy = button("Copy", () => {
    const named = inputs().filter(({ label, idle, boolean }) => /^[\p{L}_][\p{L}\p{N}_]*$/u.test(label) && !idle && !boolean);
    const at = named.map(({ label }) => /** @type {[string, number]} */ ([label, now()[label]]));
    const text = `%%tape ${at.map(([label, value]) => `${label}=${plain(value, 15)}`).join(" ")}`;
    navigator.clipboard.writeText(text).then(() => write(copy, "Copied"), () => write(copy, text));
  }, "Copy the positions as a line of %%tape");
  const pin = button("Pin", () => {
    // Of the views of a panel each pins by a number that no other has used.
    differ.ask({ former: false, ...(pinned() ? { pin: 0, then: undefined }
      : { pin: Date.now(), then: { positions: now(), rows: state().rows } }) });
    show();
  });
  const { look, ask } = asking(model, "tools"), differ = asking(model, "compare");
  /** @returns {{positions: Positions, rows: [string, string][]} | undefined} What every view compares with. */
  const pinned = () => differ.look().then;
  const edited = button("Edit", () => differ.ask({ former: !differ.look().former }), "Compare with the cell before its edit");
  const mark = button("Bookmark", () => ask({ marks: [...(look().marks ?? []), now()].slice(-MOST_MARKS) }), "Keep these positions as a bookmark");
  const tune = button("Hear", () => hear(model, 1), "Hear the curve along its slider");
  const tune1 = button("Hear slope", () => hear(model, 2), "Hear the derivative along the slider");
  const bookmarks = h("div", { class: "tapenb-toolbar", role: "group", "aria-label": "bookmarks" });
  const locks = h("div", { class: "tapenb-toolbar", role: "group", "aria-label": "locked sliders" });
  const body = h("tbody"), check = h("p", { class: "tapenb-quiet tapenb-check" });
  const beside = h("table", { class: "tapenb-pinned" }, h("thead", {}, h("tr", {}, h("td"),
    ...["pinned", "now", "difference"].map((text) => h("th", { scope: "col" }, text)))), body);
  const differs = h("tbody"), titles = h("tr"), caption = h("caption");
  const scrolls = h("div", { class: "tapenb-differs", role: "group", "aria-label": "What differs", ...KEYS },
    h("table", {}, caption, h("thead", {}, titles), differs));
  const element = /** @type {HTMLDetailsElement} */ (h("details", { class: "tapenb-tools" },
    h("summary", KEYS, "Play, undo, pin"),
    h("div", { class: "tapenb-toolbar" }, start, which, mode,
      h("span", { class: "tapenb-range" }, range[0], " to ", range[1])),
    h("div", { class: "tapenb-toolbar" }, back, forth, reset, copy, pin, edited, mark, tune, tune1),
    bookmarks, locks, beside, scrolls, check));
  element.addEventListener("toggle", () => {
    const { open } = element;
    if (!open) rest();
    if ((model.get("look").check ?? {}).open === open) return;
    model.set("look", { ...model.get("look"), check: { open } });
    model.save_changes();
  });

  function play() {
    const input = inputs().find((each) => each.label === which.value);
    if (!input) return;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    way = 1;
    let part = partOf(input, now()[input.label]), before = performance.now();
    if (part >= 1 && mode.value !== "back") part = 0;
    const step = (/** @type {number} */ time) => {
      playing = requestAnimationFrame(step);
      const passed = Math.min(time - before, SWEEP / FEW);
      // The next one when the last is answered, so that none waits for another.
      if ((Object.keys(mover.mine()).length && !state().ahead) || time - before < (calm ? CALM : 1)) return;
      before = time;
      const next = advanced(part, way, calm ? 1 / FEW : passed / SWEEP, /** @type {Mode} */ (mode.value));
      ({ part, way } = next);
      const value = positionAt(input, part);
      if (value !== now()[input.label]) mover.move(input.label, value);
      if (next.ended) rest();
    };
    playing = requestAnimationFrame(step);
    write(start, "Stop");
  }
  function rest() {
    cancelAnimationFrame(playing);
    playing = 0;
    write(start, "Play");
  }

  /** Go somewhere, step by step where motion is wanted. @param {Positions} to */
  function travel(to) {
    rest();
    const from = now(), begin = performance.now(), calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const step = (/** @type {number} */ time) => {
      const part = calm ? 1 : Math.min(1, Math.max(0, (time - begin) / TRAVEL));
      playing = part < 1 ? requestAnimationFrame(step) : 0;
      if (part < 1 && Object.keys(mover.mine()).length) return;
      go(Object.fromEntries(inputs().filter(({ label }) => label in to).map(({ label, integer, log }) => {
        const [a, b] = [from[label], to[label]], between = log && a > 0 && b > 0 ? a * (b / a) ** part : a + part * (b - a);
        return [label, part === 1 ? b : integer ? Math.round(between) : Number(between.toPrecision(6))];
      })));
    };
    playing = requestAnimationFrame(step);
  }

  /** Buttons for bookmarks and locks. */
  function offer() {
    const marks = /** @type {Positions[]} */ (look().marks ?? []), locked = /** @type {string[]} */ (look().locked ?? []);
    tune.hidden = tune1.hidden = !state().plot;
    list(bookmarks, marks, () => button("", () => {}), (made, to) => {
      const place = [...bookmarks.children].indexOf(made) + 1, text = Object.entries(to).map(([label, value]) => `${label} = ${drawn(plain(value))}`).join(", ");
      write(made, String(place));
      made.setAttribute("title", text);
      made.setAttribute("aria-label", `Go to bookmark ${place}: ${text}`);
      /** @type {HTMLButtonElement} */ (made).onclick = () => travel(to);
    });
    const named = inputs().filter((each) => !each.idle).slice(0, MOST_LOCKS);
    list(locks, ["", ...named.map(({ label }) => label)], () => (locks.firstChild ? button("", () => {}) : h("span", { class: "tapenb-quiet" }, "lock")), (made, label) => {
      if (!label) return;
      write(made, label);
      made.setAttribute("aria-pressed", String(locked.includes(label)));
      /** @type {HTMLButtonElement} */ (made).onclick = () => ask({ locked: locked.includes(label) ? locked.filter((each) => each !== label) : [...locked, label] });
    });
  }

  function show() {
    offer();
    back.disabled = history.past.length < 2;
    forth.disabled = !history.future.length;
    reset.disabled = !inputs().some((each) => now()[each.label] !== each.recorded);
    list(which, inputs().filter((each) => each.min < each.max && !each.idle && !each.boolean), () => h("option"), (option, { label }) => {
      write(option, label);
      option.setAttribute("value", label);
    });
    const ends = inputs().find((each) => each.label === which.value);
    const alone = Boolean(model.alone?.());
    range.forEach((each, k) => {
      each.disabled = alone;
      each.title = alone ? "There is no kernel to change a range." : "";
      if (ends && each !== document.activeElement) each.value = short([ends.min, ends.max][k]);
    });
    const then = pinned();
    write(pin, then ? "Unpin" : "Pin");
    const { former = false, caption: said, head = [], rows: other = [] } = state().compare ?? {};
    hideIf(edited, !former);
    edited.setAttribute("aria-pressed", String(Boolean(differ.look().former)));
    hideIf(scrolls, !said || !other.length);
    write(caption, said ?? "");
    list(titles, head, () => (head[titles.children.length] ? h("th", { scope: "col" }) : h("td")), write);
    list(differs, other, () => h("tr"), (line, cells) => list(line, cells, () => h("td"), write));
    hideIf(beside, !then);
    if (!then) return;
    const number = (/** @type {string} */ text) => Number(text.replaceAll("−", "-") || NaN);
    const places = Object.entries(then.positions).map(([label, value]) => [label, drawn(plain(value)), drawn(plain(state().positions[label]))]);
    const present = new Map(state().rows), rows = then.rows.map(([name, text]) => [name, text, present.get(name) ?? ""]);
    list(body, [...places, ...rows], () => h("tr", {}, h("th", { scope: "row" })), (line, [name, was, here]) => {
      const off = number(here) - number(was);
      list(line, [name, was, here, Number.isFinite(off) ? drawn(plain(off)) : ""], () => h("td"), write);
    });
  }

  return {
    element, scrolls,
    paint(shown) {
      hideIf(element, !inputs().length);
      history = remembered(history, now(), performance.now());
      const here = JSON.stringify(now());
      if (asked !== here) write(copy, "Copy");
      asked = here;
      write(check, shown.check ?? "");
      show();
    },
    stop: rest,
  };
}
