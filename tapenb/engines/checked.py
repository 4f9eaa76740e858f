"""Whether the data of a file have the form of a saved program: told before anything is made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ..autodiff.compiling.lowering.compact import VERSION, instructions

_MOST_REGISTERS = 1 << 20
"""More than any program that is saved has."""
_KINDS = {
    **dict.fromkeys(("operations", "constants", "code", "guards", "arguments"), list),
    **dict.fromkeys(("inputs", "registers", "first"), int),
    "shown": dict,
}
_OF_FUNCTION = {"name": str, "parameters": list, "result": dict}
_PERHAPS = {"dtypes": dict, "empty": dict, "complex": list}
_ARGUMENT = {"name": str, "entries": list, "shape": list, "dtype": str, "at": list}


def check(data: Mapping[str, Any]) -> None:
    """Refuse data of another form than `Stored.save` writes.

    Parameters
    ----------
    data
        As ``json.load`` gives it.

    Raises
    ------
    ValueError
        Where it is of another version, has an operation that is not known, or a key that is
        missing, of another type, or out of bounds.
    """
    version = data["version"]
    _require(type(version) is int and version == VERSION, _version(version))
    kinds = _KINDS | (_OF_FUNCTION if data["of"] == "function" else {})
    for key, kind in (kinds | {key: _PERHAPS[key] for key in _PERHAPS if key in data}).items():
        _require(type(data.get(key)) is kind, key)
    _require(all(type(each) is str for each in data["operations"]), "operations")
    _require(all(type(each) in (int, float, str) for each in data["constants"]), "constants")
    _require(_are_whole(data["code"], -1), "code")
    for guard in data["guards"]:
        _require(type(guard) is dict, "guards")
        _require(type(guard.get("text", "")) is str, "guards")
    sizes = sum(map(_size, data["arguments"]))
    _require(data["inputs"] == sizes, "inputs")
    # What an instruction of several results says of them is at most that.
    _require(sizes < data["registers"] <= _MOST_REGISTERS, "registers")
    _require(max(data["code"], default=0) <= data["registers"], "code")
    _require(_are_whole(_leaves(data["shown"]), 0, data["registers"]), "shown")
    numbers = [each[3] for each in instructions(data) if each[0] == "guard"]
    _require(_are_whole(numbers, 0, len(data["guards"])), "guards")


def _version(version: Any) -> str:
    return f"version {version} of the format, where {VERSION} is read"


def _require(holds: bool, what: str) -> None:
    if not holds:
        known = what.startswith("version")
        raise ValueError(what if known else f"{what!r} makes no sense: the file is damaged")


def _are_whole(numbers: Any, low: int, end: float = np.inf) -> bool:
    return all(type(each) is int and low <= each < end for each in numbers)


def _size(argument: Any) -> int:
    """How many numbers an argument has."""
    _require(type(argument) is dict, "arguments")
    for key, kind in _ARGUMENT.items():
        _require(type(argument.get(key)) is kind, key)
    _require(_are_whole(argument["entries"], 0), "entries")
    _require(_are_whole(argument["shape"], 0), "shape")
    _require(all(type(each) in (int, float, str) for each in argument["at"]), "at")
    _require(np.dtype(argument["dtype"]).kind in "biufc", "dtype")
    return len(argument["at"])


def _leaves(nest: Any) -> Iterator[Any]:
    if isinstance(nest, list | dict):
        for each in nest.values() if isinstance(nest, dict) else nest:
            yield from _leaves(each)
    else:
        yield nest
