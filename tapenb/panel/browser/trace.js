// The trace table: value, tangent and adjoint of each entry side by side.

import { h, hideIf, KEYS, list, write } from "./dom.js";
import { asking } from "./moves.js";
import { chainRule, figure, VALUE } from "./sweep.js";

/** @import { Lights, Model, Mover, Program, Section, State, Trace } from "./protocol.js" */

/** Rows that the kernel sends at once, as `trace.py` has it. */
const ROWS = 100;

/** @param {Model} model @param {Mover} _mover @param {Lights} lights @returns {Section} */
export function trace(model, _mover, lights) {
  const { look, ask } = asking(model, "trace");
  const summary = h("summary", KEYS, "Trace table");
  const choice = /** @type {HTMLSelectElement} */ (h("select", KEYS));
  const along = h("label", { class: "tapenb-along" }, "tangent along ", choice);
  const every = /** @type {HTMLSelectElement} */ (h("select", KEYS,
    ...Object.entries({ lines: "each line", entries: "each entry" }).map(([value, text]) => h("option", { value }, text))));
  const rowsOf = h("label", { class: "tapenb-along" }, "a row for ", every);
  every.addEventListener("change", () => ask({ rows: every.value }));
  const head = h("tr"), body = h("tbody"), above = h("div"), below = h("div");
  const rows = h("div", { class: "tapenb-trace-rows", role: "group", "aria-label": "Trace", ...KEYS },
    above, h("table", {}, h("thead", {}, head), body), below);
  const element = /** @type {HTMLDetailsElement} */ (
    h("details", { class: "tapenb-trace" }, summary, along, rowsOf, rows));
  summary.addEventListener("click", (event) => {
    event.preventDefault();  // it opens as every view of the panel does
    element.open = !element.open;
    ask({ open: element.open });
  });
  choice.addEventListener("change", () => ask({ along: choice.value }));
  let wanted = -1;
  rows.addEventListener("scroll", () => {
    const table = /** @type {State} */ (model.get("state")).trace?.table;
    if (!table) return;
    const at = Math.floor(rows.scrollTop / height()), seen = Math.ceil(rows.clientHeight / height());
    const far = at < table.first || at + seen > table.last;
    const top = Math.max(0, Math.min(table.count - ROWS, at - Math.floor((ROWS - seen) / 2)));
    if (far && top !== wanted) ask({ top: wanted = top });
  });
  /** Of a row. */
  const height = () => body.firstElementChild?.getBoundingClientRect().height || 26;

  /** @param {Program} program @param {Trace} shown @returns {[number, string[]][]} */
  function entries(program, shown) {
    const now = lights.now, { tangents } = shown;
    const { first = 0, last = Infinity } = shown.table ?? {};
    const known = Object.entries(program.entries).filter(([key]) => Number(key) >= first && Number(key) < last);
    return known.map(([key, own]) => {
      const place = Number(key);
      const value = now && place > now.last ? "" : figure(shown.values[place]);
      const adjoint = now ? now.sums.get(place) ?? "" : shown.adjoints[place];
      return [place, [own.v, own.text, value, ...(tangents ? [now && place > now.last ? "" : figure(tangents[place])] : []),
        adjoint === "" ? "" : figure(adjoint), ...(shown.kind === "adjoint" && !shown.table ? [chainRule(program, place)] : [])]];
    });
  }

  /** Scroll the table, and not the page, to a cell. @param {HTMLElement | null} cell */
  function reveal(cell) {
    if (!cell) return;
    const seen = rows.getBoundingClientRect(), box = cell.getBoundingClientRect();
    // The first column stays, over what is scrolled.
    const left = Math.max(seen.left, body.querySelector("td")?.getBoundingClientRect().right ?? 0);
    rows.scrollLeft += Math.max(0, box.right - seen.right) + Math.min(0, box.left - left);
    rows.scrollTop += Math.max(0, box.bottom - seen.bottom) + Math.min(0, box.top - seen.top);
  }

  /** @param {State} state */
  function paint(state) {
    const program = /** @type {Program} */ (model.get("program")), shown = state.trace, now = lights.now;
    hideIf(element, (program?.output ?? -1) < 0);
    element.open = Boolean(look().open);
    if (!element.open || !shown) return;
    hideIf(along, shown.choices.length < 1);
    hideIf(rowsOf, !shown.lines && !shown.table);
    every.value = shown.table ? "entries" : "lines";
    list(choice, shown.choices, () => h("option"), (option, label) => {
      write(option, label);
      option.setAttribute("value", label);
    });
    if (shown.along) choice.value = shown.along;
    const byLine = shown.lines, kind = byLine ? "line" : "entry";
    const titles = byLine ? ["line", "text", "value", shown.kind, "runs"]
      : ["entry", "operation", "value", ...(shown.tangents ? ["tangent"] : []), shown.kind, ...(shown.kind === "adjoint" && !shown.table ? ["chain rule"] : [])];
    list(head, titles, () => h("th", { scope: "col" }), write);
    const cells = byLine ? byLine.map((each) => /** @type {[number, string[]]} */ ([each.number,
      [String((model.get("listing").first ?? 1) + each.number), each.text, figure(each.value), figure(each.adjoint), `×${each.count}`]])) : entries(program, shown);
    const adjoints = titles.indexOf(shown.kind);
    list(body, cells, () => h("tr"), (row, [number, texts]) => {
      row.setAttribute(byLine ? "data-line" : "data-place", String(number));
      row.removeAttribute(byLine ? "data-place" : "data-line");
      const changed = !now || kind === "line" ? -1 : now.to === number || (now.place === number && now.slot < VALUE) ? adjoints
        : now.place === number && now.slot === VALUE ? 2 : -1;
      list(row, texts, () => h("td"), (cell, text) => write(cell, text));
      [...row.children].forEach((cell, k) => {
        cell.classList.toggle("tapenb-changed", k === changed);
        cell.classList.toggle("tapenb-adjoints", k === adjoints);
      });
    });
    // What is not sent takes its place all the same.
    const { first = 0, last = 0, count = 0 } = shown.table ?? {};
    if (shown.table) wanted = first;
    above.style.height = `${first * height()}px`;
    below.style.height = `${(count - last) * height()}px`;
    const target = !now ? -1 : now.to >= 0 ? now.to : now.place;
    if (shown.table && target >= 0 && (target < first || target >= last)) {
      const top = Math.max(0, Math.min(count - ROWS, target - ROWS / 2));
      if (top !== first) { ask({ top: wanted = top }); rows.scrollTop = top * height(); }
    } else if (now) reveal(body.querySelector(".tapenb-changed"));
    if (!byLine) rows.dataset.walk = "";
    else delete rows.dataset.walk;
    rows.tabIndex = 0;
  }
  lights.follows(() => paint(model.get("state")));
  return { element, trait: "program", build() {}, paint };
}
