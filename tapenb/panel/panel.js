// The panel in the browser. Text goes in as textContent only; a move goes out as one message with
// every position, and one message with every number comes back.

/**
 * @typedef {{label: string, min: number, max: number, step: number, integer: boolean}} Input
 * @typedef {{choices: string[], along: string, output: string, from: number, to: number,
 *   curve: DataView, at: number | null, value: number | null, slope: number | null,
 *   curvature: number | null, label: string}} Plot
 * @typedef {{move: number, positions: Record<string, number>, rows: [string, string][],
 *   matrix: {names: string[], cells: string[][]} | null, notes: string[], label: string,
 *   status: string, error: string, stale: boolean, kept: string, nodes?: string[],
 *   edges?: string[], words?: string, plot: Plot | null,
 *   trace?: {caption: string, head: string[], rows: string[][]}}} State
 * @typedef {{get(name: string): any, set(name: string, value: any): void, save_changes(): void,
 *   send(content: any): void,
 *   on(event: string, callback: () => void): void, off(event: string, callback: () => void): void}} Model
 */

/**
 * Milliseconds after a move. Jupyter's server keeps an answer back until the browser has
 * acknowledged the kernel's "busy" before it, which a system may put off for 40 ms (Nagle's
 * algorithm); whatever the browser sends carries the acknowledgement along.
 */
const NUDGE = 10;

const SVG = "http://www.w3.org/2000/svg";

/**
 * @param {string} tag
 * @param {Record<string, string>} [attributes]
 * @param {(Node | string)[]} children
 * @returns {HTMLElement}
 */
function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/**
 * @param {string} tag
 * @param {Record<string, string | number>} attributes
 * @param {string} [text]
 */
function s(tag, attributes, text) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  if (text !== undefined) element.textContent = text;
  return element;
}

/** Without this attribute on the very element that has the focus, the notebook takes its keys. */
const KEYS = { "data-lm-suppress-shortcuts": "true" };

/** @param {number} value */
const short = (value) => String(Number(value.toPrecision(10)));

/** @param {Element} element @param {string} text */
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * As many children as items, each one written anew only where it differs.
 * @template T
 * @param {Element} parent
 * @param {T[]} items
 * @param {() => Element} make
 * @param {(element: Element, item: T) => void} update
 */
function list(parent, items, make, update) {
  while (parent.children.length > items.length) parent.lastElementChild?.remove();
  while (parent.children.length < items.length) parent.append(make());
  items.forEach((item, i) => update(parent.children[i], item));
}

/**
 * Round positions for the ticks of an axis.
 * @param {number} low
 * @param {number} high
 * @param {number} most
 * @returns {number[]}
 */
export function ticks(low, high, most) {
  const rough = (high - low) / most;
  if (!(rough > 0) || !Number.isFinite(rough)) return [];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999);
  const first = Math.ceil(low / step - 1e-9);
  const found = [];
  for (let i = first; i * step <= high + step * 1e-9; i++) found.push(i * step || 0);
  return found;
}

/**
 * The range of a plot: all finite values, without the spikes of a pole, and the point itself.
 * @param {Float64Array} values
 * @param {number | null} value
 * @returns {[number, number]}
 */
export function range(values, value) {
  const sorted = [...values].filter(Number.isFinite).sort((a, b) => a - b);
  value ??= sorted[0] ?? 0;
  let low = value, high = value;
  if (sorted.length) {
    const at = (/** @type {number} */ part) => sorted[Math.round(part * (sorted.length - 1))];
    const inner = at(0.95) - at(0.05);
    low = Math.min(value, Math.max(sorted[0], at(0.05) - inner));
    high = Math.max(value, Math.min(sorted[sorted.length - 1], at(0.95) + inner));
  }
  const margin = (high - low) * 0.08 || Math.abs(value) * 0.1 || 1;
  return [low - margin, high + margin];
}

