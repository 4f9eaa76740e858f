"""Recorded programs as data: saved, loaded, pickled, and played at one point or at many.

What is stored are instructions on single numbers, a compact tape, and the names and shapes of what
goes in. None of the user's code is needed to play it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from ..autodiff.tape.operation import TapeError
from ..lowering.compact import Compact, as_json, instructions
from ..lowering.player import Player
from ..lowering.registers import NotLowered, Registers
from .lowered import reals


@dataclass(frozen=True)
class Argument:
    """A number or an array that a stored program takes."""

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype
    at: np.ndarray
    """What it was when it was recorded."""
    entries: tuple[int, ...]
    """Its entries on the tape: several for a list."""

    def many(self, value: Any, count: int | None) -> np.ndarray:
        """A value for each point: an array with one axis more, its first.

        Parameters
        ----------
        value : array_like
        count : int or None
            How many points there are; None where `value` is of one.

        Raises
        ------
        TypeError, ValueError
            For another kind of number, or another shape.
        """
        array = np.asarray(value)
        if not np.can_cast(array.dtype, self.dtype, "same_kind"):
            raise TypeError(f"{self.name} is of {self.dtype}, not of {array.dtype}")
        if count is None:
            array = array[None]
        if array.shape[1:] != self.shape or (count is not None and len(array) != count):
            wanted = self.shape if count is None else (count, *self.shape)
            raise ValueError(f"{self.name} has shape {wanted}, not {np.shape(value)}")
        return array.astype(self.dtype, copy=False)


class Stored:
    """A program as instructions on numbers.

    Parameters
    ----------
    data : mapping
        As ``json.load`` gives it; the format is stated in ``docs/compact-tape.md``.

    Attributes
    ----------
    arguments : list of Argument

    Raises
    ------
    ValueError
        Where it is of another version, or has an operation that this tapenb does not know.
    """

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.data = data
        self.arguments: list[Argument] = [_read_argument(each) for each in data["arguments"]]
        self._places: dict[str, tuple[slice, tuple[int, ...]]] = {}
        wanted: list[int] = []
        for label, registers in _labels(data["shown"]):
            nest = np.array(registers, int)
            shape = tuple(data.get("empty", {}).get(label, nest.shape))
            self._places[label] = slice(len(wanted), len(wanted) + nest.size), shape
            wanted += nest.reshape(-1).tolist()
        try:
            self._player = Player(instructions(data), wanted)
        except NotLowered as reason:
            raise ValueError(f"this tapenb cannot play it: it has {reason}") from None

    @property
    def labels(self) -> list[str]:
        """What is computed."""
        return list(self._places)

    def play(self, values: Sequence[np.ndarray]) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Compute everything at many points.

        Parameters
        ----------
        values : sequence of ndarray
            By argument, with the points along the first axis.

        Returns
        -------
        numbers : dict of str to ndarray
            By label, with the points along the first axis.
        failed : ndarray of int
            For each point the number of the guard that does not hold there, or -1.
        """
        columns: list[np.ndarray] = []
        for value in values:
            flat = value.reshape(len(value), int(np.prod(value.shape[1:])))
            columns += [*(flat.view(float) if flat.dtype.kind == "c" else flat).T]
        numbers, failed = self._player(columns, len(values[0]) if values else 1)
        dtypes, complexes = self.data.get("dtypes", {}), self.data.get("complex", ())
        found = {}
        for label, (place, shape) in self._places.items():
            part = np.ascontiguousarray(numbers[place].T).reshape(len(failed), *shape)
            if label in complexes:
                part = part.view(complex)[..., 0]
            # Where a guard fails nothing counts, and may be no integer.
            with np.errstate(invalid="ignore"):
                found[label] = part.astype(dtypes[label]) if label in dtypes else part
        return found, failed

    def refuse(self, failed: np.ndarray) -> None:
        """Refuse points at which guards do not hold.

        Raises
        ------
        TapeError
            Says the line, and at how many.
        """
        (at,) = np.nonzero(failed >= 0)
        if not at.size:
            return
        guard = self.data["guards"][failed[at[0]]]
        line = f"line {guard['line']}, " if guard.get("line") else ""
        many = f" at {at.size} of {failed.size} points, the first of which is number {at[0]}"
        raise TapeError(
            f"{line}{guard.get('text', 'a decision')}: it is another program"
            f"{many if failed.size > 1 else ' here'}. Record one there, too; tn.vmap does."
        )

    def save(self, path: str | PathLike[str]) -> None:
        """Write it to a file, which `tapenb.load` reads.

        Parameters
        ----------
        path : path-like
        """
        Path(path).write_text(json.dumps(self.data, separators=(",", ":")) + "\n", "utf-8")

    def __reduce__(self) -> Any:
        return type(self), (self.data,)


def _labels(shown: Mapping[str, Any]) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for group, nest in shown.items():
        parts = nest.items() if isinstance(nest, Mapping) else [(None, nest)]
        found += [(group if rest is None else f"{group}/{rest}", each) for rest, each in parts]
    return found


def argument(name: str, value: Any, entries: Sequence[int]) -> dict[str, Any]:
    """An argument as data.

    Parameters
    ----------
    name : str
    value : number or array_like
        What it was when it was recorded.
    entries : sequence of int
    """
    array = np.asarray(value)
    return {
        "name": name,
        "entries": list(entries),
        "shape": list(array.shape),
        "dtype": array.dtype.name,
        "at": [as_json(float(each)) for each in reals(array)],
    }


def _read_argument(data: Mapping[str, Any]) -> Argument:
    dtype, shape = np.dtype(data["dtype"]), tuple(data["shape"])
    flat = np.array([float(each) for each in data["at"]])
    at = (flat.view(complex) if dtype.kind == "c" else flat).astype(dtype).reshape(shape)
    return Argument(data["name"], shape, dtype, at, tuple(data["entries"]))


def with_arguments(
    code: Registers,
    placed: Mapping[str, np.ndarray],
    arguments: Sequence[Mapping[str, Any]],
    values: Mapping[str, Any],
    **more: Any,
) -> dict[str, Any]:
    """A stored program as data.

    Parameters
    ----------
    code : Registers
    placed : mapping of str to ndarray of Number
        By label, where its numbers stand.
    arguments : sequence of dict
    values : mapping of str to number or ndarray
        By label, what was computed when it was recorded: of which dtype it is.
    **more
        What else belongs to it.
    """
    data = Compact(code, placed).as_json()
    kinds = {label: np.asarray(value).dtype for label, value in values.items()}
    dtypes = {label: kind.name for label, kind in kinds.items() if kind.kind not in "fc"}
    empty = {label: list(each.shape) for label, each in placed.items() if not each.size}
    beside = {"dtypes": dtypes, "empty": empty}
    some = {name: what for name, what in beside.items() if what}
    return {**data, "arguments": list(arguments), **some, **more}


def read(path: str | PathLike[str]) -> Mapping[str, Any]:
    """The data in a file that `Stored.save` wrote.

    Parameters
    ----------
    path : path-like

    Raises
    ------
    ValueError
        Where it is something else.
    """
    try:
        data = json.loads(Path(path).read_text("utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError):
        data = None
    if not isinstance(data, dict) or "version" not in data:
        raise ValueError(f"{path} is no saved tape: tape.save(path) makes one")
    return data
