"""The attacks: each a module of this folder with ``attack(count, seed) -> tried, lost``.

Besides, it has a ``TITLE``, and two counts: ``COUNT`` for the report, ``SHORT`` for each test run.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

import tests.reliability

__all__ = ["attacks"]


def attacks() -> dict[str, ModuleType]:
    """Every module of this folder that has an attack, by name."""
    names = sorted(each.name for each in iter_modules(tests.reliability.__path__))
    modules = {
        name: import_module(f"tests.reliability.{name}")
        for name in names
        if not name.startswith(("_", "test_")) and name != "attacks"
    }
    return {name: module for name, module in modules.items() if hasattr(module, "attack")}