/**
 * The sliders: a native range with its label, and the number itself to read and to type.
 * @param {Model} model
 * @param {HTMLElement} place
 */
function sliders(model, place) {
  /** @type {Map<string, {input: Input, bar: HTMLInputElement, field: HTMLInputElement}>} */
  let rows = new Map();
  /** @type {Record<string, number>} */
  let values = {};
  let move = model.get("position").move ?? 0;
  let nudge = 0;

  /** @param {string} label @param {number} value */
  function show(label, value) {
    const { input, bar, field } = rows.get(label);
    // Off the grid of its steps a range would show another number than the true one.
    const steps = (value - input.min) / input.step;
    const onGrid = Math.abs(steps - Math.round(steps)) < 1e-6;
    bar.step = onGrid ? String(input.step) : "any";
    bar.value = String(value);
    field.value = short(value);
  }

  /** @param {string} label @param {number} value */
  function moved(label, value) {
    values = { ...values, [label]: value };
    move = Math.max(move, model.get("position").move ?? 0) + 1;
    model.set("position", { move, values });
    model.save_changes();
    clearTimeout(nudge);
    nudge = window.setTimeout(() => model.send({}), NUDGE);
  }

  function build() {
    place.replaceChildren();
    rows = new Map();
    for (const input of /** @type {Input[]} */ (model.get("inputs"))) {
      const limits = { min: String(input.min), max: String(input.max), ...KEYS };
      const bar = /** @type {HTMLInputElement} */ (h("input", { type: "range", ...limits }));
      const field = /** @type {HTMLInputElement} */ (
        h("input", { type: "number", step: input.integer ? "1" : "any", ...limits })
      );
      field.setAttribute("aria-label", `${input.label}, typed`);
      const toGrid = () => { bar.step = String(input.step); };
      bar.addEventListener("keydown", toGrid);
      bar.addEventListener("pointerdown", toGrid);
      bar.addEventListener("input", () => {
        field.value = short(bar.valueAsNumber);
        moved(input.label, bar.valueAsNumber);
      });
      const typed = () => {
        let value = field.valueAsNumber;
        if (!Number.isFinite(value)) return show(input.label, values[input.label]);
        value = Math.min(input.max, Math.max(input.min, value));
        if (input.integer) value = Math.round(value);
        show(input.label, value);
        if (value !== values[input.label]) moved(input.label, value);
      };
      field.addEventListener("change", typed);
      // The notebook keeps this key from ending the input, as it does elsewhere.
      field.addEventListener("keydown", (event) => { if (event.key === "Enter") typed(); });
      rows.set(input.label, { input, bar, field });
      const name = h("span", { class: "tapenb-name" }, input.label);
      place.append(h("div", { class: "tapenb-slider" }, h("label", {}, name, bar), field));
    }
  }

  /** @param {State} state */
  function paint(state) {
    // A message that answers an older move must not pull a slider from under the hand.
    if (state.move < (model.get("position").move ?? 0)) return;
    move = Math.max(move, state.move);
    for (const [label, value] of Object.entries(state.positions)) {
      if (rows.has(label) && rows.get(label).field !== document.activeElement) show(label, value);
      else if (rows.has(label) && values[label] !== value) show(label, value);
    }
    values = { ...state.positions };
  }

  return { build, paint, stop: () => clearTimeout(nudge) };
}

/**
 * The drawing: parsed once, then only its numbers change.
 * @param {Model} model
 * @param {HTMLElement} place
 */
