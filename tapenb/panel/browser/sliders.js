// The sliders.

import { short } from "./axes.js";
import { KEYS, h, write } from "./dom.js";
import { partOf, positionAt } from "./history.js";
import { drawn, plain } from "./numbers.js";

/** @import { Input, Model, Mover, Section, State } from "./protocol.js" */

/** More inputs that were moved than these are not named. */
const LONGEST_STILL = 3;
/** Beyond a dozen sliders the others are folded away. */
const DOZEN = 12;
/** Steps of a logarithmic slider from end to end. */
const LOG_STEPS = 300;

/**
 * The sliders: a native range with its label, and the number itself to read and to type.
 * @param {Model} model
 * @param {Mover} mover
 * @returns {Section}
 */
export function sliders(model, mover) {
  const place = h("div", { class: "tapenb-sliders" });
  /** @type {Map<string, {input: Input, bar: HTMLInputElement, field: HTMLInputElement}>} */
  let rows = new Map();
  /** @type {Record<string, number>} */
  let values = {};

  /** @param {string} label @param {number} value */
  function show(label, value) {
    const { input, bar, field } = rows.get(label);
    if (input.choices) return void (bar.value = String(value));
    if (input.boolean) {
      bar.checked = Boolean(value);
      return write(field, value ? "True" : "False");
    }
    // Off the grid of its steps a range would show another number than the true one.
    field.value = short(value);
    if (input.log) {
      bar.step = "any";
      bar.value = String(partOf(input, value));
      bar.setAttribute("aria-valuetext", drawn(plain(value)));
      return;
    }
    const steps = (value - input.min) / input.step;
    const onGrid = Math.abs(steps - Math.round(steps)) < 1e-6;
    bar.step = onGrid ? String(input.step) : "any";
    bar.value = String(value);
  }

  /** @param {string} label @param {number} value */
  function moved(label, value) {
    values = { ...values, [label]: value };
    mover.move(label, value);
  }

  const rest = h("div", { class: "tapenb-sliders" });
  const folded = h("details", { class: "tapenb-more" }, h("summary", KEYS), rest);
  const still = h("p", { class: "tapenb-quiet tapenb-still" });

  function build() {
    const held = focused();
    place.replaceChildren();
    rest.replaceChildren();
    rows = new Map();
    for (const input of /** @type {Input[]} */ (model.get("inputs"))) {
      if (input.boolean) {
        (rows.size >= DOZEN ? rest : place).append(flag(input));
        continue;
      }
      const ends = input.log ? [0, 1] : [input.min, input.max];
      const limits = { min: String(ends[0]), max: String(ends[1]), ...KEYS };
      const bar = /** @type {HTMLInputElement} */ (h("input", { type: "range", ...limits }));
      // A number beyond the range is typed all the same, and widens it.
      const field = /** @type {HTMLInputElement} */ (
        h("input", { type: "number", step: input.integer ? "1" : "any", ...KEYS })
      );
      field.setAttribute("aria-label", `${input.label}, typed`);
      const toGrid = () => { bar.step = input.log ? String(1 / LOG_STEPS) : String(input.step); };
      bar.addEventListener("keydown", toGrid);
      bar.addEventListener("pointerdown", toGrid);
      bar.addEventListener("input", () => {
        const value = input.log ? positionAt(input, bar.valueAsNumber) : bar.valueAsNumber;
        field.value = short(value);
        if (input.log) bar.setAttribute("aria-valuetext", drawn(plain(value)));
        moved(input.label, value);
      });
      bar.addEventListener("dblclick", () => {
        show(input.label, input.recorded);
        moved(input.label, input.recorded);
      });
      const typed = () => {
        let value = field.valueAsNumber;
        if (!Number.isFinite(value)) return show(input.label, values[input.label]);
        if (input.integer) value = Math.round(value);
        show(input.label, value);
        if (value !== values[input.label]) moved(input.label, value);
      };
      field.addEventListener("change", typed);
      // The notebook keeps this key from ending the input, as it does elsewhere.
      field.addEventListener("keydown", (event) => { if (event.key === "Enter") typed(); });
      rows.set(input.label, { input, bar, field });
      const name = h("span", { class: "tapenb-name" }, input.label);
      const row = h("div", { class: "tapenb-slider" }, h("label", {}, name, bar), field);
      if (input.idle) {
        bar.replaceWith(h("span", { class: "tapenb-quiet" }));
        row.classList.add("tapenb-idle");
        field.disabled = true;
      }
      (rows.size > DOZEN ? rest : place).append(row);
    }
    if (rows.size > DOZEN) {
      write(folded.firstElementChild, `${rows.size - DOZEN} more inputs`);
      place.append(folded);
    }
    place.append(still);
    for (const label of rows.keys()) if (label in values) show(label, values[label]);
    if (held && rows.has(held.label)) rows.get(held.label)[held.part].focus();
  }

  /** What is true or false, or one of several. @param {Input} input */
  function flag(input) {
    const bar = /** @type {HTMLInputElement} */ (input.choices
      ? h("select", KEYS, ...input.choices.map((name, k) => h("option", { value: String(k) }, name)))
      : h("input", { type: "checkbox", ...KEYS }));
    const field = /** @type {any} */ (h("span", { class: "tapenb-quiet" }));
    bar.addEventListener("change", () => {
      const value = Number(input.choices ? bar.value : bar.checked);
      show(input.label, value);
      moved(input.label, value);
    });
    rows.set(input.label, { input, bar, field });
    return h("div", { class: "tapenb-slider" },
      h("label", {}, h("span", { class: "tapenb-name" }, input.label), h("span", {}, bar, " ", field)));
  }

  /** @returns {{label: string, part: "bar" | "field"} | undefined} What of the sliders has the focus. */
  function focused() {
    for (const [label, { bar, field }] of rows) {
      if (bar === document.activeElement) return { label, part: "bar" };
      if (field === document.activeElement) return { label, part: "field" };
    }
  }

  /** Say what the sliders do not move. */
  function compare() {
    const left = [...rows].filter(([label, { input }]) => values[label] !== input.recorded);
    const was = (/** @type {Input} */ { boolean, choices, recorded }) => (
      choices ? choices[recorded] : boolean ? (recorded ? "True" : "False") : drawn(plain(recorded)));
    const few = left.length <= LONGEST_STILL, [where, is] = model.get("apart") ? ["Recorded at", "="] : ["In the notebook", "is still"];
    const list = left.map(([label, { input }]) => `${label} ${is} ${was(input)}`);
    write(still, !left.length || (!few && model.get("apart")) ? "" : few ? `${where} ${list.join(", ")}.`
      : "In the notebook the inputs are still what they were.");
  }

  /** @param {State} state */
  function paint(state) {
    // What was moved here since must not be pulled from under the hand.
    const own = mover.mine();
    for (const [label, position] of Object.entries(state.positions)) {
      const value = label in own ? own[label][1] : position;
      const row = rows.get(label);
      if (row && (row.field !== document.activeElement || values[label] !== value)) {
        show(label, value);
      }
      values = { ...values, [label]: value };
    }
    const locked = model.get("look").tools?.locked ?? [];
    // Where there are several outputs it may have influence on another.
    const on = state.output ? ` on ${state.output.of}` : "";
    for (const idle of place.querySelectorAll(".tapenb-idle label .tapenb-quiet")) write(idle, `no influence${on}`);
    for (const [label, { input, bar, field }] of rows) {
      bar.disabled = locked.includes(label);
      if (!input.boolean && !input.idle) field.disabled = bar.disabled;
    }
    compare();
  }

  return { element: place, trait: "inputs", build, paint };
}
