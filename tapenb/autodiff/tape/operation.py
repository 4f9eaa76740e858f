"""Operations: one call as it was written, what an entry of a tape repeats and differentiates."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ..kinds.rule import Rule


class TapeError(Exception):
    """A refusal: what a tape cannot follow, where that was, and the way out.

    It is no TypeError on purpose: NumPy turns a TypeError from ``__float__`` into another error.

    Examples
    --------
    >>> import tapenb as tn
    >>> tn.grad(lambda x: float(x) * 2)(3.0)
    Traceback (most recent call last):
    ...
    tapenb.autodiff.tape.operation.TapeError: ...
    """


class Operation:
    """One call as it was written: the function, its rule and its parameters.

    Parameters
    ----------
    function
        What computes the value from the plain operands, ``operator.mul`` or ``np.multiply``: the
        same that the user wrote, so that a replay repeats it bit for bit.
    rule
        How to differentiate it; None for inputs and guards.
    name
        NumPy's functions go by theirs alone, and are known by it; all others by `qualified_name`.
    params
        Keyword arguments that are no operands (``axis``, a key); kept as they are now.
    """

    __slots__ = (
        *("function", "has_tips", "into", "name", "params", "pulls", "rule", "terms", "ufunc"),
    )

    def __init__(
        self,
        function: Callable[..., Any],
        rule: Rule | None,
        name: str,
        params: dict[str, Any] | None = None,
    ) -> None:
        self.function: Callable[..., Any] = function
        self.name: str = name
        self.params: dict[str, Any] = params or {}
        for key in self.params:  # without a call, since most are nothing to be kept
            if type(self.params[key]) not in LASTING:
                self.params[key] = keep(self.params[key])
        # The name of the ufunc that it calls or None, once somebody has asked.
        self.ufunc: str | bool | None = False
        self.follow(rule)

    def follow(self, rule: Rule | None) -> None:
        """Be differentiated by a rule."""
        self.rule: Rule | None = rule
        # Of elementwise operations of one or two operands, which sweeps take the short way.
        short = rule is not None and rule.terms is not None
        few = rule.terms if short and len(rule.terms) <= 2 else None
        self.terms: tuple[Callable[..., Any] | None, ...] | None = few
        # What `find_pulls` gives, once a sweep has asked.
        self.pulls: Sequence[Callable[..., Any] | None] | None = None
        self.into: Callable[..., Any] | None = None if rule is None else rule.into
        # Whether it has tips or steps at all, or is a question about a number.
        self.has_tips: bool = (
            self.name == GUARD and self.function is not hash
            if rule is None
            else rule.tip is not None or rule.steps
        )

    def find_pulls(self, operands: int) -> Sequence[Callable[..., Any] | None]:
        """By operand what gives its contribution, of ``(g, y, *operands)``; None there is `g`.

        Empty where the rule finds all of them at once.
        """
        found = () if self.rule is None else self.rule.pulls(self.params, operands)
        self.pulls = found[:operands]
        return self.pulls

    def evaluate(self, operands: list[Any]) -> Any:
        """The value at plain operands."""
        return self.function(*operands, **self.params)

    @property
    def label(self) -> str:
        """The name that users know: of functions of their own without the module."""
        return self.name if self.name.startswith("scipy.") else self.name.rpartition(".")[2]

    def __repr__(self) -> str:
        return self.label


def qualified_name(function: Callable[..., Any]) -> str:
    """The name of a function on a tape: with its module, so that no `sum` is taken for NumPy's.

    Examples
    --------
    >>> import math
    >>> qualified_name(math.erf)
    'math.erf'
    """
    name = getattr(function, "__name__", type(function).__name__)
    home = (getattr(function, "__module__", None) or "__main__").split(".")
    public = [part for part in home if part == "__main__" or not part.startswith("_")]
    return ".".join([*(public or ["__main__"]), name])


def _unreplayable(*_: Any, **__: Any) -> Any:
    raise TapeError("this entry has no value of its own to compute")


GUARD = "guard"
INPUT = Operation(_unreplayable, None, "input")
ARGUMENT = "argument"
"""A value that is differentiated by, though it may be made of others."""
RAISES = "raises"
STANDS_ON_TIP = "stands_on_tip"
WITHHELD = "withheld"
"""A value that was looked at, and cannot be computed elsewhere: where nobody reads it, it is left
out."""


# -- what a program may write later, as it was when it was read ------------------------------------


def is_constant(array: np.ndarray | None) -> bool:
    """Tell whether an array is read-only, and so is the memory that it is a view of."""
    while isinstance(array, np.ndarray):
        if array.flags.writeable:
            return False
        array = array.base
    return array is None or type(array) is bytes


LASTING = frozenset({int, float, bool, str, slice, type(None), type(Ellipsis), type, np.ufunc})
"""Types of what nobody can write to."""


def keep(value: Any) -> Any:
    """A parameter as it is now: arrays and lists that the program may still write are copied."""
    if isinstance(value, np.ndarray):
        return value if is_constant(value) else value.copy(order="K")
    kind = type(value)
    if kind is list:
        return [keep(part) for part in value]
    if kind is tuple:
        if LASTING.issuperset(map(type, value)):
            return value
        parts = tuple(map(keep, value))
        return value if all(map(operator.is_, parts, value)) else parts
    if kind is dict:
        return {key: keep(part) for key, part in value.items()}
    return value
