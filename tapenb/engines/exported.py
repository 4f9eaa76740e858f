"""``tn.export``: what a function computes at an example, as a program that stands by itself."""

from __future__ import annotations

import functools
import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Any

import numpy as np

from ..autodiff.compiling.compiled import Compiled, compile_tape
from ..autodiff.compiling.replay import GuardFailed, Replay
from ..autodiff.faces.purity import Unwatchable
from ..autodiff.faces.signature import is_traceable, is_written, output, refuse_result
from ..autodiff.faces.variable import restore
from ..autodiff.faces.watch import Watch, random_state
from ..autodiff.sweeps.tips.guards import guard_tips, stands_on_tips
from ..autodiff.sweeps.tips.runs import Recorded
from ..autodiff.tape.operation import TapeError
from ..autodiff.tape.tape import Tape
from ..autodiff.tracing.apply import independent
from ..autodiff.tracing.recorder import recording
from ..autodiff.tracing.state import index_of, is_traced, plain
from ..autodiff.tracing.structures import flatten, mapped, refilled, renewed
from ..autodiff.twins.substitution import call
from ..lowering.registers import NotLowered
from .alike import leaves_of_arguments, names_of_numbers
from .lowered import about_guards, lowered
from .pickling import packed, unpacked
from .stored import Stored, argument, with_arguments

_MOST_INSTRUCTIONS = 500_000


class AtTip(TapeError):
    """A program cannot be recorded at this point, though it can beside it."""


class Refused(TapeError):
    """A function ran, and did what no recording can stand for."""

    def __init__(self, why: str, value: Any) -> None:
        super().__init__(_unfit(why))
        self.value = value
        """What it returned."""


@dataclass(eq=False)
class RecordedPath:
    """One way through a function: its tape, and where the arguments and results stand."""

    tape: Tape
    entries: list[int]
    """The entries of the arguments' numbers, in order."""
    outputs: list[int]
    """References to the numbers of the result."""
    before: Tape
    """The tape without the guards on tips of its derivatives."""
    value: Any
    """The result, as the function gave it."""
    holds: Callable[[], bool] = bool
    """Whether the function still reads what it read."""

    @property
    def own(self) -> int:
        """How many entries are the function's own."""
        return len(self.before)

    def stored(self, names: Sequence[str], **more: Any) -> dict[str, Any]:
        """The path as data, as `Stored` takes it; the result's numbers are ``value/0`` and so on.

        Parameters
        ----------
        names : sequence of str
            What the arguments' numbers are called.
        **more
            What else belongs to the data.

        Raises
        ------
        NotLowered
        """
        tape = self.tape
        values = {f"value/{k}": tape.value(each) for k, each in enumerate(self.outputs)}
        code, placed = lowered(
            tape,
            dict(zip(self.entries, names, strict=True)),
            {
                label: each if each >= 0 else np.asarray(values[label])
                for label, each in zip(values, self.outputs, strict=True)
            },
            before=self.before,
            about=about_guards(tape, self.own),
            most=_MOST_INSTRUCTIONS,
        )
        arguments = [
            argument(name, tape.value(entry), [entry])
            for name, entry in zip(names, self.entries, strict=True)
        ]
        return with_arguments(code, placed, arguments, values, **more)


