"""``tn.load``: what a saved tape or function was."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from os import PathLike
from typing import Any

import numpy as np

from ..lowering.compact import VERSION, instructions
from .exported import StoredFunction
from .stored import read
from .tapes import StoredTape

_PROGRAMS = {"tape": StoredTape, "function": StoredFunction}
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


def load(path: str | PathLike[str]) -> StoredTape | StoredFunction:
    """Read a saved program: of a tape with its derivatives, or of a function.

    Nothing in the file is code: it holds numbers, names and instructions of a fixed table.

    Parameters
    ----------
    path : path-like
        A file that `save` wrote.

    Returns
    -------
    StoredTape or StoredFunction
        Of ``tape.save(path)``: ``.value``, ``.gradient``, ``.hessian``, the same at other inputs
        by ``.at(x=3.0)``, at many points by ``.many(x=xs)``. Of ``tn.export(f, …).save(path)``: a
        function like `f`, and ``.many``.

    Raises
    ------
    OSError
        Where it cannot be read.
    ValueError
        Where it is something else, of another version of the format, damaged, or has an operation
        that this tapenb does not know.

    Examples
    --------
    >>> import pathlib
    >>> import tempfile
    >>> import tapenb as tn
    >>> path = pathlib.Path(tempfile.mkdtemp(), "cube.json")
    >>> tn.record(lambda x: x**3, 2.0).save(path)
    >>> cube = tn.load(path)
    >>> float(cube.value), float(cube.at(x=3.0).gradient["x"])
    (8.0, 27.0)
    """
    data = read(path)
    if type(data.get("of")) is not str or data["of"] not in _PROGRAMS:
        raise ValueError(f"{path} is no saved tape: tape.save(path) makes one")
    try:
        check(data)
        program = _PROGRAMS[data["of"]](data)
        program.try_out()
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    except Exception as error:
        # Whatever else fails to make a program of it, or to play it.
        raise ValueError(f"{path}: the file is damaged: {error!r}") from None
    return program


# -- whether the data have the form of a saved program: told before anything is made ---------------


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
