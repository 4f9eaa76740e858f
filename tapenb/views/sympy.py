"""The output of a tape as an expression of SymPy."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from ..autodiff.tape.operation import INPUT, TapeError
from ..autodiff.tape.tape import Tape

# What both call the same, and SymPy's words for what NumPy calls otherwise.
_SAME = "sin cos tan sinh cosh tanh exp log sqrt sign floor erf gamma loggamma".split()
_OTHER = {
    **{f"arc{name}": f"a{name}" for name in "sin cos tan sinh cosh tanh".split()},
    "arctan2": "atan2",
    "absolute": "Abs",
    "fabs": "Abs",
    "maximum": "Max",
    "minimum": "Min",
    "ceil": "ceiling",
    "cbrt": "cbrt",
    "gammaln": "loggamma",
}
_FORMULAS = {
    "expm1": lambda sp, x: sp.exp(x) - 1,
    "log1p": lambda sp, x: sp.log(1 + x),
    "log2": lambda sp, x: sp.log(x, 2),
    "log10": lambda sp, x: sp.log(x, 10),
    "exp2": lambda sp, x: 2**x,
    "hypot": lambda sp, x, y: sp.sqrt(x**2 + y**2),
    **dict.fromkeys(("deg2rad", "radians"), lambda sp, x: x * sp.pi / 180),
    **dict.fromkeys(("rad2deg", "degrees"), lambda sp, x: x * 180 / sp.pi),
    "clip": lambda sp, x, low, high: sp.Min(sp.Max(x, low), high),
    "where": lambda sp, c, a, b: sp.Piecewise((a, c), (b, True)),
    "greater": lambda sp, a, b: sp.Gt(a, b),
    "greater_equal": lambda sp, a, b: sp.Ge(a, b),
    "less": lambda sp, a, b: sp.Lt(a, b),
    "less_equal": lambda sp, a, b: sp.Le(a, b),
}
_REDUCED = {"max": "Max", "amax": "Max", "min": "Min", "amin": "Min"}


def sympy(tape: Tape) -> Any:
    """The output of a tape as a SymPy expression of its inputs, on the branch that was recorded.

    Parameters
    ----------
    tape : Tape
        With its output set.

    Returns
    -------
    sympy.Expr, or ndarray of them where the output is an array
        Of real symbols by the names of the inputs, of an array ``w[0]``, ``w[1]`` and so on.

    Raises
    ------
    TapeError
        Where SymPy has no word for an operation; its line is named.
    ModuleNotFoundError
        Without SymPy.

    Examples
    --------
    >>> import numpy as np
    >>> import tapenb as tn
    >>> tn.record(lambda x, y: np.log(x) + x * y - np.sin(y), 2.0, 5.0).sympy()
    x*y + log(x) - sin(y)
    """
    try:
        sp = import_module("sympy")
    except ModuleNotFoundError as error:
        message = "an expression is SymPy's: python -m pip install sympy"
        raise ModuleNotFoundError(message, name=error.name) from error
    if tape.output is None:
        raise TapeError("This tape has no output: it was not told which entry it is.")
    found: dict[int, Any] = {}
    for entry in tape.ancestors(tape.output):
        operation, value = tape.operations[entry], tape.value(entry)
        if operation is INPUT:
            found[entry] = _symbols(sp, tape[entry].name or f"x{entry}", np.shape(value))
            continue
        try:
            operands = [
                found[p] if p >= 0 else _exact(sp, tape.value(p)) for p in tape.parents(entry)
            ]
            found[entry] = _applied(sp, operation, operands)
        except Exception as error:
            what = tape[entry].source or operation.name
            line = tape[entry].line
            where = what if line is None else f"line {line}: {what}"
            raise TapeError(f"SymPy has no expression for {where}.") from error
    return found[tape.output]


def _symbols(sp: Any, name: str, shape: tuple[int, ...]) -> Any:
    if not shape:
        return sp.Symbol(name, real=True)
    found = np.empty(shape, object)
    for place in np.ndindex(shape):
        found[place] = sp.Symbol(f"{name}[{', '.join(map(str, place))}]", real=True)
    return found


def _exact(sp: Any, value: Any) -> Any:
    """A constant, whole numbers as such."""
    if np.ndim(value):
        return np.frompyfunc(lambda each: _exact(sp, each), 1, 1)(np.asarray(value))
    return sp.Integer(int(value)) if float(value).is_integer() else sp.Float(float(value))


def _applied(sp: Any, operation: Any, operands: list[Any]) -> Any:
    name = operation.name.rpartition(".")[2]
    if name in _FORMULAS:
        formula = _FORMULAS[name]
        return np.frompyfunc(lambda *x: formula(sp, *x), len(operands), 1)(*operands)
    known = name if name in _SAME else _OTHER.get(name)
    if known:
        return np.frompyfunc(getattr(sp, known), len(operands), 1)(*operands)
    if name in _REDUCED:
        (x,) = operands
        larger = np.frompyfunc(getattr(sp, _REDUCED[name]), 2, 1, identity=None)
        return larger.reduce(x, **{"axis": None, **operation.params})
    # Sums and products, and what moves elements, are NumPy's on objects.
    return operation.function(*operands, **operation.params)
