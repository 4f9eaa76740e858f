// The page asks for what it can play itself once it has nothing else to do, so that no number and no
// picture waits for it; and once more where the curve lacks another branch of the cell.

/** @import { Model } from "./protocol.js" */

/** Milliseconds without anything new before. */
const IDLE = 400;

/**
 * @param {Model} model
 * @returns {{later(): void, stop(): void}} `later` is told of whatever is new.
 */
export function asks(model) {
  let timer = 0;
  /** @type {Set<number>} */
  const asked = new Set();
  const lacking = () => model.get("curve")?.beyond ?? null;
  const isKnown = () => Object.keys(model.get("tape") ?? {}).length > 0 && (lacking() === null || asked.has(lacking()));
  const ask = () => {
    if (isKnown()) return;
    asked.add(lacking());
    model.send({ want: "tape" });
  };
  return {
    later() {
      clearTimeout(timer);
      if (!isKnown()) timer = window.setTimeout(ask, IDLE);
    },
    stop: () => clearTimeout(timer),
  };
}
