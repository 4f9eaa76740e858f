"""The figures of pyplot, which knows them all, and which of them is current."""

from __future__ import annotations

import sys
from types import FunctionType, ModuleType
from typing import Any

from ..recording.changes import Changes


def is_of_pyplot(value: Any) -> bool:
    """Whether something is pyplot or one of its functions."""
    name = "__name__" if type(value) is ModuleType else "__module__"
    by_name = type(value) in (ModuleType, FunctionType)
    return by_name and getattr(value, name, None) in ("matplotlib.pyplot", "pylab")


def figures() -> Any:
    """The managers of the figures that are open, by number, the current one last."""
    helpers = sys.modules.get("matplotlib._pylab_helpers")
    return {} if helpers is None else helpers.Gcf.figs


def close_figures(changes: Changes, *, aside: bool) -> None:
    """Close what figures are made until the changes are taken back.

    Parameters
    ----------
    aside
        Whether pyplot is to know none of the user's meanwhile.
    """
    before = dict(figures())

    def back() -> None:
        for number, manager in list(figures().items()):
            if manager not in before.values():
                sys.modules["matplotlib._pylab_helpers"].Gcf.destroy(number)
        figures().clear()
        figures().update(before)

    changes.before(back)
    if aside:
        figures().clear()
