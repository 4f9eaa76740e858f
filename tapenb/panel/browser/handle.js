// A number in the text of a cell, which moves what it is of.

import { h, KEYS, write } from "./dom.js";
import { stepped } from "./literals.js";

/** @import { Handle, Mover } from "./protocol.js" */
/** @import { Literal } from "./literals.js" */

/** Pixels that a number is dragged for one step. */
const DRAG = 5;
/** Steps of a key, by its name. */
const STEPS = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 };

/**
 * A number in the text that can be dragged, and moved by keys.
 * @param {Handle} place
 * @param {Literal} written
 * @param {number} number Of the line.
 * @param {Mover} mover
 */
export function handle({ label, start, end }, written, number, mover) {
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