def record_path(f: Callable[..., Any], args: tuple[Any, ...]) -> RecordedPath:
    """Run a function once, and keep its way through itself.

    Parameters
    ----------
    f : callable
    args : tuple
        Numbers, arrays and nested containers of them; all other leaves belong to the way.

    Raises
    ------
    AtTip
        Where derivatives were asked for at a tip.
    TapeError
        Where no recording can stand for the function: the line and why.
    """
    try:
        watch = Watch(f)
    except Unwatchable as unwatchable:
        raise TapeError(_unfit(str(unwatchable))) from None
    read = [(each, each.raw) for each in watch.variables.values()]
    tape, drawn = Tape(), random_state()
    variables = tape.session.variables = {}
    with recording(tape) as (_, nested):
        if nested:
            raise TapeError("a program by itself is not made inside another recording")
        arguments = [
            independent(tape, leaf) if is_traceable(leaf) else leaf for leaf in flatten(args)
        ]
        positional = renewed(args, arguments, call)
        value = call(f, *positional)
        try:
            refuse_result(value, {})
        except Unwatchable as unwatchable:
            raise TapeError(_unfit(str(unwatchable))) from None
        outputs = [output(leaf, tape) for leaf in flatten(value) if is_traceable(plain(leaf))]
    restore(variables.values())
    traced = [leaf for leaf in arguments if is_traced(leaf)]
    if any(each.after is not None for each in variables.values()):
        raise TapeError(_unfit("it assigns a Variable"))
    kept = list(map(id, flatten(positional))) == list(map(id, arguments))
    if not kept or any(map(is_written, traced)):
        raise TapeError(_unfit("it writes into its arguments"))
    value = mapped(plain, value)
    if random_state() != drawn:
        raise Refused("it draws random numbers", value)
    if not watch.holds():
        raise Refused("it changes what it reads", value)
    entries = [index_of(leaf) for leaf in traced]
    run = Recorded(tape, entries, outputs)
    if stands_on_tips(run):
        raise AtTip("its derivatives were asked for at a tip; take an example beside it")
    before = tape.copy()
    before.close()
    guard_tips(run)

    def holds() -> bool:
        return watch.holds() and all(variable.raw is value for variable, value in read)

    return RecordedPath(tape, entries, outputs, before, value, holds)


def _unfit(why: str) -> str:
    return f"{why}, so that no recording can stand for it. Take that out of the function."


class Exported:
    """A program that stands by itself. Made by `tapenb.export`.

    Attributes
    ----------
    source : str
        Its text.
    """

    def __init__(
        self,
        path: RecordedPath,
        args: tuple[Any, ...],
        name: str,
        where: Mapping[int, str] | None = None,
    ) -> None:
        self._path, self._args = path, args
        self.__name__: str = name
        guards = path.tape.guards()
        self._where = {k: path.tape.where(k) for k in guards} if where is None else where

    @property
    def tape(self) -> Tape:
        """The tape that it was recorded on."""
        return self._path.tape

    @functools.cached_property
    def _compiled(self) -> Compiled:
        path = self._path
        inputs = {entry: f"x{number}" for number, entry in enumerate(path.entries)}
        return compile_tape(path.tape, inputs, path.outputs, restore=True, checked=True)

    @property
    def source(self) -> str:
        """The Python text of the program."""
        return self._compiled.source

    def __call__(self, *args: Any) -> Any:
        """The function's result at other numbers.

        Parameters
        ----------
        *args
            Structured like the example, of the same types, shapes and dtypes.

        Raises
        ------
        TypeError
            For other arguments.
        TapeError
            Where a decision of the function falls otherwise.
        """
        leaves = self._leaves(args)
        try:
            try:
                found = self._compiled(*leaves)
            except (ArithmeticError, ValueError) as error:
                # The program computes single numbers with math, which has no answer here.
                found = self._replayed(leaves, error)
            except TypeError:
                self._refuse_kinds(leaves)
                raise
        except GuardFailed as failed:
            raise TapeError(
                f"{self._where.get(failed.entry, 'a decision')}: here it is another program. "
                "Export one at such arguments, too, or use tn.function."
            ) from None
        return self._result(found)

    def _replayed(self, leaves: list[Any], error: Exception) -> list[Any]:
        path = self._path
        try:
            twin = Replay(path.tape)(dict(zip(path.entries, leaves, strict=True)))
        except GuardFailed as failed:
            if failed.__cause__ is not None:
                raise error from None
            raise
        return [twin.value(each) for each in path.outputs]

    def _refuse_kinds(self, leaves: list[Any]) -> None:
        """Say which number is of another kind than the example's."""
        names = [
            name
            for k, each in enumerate(self._args)
            for name in names_of_numbers(each, f"argument {k + 1}")
        ]
        for name, entry, leaf in zip(names, self._path.entries, leaves, strict=True):
            wanted, given = _in_words(self._path.tape.value(entry)), _in_words(leaf)
            if wanted != given:
                raise TypeError(
                    f"{self.__name__} was exported for {wanted} as {name}, not for {given}"
                ) from None

    def _leaves(self, args: tuple[Any, ...]) -> list[Any]:
        return leaves_of_arguments(self._args, args, self.__name__)

    def _result(self, found: Sequence[Any]) -> Any:
        return refilled(self._path.value, found, is_traceable)

    @functools.cached_property
    def stored(self) -> StoredFunction:
        """The program in numbers alone, as it is saved and played at many points.

        Raises
        ------
        TapeError
            Where it has no such form, such as for long arrays: why.
        """
        leaves = [leaf for leaf in flatten(self._args) if is_traceable(leaf)]
        names = [f"argument {k + 1}" for k in range(len(leaves))]
        try:
            data = self._path.stored(
                names,
                of="function",
                name=self.__name__,
                parameters=_encoded(list(self._args), iter(range(len(leaves))))["list"],
                result=_encoded(self._path.value, iter(range(len(self._path.outputs)))),
            )
        except NotLowered as reason:
            raise TapeError(
                f"{self.__name__} has no form in numbers alone: {reason}. As it is it can be "
                "called and pickled."
            ) from None
        return StoredFunction(data)

    def many(self, *args: Any) -> Any:
        """The results at many points: every number and array has them along its first axis."""
        return self.stored.many(*args)

    def save(self, path: str | PathLike[str]) -> None:
        """Write it to a file, which `tapenb.load` reads.

        Parameters
        ----------
        path : path-like
        """
        self.stored.save(path)

    def __reduce__(self) -> Any:
        path = self._path
        rest = path.entries, path.outputs, path.value, self._args, self.__name__, self._where
        return _unpickled, (pickle.dumps((packed(path.tape, path.before), *rest)),)

    def __repr__(self) -> str:
        return f"<{self.__name__}, exported: {len(self._path.tape)} entries>"


