"""The inputs of one run of a cell, traced while it lasts and put back after it; what it shows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..autodiff.reach import Place, alike, attributes, builtin_of, is_users
from ..autodiff.tape.memory import Memory, element_numbers
from ..autodiff.tape.operation import TapeError
from ..autodiff.tape.tape import Tape
from ..autodiff.tracing.elements import vectorize
from ..autodiff.tracing.questions import Text
from ..autodiff.tracing.state import (
    index_of,
    is_traced,
    new_number,
    plain,
    tape_of,
)
from ..autodiff.tracing.structures import lift
from ..autodiff.tracing.traced import TracedArray
from ..autodiff.tracing.writing import input_array, part_of
from ..autodiff.twins.twins import original, real_of
from ..recording.inputs import Input, counting, flatten, nest, withheld_as_read
from .cell import is_numeric
from .constants import root_of
from .containers import containers
from .line import LineError, Options

_MOST_PARTS = 64


def parts_of_namespace(namespace: dict[str, Any], name: str, read: set[str]) -> list[str]:
    """The numbers in a dict or object of the notebook's, by their names: ``p["a"]``, ``p.a``."""
    value = namespace.get(name)
    if type(value) is dict:
        keys = [key for key in value if isinstance(key, str) and is_numeric(value[key])]
        return [f'{name}["{key}"]' for key in keys] if len(value) <= _MOST_PARTS else []
    if not is_users(value) or isinstance(value, type) or not hasattr(value, "__dict__"):
        return []
    return [
        f"{name}.{key}"
        for key, part in vars(value).items()
        if key in read and not key.startswith("_") and is_numeric(part)
    ]


def own_part(namespace: dict[str, Any], name: str) -> tuple[dict[str, Any], str]:
    """The dict that holds a part of something of the notebook's, and its key there."""
    root = root_of(name)
    owner, rest = namespace.get(root), name[len(root) :]
    if rest.startswith("."):
        return getattr(owner, "__dict__", {}), rest[1:]
    return (owner if type(owner) is dict else {}), rest[2:-2]


def _like(array: np.ndarray, given: Any) -> np.ndarray:
    """What is given in place of an array, in its dtype where that holds it: no 0.5 of integers."""
    given = np.asarray(given)
    return (
        given.astype(array.dtype) if np.can_cast(given.dtype, array.dtype, "same_kind") else given
    )


