// The sweeps step by step: forward, then backward, with one sentence for each step.

import { button, h, hideIf, KEYS, write } from "./dom.js";
import { asking } from "./moves.js";
import { grown, narrate, nextStep, otherLine, progress, stepAt, VALUE } from "./sweep.js";

/** @import { Lights, Model, Mover, Program, Section, State, Step, Trace } from "./protocol.js" */

/** Milliseconds for a step that is played. */
const PACE = 1800;
/** Steps that the kernel sends at once, as `trace.py` has it. */
const WINDOW = 150;

/** @param {Model} model @param {Mover} _mover @param {Lights} lights @returns {Section} */
export function steps(model, _mover, lights) {
  const { look, ask } = asking(model, "trace");
  const summary = h("summary", KEYS, "Step by step");
  const bar = /** @type {HTMLInputElement} */ (h("input", { type: "range", min: "0", "aria-label": "step", ...KEYS }));
  const count = h("span", { class: "tapenb-quiet" });
  const player = button("Play", () => (timer ? pause() : play()), "Play the steps");
  const controls = h("div", { class: "tapenb-steps-controls", role: "group", "aria-label": "Steps" },
    button("⇤", () => go(0), "First step (Home)"), button("←", () => go(at - 1), "One step back (left arrow; Shift: a line)"),
    player, button("→", () => go(at + 1), "One step on (right arrow; Shift: a line)"), button("⇥", () => go(Infinity), "Last step (End)"),
    bar, count);
  // What is seen is what is spoken.
  const sentence = h("p", { class: "tapenb-sentence", "aria-live": "polite" });
  const held = h("span", { class: "tapenb-held" }), sum = h("p", { class: "tapenb-sum", "aria-hidden": "true" });
  const sumBar = h("span", { class: "tapenb-sum-bar" }, held);
  const sumText = h("span", { class: "tapenb-number" });
  sum.append(sumText, sumBar);
  const element = /** @type {HTMLDetailsElement} */ (
    h("details", { class: "tapenb-steps" }, summary, controls, sentence, sum));
  let at = 0, timer = 0;

  const program = () => /** @type {Program} */ (model.get("program"));
  const trace = () => /** @type {Trace | undefined} */ (/** @type {State} */ (model.get("state")).trace);

  summary.addEventListener("click", (event) => {
    event.preventDefault();  // it opens as every view of the panel does
    element.open = !element.open;
    ask({ steps: element.open, window: Math.floor(at / WINDOW) });
    if (!element.open) pause();
    show();
  });
  bar.addEventListener("input", () => go(bar.valueAsNumber));
  element.addEventListener("keydown", (event) => {
    const { key, shiftKey, altKey, ctrlKey, metaKey, target } = event, now = trace();
    const by = key === "ArrowRight" ? 1 : key === "ArrowLeft" ? -1 : 0;
    if (!now?.steps || altKey || ctrlKey || metaKey) return;
    if (by) go(shiftKey ? otherLine(program(), now, at, by) : at + by);
    else if (key === "Home") go(0);
    else if (key === "End") go(Infinity);
    else if (key === " " && target === bar) timer ? pause() : play();
    else return;
    event.preventDefault();
  });
  lights.goes((/** @type {(step: Step) => boolean} */ test) => {
    const now = trace();
    if (now?.steps) go(nextStep(now, at, test));
  });

  /** @param {number} to */
  function go(to) {
    if (timer) pause();
    to = Math.min(Math.max(to, 0), Number(bar.max));
    move(to);
  }

  /** @param {number} to */
  function move(to) {
    at = to;
    const window = Math.floor(at / WINDOW);
    if (window !== (look().window ?? 0)) ask({ window });
    show();
  }

  function play() {
    if (at >= Number(bar.max)) move(0);
    timer = window.setInterval(() => {
      if (at < Number(bar.max)) move(at + 1);
      else pause();
    }, PACE);
    write(player, "Pause");
    player.setAttribute("aria-label", player.title = "Pause (space)");
  }
  function pause() {
    clearInterval(timer);
    timer = 0;
    write(player, "Play");
    player.setAttribute("aria-label", player.title = "Play the steps (space)");
  }

  /** Show the step that the sweeps are at, here and wherever its entry is. */
  function show() {
    const now = trace(), step = element.open ? stepAt(now, at) : undefined;
    if (!element.open || !now?.steps) return lights.step(null);
    const { count: all } = now.steps;
    bar.max = String(all - 1);
    bar.value = String(at);
    const sweep = !step ? "" : step[1] === VALUE ? "forward" : "backward";
    write(count, `${at + 1} of ${all}${sweep && `, ${sweep}`}`);
    bar.setAttribute("aria-valuetext", count.textContent ?? "");
    // Of a window that is on its way, the last sentence stays.
    if (!step) return;
    write(sentence, narrate(program(), now, at));
    const growing = grown(program(), step), size = Math.max(Math.abs(growing?.before ?? 0), Math.abs(growing?.after ?? 0));
    sum.classList.toggle("tapenb-none", !growing);
    if (growing) {
      write(sumText, growing.text);
      for (const [part, number] of /** @type {[HTMLElement, number][]} */ ([[sumBar, growing.after], [held, growing.before]])) {
        part.style.setProperty("--size", String(size ? Math.abs(number) / size : 0));
        part.classList.toggle("tapenb-below", number < 0);
      }
    }
    const [place, slot, to] = step;
    lights.step({ place, to: slot < 0 ? -1 : to, edge: slot < 0 ? "" : `${to}/${place}/${slot}`, slot,
      ...progress(program(), now, at) });
  }

  function paint() {
    hideIf(element, (program()?.output ?? -1) < 0);
    element.open = Boolean(look().steps);
    const all = trace()?.steps?.count;
    if (all && at >= all) at = all - 1;
    show();
  }
  return { element, trait: "program", paint, stop: pause, build() {} };
}
