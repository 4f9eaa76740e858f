"""Instructions played by NumPy, over many points at once: arrays in the place of numbers.

The page's own player is ``tape.js``; both give the same instructions the same meaning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from typing import Any

import numpy as np

from ..autodiff.compiling.plan import leading_to
from ..autodiff.compiling.replay import GuardFailed
from .registers import Instruction, NotLowered, operands_of

_BYTES = 1 << 19
"""So much of a processor's cache the registers of one block of points may take."""
_SHORTEST, _LONGEST = 256, 8192
"""Points of a block: a call of NumPy costs as much as some hundred numbers."""


class Player:
    """Instructions as a function of arrays, one element for each point.

    Refused where an instruction of a wanted register belongs to SciPy, and that is not there.
    """

    def __init__(self, code: Sequence[Instruction], wanted: Sequence[int]) -> None:
        self._code, self._wanted = code, wanted
        self._inputs = [k for k, each in enumerate(code) if each[0] == "input"]
        guards = [k for k, each in enumerate(code) if each[0] == "guard"]
        needed = read_for(code, [*wanted, *guards])
        self._start: list[Any] = [each[1] if each[0] == "constant" else None for each in code]
        order = [k for k in sorted(needed) if code[k][0] not in ("constant", "input", "rest")]
        self.instructions = len(order)
        """How many are played."""
        kept = {*wanted, *self._inputs}
        last = {operand: k for k in order for operand in operands_of(code[k])}
        ends: dict[int, list[int]] = {}
        for register, k in last.items():
            if register not in kept:
                ends.setdefault(k, []).append(register)
        self._steps: list[tuple[Callable[..., Any], Sequence[int], int, int]] = []
        free: list[int] = []
        slot: dict[int, int] = {}
        self._slots = 0
        for k in order:
            if code[k][0] != "guard" and not code[k][0].startswith("*"):
                if not free:
                    free.append(self._slots)
                    self._slots += 1
                slot[k] = free.pop()
            self._steps.append(self._step(k, slot.get(k, -1)))
            free += [slot[each] for each in ends.get(k, ()) if each in slot]

    def _step(self, k: int, slot: int) -> tuple[Callable[..., Any], Sequence[int], int, int]:
        """The function of an instruction, its operands, its register and its place in memory."""
        instruction = self._code[k]
        name, operands = instruction[0], operands_of(instruction)
        if name == "guard":
            return _stand, operands, instruction[3], -1
        if name.startswith("*"):
            return SEVERAL[name[1:]], operands, k, -1 - instruction[1]
        return function_of(name), operands, k, slot

    def __call__(
        self, inputs: Sequence[np.ndarray], count: int = 1
    ) -> tuple[np.ndarray, np.ndarray]:
        """Play all points.

        Returns
        -------
        numbers : ndarray of shape (len(wanted), n)
        failed : ndarray of int of shape (n,)
            The number of the first guard that does not hold at a point, after which its numbers
            mean nothing; -1 where all hold.
        """
        columns = [np.asarray(each, float) for each in inputs]
        numbers, failed = np.empty((len(self._wanted), count)), np.full(count, -1)
        size = int(np.clip(_BYTES // (8 * max(self._slots, 1)), _SHORTEST, _LONGEST))
        memory = np.empty((self._slots, min(size, count)))
        with np.errstate(all="ignore"):
            for start in range(0, count, size):
                block = slice(start, min(start + size, count))
                given = [column[block] for column in columns]
                self._play(given, memory, numbers[:, block], failed[block])
        return numbers, failed

    def at(self, inputs: Sequence[float]) -> list[float]:
        """The numbers at one point; it raises GuardFailed where the program does not stand."""
        numbers, failed = self([np.array([each], float) for each in inputs])
        if failed[0] >= 0:
            raise GuardFailed(int(failed[0]))
        return numbers[:, 0].tolist()

    def _play(
        self, given: list[np.ndarray], memory: np.ndarray, numbers: np.ndarray, failed: np.ndarray
    ) -> None:
        registers, out = self._start.copy(), [*memory[:, : len(failed)]]
        for k, column in zip(self._inputs, given, strict=True):
            registers[k] = column
        for function, operands, register, slot in self._steps:
            found = [registers[each] for each in operands]
            if slot >= 0:
                registers[register] = function(*found, out=out[slot])
            elif function is _stand:
                _stand(*found, register, failed)
            else:
                rows = np.empty((len(failed), len(found)))
                for place, each in enumerate(found):
                    rows[:, place] = each
                results = -1 - slot
                registers[register : register + results] = function(rows, results).T
        for place, register in enumerate(self._wanted):
            numbers[place] = registers[register]


def read_for(code: Sequence[Instruction], roots: Iterable[int]) -> set[int]:
    """The registers that some are computed from, and these."""
    return leading_to(roots, lambda register: operands_of(code[register]))


def _stand(register: Any, expected: Any, number: int, failed: np.ndarray) -> None:
    """Note the points at which a guard is the first that does not hold."""
    failed[np.not_equal(register, expected) & (failed < 0)] = number


def operand_count(name: str) -> int | None:
    """How many operands an instruction has; None for one of several results, which says it itself.

    Refused where there is none of that name.
    """
    if name in SEVERAL:
        return None
    function = function_of(name)
    return function.nin if isinstance(function, np.ufunc) else _COUNTS.get(name, 1)


def function_of(name: str) -> Callable[..., Any]:
    """An instruction's function, of arrays and of memory for what comes out."""
    if name in _OWN:
        return _OWN[name]
    function = getattr(np, name, None) or getattr(_special(), name, None)
    if function is None:
        raise NotLowered(f"{name}, which neither NumPy nor this SciPy has")
    return function if isinstance(function, np.ufunc) else _filling(function)


def _special() -> Any:
    try:
        return import_module("scipy.special")
    except ImportError:
        raise NotLowered("a function of SciPy's, which is not there") from None


def _filling(function: Callable[..., Any]) -> Callable[..., np.ndarray]:
    def fill(*operands: Any, out: np.ndarray) -> np.ndarray:
        out[...] = function(*operands)
        return out

    return fill


def _of_integers(ufunc: np.ufunc) -> Callable[..., np.ndarray]:
    return _filling(lambda *given: ufunc(*(np.asarray(each).astype(np.int64) for each in given)))


def _select(condition: Any, chosen: Any, otherwise: Any) -> np.ndarray:
    return np.where(np.not_equal(condition, 0.0), chosen, otherwise)


def _exponent(x: Any) -> np.ndarray:
    return np.where(np.isfinite(x), np.frexp(x)[1], 0)


_INTEGRAL = "bitwise_and bitwise_or bitwise_xor invert bitwise_count gcd lcm".split()
_OWN: dict[str, Callable[..., np.ndarray]] = {
    "select": _filling(_select),
    "exponent": _filling(_exponent),
    "_zeta": _filling(lambda s, q: _special().zeta(s, q)),
    **{name: _of_integers(getattr(np, name)) for name in _INTEGRAL},
}
_COUNTS = {"select": 3, "_zeta": 2, **{name: getattr(np, name).nin for name in _INTEGRAL}}


# -- of several results, a row for each point ------------------------------------------------------


def _solve(rows: np.ndarray, results: int) -> np.ndarray:
    n, m = int(rows[0, 0]), int(rows[0, 1])
    matrices = rows[:, 2 : 2 + n * n].reshape(-1, n, n)
    right = rows[:, 2 + n * n :].reshape(-1, n, m)
    try:
        return np.linalg.solve(matrices, right).reshape(-1, results)
    except np.linalg.LinAlgError:
        if len(rows) == 1:
            return np.full((1, results), np.nan)
        return np.concatenate([_solve(row[None], results) for row in rows])


def _det(rows: np.ndarray, results: int) -> np.ndarray:
    n = int(rows[0, 0])
    return np.linalg.det(rows[:, 1:].reshape(-1, n, n))[:, None]


def _upright(vectors: np.ndarray) -> np.ndarray:
    """The sign of each column by which its largest element is positive."""
    largest = np.argmax(np.abs(vectors), axis=-2)[:, None, :]
    return np.where(np.take_along_axis(vectors, largest, axis=-2) < 0, -1.0, 1.0)


def _eigh(rows: np.ndarray, results: int) -> np.ndarray:
    n = int(rows[0, 0])
    values, vectors = np.linalg.eigh(rows[:, 1:].reshape(-1, n, n))
    upright = (vectors * _upright(vectors)).reshape(-1, n * n)
    return np.concatenate([values, upright], axis=1)


def _svd(rows: np.ndarray, results: int) -> np.ndarray:
    shape = -1, int(rows[0, 0]), int(rows[0, 1])
    u, s, vh = np.linalg.svd(rows[:, 2:].reshape(shape), full_matrices=False)
    signs = _upright(u)
    parts = u * signs, s, vh * np.swapaxes(signs, -1, -2)
    return np.concatenate([each.reshape(len(rows), -1) for each in parts], axis=1)


def _put(rows: np.ndarray, results: int) -> np.ndarray:
    half = rows.shape[1] // 2
    found = np.zeros((len(rows), results))
    np.add.at(found, (np.arange(len(rows))[:, None], rows[:, :half].astype(int)), rows[:, half:])
    return found


def _pick(rows: np.ndarray, results: int) -> np.ndarray:
    return np.take_along_axis(rows[:, 1:], rows[:, :1].astype(int), axis=1)


SEVERAL: dict[str, Callable[[np.ndarray, int], np.ndarray]] = {
    "sort": lambda rows, _: np.sort(rows),
    "argsort": lambda rows, _: np.argsort(rows, kind="stable").astype(float),
    "argmax": lambda rows, _: np.argmax(rows, axis=1, keepdims=True).astype(float),
    "argmin": lambda rows, _: np.argmin(rows, axis=1, keepdims=True).astype(float),
    "pick": _pick,
    "put": _put,
    "solve": _solve,
    "det": _det,
    "eigh": _eigh,
    "svd": _svd,
}
