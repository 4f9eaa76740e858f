"""The registry: which rule belongs to which callable of NumPy, and how that callable is called."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..tape.operation import qualified_name
from ..tape.primitives import primitive
from .rule import Rule

ABSENT = np._NoValue


def listed(numpy_function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of operands by position, where NumPy wants them in one list."""
    return lambda *operands, **params: numpy_function(list(operands), **params)


def optional(
    reduce: Callable[..., Any], by: Callable[..., Any] | None = None
) -> Callable[..., Any]:
    """A reduction with ``initial`` and ``where`` by position.

    Of a plain array NumPy's functions call but a ufunc's method, which can be called at once: `by`.
    """

    def call(a: Any, initial: Any = ABSENT, where: Any = ABSENT, **params: Any) -> Any:
        if where is not ABSENT:
            params["where"] = where
        if initial is not ABSENT:
            params["initial"] = initial
        if by is None or type(a) is not np.ndarray or params.get("keepdims") is ABSENT:
            return reduce(a, **params)
        return by(a, **params) if "axis" in params else by(a, None, **params)

    return call


@dataclass(frozen=True)
class Function:
    """A NumPy function that is no ufunc: which of its parameters are operands."""

    function: Callable[..., Any]
    rule: Rule
    operands: tuple[str, ...]
    """The parameters that may be traced; all others go into the entry as they are."""
    sequence: bool
    """Whether the first parameter is a sequence of operands (``concatenate``)."""
    call: Callable[..., Any]
    """The function with its operands by position and all else by keyword."""

    @cached_property
    def name(self) -> str:
        """What an operation that calls it is called: NumPy's own are known by their names."""
        home = (getattr(self.function, "__module__", None) or "numpy").partition(".")[0]
        return self.function.__name__ if home == "numpy" else qualified_name(self.function)

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """The names of the function's parameters in order."""
        return tuple(_signature(self.function).parameters)

    @cached_property
    def leading(self) -> int:
        """How many of its first parameters are operands."""
        pairs = zip(self.parameters, self.operands, strict=False)
        return 0 if self.sequence else sum(parameter == operand for parameter, operand in pairs)

    @cached_property
    def defaults(self) -> dict[str, Any]:
        """The values of parameters that are not given."""
        parameters = _signature(self.function).parameters.values()
        return {p.name: p.default for p in parameters if p.default is not p.empty}


_SIGNATURES = {
    "bincount": lambda x, /, weights=None, minlength=0: None,
    "concatenate": lambda arrays, /, axis=0, out=None, *, dtype=None, casting="same_kind": None,
    "dot": lambda a, b, out=None: None,
    "inner": lambda a, b, /: None,
    "lexsort": lambda keys, axis=-1: None,
    "packbits": lambda a, /, axis=None, bitorder="big": None,
    "unpackbits": lambda a, /, axis=None, count=None, bitorder="big": None,
    "vdot": lambda a, b, /: None,
}
"""Parameters of functions in C, which before NumPy 2.4 do not tell theirs."""


def _signature(function: Callable[..., Any]) -> inspect.Signature:
    try:
        return inspect.signature(function)
    except ValueError:
        return inspect.signature(_SIGNATURES[function.__name__])


RULES: dict[Callable[..., Any], Rule] = {}
FUNCTIONS: dict[Callable[..., Any], Function] = {}
METHOD_RULES: dict[tuple[Callable[..., Any], str], Rule] = {}
"""Rules of the methods of ufuncs, by the ufunc and the method's name."""
COMPLEX_RULES: dict[Callable[..., Any], Rule] = {}
"""Rules of ufuncs that are piecewise constant for real numbers only."""


HANDLERS: dict[Callable[..., Any], Callable[..., Any]] = {}
"""Functions that are called in place of those that are no single operation."""
CALLING: set[Callable[..., Any]] = set()
"""Functions that call what they are given, which may read traced values that are no arguments."""
TRACED_ONLY: set[Callable[..., Any]] = set()
"""Functions that are handled where an argument is traced; else NumPy's own answer will do."""


def register_rule(
    function: Callable[..., Any],
    rule: Rule,
    *operands: str,
    method: str | None = None,
    of_complex: bool = False,
    sequence: bool = False,
    call: Callable[..., Any] | None = None,
) -> None:
    """Say how to differentiate an operation.

    Parameters
    ----------
    function
        A ufunc, a primitive of the engine's own, or a function with an array protocol.
    *operands
        Of a function, which of its parameters may be traced.
    method
        Of a ufunc, the method that is meant: ``"reduce"``, ``"accumulate"``, ...
    of_complex
        Whether the rule is for complex numbers, where the ufunc has another for real ones.
    sequence
        Whether a function's first parameter is a sequence of operands (``concatenate``).
    call
        The function with its operands by position and all else by keyword, if not itself.
    """
    if isinstance(function, primitive):
        function.rule = rule
    elif method is not None:
        METHOD_RULES[function, method] = rule
    elif of_complex:
        COMPLEX_RULES[function] = rule
    else:
        RULES[function] = rule
        if operands:
            FUNCTIONS[function] = Function(function, rule, operands, sequence, call or function)


def register_handler(
    function: Callable[..., Any], handler: Callable[..., Any], *, only_traced: bool = False
) -> None:
    """Say what does the work of a function that is no single operation.

    Parameters
    ----------
    handler
        Called with the same arguments, traced or not, in terms of functions that have rules.
    only_traced
        Whether NumPy's own function is called where no argument is traced.
    """
    HANDLERS[function] = handler
    if only_traced:
        TRACED_ONLY.add(function)


LATE: dict[str, Callable[[], None]] = {}
"""Functions that register the rules of a module, by its name; it may never be imported."""


def rule_of(ufunc: np.ufunc) -> Rule | None:
    """The rule of a ufunc of NumPy's, or of a module that has been imported; None where none is."""
    if ufunc not in RULES:
        for module in LATE.keys() & sys.modules.keys():
            LATE.get(module, list)()  # another thread may have been first
            LATE.pop(module, None)  # only now: an interrupt may have come
    return RULES.get(ufunc)
