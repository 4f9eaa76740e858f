"""Who reads what a cell shows: a page where a panel can live, a file, or a terminal."""

from __future__ import annotations

import os
import sys
from enum import Enum
from typing import Any
from weakref import WeakKeyDictionary

# By shell, the cell whose output carries the player.
_CARRIERS: WeakKeyDictionary[Any, str | None] = WeakKeyDictionary()


class Reader(Enum):
    """A front end, by what it can show."""

    PAGE = "page"
    FILE = "file"
    TERMINAL = "terminal"


def shell_of() -> Any:
    """The shell that runs cells; None where there is none."""
    ipython = sys.modules.get("IPython")
    return ipython and ipython.get_ipython()


def reader() -> Reader:
    """Tell who reads what the present cell shows.

    A cell that nobody can answer (``input()`` raises in it) is run by nbclient, nbconvert, nbval
    or papermill: they store a widget's state in the file, which no page could bring to life.
    Voilà runs cells so, too, and shows them in a page.
    """
    shell = shell_of()
    if any(each.__name__ == "TerminalInteractiveShell" for each in type(shell).__mro__):
        return Reader.TERMINAL
    parent = getattr(shell, "get_parent", dict)() or {}
    answered = parent.get("content", {}).get("allow_stdin", True)
    return Reader.PAGE if answered or "VOILA_KERNEL_ID" in os.environ else Reader.FILE


def carries_player() -> bool:
    """Whether the present cell's output brings what plays the panels of a notebook without kernel.

    The first panel's does, again whenever its cell runs: one for all panels of a page.
    """
    shell = shell_of()
    if shell is None:
        return False
    parent = getattr(shell, "get_parent", dict)() or {}
    cell = parent.get("metadata", {}).get("cellId")
    return _CARRIERS.setdefault(shell, cell) == cell if cell else _first(shell)


def _first(shell: Any) -> bool:
    """Whether no cell of a front end without names for cells carries it yet."""
    known = shell in _CARRIERS
    _CARRIERS.setdefault(shell, None)
    return not known
