"""Tapes as bytes: their operations by the names of NumPy's functions, without the user's code."""

from __future__ import annotations

import io
import pickle
import sys
import zlib
from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np

from ..autodiff.kinds.registry import (
    COMPLEX_RULES,
    FUNCTIONS,
    METHOD_RULES,
    RULES,
    rule_of,
)
from ..autodiff.kinds.rule import Rule
from ..autodiff.tape.operation import INPUT, Operation, TapeError
from ..autodiff.tape.primitives import primitive
from ..autodiff.tape.tape import Tape

_COLUMNS = (
    *("operations", "left", "right", "values", "offsets", "many", "independents", "constants"),
    *("inputs", "output", "swept", "repeats", "cell_hears_float_errors"),
)


def packed(*tapes: Tape) -> bytes:
    """Closed tapes as bytes. Of their places nothing is left but the names of their inputs.

    Parameters
    ----------
    *tapes
        What they share is kept once.

    Raises
    ------
    TapeError
        Where an operation is of a function that has no name by which it could be found again.
    """
    states = []
    for tape in tapes:
        tape.recall()
        for index in range(len(tape)):
            tape.value(index)
        states.append({name: getattr(tape, name) for name in _COLUMNS})
    out = io.BytesIO()
    try:
        _Pickler(out, protocol=5).dump(states)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise TapeError(f"an operation of the tape cannot be pickled: {error}") from None
    # Entries are much alike: of a loop's a tenth is left.
    return zlib.compress(out.getvalue(), 1)


def unpacked(data: bytes) -> list[Tape]:
    """The tapes that `packed` made bytes of."""
    tapes = []
    for state in _Unpickler(io.BytesIO(zlib.decompress(data))).load():
        tape = Tape()
        for name, value in state.items():
            setattr(tape, name, value)
        tape.sites = [None] * len(tape)
        tape.close()
        tapes.append(tape)
    return tapes


class _Pickler(pickle.Pickler):
    """Knows functions and rules of the registry by what they belong to."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._known: dict[int, Any] = {id(INPUT): ("input", None)}
        for key, function in FUNCTIONS.items():
            if function.call is not function.function:
                self._known[id(function.call)] = "call", key
        for kind, rules in _RULES.items():
            self._known |= {id(rule): (kind, key) for key, rule in rules.items()}
        for module in _modules():
            for name, each in vars(module).items():
                if isinstance(each, primitive):
                    self._known[id(each.function)] = "function", (module.__name__, name)
                    self._known[id(each.rule)] = "own", (module.__name__, name)

    def persistent_id(self, each: Any) -> Any:
        """What an object belongs to; a rule of nothing that has a name is left out."""
        nameless = ("nothing", None) if isinstance(each, Rule) else None
        return self._known.get(id(each), nameless)

    def reducer_override(self, each: Any) -> Any:
        """How to make an operation again."""
        if isinstance(each, Operation):
            return Operation, (each.function, each.rule, each.name, each.params)
        return NotImplemented


class _Unpickler(pickle.Unpickler):
    def persistent_load(self, key: Any) -> Any:
        """The object that belongs to a name."""
        kind, what = key
        if kind == "nothing":
            return None
        if kind == "input":
            return INPUT
        if kind == "call":
            return FUNCTIONS[what].call
        if kind in _RULES:
            # SciPy's rules are registered when they are first asked for.
            return (isinstance(what, np.ufunc) and rule_of(what)) or _RULES[kind].get(what)
        own = getattr(import_module(what[0]), what[1])
        return own.function if kind == "function" else own.rule


_RULES = {"rule": RULES, "complex": COMPLEX_RULES, "method": METHOD_RULES}


def _modules() -> list[ModuleType]:
    """The engine's own modules, which have primitives."""
    engine = f"{__package__.partition('.')[0]}.autodiff."
    return [each for name, each in [*sys.modules.items()] if name.startswith(engine)]
