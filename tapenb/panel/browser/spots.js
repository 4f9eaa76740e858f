// Where in the listing an entry is written.

/**
 * @param {HTMLElement} root The panel.
 * @param {[line: number, start: number, end: number] | undefined} spot
 */
export function rangeOf(root, spot) {
  const code = spot && root.querySelector(`[data-line="${spot[0]}"] code`);
  if (!code) return null;
  const range = document.createRange();
  // A handle may show another number than was written: columns are those of the text as it was.
  let column = 0;
  for (const part of code.childNodes) {
    const handle = part instanceof HTMLElement, node = /** @type {Node} */ (handle ? part.firstChild : part);
    const seen = part.textContent?.length ?? 0, length = handle ? Number(part.dataset.length) : seen;
    const [start, end] = spot.slice(1).map((each) => each - column);
    if (start >= 0 && start < length) range.setStart(node, handle ? 0 : start);
    if (end > 0 && end <= length) range.setEnd(node, handle ? seen : end);
    column += length;
  }
  return range;
}

/** Light ranges of the text, and others no more, where the browser can. @param {string} name @param {Range[]} before @param {Range[]} after */
export function relight(name, before, after) {
  if (!globalThis.CSS?.highlights) return [];
  if (!CSS.highlights.has(name)) CSS.highlights.set(name, new Highlight());
  const shared = /** @type {Highlight} */ (CSS.highlights.get(name));
  for (const range of before) shared.delete(range);
  for (const range of after) shared.add(range);
  return after;
}
