// How near the graph is: by buttons, by keys, by the wheel with Ctrl; nearer, it is dragged.

import { button, h } from "./dom.js";

const NEARER = 1.25, NEAREST = 8;

/**
 * @param {HTMLElement} box Of the drawing.
 * @returns {HTMLElement & {again(): void}} The buttons; `again` for another drawing in the box.
 */
export function zoom(box) {
  let scale = 0;  // where it fits
  function again() {
    const svg = box.querySelector("svg");
    if (svg) svg.style.width = scale ? `calc(${scale} * var(--tn-drawn))` : "";
  }
  /** @param {number} factor 0 for the whole. */
  function by(factor) {
    const svg = box.querySelector("svg");
    if (!svg) return;
    const drawn = parseFloat(svg.style.getPropertyValue("--tn-drawn")), before = svg.getBoundingClientRect().width;
    box.classList.toggle("tapenb-fit", !factor);
    scale = factor && Math.min(NEAREST, Math.max(1 / NEAREST, factor * (before / drawn)));
    box.classList.toggle("tapenb-zoomed", scale > 0);
    again();
    if (!scale || !before) return;
    // What is in the middle stays there.
    const grown = svg.getBoundingClientRect().width / before;
    box.scrollLeft = (box.scrollLeft + box.clientWidth / 2) * grown - box.clientWidth / 2;
    box.scrollTop = (box.scrollTop + box.clientHeight / 2) * grown - box.clientHeight / 2;
  }
  box.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    by(event.deltaY < 0 ? NEARER : 1 / NEARER);
  }, { passive: false });
  box.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const factor = /** @type {Record<string, number>} */ ({ "+": NEARER, "-": 1 / NEARER, 0: 0 })[event.key];
    if (factor !== undefined) by(factor);
  });
  box.addEventListener("pointerdown", (down) => {
    if (!scale || down.button) return;
    const from = { x: box.scrollLeft + down.clientX, y: box.scrollTop + down.clientY };
    const drag = (/** @type {PointerEvent} */ now) => box.scrollTo(from.x - now.clientX, from.y - now.clientY);
    box.addEventListener("pointermove", drag);
    addEventListener("pointerup", () => box.removeEventListener("pointermove", drag), { once: true });
  });
  const buttons = h("span", { class: "tapenb-zoom", role: "group", "aria-label": "zoom" },
    button("−", () => by(1 / NEARER), "farther"), button("+", () => by(NEARER), "nearer"),
    button("Fit", () => by(0), "the whole graph"));
  return Object.assign(buttons, { again });
}
