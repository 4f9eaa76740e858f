"""Instructions as a Python function: what holds an export against the kernel.

The page's own player is ``tape.js``; both give the same instructions the same meaning.
"""

from __future__ import annotations

import math
import operator
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..replay import GuardFailed
from .registers import Instruction, NotLowered, Registers

__all__ = ["player"]


def player(code: Registers, wanted: Sequence[int]) -> Callable[[Sequence[float]], list[float]]:
    """A function from the inputs to the numbers in some registers.

    Parameters
    ----------
    code : Registers
    wanted : sequence of int

    Returns
    -------
    callable
        It raises GuardFailed where the program does not stand.

    Raises
    ------
    NotLowered
        Where an instruction belongs to SciPy, and that is not imported.
    """
    steps = [_step(instruction) for instruction in code.code]

    def play(inputs: Sequence[float]) -> list[float]:
        registers: list[float] = []
        given = iter(inputs)
        ahead: list[float] = []  # the other results of the last instruction that has several
        with np.errstate(all="ignore"):
            for step in steps:
                found = ahead.pop(0) if step is None else step(registers, given)
                if isinstance(found, list):
                    found, *ahead = found
                registers.append(found)
        return [registers[each] for each in wanted]

    return play


def _step(instruction: Instruction) -> Callable[..., Any] | None:
    name, *rest = instruction
    if name == "rest":
        return None
    if name == "constant":
        return lambda registers, given: rest[0]
    if name == "input":
        return lambda registers, given: float(next(given))
    if name == "guard":
        return lambda registers, given: _stand(registers, *rest)
    if name.startswith("*"):
        results, *operands = rest
        several = _SEVERAL[name[1:]]
        return lambda registers, given: several([registers[each] for each in operands], results)
    function = _function(name)
    return lambda registers, given: function(*(registers[each] for each in rest))


def _stand(registers: list[float], register: int, expected: int, number: int) -> float:
    if registers[register] != registers[expected]:
        raise GuardFailed(number)
    return 0.0


def _function(name: str) -> Callable[..., Any]:
    if name in _OWN:
        return _OWN[name]
    ufunc = getattr(np, name, None)
    if ufunc is None:
        special = sys.modules.get("scipy.special")
        ufunc = getattr(special, name, None)
        if ufunc is None:
            raise NotLowered(f"{name}, which SciPy has and which is not imported")
    return lambda *operands: float(ufunc(*operands))


def _of_integers(ufunc: np.ufunc) -> Callable[..., float]:
    return lambda *operands: float(ufunc(*map(np.int64, operands)))


def _zeta(s: float, q: float) -> float:
    return float(sys.modules["scipy.special"].zeta(s, q))


_INTEGRAL = "bitwise_and bitwise_or bitwise_xor invert bitwise_count gcd lcm".split()
_OWN: dict[str, Callable[..., float]] = {
    "select": lambda condition, chosen, otherwise: chosen if condition else otherwise,
    "negative": operator.neg,
    "exponent": lambda x: float(math.frexp(x)[1]) if math.isfinite(x) else 0.0,
    "_zeta": _zeta,
    **{name: _of_integers(getattr(np, name)) for name in _INTEGRAL},
}


# -- of several results ----------------------------------------------------------------------------


def _solve(numbers: list[float], results: int) -> list[float]:
    n, m = int(numbers[0]), int(numbers[1])
    values = np.array(numbers[2:], float)
    try:
        found = np.linalg.solve(values[: n * n].reshape(n, n), values[n * n :].reshape(n, m))
    except np.linalg.LinAlgError:
        return [math.nan] * results
    return found.ravel().tolist()


def _det(numbers: list[float], results: int) -> list[float]:
    n = int(numbers[0])
    return [float(np.linalg.det(np.array(numbers[1:], float).reshape(n, n)))]


def _upright(vectors: np.ndarray) -> np.ndarray:
    """The sign of each column by which its largest element is positive."""
    largest = np.argmax(np.abs(vectors), axis=0)
    return np.where(vectors[largest, np.arange(vectors.shape[1])] < 0, -1.0, 1.0)


def _eigh(numbers: list[float], results: int) -> list[float]:
    n = int(numbers[0])
    values, vectors = np.linalg.eigh(np.array(numbers[1:], float).reshape(n, n))
    return [*values.tolist(), *(vectors * _upright(vectors)).ravel().tolist()]


def _svd(numbers: list[float], results: int) -> list[float]:
    rows, columns = int(numbers[0]), int(numbers[1])
    matrix = np.array(numbers[2:], float).reshape(rows, columns)
    u, s, vh = np.linalg.svd(matrix, full_matrices=False)
    signs = _upright(u)
    return [*(u * signs).ravel().tolist(), *s.tolist(), *(vh * signs[:, None]).ravel().tolist()]


def _put(numbers: list[float], results: int) -> list[float]:
    half = len(numbers) // 2
    found = np.zeros(results)
    np.add.at(found, np.array(numbers[:half], int), np.array(numbers[half:], float))
    return found.tolist()


_SEVERAL: dict[str, Callable[[list[float], int], list[float]]] = {
    "sort": lambda row, _: np.sort(np.array(row, float)).tolist(),
    "argsort": lambda row, _: np.argsort(np.array(row, float), kind="stable").tolist(),
    "argmax": lambda row, _: [float(np.argmax(np.array(row, float)))],
    "argmin": lambda row, _: [float(np.argmin(np.array(row, float)))],
    "pick": lambda row, _: [row[1:][int(row[0])]],
    "put": _put,
    "solve": _solve,
    "det": _det,
    "eigh": _eigh,
    "svd": _svd,
}
