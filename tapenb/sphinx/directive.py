"""The directive ``tape``: a cell with ``%%tape``, and its live panel."""

from __future__ import annotations

import atexit
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from sphinx import addnodes
from sphinx.util.docutils import SphinxDirective
from traitlets.config import Config


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
