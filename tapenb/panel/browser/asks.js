// The page asks for what it can play itself once it has nothing else to do, so that no number and no
// picture waits for it, or where a slider is moved on and on after a second; and once more where the
// curve lacks another branch of the cell.

/** @import { Model } from "./protocol.js" */

/** Milliseconds without anything new before, and after the first of what is new. */
const IDLE = 400, LATEST = 1000;

/**
 * @param {Model} model
 * @returns {{later(): void, stop(): void}} `later` is told of whatever is new.
 */
export function asks(model) {
  let timer = 0, since = 0;
  /** @type {Set<number>} */
  const asked = new Set();
  const lacking = () => model.get("curve")?.beyond ?? null;
  // What is asked while the cell is still to run is not heard, so that it is asked once more.
  const waits = () => Boolean(model.get("state")?.stale);
  const isKnown = () => Object.keys(model.get("tape") ?? {}).length > 0 && (lacking() === null || asked.has(lacking()));
  const ask = () => {
    since = 0;
    if (isKnown() || waits()) return;
    asked.add(lacking());
    model.send({ want: "tape" });
  };
  return {
    later() {
      clearTimeout(timer);
      if (waits()) asked.clear();
      if (waits() || isKnown()) { since = 0; return; }
      since ||= performance.now();
      timer = window.setTimeout(ask, Math.min(IDLE, since + LATEST - performance.now()));
    },
    stop: () => clearTimeout(timer),
  };
}