function graph(model, place) {
  /** @type {Map<string, Element>} */
  let slots = new Map();

  function build() {
    slots = new Map();
    const { svg: text, pending } = model.get("picture");
    place.hidden = text === undefined;
    place.replaceChildren();
    if (pending) place.append(h("p", { class: "tapenb-quiet" }, "The graph follows in a moment…"));
    if (!text) return;
    const parsed = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
    const svg = /** @type {SVGElement} */ (document.importNode(parsed, true));
    // A panel may be on the page twice; no id is.
    for (const group of svg.querySelectorAll("g[id]")) {
      const lines = group.querySelectorAll(":scope > text");
      if (lines.length) slots.set(group.id, lines[lines.length - 1]);
      group.setAttribute("data-key", group.id);
      group.removeAttribute("id");
    }
    const width = parseFloat(svg.getAttribute("width") ?? "0") * (4 / 3);
    svg.removeAttribute("height");
    svg.setAttribute("width", `${width}px`);
    svg.setAttribute("role", "img");
    // A narrow panel scrolls the drawing sooner than it makes its text too small to read.
    svg.style.minWidth = `${0.8 * width}px`;
    place.append(svg);
  }

  /** @param {State} state */
  function paint(state) {
    const svg = place.querySelector("svg");
    if (svg) {
      svg.setAttribute("aria-label", `Computational graph. ${state.label}`);
      state.nodes?.forEach((text, i) => slots.has(`n${i}`) && write(slots.get(`n${i}`), text));
      state.edges?.forEach((text, i) => slots.has(`e${i}`) && write(slots.get(`e${i}`), text));
    } else if (state.words) {
      if (!place.querySelector("pre")) place.replaceChildren(h("pre"));
      write(place.querySelector("pre"), state.words);
    }
  }

  return { build, paint };
}

/**
 * The output along one slider, with its tangent and osculating parabola.
 * @param {Model} model
 * @param {HTMLElement} place
 */
