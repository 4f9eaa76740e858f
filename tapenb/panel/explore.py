"""The panel of a function, without a magic."""

from __future__ import annotations

import inspect
import textwrap
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from contextvars import copy_context
from inspect import Parameter
from itertools import takewhile
from numbers import Real
from os import PathLike
from threading import RLock
from types import FunctionType
from typing import Any

import numpy as np

from ..autodiff.faces.functional import record
from ..autodiff.faces.purity import Unwatchable
from ..autodiff.faces.watch import Watch
from ..autodiff.tape.operation import TapeError
from ..autodiff.tape.tape import CURRENT
from ..autodiff.tracing.state import is_active, plain
from ..autodiff.twins.substitution import call
from ..recording.deadline import SECONDS, within
from ..recording.idle import Idle
from ..recording.inputs import Input, counting
from ..recording.named import hears_float_errors, named_by
from ..recording.outputs import named_numbers, variables_of
from ..recording.program import Program
from ..recording.recording import Recording
from ..views.listing import Source
from .live import Panel
from .reader import shell_of

_TRUTHS = [False, True]


class Explored(Recording):
    """What `tapenb.explore` returns: the ``t`` of ``%%tape -o t``, which shows its panel."""

    def __init__(self, *made_of: Any, **options: Any) -> None:
        super().__init__(*made_of, **options)
        self._shown_in: Any = None
        self._choices: Mapping[str, Sequence[str]] = {}

    @property
    def choices(self) -> Mapping[str, Sequence[str]]:
        """What arguments are chosen from, by name."""
        return self._choices

    def _ipython_display_(self) -> None:
        # As the last expression of the cell that has shown it, it needs no second panel.
        if self._shown_in is None or self._shown_in != _cell():
            self.panel.show()

    def _display_(self) -> Panel:
        """What marimo shows."""
        return self.panel

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), "save"]

    def save(self, path: str | PathLike[str]) -> None:
        """Write the panel at its present point to a file, as `Panel.save` does.

        Parameters
        ----------
        path : str or path
            It ends in ``.svg``, for a picture, in ``.html``, for a page with sliders, or in
            ``.md``, for a MyST project.
        """
        self.panel.save(path)


def explored(
    f: Callable[..., Any],
    in_order: Sequence[Any],
    arguments: Mapping[str, Any],
    *,
    order: int,
    mode: str,
    **shown: bool,
) -> Explored:
    """Record a function and make its panel; shown at once where a notebook's cell runs.

    Parameters
    ----------
    in_order : sequence of objects
    arguments
        As `tapenb.explore` takes them.
    order, mode
        Of the program.
    **shown
        Of the panel: ``graph``, ``plot``, ``table``.
    """
    given, fixed, choices, spans = _arguments(f, in_order, arguments)
    calls = _Call(f, fixed, choices, order, mode)
    began = time.monotonic()
    # An interrupt may come between two lines of a recording that belong together.
    program = copy_context().run(calls.first, given, spans)
    seconds = time.monotonic() - began
    if (shell := shell_of()) is not None:
        Idle.of(shell)  # which hears from now on when cells run
    found = Explored(program, program.tape, calls.again, seconds)
    found._choices = {
        name: [getattr(each, "__name__", str(each)) for each in all_of]
        for name, all_of in choices.items()
        if all_of != _TRUTHS
    }
    found.panel = Panel(found, **shown, source=_source(f))
    cell = _cell()
    if cell is not None:
        found.panel.show()
        found._shown_in = cell
    return found


