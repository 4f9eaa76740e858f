"""Live panels in the pages of a Sphinx project: ``extensions = ["tapenb.sphinx"]``.

The directive ``tape`` runs its lines as a cell with ``%%tape`` and puts the panel there, which
answers its sliders in the page: no kernel, no network, from a file system, too. The outputs that
notebooks have stored come to life as well, where MyST-NB renders them. Each page with a panel loads
one script and one style sheet, which all pages share.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

from ..panel.assets import player, style, without_player
from .directive import Tape

_SCRIPT, _SHEET = "tapenb.js", "tapenb.css"
# What a page with a panel holds.
_MARK = 'class="tapenb-tape"'
# The colours of the theme, by the names that Furo and the PyData theme give them; what is light or
# dark, for what the browser draws itself.
_OF_THE_THEME = """
.tapenb-page {
  --jp-layout-color0: var(--color-background-primary, var(--pst-color-background, Canvas));
}
[data-theme="dark"] .tapenb-page { color-scheme: dark; }
[data-theme="auto"] .tapenb-page { color-scheme: light dark; }
.tapenb-static { overflow-x: auto; }
.tapenb-static > img { background: white; }
.tapenb-static > table { align-self: start; font-size: 0.9em; margin-top: 1rem; }
.tapenb-static > table :is(th, td) { padding: 0.1rem 0.5rem; font-weight: normal; }
.tapenb-static > table :is(caption, th, td) { text-align: left; }
"""


def setup(app: Sphinx) -> ExtensionMetadata:
    """Add the directive, its setting, and what pages with a panel load.

    Parameters
    ----------
    app : Sphinx
    """
    app.add_config_value("tape_setup", "import numpy as np", "env", types=[str])
    app.add_directive("tape", Tape)
    app.connect("builder-inited", _write_assets)
    app.connect("html-page-context", _load_assets)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _write_assets(app: Sphinx) -> None:
    """Put script and style sheet beside the theme's own."""
    if app.builder.format == "html":
        folder = Path(app.outdir) / "_static"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _SCRIPT).write_text(player(), encoding="utf-8")
        sheet = style(kernel=False) + _OF_THE_THEME
        (folder / _SHEET).write_text(sheet, encoding="utf-8")


def _load_assets(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Load them in a page that has a panel, in place of the player that an output carries."""
    if "body" in context:
        # Where an output's data are too large to be stored, it may still carry the player.
        context["body"] = without_player(context["body"])
    if _MARK in context.get("body", ""):
        app.add_css_file(_SHEET)
        app.add_js_file(_SCRIPT, loading_method="defer")
