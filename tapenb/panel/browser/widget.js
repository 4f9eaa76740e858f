// The panel of a kernel.

import { answers } from "./answers.js";
import { render } from "./panel.js";

/** @import { Model } from "./protocol.js" */

/** @param {{model: Model, el: HTMLElement}} context */
function inFront({ model, el }) {
  el.classList.add("tapenb-widget");
  return render({ model: answers(model), el });
}

export default { render: inFront };
