"""Values of a program that are read from its tape when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from ..autodiff.tape.tape import Tape

_Key = TypeVar("_Key")


def value_of(what: Any, tape: Tape) -> Any:
    """The value of an entry on a tape, which is an int; all else is a value itself."""
    return tape.value(what) if type(what) is int else what


class LazyValues(Mapping[_Key, Any]):
    """The values of what is kept by key, each read when it is asked for: few of many are seen."""

    def __init__(self, kept: Mapping[_Key, Any], tape: Tape) -> None:
        self._kept, self._tape = kept, tape

    def __getitem__(self, key: _Key) -> Any:
        return value_of(self._kept[key], self._tape)

    def __iter__(self) -> Iterator[_Key]:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)