@functools.lru_cache(16)
def _unpickled(data: bytes) -> Exported:
    """The program in these bytes; in a process that gets it with each task it is made once."""
    tapes, entries, outputs, value, args, name, where = pickle.loads(data)
    tape, before = unpacked(tapes)
    path = RecordedPath(tape, entries, outputs, before, value)
    return Exported(path, args, name, where)


class StoredFunction(Stored):
    """The program of a function in numbers alone: what `tapenb.load` gives of a saved one."""

    def __call__(self, *args: Any) -> Any:
        """The function's result at other numbers.

        Raises
        ------
        TypeError, ValueError
            For other arguments than those of the example.
        TapeError
            Where a decision of the function falls otherwise.
        """
        numbers, failed = self.play(
            [
                own.many(leaf, None)
                for own, leaf in zip(self.arguments, self._leaves(args), strict=True)
            ]
        )
        self.refuse(failed)
        return _decoded(self.data["result"], lambda k: numbers[f"value/{k}"][0])

    def many(self, *args: Any) -> Any:
        """The results at many points.

        Parameters
        ----------
        *args
            Structured like the example; every number and array has the points along its first
            axis.

        Returns
        -------
        object
            Structured like the result, with the points along each first axis.

        Raises
        ------
        TypeError, ValueError
            For other arguments than those of the example.
        TapeError
            Where a decision of the function falls otherwise at some points.
        """
        leaves = self._leaves(args)
        counts = {np.shape(leaf)[:1] for leaf in leaves}
        if len(counts) != 1 or () in counts:
            raise ValueError("every argument needs the points along its first axis, as many each")
        ((count,),) = counts
        numbers, failed = self.play(
            [own.many(leaf, count) for own, leaf in zip(self.arguments, leaves, strict=True)]
        )
        self.refuse(failed)
        return _decoded(self.data["result"], lambda k: numbers[f"value/{k}"])

    def try_out(self) -> None:
        """Play it at the recorded inputs, whatever its guards say; raises where it cannot be."""
        example = _decoded({"tuple": self.data["parameters"]}, lambda k: self.arguments[k].at[()])
        leaves = self._leaves(example)
        numbers, _ = self.play(
            [own.many(leaf, None) for own, leaf in zip(self.arguments, leaves, strict=True)]
        )
        _decoded(self.data["result"], lambda k: numbers[f"value/{k}"][0])

    def _leaves(self, args: tuple[Any, ...]) -> list[Any]:
        example = _decoded({"tuple": self.data["parameters"]}, float)
        return leaves_of_arguments(example, args, self.data["name"])

    def __repr__(self) -> str:
        return f"<{self.data['name']}, loaded>"


