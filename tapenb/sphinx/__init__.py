"""Live panels in the pages of a Sphinx project: ``extensions = ["tapenb.sphinx"]``.

The directive ``tape`` runs its lines as a cell with ``%%tape`` and puts the panel there, which
answers its sliders in the page: no kernel, no network, from a file system, too. The outputs that
notebooks have stored come to life as well, where MyST-NB renders them. Each page with a panel loads
one script and one style sheet, which all pages share.
"""

from __future__ import annotations

import atexit
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata
from traitlets.config import Config

from ..panel.assets import player, style, without_player


class Tape(SphinxDirective):
    """Run the lines as a cell with ``%%tape``; show them, and the panel.

    Its argument is the magic's own line, such as ``x=2.0 y=(0, 10) --order 1``. The cells of a
    document share their names; `tape_setup` of the configuration runs before the first. With
    ``:hide-code:`` the panel stands alone. A cell that fails is an error of the build.
    """

    has_content = True
    optional_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar[Any] = {"hide-code": directives.flag}

    def run(self) -> list[nodes.Node]:
        """Return the lines and what they show."""
        self.assert_has_content()
        cells = self.env.temp_data.get("tapenb")
        if cells is None:
            cells = self.env.temp_data["tapenb"] = Cells(self.config.tape_setup)
        text = "\n".join([" ".join(["%%tape", *self.arguments]), *self.content])
        try:
            printed, shown = cells.run(text)
        except Exception as error:
            raise self.error(f"the cell fails: {type(error).__name__}: {error}") from error
        made: list[nodes.Node] = []
        if "hide-code" not in self.options:
            made.append(nodes.literal_block(text, text, language="ipython3"))
        if printed:
            made.append(nodes.literal_block(printed, printed, language="none"))
        for data in shown:
            made += _output(data)
        cell = nodes.container("", *made, classes=["tapenb-cell"])
        self.set_source_info(cell)
        return [cell]


def _output(data: dict[str, Any]) -> list[nodes.Node]:
    """What a page shows of an output, and what every other builder does."""
    plain = data.get("text/plain", "")
    text = nodes.literal_block(plain, plain, language="none")
    if "text/html" not in data:
        return [text]
    elsewhere = addnodes.only("", text, expr="not html")
    return [nodes.raw("", data["text/html"], format="html"), elsewhere]


# -- the shell in which the cells of a document run ------------------------------------------------


class _Shell(InteractiveShell):
    """A shell whose outputs are read in a file: nobody answers what a cell asks."""

    def get_parent(self) -> dict[str, Any]:
        """Return what a kernel has been asked: to run a cell without an answer to `input`."""
        return {"content": {"allow_stdin": False}}


class Cells:
    """The cells of one document, which share their names.

    Parameters
    ----------
    setup
        Lines that run before the first one.
    """

    def __init__(self, setup: str) -> None:
        _Shell.clear_instance()
        self._shell = _Shell.instance(config=Config({"HistoryManager": {"enabled": False}}))
        self._shell.colors = "nocolor"
        # Nothing is left to do when Python ends.
        atexit.unregister(self._shell.atexit_operations)
        self.run(f"{setup}\n%load_ext tapenb")

    def run(self, text: str) -> tuple[str, list[dict[str, Any]]]:
        """Run a cell; return what it printed, and what it displayed, by type.

        Raises
        ------
        BaseException
            What the cell raises.
        """
        with capture_output() as captured:
            result = self._shell.run_cell(text, store_history=True)
        result.raise_error()
        return captured.stdout, [output.data for output in captured.outputs]


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