def _arguments(
    f: Callable[..., Any], in_order: Sequence[Any], arguments: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any], dict[str, list[Any]], dict[str, tuple[float, ...]]]:
    """The numbers to start from, what is handed on as it is, the choices, and the ranges given."""
    signature = inspect.signature(f)
    given: dict[str, Any] = {}
    fixed: dict[str, Any] = {}
    choices: dict[str, list[Any]] = {}
    spans: dict[str, tuple[float, ...]] = {}
    try:
        bound = signature.bind(*in_order, **arguments)
        told = _named(signature, bound.arguments).keys()
        bound.apply_defaults()
        named = _named(signature, bound.arguments)
    except TypeError as error:
        name = getattr(f, "__name__", "f")
        raise TypeError(
            f"explore({name}): {error}. Its arguments are {signature}: give each a number or a "
            f"range by its name, explore({name}, x=2.0, y=(0, 10)), or in their order, "
            f"explore({name}, 2.0, (0, 10))."
        ) from None
    for name, value in named.items():
        if _is_range(value):
            spans[name] = _range(name, value)
            low, high = spans[name][:2]
            whole = all(isinstance(each, int) for each in value)
            given[name] = (low + high) // 2 if whole else (low + high) / 2
        elif _is_numeric(value):
            given[name] = np.array(value, float) if np.ndim(value) else value
        elif isinstance(value, bool):
            choices[name] = _TRUTHS
            fixed[name] = value
        elif _is_choice(value):
            choices[name] = list(value)
            fixed[name] = value[0]
        elif name in told or signature.parameters[name].kind is Parameter.POSITIONAL_ONLY:
            fixed[name] = value.value if type(value).__name__ == "fixed" else value
    return given, fixed, choices, spans