function plot(model, place) {
  const choice = /** @type {HTMLSelectElement} */ (h("select", KEYS));
  const legend = h("p", { class: "tapenb-legend" });
  const picture = s("svg", { role: "img", class: "tapenb-picture" });
  const head = h("div", { class: "tapenb-plot-head" }, h("label", {}, "along ", choice), legend);
  choice.addEventListener("change", () => {
    model.set("along", choice.value);
    model.save_changes();
  });
  place.append(head, picture);

  /** @param {Plot | null} plot */
  function paint(plot) {
    place.hidden = !plot;
    if (!plot) return;
    list(choice, plot.choices, () => h("option"), (option, label) => {
      write(option, label);
      option.setAttribute("value", label);
    });
    choice.value = plot.along;
    const kinds = ["curve", "tangent", "parabola"].slice(0, 1 + degree(plot));
    if (!plot.curve.byteLength) kinds.shift();
    list(legend, kinds, () => h("span"), (item, kind) => {
      item.className = `tapenb-${kind}-key`;
      write(item, kind === "curve" ? plot.output : kind);
    });
    draw(plot);
  }

  /** What touches the curve here: nothing, the tangent, or the parabola too. @param {Plot} plot */
  function degree({ at, value, slope, curvature }) {
    if (at === null || value === null || slope === null) return 0;
    return curvature === null ? 1 : 2;
  }

  /** @type {Plot | null} */
  let last = null;
  new ResizeObserver(() => { if (last) draw(last); }).observe(place);

  /** @param {Plot} plot */
  function draw(plot) {
    last = plot;
    if (!place.clientWidth) return;  // hidden: it is drawn when it has a width
    const width = Math.max(place.clientWidth, 220), height = 190;
    const left = 46, right = width - 8, top = 8, bottom = height - 24;
    const bytes = plot.curve;
    const ys = new Float64Array(
      bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
    const [low, high] = range(ys, plot.value);
    const x = (/** @type {number} */ v) =>
      left + ((v - plot.from) / (plot.to - plot.from)) * (right - left);
    const y = (/** @type {number} */ v) => bottom - ((v - low) / (high - low)) * (bottom - top);
    picture.setAttribute("viewBox", `0 0 ${width} ${height}`);
    picture.setAttribute("height", String(height));
    picture.setAttribute("aria-label", plot.label);

    const axes = s("g", { class: "tapenb-axes" });
    for (const tick of ticks(plot.from, plot.to, width / 70)) {
      axes.append(s("path", { d: `M${x(tick)},${top}V${bottom}` }));
      axes.append(s("text", { x: x(tick), y: bottom + 15, "text-anchor": "middle" }, tidy(tick)));
    }
    for (const tick of ticks(low, high, 4)) {
      axes.append(s("path", { d: `M${left},${y(tick)}H${right}` }));
      axes.append(s("text", { x: left - 6, y: y(tick) + 4, "text-anchor": "end" }, tidy(tick)));
    }
    // An inner svg cuts off what leaves the plot; a clip path would need an id.
    const inner = s("svg", { x: left, y: top, width: right - left, height: bottom - top });
    inner.setAttribute("viewBox", `${left} ${top} ${right - left} ${bottom - top}`);
    const steps = Math.max(ys.length - 1, 1);
    const curve = line([...ys].map((v, i) => [x(plot.from + ((plot.to - plot.from) * i) / steps), y(v)]));
    const local = (/** @type {number} */ bend) => line(Array.from({ length: 97 }, (_, i) => {
      const v = plot.from + ((plot.to - plot.from) * i) / 96, d = v - plot.at;
      return [x(v), y(plot.value + d * (plot.slope + (d * bend) / 2))];
    }));
    if (degree(plot) > 1) {
      inner.append(s("path", { d: local(plot.curvature), class: "tapenb-parabola" }));
    }
    if (degree(plot) > 0) inner.append(s("path", { d: local(0), class: "tapenb-tangent" }));
    inner.append(s("path", { d: curve, class: "tapenb-curve" }));
    picture.replaceChildren(axes, inner);
    if (plot.value !== null && plot.at !== null) {
      picture.append(s("circle", { cx: x(plot.at), cy: y(plot.value), r: 4.5, class: "tapenb-point" }));
    }
  }

  return { paint };
}

/**
 * The path of points; broken where there is no value, and cut where coordinates grow absurd.
 * @param {number[][]} points
 */
export function line(points) {
  let path = "", pen = "M";
  for (const [x, y] of points) {
    if (!Number.isFinite(y)) { pen = "M"; continue; }
    path += `${pen}${x.toFixed(1)},${Math.min(1e5, Math.max(-1e5, y)).toFixed(1)}`;
    pen = "L";
  }
  return path;
}

/** @param {number} tick */
function tidy(tick) {
  const size = Math.abs(tick);
  const text = size >= 1e5 || (size > 0 && size < 1e-3) ? tick.toExponential() : short(tick);
  return text.replace("e+", "e").replaceAll("-", "−");
}

/** @param {{model: Model, el: HTMLElement}} context */
function render({ model, el }) {
  const place = {
    sliders: h("div", { class: "tapenb-sliders" }),
    alert: h("p", { class: "tapenb-alert", role: "alert" }),
    readout: h("div", { class: "tapenb-readout" }),
    status: h("p", { class: "tapenb-quiet" }),
    matrix: h("div", { class: "tapenb-matrix", role: "group", "aria-label": "Second derivatives", ...KEYS }),
    notes: h("div", { class: "tapenb-notes" }),
    plot: h("div", { class: "tapenb-plot" }),
    graph: h("div", { class: "tapenb-graph", role: "group", "aria-label": "Graph", ...KEYS }),
    trace: h("div", { class: "tapenb-trace", role: "group", "aria-label": "Trace", ...KEYS }),
  };
  const live = h("div", { role: "status", "aria-live": "polite", "aria-atomic": "false" },
    place.status, place.readout);
  const side = h("div", { class: "tapenb-side" },
    place.sliders, h("div", {}, place.alert, live), place.matrix, place.notes);
  const root = h("div", { class: "tapenb tapenb-live", role: "group" },
    h("div", { class: "tapenb-columns" }, side, place.graph, place.plot), place.trace);
  el.classList.add("tapenb-host");
  el.append(root);

  const parts = { sliders: sliders(model, place.sliders), graph: graph(model, place.graph) };
  const plotted = plot(model, place.plot);

  function paint() {
    due = 0;
    const state = /** @type {State} */ (model.get("state"));
    if (!state.rows) return;
    root.setAttribute("aria-label", `Derivatives of ${state.rows[0][0]}`);
    root.classList.toggle("tapenb-stale", state.stale);
    parts.sliders.paint(state);
    write(place.alert, state.error && `${state.error} ${state.kept}`);
    write(place.status, state.status && `${state.status} ${state.kept}`);
    list(place.readout, state.rows, row, (element, [name, text]) => {
      write(element.children[0], name);
      write(element.children[2], text);
    });
    matrix(place.matrix, state.matrix);
    list(place.notes, state.notes, () => h("p"), write);
    plotted.paint(state.plot);
    parts.graph.paint(state);
    trace(place.trace, state.trace);
    [place.matrix, place.graph, place.trace].forEach(reachable);
  }

  let due = 0;
  const ask = () => { due ||= requestAnimationFrame(paint); };
  const rebuild = () => { parts.graph.build(); ask(); };
  const relabel = () => { parts.sliders.build(); ask(); };
  const events = { "change:state": ask, "change:picture": rebuild, "change:inputs": relabel };
  for (const [event, callback] of Object.entries(events)) model.on(event, callback);
  const observer = new ResizeObserver(ask);
  observer.observe(root);
  rebuild();
  relabel();
  paint();
  return () => {
    cancelAnimationFrame(due);
    parts.sliders.stop();
    observer.disconnect();
    for (const [event, callback] of Object.entries(events)) model.off(event, callback);
  };
}

/** One line of the readout; the sign between name and number is text, so that it is read aloud. */
function row() {
  return h("div", { class: "tapenb-row" }, h("span", { class: "tapenb-name" }),
    h("span", { class: "tapenb-equals" }, " = "), h("span", { class: "tapenb-number" }));
}

/** What scrolls can be reached by keys, and only what scrolls. @param {HTMLElement} element */
function reachable(element) {
  if (element.scrollWidth > element.clientWidth) element.tabIndex = 0;
  else element.removeAttribute("tabindex");
}

/** @param {HTMLElement} place @param {State["matrix"]} matrix */
function matrix(place, matrix) {
  place.hidden = !matrix;
  if (!matrix) return;
  if (!place.firstChild) {
    const caption = h("caption", {}, "Second derivatives");
    place.append(h("table", {}, caption, h("thead", {}, h("tr")), h("tbody")));
  }
  const [, head, body] = place.firstElementChild.children;
  list(head.firstElementChild, ["", ...matrix.names.map((name) => `∂${name}`)],
    () => h(head.firstElementChild.children.length ? "th" : "td", {}),
    (cell, text) => { write(cell, text); if (text) cell.setAttribute("scope", "col"); });
  list(body, matrix.names, () => h("tr", {}, h("th", { scope: "row" })), (line, name) => {
    const cells = matrix.cells[matrix.names.indexOf(name)];
    list(line, [`∂${name}`, ...cells], () => h("td"), write);
  });
}

/** @param {HTMLElement} place @param {State["trace"]} trace */
function trace(place, trace) {
  place.hidden = !trace;
  if (!trace) return;
  if (!place.firstChild) {
    const head = h("tr", {}, ...trace.head.map((title) => h("th", { scope: "col" }, title)));
    place.append(h("table", {}, h("caption"), h("thead", {}, head), h("tbody")));
  }
  const [caption, , body] = place.firstElementChild.children;
  write(caption, trace.caption);
  list(body, trace.rows, () => h("tr"), (line, cells) => list(line, cells, () => h("td"), write));
}

export default { render };