class RunInputs:
    """The inputs of one run: traced while it lasts, and put back after it."""

    def __init__(self, tape: Tape, namespace: dict[str, Any], given: dict[str, Any]) -> None:
        self._tape, self._session = tape, tape.session
        self._namespace = namespace
        self._given = given
        self._values: dict[str, Any] = {}
        self.switches: dict[str, bool] = {}
        self._entries: dict[str, tuple[int, ...]] = {}
        self._originals: dict[str, tuple[Any, Any]] = {}
        self._memories: list[Memory] = []
        self._arrays: dict[int, list[np.ndarray]] = {}

    def from_literal(self, name: str, value: Any) -> Any:
        """Called by the cell in place of a literal."""
        if name in self._values:
            return value
        if isinstance(value, bool):
            self.switches[name] = bool(self._given.get(name, value))
            return self.switches[name]
        value = plain(value)
        if isinstance(value, np.ndarray) and (value.dtype.kind not in "fiu" or not value.size):
            return value
        if not is_numeric(value) and not isinstance(value, np.ndarray):
            return value
        if name in self._given:
            given = self._given[name]
            if np.shape(given) != np.shape(value):
                raise LineError(f"{name} has shape {np.shape(value)} here, not {np.shape(given)}")
            value = _like(value, given) if isinstance(value, np.ndarray) else given
        return self._trace(name, value)

    def from_namespace(self, name: str) -> None:
        """Make a variable of the notebook an input, where it stands."""
        owner, key = self._namespace, name
        if name not in owner:  # a part of something: p.a, p["a"]
            owner, key = own_part(self._namespace, name)
        value = owner.get(key)
        if name in self._given:
            given = self._given[name]
            if isinstance(value, np.ndarray):
                value[...] = given
            elif isinstance(value, list):
                value[:] = given
            else:
                value = given
        if not is_numeric(value):
            return
        traced = self._trace(name, value)
        self._originals[name] = (traced, value)
        owner[key] = traced

    def _trace(self, name: str, value: Any) -> Any:
        tape = self._tape
        if isinstance(value, list | tuple):
            if any(is_traced(number) for number in flatten(value)):
                return value  # another name for a list, or a part of one, that is an input already
            self._values[name] = nest(value, iter(flatten(value)))
            return self._trace_list(name, value)
        if isinstance(value, np.ndarray):
            return self._trace_array(name, value)
        self._values[name] = value
        entry = tape.append_input(value)
        self._register(name, (entry,))
        return new_number(tape, entry, value)

    def _trace_list(self, name: str, value: Any) -> Any:
        entries: list[int] = []

        def trace(part: Any) -> Any:
            if not isinstance(part, list | tuple):
                entries.append(self._tape.append_input(part))
                return new_number(self._tape, entries[-1], part)
            traced = map(trace, part)
            if isinstance(part, tuple):
                return tuple(traced)
            part[:] = traced
            return part

        traced = trace(value)
        self._register(name, tuple(entries))
        return traced

    def _trace_array(self, name: str, value: np.ndarray) -> TracedArray:
        """An array; where it lies within another input, it is a view of that."""
        tape = self._tape
        memory = self._memory_of(value)
        if memory.reference is not None:
            numbers = element_numbers(memory.owner, value)
            taken = [
                np.isin(numbers, element_numbers(memory.owner, other))
                for other in self._arrays[id(memory)]
            ]
            if np.all(np.any(taken, axis=0)):
                return part_of(tape, value, memory)
            if np.any(taken):
                raise TapeError(
                    f"{name} shares a part of its memory with another input, so both cannot be "
                    "inputs. List one of them on the line of %%tape."
                )
        traced = input_array(tape, value, memory)
        self._values[name] = value.copy()
        self._register(name, (index_of(traced),))
        self._arrays.setdefault(id(memory), []).append(value)
        return traced

    def watch_arrays(self, names: Iterable[str]) -> None:
        """Let the notebook's other arrays hold traced values, and share memory with the inputs."""
        for name in sorted(names):
            value = self._namespace[name]
            if type(value) is not np.ndarray or value.dtype.kind != "f" or name in self._originals:
                continue
            memory = self._memory_of(value)
            traced = part_of(self._tape, value, memory)
            self._originals[name] = (traced, value)
            self._namespace[name] = traced
        for container in containers([self._namespace[name] for name in names]):
            for key, value in container.parts():
                memory = self._shared_memory(value)
                if memory is not None:
                    container[key] = part_of(self._tape, value, memory)

    def _shared_memory(self, value: Any) -> Memory | None:
        """The memory of an array of the notebook that an array in a container shares."""
        if type(value) is not np.ndarray or value.dtype.kind != "f":
            return None
        for memory in self._memories:
            if np.may_share_memory(memory.owner, value):
                return memory
        return None

    def _memory_of(self, value: np.ndarray) -> Memory:
        """The memory of the buffer that an array lies in."""
        for memory in self._memories:
            if np.may_share_memory(memory.owner, value):
                return memory
        owner = value
        while type(owner.base) is np.ndarray and owner.base.dtype == value.dtype:
            owner = owner.base
        self._memories.append(Memory(self._tape, owner, None))
        return self._memories[-1]

    def _register(self, name: str, entries: tuple[int, ...]) -> None:
        self._entries[name] = entries
        self._tape.inputs[name] = entries

    def put_back(self, names: Iterable[str]) -> None:
        """Give every name its plain value, and every container that it holds."""
        namespace = self._namespace
        for container in containers([namespace[name] for name in names]):
            for key, value in container.parts():
                ordinary = self._ordinary(value)
                if ordinary is not value:
                    container[key] = ordinary
            if type(container) is Place and any(is_traced(key) for key, _ in container.items()):
                container.replace([(plain(key), value) for key, value in container.items()])
        for name, value in list(namespace.items()):
            traced, original = self._originals.get(name, (None, None))
            ordinary = original if value is traced is not None else self._ordinary(value)
            if ordinary is not value:
                namespace[name] = ordinary

    def _ordinary(self, value: Any) -> Any:
        """A value without the tape: plain, NumPy's own function, a tuple of such."""
        if is_traced(value):
            return plain(value) if tape_of(value) is self._tape else value
        if type(value) is Text:
            return str.__str__(value)
        if type(value) is vectorize:
            value.__class__ = np.vectorize
            return value
        if issubclass(type(value), tuple | frozenset | set):
            base = builtin_of(value)
            olds = list(base.__iter__(value))
            parts = [self._ordinary(part) for part in olds]
            if all(part is old for part, old in zip(parts, olds, strict=True)):
                return value
            if base is set:
                set.clear(value)
                set.update(value, parts)
                return value
            held = {name: self._ordinary(each) for name, each in attributes(value).items()}
            return alike(value, parts, held)
        return original(value)

    def described(self, options: Options) -> list[Input]:
        """Return what the recording needs to know of each input."""
        return [
            Input(
                name,
                self._values[name],
                entries,
                span=options.spans.get(name),
                **self._steering(name, entries),
            )
            for name, entries in self._entries.items()
        ]

    def _steering(self, name: str, entries: tuple[int, ...]) -> dict[str, Any]:
        """Whether an input is an index or a count, or was read by code that is not followed."""
        for entry in entries:
            if entry in self._session.demoted:
                return {"withheld": withheld_as_read(name, self._session.demoted[entry])}
        value = self._values[name]
        many = isinstance(value, np.ndarray) and value.dtype.kind in "iu"
        if not (many or isinstance(value, int | np.integer)):
            return {}
        return counting(self._tape, name, entries)


def lifted(value: Any) -> Any:
    """A value with lists as arrays; None for a list of this and that, which is no array."""
    try:
        return lift(value)
    except (TypeError, ValueError):
        return None


def ordinary(value: Any) -> Any:
    """A traced value, also in a list or tuple, as the plain value that the cell shows."""
    if is_traced(value):
        return plain(value)
    if type(value) is Text:
        return str.__str__(value)
    if type(value) in (list, tuple):
        return type(value)(ordinary(part) for part in value)
    if type(value) is dict:
        return {plain(key): ordinary(part) for key, part in value.items()}
    real = real_of(value)
    return value if real is None else real
