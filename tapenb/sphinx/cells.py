"""A shell in which the cells of a document run, one after the other."""

from __future__ import annotations

import atexit
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config


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