def _named(signature: inspect.Signature, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """What a function is handed, by the names that it or who calls it has for that."""
    named: dict[str, Any] = {}
    for name, value in arguments.items():
        kind = signature.parameters[name].kind
        if kind is Parameter.VAR_KEYWORD:
            named |= value
        elif kind is not Parameter.VAR_POSITIONAL:
            named[name] = value
        elif value:
            raise TypeError(f"a slider needs a name, which what *{name} takes has not")
    return named


def _is_choice(value: Any) -> bool:
    """Whether it is a list of what no slider moves, one of which a function takes at a time."""
    named = isinstance(value, list) and all(isinstance(x, str) or callable(x) for x in value)
    return named and len(value) > 1


def _is_range(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) in (2, 3) and all(map(_is_numeric, value))


def _range(name: str, value: tuple[Any, ...]) -> tuple[Any, ...]:
    low, high, *step = value
    if not low < high or (step and not step[0] > 0):
        raise ValueError(
            f"{name}={value} is no range: give (low, high) or (low, high, step), with low below "
            "high and a step above 0"
        )
    return value


def _is_numeric(value: Any) -> bool:
    if isinstance(value, bool | np.bool_ | str):
        return False
    if isinstance(value, list):
        return bool(value) and all(map(_is_numeric, value))
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "iuf" and value.size > 0
    return isinstance(value, int | float | np.integer | np.floating)


class _Call:
    """A function, to be recorded at one position of its sliders after the other."""

    def __init__(
        self,
        f: Callable[..., Any],
        fixed: Mapping[str, Any],
        choices: Mapping[str, Sequence[Any]],
        order: int,
        mode: str,
    ) -> None:
        self._f, self._fixed, self._order, self._mode = f, fixed, order, mode
        self._choices = choices
        self._in_order = [
            name
            for name, each in inspect.signature(f).parameters.items()
            if each.kind in (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
        ]
        self._switches = {
            name: fixed[name] if all_of == _TRUTHS else 0 for name, all_of in choices.items()
        }
        self._inputs: list[Input] = []
        # What the function reads besides its arguments, as it was.
        self._watch: Watch | None = None
        self._remarks: list[str] = []
        self._lock = RLock()
        name = getattr(f, "__name__", "f")
        self._output = name if name.isidentifier() else "f"

    def first(self, given: Mapping[str, Any], spans: Mapping[str, tuple[float, ...]]) -> Program:
        """The program where the sliders begin."""
        inputs = [Input(name, value, (), spans.get(name)) for name, value in given.items()]
        program = self._recorded(inputs)
        whole = {each.name for each in program.inputs if each.counts}
        if any(isinstance(each.value, int) and each.name not in whole for each in inputs):
            # A number that need not be whole moves as any other.
            as_float = [
                Input(each.name, float(each.value), (), each.span)
                if isinstance(each.value, int) and each.name not in whole
                else each
                for each in inputs
            ]
            with suppress(Exception):  # some functions take whole numbers alone, as x & 1
                program = self._recorded(as_float)
        self._inputs = program.inputs
        try:
            self._watch = Watch(self._f)
        except Exception as why:  # what does more than compute
            if program.tape.guards() or self._switches:
                reason = f" ({why})" if isinstance(why, Unwatchable) else ""
                self._remarks.append(
                    f"What {self._output} reads besides its arguments is not watched{reason}, and "
                    "each way through it is recorded when a slider gets there: after a change of "
                    "what it reads, call explore again."
                )
        return program

    def again(self, positions: Mapping[str, Any], done: Callable[[Any], None]) -> None:
        """Record anew while no cell runs, and hand over the program or the exception."""

        def work() -> None:
            try:
                if self._watch is not None and not self._watch.holds():
                    raise TapeError(
                        f"what {self._output} reads besides its arguments is another by now, and "
                        "the numbers of this panel are from before. Call explore again"
                    )
                inputs = self._inputs
                moved = [Input(each.name, each.at(positions), (), each.span) for each in inputs]
                self._switches = {
                    name: type(value)(positions.get(name, value))
                    for name, value in self._switches.items()
                }
                result: Any = within(SECONDS, lambda: self._recorded(moved), self._output)
                if self._watch is not None and not self._watch.holds():
                    self._remarks.append(
                        f"{self._output} itself changes what it reads besides its arguments: its "
                        "numbers here and those before may be of another state."
                    )
            except BaseException as error:
                result = error
            done(result)

        shell = shell_of()
        if shell is None:
            work()
        else:
            Idle.of(shell).run(work)

    def _recorded(self, inputs: list[Input]) -> Program:
        names = [each.name for each in inputs]

        chosen = {name: self._choices[name][at] for name, at in self._switches.items()}
        fixed = {**self._fixed, **chosen}

        own = inspect.unwrap(self._f)
        outputs: dict[str, int] = {}

        def called(*values: Any) -> Any:
            named = dict(zip(names, values, strict=True)) | fixed
            with variables_of(getattr(own, "__code__", None)) as variables:
                # By position what has one: some functions count their arguments, as grad's do.
                in_order = list(takewhile(named.__contains__, self._in_order))
                found = call(self._f, *[named.pop(name) for name in in_order], **named)
            tape = CURRENT.get()
            others = {name: each for name, each in variables.items() if name not in names}
            outputs.update(named_numbers(tape, others))
            is_number = isinstance(plain(found), Real) and type(plain(found)) is not bool
            if tape.guards() and is_number and not is_active(found):
                # Constant here; but what an argument decided may make it another number elsewhere.
                tape.output = tape.append_input(plain(found))
            return found

        with self._lock:
            tape = record(called, *(each.value for each in inputs))
        if tape.output is None:
            raise TapeError(
                f"{self._output} does not depend on any of {', '.join(names)}"
                if names
                else f"no argument of {self._output} is a number, an array of them or a range"
            )
        if isinstance(own, FunctionType):
            tape.cell_hears_float_errors = hears_float_errors(named_by(own))
        found = [
            _described(each, tape, entries)
            for each, entries in zip(inputs, list(tape.inputs.values()), strict=True)
        ]
        tape.inputs = {each.name: each.entries for each in found}
        program = Program(tape, found, self._output, self._order, self._mode)
        program.switches, program.named = dict(self._switches), outputs
        program.remarks = self._remarks
        return program


def _described(each: Input, tape: Any, entries: tuple[int, ...]) -> Input:
    counts = counting(tape, each.name, entries) if isinstance(each.value, int) else {}
    return Input(each.name, each.value, entries, each.span, **counts)


def _source(f: Callable[..., Any]) -> Source | None:
    """The function's text, where there is one."""
    f = inspect.unwrap(f)
    code = getattr(f, "__code__", None)
    try:
        lines, first = inspect.getsourcelines(f)
    except (OSError, TypeError):
        return None
    if code is None:
        return None
    text = textwrap.dedent("".join(lines)).rstrip("\n")
    return Source(code.co_filename, first, tuple(text.split("\n")), scope=code.co_name)


def _cell() -> Any:
    """Which cell of a notebook runs; None outside of one."""
    shell = shell_of()
    return None if getattr(shell, "kernel", None) is None else shell.execution_count
