// What is known of the kernel behind the panel, in words, where it cannot answer.

import { h, write } from "./dom.js";
import { ALONE, kept } from "./evaluator.js";

/** @import { Answering, Kernel, Mover, Section, State } from "./protocol.js" */

const ENDED = "The kernel was restarted or has ended. Run this cell again to go on.";
const LOST = "The connection to the kernel is lost.";
const WAITING = "Waiting for the kernel…";
/** Milliseconds without an answer until that is said. */
const LATE = 1500;

/**
 * @param {Answering} model
 * @param {Mover} mover
 * @returns {Section}
 */
export function link(model, mover) {
  const element = h("p", { class: "tapenb-link", role: "alert" });
  // JupyterLab and Notebook 7 tell about their kernel; elsewhere a comm that ended does.
  const kernel = /** @type {Kernel | undefined} */ (model.widget_manager?.kernel);
  let ended = false, lost = false, late = false, timer = 0;

  const waits = () => Object.keys(mover.mine()).length > 0;
  function show() {
    const why = ended ? ENDED : lost ? LOST : late ? WAITING : "";
    model.alone(ended || lost);
    const state = /** @type {State} */ (model.get("state")), panel = element.parentElement?.closest(".tapenb");
    const answered = state.ahead || (model.plays() && !waits());
    write(element, why && (state.stale ? why : `${why} ${answered ? ALONE : kept(state.positions ?? {})}`));
    panel?.classList.toggle("tapenb-unanswered", why !== "" && !answered);
  }
  const end = () => { ended = true; show(); };
  const onStatus = (/** @type {unknown} */ _, /** @type {string} */ status) => {
    if (/restarting|dead|terminating/.test(status)) end();
  };
  const onConnection = (/** @type {unknown} */ _, /** @type {string} */ status) => {
    lost = status !== "connected";
    show();
  };
  kernel?.statusChanged.connect(onStatus);
  kernel?.connectionStatusChanged.connect(onConnection);
  kernel?.disposed.connect(end);
  if (!kernel) model.on("comm_live_update", end);

  /** A message may be lost, or kept back for the end of one that is never told: ask again and again. */
  function wait() {
    late = waits();
    show();
    if (!late || model.alone()) return;
    mover.again();
    timer = window.setTimeout(wait, LATE);
  }
  function paint() {
    clearTimeout(timer);
    late = late && waits();
    if (waits()) timer = window.setTimeout(wait, LATE);
    show();
  }
  function stop() {
    clearTimeout(timer);
    kernel?.statusChanged.disconnect(onStatus);
    kernel?.connectionStatusChanged.disconnect(onConnection);
    kernel?.disposed.disconnect(end);
    model.off("comm_live_update", end);
  }
  return { element, paint, stop };
}
