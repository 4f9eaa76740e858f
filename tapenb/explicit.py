"""The explicit face: modules that are NumPy's and SciPy's, and while something records their twins.

Nothing has to be found where ``np`` is `tapenb.numpy`: it may be imported within a function, or be
handed on as an argument. Outside of a recording each name is NumPy's very object.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any


def face(name: str) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The ``__getattr__`` and ``__dir__`` of a module that stands for another.

    Parameters
    ----------
    name : str
        The other's name; it is imported when something of it is first asked for.
    """

    def attribute(name_within: str) -> Any:
        value = getattr(sys.modules.get(name) or import_module(name), name_within)
        # Nothing records where the engine is not there yet.
        twins = sys.modules.get(f"{__package__}.autodiff.twins.twins")
        return value if twins is None else twins.chosen(value)

    return attribute, lambda: dir(import_module(name))