# -- structures as data ----------------------------------------------------------------------------


def _in_words(leaf: Any) -> str:
    """A number's type, or an array's dtype and shape, in words."""
    if isinstance(leaf, np.ndarray):
        return f"an array of {leaf.dtype} and shape {leaf.shape}"
    return f"a {type(leaf).__name__}"


def _encoded(value: Any, numbers: Iterator[int]) -> dict[str, Any]:
    """A structure as data.

    Raises
    ------
    NotLowered
        Where it holds something else than lists, tuples, dicts, numbers and text.
    """
    if type(value) in (list, tuple):
        return {type(value).__name__: [_encoded(part, numbers) for part in value]}
    if type(value) is dict and all(type(key) is str for key in value):
        return {"dict": {key: _encoded(part, numbers) for key, part in value.items()}}
    if is_traceable(value):
        return {"number": next(numbers)}
    if type(value) in (bool, str, type(None)):
        return {"constant": value}
    raise NotLowered(f"a {type(value).__name__} among its arguments or results")


def _decoded(data: Mapping[str, Any], number: Callable[[int], Any]) -> Any:
    ((kind, inner),) = data.items()
    if kind in ("list", "tuple"):
        parts = [_decoded(part, number) for part in inner]
        return parts if kind == "list" else tuple(parts)
    if kind == "dict":
        return {key: _decoded(part, number) for key, part in inner.items()}
    return inner if kind == "constant" else number(inner)


def export(f: Callable[..., Any], *example: Any) -> Exported:
    """What a function computes at an example, as a program that stands by itself.

    It is called like the function, and needs none of its code: it can be pickled, also where `f`
    cannot, saved to a file, and handed to other processes and machines. `f` may compute
    derivatives: ``tn.export(tn.hessian(loss), x)``.

    Parameters
    ----------
    f : callable
        Takes and returns such values as the example has.
    *example
        Arguments of the kind that it will be called with: numbers, arrays, and nested containers of
        them. All other leaves (text, booleans, None), and all that `f` reads besides, belong to the
        program, as they are now.

    Returns
    -------
    Exported
        ``program(*args)`` at one point, ``program.many(*args)`` at many, ``program.save(path)``,
        ``program.source``.

    Raises
    ------
    TapeError
        Where no recording can stand for `f` (it prints, draws random numbers, writes into its
        arguments): the line and why.

    Notes
    -----
    A decision of `f` that falls otherwise than at the example raises TapeError, and names the line.
    Where a value on the way is not finite, a derivative may come out as nan that a run would find.

    Examples
    --------
    >>> import pickle
    >>> import numpy as np
    >>> import tapenb as tn
    >>> slope = tn.export(tn.grad(lambda x: np.sin(x) * x), 1.0)
    >>> again = pickle.loads(pickle.dumps(slope))
    >>> round(float(again(2.0)), 6), np.round(again.many(np.array([0.0, 1.0, 2.0])), 6).tolist()
    (0.077004, [0.0, 1.381773, 0.077004])
    """
    name = getattr(f, "__name__", type(f).__name__)
    path = record_path(f, example)
    # Containers of its own: the user may change theirs.
    return Exported(path, renewed(example, flatten(example), call), name)
