"""What stands for a function or class while something records, and is taken for it."""

from __future__ import annotations

import copy
from typing import Any, Self

from .structures import any_active


class Made:
    """What twins make in the place of an object of NumPy's, as long as something records.

    Attributes
    ----------
    latest : object
        Another one whenever one is made, so that a recording knows whether there are any.
    """

    latest: object = None

    def __init__(self) -> None:
        Made.latest = object()


class InPlaceOf:
    """What stands for an object while something records, and is copied and pickled as that is."""

    _real: Any

    @property
    def real_object(self) -> Any:
        """What it stands for, with plain numbers."""
        return self._real

    def __copy__(self) -> Self:
        return self._with(copy.copy(self._real))

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self._with(copy.deepcopy(self._real, memo))

    def _with(self, real: Any) -> Self:
        made = object.__new__(type(self))
        vars(made).update(vars(self), _real=real)
        return made

    def __reduce_ex__(self, protocol: Any) -> Any:
        if any_active([*vars(self).values()]):
            raise TypeError(
                f"a {self.__class__.__name__} of traced numbers cannot be pickled while they are "
                "recorded; pickle one of plain numbers"
            )
        return self.real_object.__reduce_ex__(protocol)


class StandIn:
    """An object that equals what it stands for: as a key, in a set, as a pickle, in `isinstance`.

    Parameters
    ----------
    real : callable
        A function or a class. A kind of its own says what a call of it does.
    """

    __slots__ = ("_real",)

    def __init__(self, real: Any) -> None:
        self._real = real

    @property
    def __class__(self) -> type:
        return type(self._real)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def __instancecheck__(self, value: Any) -> bool:
        return isinstance(value, self._real)

    def __subclasscheck__(self, kind: type) -> bool:
        return issubclass(kind, self._real)

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[Any, ...]:
        return (self._real,)

    def __or__(self, other: Any) -> Any:
        return self._real | other

    def __ror__(self, other: Any) -> Any:
        return other | self._real

    def __eq__(self, other: object) -> bool:
        return self._real == (other._real if isinstance(other, StandIn) else other)

    def __hash__(self) -> int:
        return hash(self._real)

    def __repr__(self) -> str:
        return repr(self._real)

    def __reduce__(self) -> Any:
        return _itself, (self._real,)

    def __deepcopy__(self, memo: Any) -> Self:
        return self

    def __copy__(self) -> Self:
        return self


_OWN = frozenset({"__class__", "__copy__", "__deepcopy__", "__mro_entries__"})
_OWN |= {"__reduce__", "__reduce_ex__"}
"""What is asked of an object by its attributes, and so answered by the stand-in."""


class ClassStandIn(StandIn):
    """One that may stand for a class: ``X.__init__`` and the like are those of the class."""

    __slots__ = ()

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("__") and name not in _OWN and isinstance(self._real, type):
            return type(self).__getattr__(self, name)
        return super().__getattribute__(name)


def _itself(real: Any) -> Any:
    return real
