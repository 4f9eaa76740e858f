// The panel of a kernel.

import { answers } from "./answers.js";
import { render } from "./panel.js";

/** @import { Model } from "./protocol.js" */

/** @param {{model: Model, el: HTMLElement}} context */
const inFront = ({ model, el }) => render({ model: answers(model), el });

export default { render: inFront };
