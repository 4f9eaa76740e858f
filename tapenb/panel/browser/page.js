// A page with panels and no kernel: each stands where its data does.

import { h } from "./dom.js";
import { localModel } from "./local.js";
import { render } from "./panel.js";

/** Make every panel whose data is on the page and that has none yet; may be called again. */
function start() {
  for (const data of document.querySelectorAll('script.tapenb-tape')) {
    if (data.nextElementSibling?.classList.contains("tapenb-page")) continue;
    const el = h("div", { class: "tapenb-page" });
    data.after(el);
    render({ model: localModel(JSON.parse(data.textContent ?? "")), el });
    data.parentElement?.classList.add("tapenb-is-live");
  }
}

start();
