"""A panel as one HTML file that answers its sliders by itself: no kernel, no network."""

from __future__ import annotations

import base64
import hashlib
import json
from html import escape
from typing import Any

from ..recording.point import Point
from ..views.graph import Graph
from ..views.labels import one_line
from .assets import player, style, unpacking
from .brief import brief
from .picture import bundle
from .played import inert


def page(point: Point, graph: Graph | None, data: dict[str, Any]) -> str:
    """One HTML file with a live panel.

    Parameters
    ----------
    point : Point
        Its picture and text are shown where scripts are off.
    graph : Graph or None
        The graph that is shown.
    data : dict
        Of `stored`.

    Returns
    -------
    str
        Its Content-Security-Policy names one script by its hash, in which all code is packed, and
        allows what that unpacks and nothing else: no code is made in it.
    """
    figure = bundle(point, graph, more=inert(data), drawn=True)["text/html"]
    title = f"Derivatives of {one_line(point.output_name)}"
    operations = {name for each in data["programs"] for name in each["tape"]["operations"]}
    if any("vector" in each["show"] for each in data["programs"]):
        operations.add("vectorsAt")
    script = _SCRIPT % (json.dumps(style(kernel=False), ensure_ascii=False), player(operations))
    unpacks = unpacking(script, by_address=True)
    policy = (
        "default-src 'none'; img-src data:; "
        f"script-src '{_hashed(unpacks)}' 'strict-dynamic'; style-src '{_hashed(_OWN)}'"
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{escape(title)}</title>
<style>{_OWN}</style>
</head>
<body>
<main>
{figure}
</main>
<script>{unpacks}</script>
</body>
</html>
"""


def directive(graph: Graph | None, data: dict[str, Any], module: str) -> str:
    """MyST's directive ``anywidget`` with a panel.

    Parameters
    ----------
    graph : Graph or None
        The graph that is shown.
    data : dict
        Of `stored`.
    module : str
        The file of `tapenb.panel.assets.module`.
    """
    svg = graph.svg() if graph is not None else None
    picture = {} if svg is None else {"svg": svg, "pending": False}
    text = json.dumps({"panel": brief(data, svg or ""), "picture": picture}, ensure_ascii=False)
    text = text.replace("`", "\\u0060")  # three of them would end the directive
    return f"```{{anywidget}} {module}\n{text}\n```\n"


# The panel's style comes with it: without scripts there is nothing for it.
_SCRIPT = """\
{
const sheet = new CSSStyleSheet();
sheet.replaceSync(%s);
document.adoptedStyleSheets = [sheet];
}
%s"""
_OWN = """
:root { color-scheme: light dark; }
body { margin: 1rem auto; max-width: 72rem; padding: 0 1rem; font-family: system-ui, sans-serif; }
figure { margin: 0; }
"""


def _hashed(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
