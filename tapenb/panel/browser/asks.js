// The page asks for what it can play itself once it has nothing else to do, so that no number and no
// picture waits for it.

/** @import { Model } from "./protocol.js" */

/** Milliseconds without anything new before. */
const IDLE = 400;

/**
 * @param {Model} model
 * @returns {{later(): void, stop(): void}} `later` is told of whatever is new.
 */
export function asks(model) {
  let timer = 0;
  const isKnown = () => Object.keys(model.get("tape") ?? {}).length > 0;
  const ask = () => { if (!isKnown()) model.send({ want: "tape" }); };
  return {
    later() {
      clearTimeout(timer);
      if (!isKnown()) timer = window.setTimeout(ask, IDLE);
    },
    stop: () => clearTimeout(timer),
  };
}
