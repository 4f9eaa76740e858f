// What is seen, as files: the graph as a picture, the trace as a table, the numbers.

import { h, KEYS } from "./dom.js";
import { VIEW } from "./moves.js";

/** @import { Model } from "./protocol.js" */

const PICTURES = { svg: "graph, SVG", png: "graph, PNG" };
/** What the kernel writes. */
const TEXTS = { pdf: "graph, PDF", dot: "whole graph, DOT", csv: "trace, CSV", tex: "trace, LaTeX", md: "trace, Markdown", json: "numbers, JSON",
  html: "page" };
/** What a picture's looks are made of, where there is no style sheet. */
const LOOKS = ["fill", "stroke", "stroke-width", "stroke-dasharray", "font-family", "font-size", "font-weight",
  "paint-order", "text-anchor", "visibility"];
/** Pixels of a PNG for one of the page. */
const FINER = 2;

/** @param {Model} model @returns {{element: HTMLElement, stop(): void}} */
export function save(model) {
  const choice = /** @type {HTMLSelectElement} */ (h("select", { ...KEYS, "aria-label": "save as" }, h("option", { value: "" }, "Save…"),
    ...Object.entries({ ...PICTURES, ...TEXTS }).map(([value, text]) => h("option", { value }, text))));
  let waits = 0;

  /** @param {string} name @param {Blob} blob */
  function give(name, blob) {
    const url = URL.createObjectURL(blob);
    h("a", { href: url, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  }
  choice.addEventListener("change", () => {
    const kind = choice.value, graph = choice.closest(".tapenb")?.querySelector(".tapenb-graph svg");
    choice.value = "";
    if (kind in TEXTS) {
      waits++;
      model.send({ save: kind, view: VIEW });
    } else if (graph) picture(/** @type {SVGSVGElement} */ (graph), kind, give);
  });
  const hears = (/** @type {any} */ message) => {
    if (!waits || message?.view !== VIEW) return;
    waits--;
    // The kernel says in the panel why there is none.
    const { name, text, packed } = message;
    if (packed) give(name, new Blob([Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0))]));
    else if (name) give(name, new Blob([text], { type: "text/plain" }));
  };
  model.on("msg:custom", hears);
  return { element: choice, stop: () => model.off("msg:custom", hears) };
}

/**
 * A drawing with its looks and its numbers as they are seen.
 * @param {SVGSVGElement} svg
 * @param {string} kind
 * @param {(name: string, blob: Blob) => void} give
 */
function picture(svg, kind, give) {
  const twin = /** @type {SVGSVGElement} */ (svg.cloneNode(true)), copies = twin.querySelectorAll("*");
  svg.querySelectorAll("*").forEach((element, k) => {
    const looks = getComputedStyle(element);
    for (const name of LOOKS) copies[k].setAttribute(name, looks.getPropertyValue(name));
  });
  const { width, height } = svg.viewBox.baseVal, paper = getComputedStyle(svg.closest(".tapenb") ?? svg);
  twin.removeAttribute("style");
  twin.setAttribute("width", String(width));
  twin.setAttribute("height", String(height));
  twin.style.background = paper.getPropertyValue("--tn-paper");
  const text = new XMLSerializer().serializeToString(twin);
  if (kind === "svg") return give("graph.svg", new Blob([text], { type: "image/svg+xml" }));
  const image = new Image();
  image.onload = () => {
    const canvas = /** @type {HTMLCanvasElement} */ (h("canvas"));
    [canvas.width, canvas.height] = [FINER * width, FINER * height];
    canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
    canvas.toBlob((blob) => { if (blob) give("graph.png", blob); });
  };
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
}
