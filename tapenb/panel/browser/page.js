// A page with panels and no kernel: each stands in the place of its picture, beside which its data is.

import { h } from "./dom.js";
import { ALONE } from "./evaluator.js";
import { localModel } from "./local.js";
import { render } from "./panel.js";

/** Milliseconds until a change of the page is looked at; until a panel's kernel is given up. */
const SOON = 150, PATIENT = 2000;
/** The element of the data, and of a figure in which they are played. */
const DATA = "script.tapenb-tape", PLAYS = "tapenb-plays";

/** The panels made here, by the element of their data; null where there is none to make. */
const made = /** @type {WeakMap<Element, (() => void) | null>} */ (new WeakMap());
/** Since when each data has waited for a kernel's own panel. */
const since = /** @type {WeakMap<Element, number>} */ (new WeakMap());

/** Whether a kernel answers beside, and whether it may yet. @param {Element} data */
function kernel(data) {
  const area = data.closest(".jp-OutputArea");
  if (!area) return { lives: false, loads: false };
  const next = data.closest(".jp-OutputArea-child")?.nextElementSibling;
  return {
    lives: Boolean(area.querySelector(".tapenb-live:not(.tapenb-page > *)")),
    loads: Boolean(next?.querySelector(":scope > .lm-Panel.jp-OutputArea-output")),
  };
}

/** The drawing of the graph, which is beside. @param {Element} data */
function drawing(data) {
  const picture = data.parentElement?.querySelector(":scope > :is(img, svg)");
  if (!picture) return {};
  if (picture instanceof SVGElement) return { svg: new XMLSerializer().serializeToString(picture), pending: false };
  const [, packed] = /** @type {HTMLImageElement} */ (picture).src.split(",");
  const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
  return { svg: new TextDecoder().decode(bytes), pending: false };
}

/** A panel in an element that another page gives it. @param {any} data @param {any} picture @param {HTMLElement} el */
export const inside = (data, picture, el) => render({ model: localModel(data, picture), el });

/** @param {Element} data */
function begin(data) {
  const el = h("div", { class: "tapenb-page" });
  try {
    const isOutput = data.closest(".jp-OutputArea") !== null;
    const model = localModel(JSON.parse(data.textContent ?? ""), drawing(data), isOutput ? [ALONE] : [], !isOutput);
    data.after(el);
    const stop = render({ model, el }), figure = data.parentElement;
    figure?.classList.add(PLAYS);
    made.set(data, () => { stop(); el.remove(); figure?.classList.remove(PLAYS); });
  } catch (error) {
    // A tape that this player does not know: the picture stays.
    el.remove();
    made.set(data, null);
    console.warn("tapenb:", error);
  }
}

/** Make every panel whose data is on the page; give way to a kernel's. */
function look() {
  waiting = 0;
  for (const data of document.querySelectorAll(DATA)) {
    const { lives, loads } = kernel(data), stop = made.get(data);
    if (lives) {
      stop?.();
      made.delete(data);
      since.delete(data);
    } else if (stop === undefined) {
      if (!since.has(data)) since.set(data, performance.now());
      const left = loads ? (since.get(data) ?? 0) + PATIENT - performance.now() : 0;
      if (left > 0) setTimeout(look, left + 1);
      else begin(data);
    }
  }
}

let waiting = 0;
// Outputs may come later, and a notebook renders them as it is scrolled.
if (!document.documentElement.dataset.tapenb) {
  document.documentElement.dataset.tapenb = "plays";
  look();
  new MutationObserver(() => { waiting ||= window.setTimeout(look, SOON); })
    .observe(document.documentElement, { childList: true, subtree: true });
}
