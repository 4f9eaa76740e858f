"""Questions that Python asks of a traced value: for its text, its truth, its number.

An answer that steers what runs next is a guard on the tape. A plain number that leaves the tape
would take its derivative along, and is refused; so is what makes two values of one.
"""

from __future__ import annotations

import ast
import cmath
import functools
import math
import operator
import re
import sys
from collections.abc import Callable
from operator import methodcaller
from types import FrameType
from typing import Any
from weakref import ref

import numpy as np

from ..kinds.rule import Constant
from ..tape.operation import ARGUMENT, INPUT, Operation, TapeError
from ..tape.provenance import (
    called,
    calls,
    expression_at,
    here,
    is_attribute,
    is_inside,
    is_library,
    operator_at,
    outside,
    path_of,
    source_of,
    writes,
)
from ..tape.session import Session
from ..tape.tape import Tape
from .apply import apply, guard, no_rule
from .state import READERS, TRACED, Traced, plain
from .structures import mapped

FOLLOWED = "biufcmM"
"""Kinds of dtypes in which a tape knows what a number becomes: itself, or piecewise constant."""

DRAWING = frozenset({"matplotlib", "mpl_toolkits", "PIL"})
"""Packages that make pictures of numbers."""
_ROUNDED = Constant()
_OF_ONE = {
    *(math.isfinite, math.isinf, math.isnan),
    *(cmath.isfinite, cmath.isinf, cmath.isnan),
}
_AS_KEY = (
    "a traced value cannot be a key here, since a dict, set or cache cannot tell two equal values "
    "with different derivatives apart. Use x.numpy() as the key."
)
_FROM_TEXT = (
    "a number made of a traced value's text has lost its derivative. Use the value itself, or cut "
    "on purpose with stop_gradient(x)."
)
_TEXT = "text"
_YES_OR_NO = {*_OF_ONE, math.isclose, cmath.isclose}
"""Functions in C that only say yes or no, which has no derivative."""


def leave(
    value: Traced,
    question: Callable[[Any], Any],
    how: str,
    frame: FrameType,
    refusal: str | None = None,
) -> Any:
    """Answer a question that takes a number off the tape, where no derivative is lost by that.

    None is where nothing is recorded, where the number is piecewise constant or was cut on purpose,
    and where it becomes text: the answer is a guard. What prints may look, and what draws; but
    what a cell reads off its picture again is refused as far as it can be tried. A cell that can
    run again hands the number out, and finds whether it mattered; else an input of a cell that
    foreign code reads is an input no longer.

    Raises
    ------
    TapeError
        Elsewhere.
    """
    if not value._is_active():
        return question(value._value)
    tape = value._tape
    index = value._reference(tape, True)
    caller = outside(frame)
    at = caller or frame
    becomes_text = _becomes_text(at)
    if _is_printed(tape.session, at):
        return question(value._value)
    session, draws = tape.session, _is_drawn(tape.session, at, text=becomes_text or how == _TEXT)
    looks = draws and session.reads is not None
    few = becomes_text and question is float and _has_few_digits(at) and not looks
    if is_cut(tape, index) or few or _is_asserting(frame, caller):
        return guard(value, question, frame)
    asked = called(at)
    if asked in _YES_OR_NO:
        guard(value, asked if asked in _OF_ONE else question, frame)
        return question(value._value)
    if draws and refusal is None and session.reads is None:
        return question(value._value)
    place = here(frame)
    by_others = False
    if session.namespace is not None and caller is not None:
        place = _here_in(session.namespace, caller)
        by_others = caller.f_globals is not session.namespace and tape.operations[index] is INPUT
    if looks:
        return session.reads.look(value, question, place, index if by_others else None)
    if by_others and session.reads is None and demote(tape, index, place):
        return guard(value, question, frame)
    error = TapeError(f"{place}: {refusal or _advice(how, asked, caller)}")
    if session.reads is not None:
        entry = index if by_others else None
        return session.reads.answer(value, question, frame, place, error, entry)
    session.refusal = error
    raise error


def told(
    value: Traced, question: Callable[[Any], str], frame: FrameType, *, exactly: bool = True
) -> str:
    """Answer with text, out of which a number may be read again.

    What is printed at once is not. A cell tries whether the text reaches its output;
    elsewhere the text itself refuses to become a number, as far as Python asks it.

    Parameters
    ----------
    value : traced value
    question
        Gives the text of the plain value.
    frame : frame
    exactly
        Whether the text has all digits; that of a few is piecewise constant.
    """
    if not value._is_active():
        return question(value._value)
    session = value._tape.session
    if _is_printed(session, frame):
        return question(value._value)
    drawn = _is_drawn(session, outside(frame) or frame, text=True)
    if session.reads is not None and (exactly or drawn):
        return leave(value, question, _TEXT, frame, _FROM_TEXT)
    if not exactly or drawn:
        return guard(value, question, frame)
    text = guard(value, question, frame)
    return Text(text, ref(value._tape), value._reference(value._tape, True))


def _advice(how: str, asked: Any, caller: FrameType | None) -> str:
    """What is wrong where a number would leave the tape, and what to do."""
    of_caller = "" if caller is None else _module(caller).partition(".")[0]
    writing = caller is not None and writes(caller.f_code, caller.f_lasti)
    if writing and _has_fields(caller):
        return (
            "an array with fields holds plain numbers alone. Use an array of its own for each "
            "field, or cut on purpose with stop_gradient(x) or x.numpy()."
        )
    if writing and of_caller not in _INSTEAD:
        return (
            "a traced value cannot be written into a plain array, which was made outside of this "
            "recording. Make or copy the array inside it (a = np.copy(a)); where it is made "
            "inside, `import tapenb.numpy as np` there."
        )
    if type(getattr(asked, "__self__", None)).__module__.startswith("numpy.random"):
        return (
            "random numbers are drawn for plain parameters. Use standard ones and compute with "
            "them, a + b * rng.standard_normal(), or cut on purpose with stop_gradient(x)."
        )
    if caller is not None and _module(caller).startswith("scipy.sparse."):
        return (
            "SciPy's sparse matrices compute with plain arrays only. Use a dense one, "
            "S.toarray() @ x, or wrap the product in a function of your own with "
            "custom_gradient, whose adjoint is S.T @ g."
        )
    home = str(getattr(asked, "__module__", None))
    names = (of_caller, f"{home}.{getattr(asked, '__name__', '')}", home, how.partition("(")[0])
    name = asked.__name__ if home == "math" and hasattr(np, asked.__name__) else "sin"
    default = _BY_DEFAULT.format(name=name)
    if isinstance(asked, type) and issubclass(asked, np.generic):
        default = f"np.asarray(x, dtype=np.{asked.__name__})"
    instead = next((_INSTEAD[name] for name in names if name in _INSTEAD), default)
    return (
        f"{how} would take a plain number off the tape, and its derivative would be lost. Use "
        f"{instead}, or cut on purpose with stop_gradient(x) or x.numpy()."
    )


_BY_DEFAULT = (
    "NumPy's own functions (np.{name} for math.{name}; where this is one, `import tapenb.numpy as "
    "np` there)"
)
_OF_STATISTICS = "NumPy's own functions (np.mean for statistics.mean)"
_INSTEAD = {
    "math.fsum": "np.sum(x)",
    "cmath": "NumPy's own functions (np.exp for cmath.exp)",
    **dict.fromkeys(("pandas", "a table of pandas"), "NumPy's own functions before pandas"),
    "scipy": "one of SciPy's functions that have a rule (tapenb/autodiff/rules/COVERAGE.md), give "
    "this one a derivative with custom_gradient or implicit",
    "statistics": _OF_STATISTICS,
    **dict.fromkeys(("statistics.mean", "statistics.stdev"), _OF_STATISTICS),
    "complex": "x + 2j for complex(x, 2)",
    "x.item": "x itself",
    "x.tolist": "x itself",
}
"""What to use instead, by whose code asks, by the function it calls, its module, or how."""


def _has_fields(frame: FrameType) -> bool:
    """Whether a frame writes into an array whose elements are records, or into a part of one."""
    node = expression_at(frame)
    while isinstance(node, ast.Subscript):
        node = node.value
    scope = frame.f_globals | frame.f_locals
    value = scope.get(getattr(node, "id", None))
    return issubclass(type(value), np.ndarray) and value.dtype.names is not None


def is_drawing(frame: FrameType) -> bool:
    """Whether code of a package that draws runs in a frame."""
    return _module(frame).partition(".")[0] in DRAWING


def _is_drawn(session: Session, frame: FrameType, *, text: bool) -> bool:
    """Whether what a frame asks of a value is for a picture, or becomes text for one."""
    return is_drawing(frame) or (text and _is_printed(session, frame, drawn=True))


def _is_printed(session: Session, frame: FrameType, *, drawn: bool = False) -> bool:
    """Whether the cell says that what a frame asks of a value is printed, or drawn, there."""
    return session.is_printed is not None and session.is_printed(frame, drawn=drawn)


def as_key(value: Any) -> int:
    """What a dict or set asks of a key."""
    return hash(value)


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__"))


def is_cut(tape: Tape, index: int) -> bool:
    """Whether no derivative flows through an entry: all it depends on is piecewise constant."""
    seen, todo = {index}, [index]
    while todo:
        entry = todo.pop()
        operation = tape.operations[entry]
        if operation is INPUT or operation.name == ARGUMENT or entry in tape.session.watched:
            return False
        if operation.rule.differentiable:
            parents = {each for each in tape.parents(entry) if each >= 0} - seen
            seen |= parents
            todo += parents
    return True


def _becomes_text(frame: FrameType) -> bool:
    """Whether a frame is at ``"%.2f" % x``: there, text alone asks an operand for its number."""
    return operator_at(frame) in ("%", "%=")


def _has_few_digits(frame: FrameType) -> bool:
    """Whether the text at ``text % x`` is known to ask for no more digits than a few."""
    found = frame.f_code.co_consts
    if source_of(frame.f_code, frame.f_lasti) is not None:
        operation = expression_at(frame)
        if operation is None:
            return False
        scope = frame.f_globals | frame.f_locals
        parts = ast.walk(getattr(operation, "left", operation))
        found = [getattr(part, "value", scope.get(getattr(part, "id", None))) for part in parts]
    text = "".join(part for part in found if isinstance(part, str))
    return bool(text) and _MANY_DIGITS.search(text) is None


def plain_parts(structure: Any, how: str, frame: FrameType, refusal: str | None = None) -> Any:
    """A structure with plain values, for C code that asks nothing of what it is handed."""
    return mapped(
        lambda leaf: leave(leaf, plain, how, frame, refusal) if type(leaf) in TRACED else leaf,
        structure,
    )


def handed_out(structure: Any, dtype: Any, frame: FrameType) -> Any:
    """What an array is made of: with plain values, for one of records, objects or text."""
    if dtype is None or np.dtype(dtype).kind in FOLLOWED:
        return structure
    what = {"O": "objects", "V": "records"}.get(np.dtype(dtype).kind, "text")
    refusal = no_rule(f"an array of {what} is")
    return plain_parts(structure, f"an array of {what}", frame, refusal)


def demote(tape: Tape, index: int, place: str) -> bool:
    """Let an input of a cell be one no longer, which its panel notes; whether it is an input."""
    if tape.session.namespace is None or tape.operations[index] is not INPUT:
        return False
    tape.session.demoted[index] = place
    return True


def _is_asserting(frame: FrameType | None, caller: FrameType | None) -> bool:
    """Whether ``np.testing`` looks at a value, from which nothing but an error comes back."""
    while frame is not None and frame is not caller:
        if frame.f_globals.get("__name__", "").startswith("numpy.testing"):
            return True
        frame = frame.f_back
    return False


def _here_in(namespace: dict[str, Any], frame: FrameType) -> str:
    """The line of the cell from which foreign code was called."""
    caller: FrameType | None = frame
    while caller is not None and caller.f_globals is not namespace:
        caller = caller.f_back
    return here(caller or frame)


class Text(str):
    """Text of a traced value, and what is cut out of it: no number is made of that again."""

    __slots__ = ("_index", "_tape")

    def __new__(cls, text: str, tape: ref[Tape], index: int) -> Text:
        """Text that was made of an entry of a tape."""
        self = super().__new__(cls, text)
        self._tape, self._index = tape, index
        return self

    def __float__(self) -> float:
        return float(self._taken(sys._getframe(1)))

    def _taken(self, frame: FrameType) -> str:
        """The plain text, for who may make a number of it: refused where that has a derivative."""
        tape = self._tape()
        if tape is not None:
            tape, index = tape.resolve(self._index)
            if tape.open and not is_cut(tape, index):
                tape.session.refusal = TapeError(f"{here(frame)}: {_FROM_TEXT}")
                raise tape.session.refusal
        return str.__str__(self)

    def __radd__(self, other: str) -> Text:
        return Text(other + str.__str__(self), self._tape, self._index)

    def __reduce__(self) -> tuple[Any, ...]:
        return str, (str.__str__(self),)


def _keeping(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method of text whose results are text of the same value."""

    @functools.wraps(method)
    def call(self: Text, *args: Any, **kwargs: Any) -> Any:
        found = method(self, *args, **kwargs)
        if found is NotImplemented:
            return found
        if isinstance(found, str):
            return Text(found, self._tape, self._index)
        return type(found)(Text(part, self._tape, self._index) for part in found)

    return call


for _name in (
    "__add__ __format__ __getitem__ __mod__ __mul__ __rmod__ __rmul__ __str__ capitalize casefold "
    "center expandtabs format join ljust lower lstrip partition removeprefix removesuffix replace "
    "rjust rpartition rsplit rstrip split splitlines strip swapcase title translate upper zfill"
).split():
    setattr(Text, _name, _keeping(getattr(str, _name)))

# NumPy's functions that take text may make numbers of it.
READERS[Text] = lambda text: text._taken(sys._getframe(1))

_FEW_DIGITS = re.compile(r"\.(\d|1[0-4])[efg%]?$|(^|[^.\d])\d*[efg%]$", re.IGNORECASE)
_MANY_DIGITS = re.compile(r"%(\(.*?\))?[-+ #\d*]*\.(1[5-9]|[2-9]\d|\*)")


class numpys:  # noqa: N801  reads as a decorator
    """A method or property that NumPy's values have, and Python's numbers have not.

    Of a Python number the engine may ask it all the same; for the user's code it is not there.
    """

    def __init__(self, own: Any) -> None:
        self.own = own

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, traced: Any, owner: type) -> Any:
        if traced is None:
            return self
        kind = type(traced._value)
        # Values of NumPy's first: a recorded sweep asks them all the time.
        if kind in _OF_PYTHON and not hasattr(kind, self.name):
            self.refuse_unseen(traced, sys._getframe(1))
        return self.own.__get__(traced, owner)

    def refuse_unseen(self, traced: Any, frame: FrameType) -> None:
        """Raise where the user's code finds nothing of the name."""
        if not is_inside(frame.f_code):
            raise AttributeError(self)  # and `__getattr__` is asked next


class _tensors(numpys):  # noqa: N801  reads as a decorator
    """A method of what a `GradientTape` follows; elsewhere it is there for who writes its name.

    A helper that looks for it (``hasattr(x, "numpy")``) has a plain number or array in mind.
    """

    def __get__(self, traced: Any, owner: type) -> Any:
        if traced is not None and not hasattr(type(traced._value), self.name):
            self.refuse_unseen(traced, sys._getframe(1))
        return self.own.__get__(traced, owner) if traced is not None else self

    def refuse_unseen(self, traced: Any, frame: FrameType) -> None:
        tape = traced._tape
        followed = tape is None or not tape.open or tape.gradient_tapes > 0
        if not followed and not is_attribute(frame):
            raise AttributeError(self)


class Counts:
    """The answer of integers alone: Python takes no other number for an index or a count."""

    __slots__ = ()

    def __index__(self) -> int:
        frame = sys._getframe(1)
        if type(self._value) is bool and _subscripts_an_array(frame):
            raise TypeError("a truth is no index")  # NumPy then asks for the mask that it is
        return guard(self, operator.index, frame)


def _subscripts_an_array(frame: FrameType) -> bool:
    """Whether a frame is at ``name[...]`` of a plain array: of a list, True is the index 1."""
    root, *path = path_of(getattr(expression_at(frame), "value", None)) or [""]
    found = frame.f_locals.get(root, frame.f_globals.get(root))
    for name in path:
        found = getattr(found, "__dict__", {}).get(name)
    return isinstance(found, np.ndarray)


_OF_PYTHON = frozenset({float, int, complex, bool})


class Questions(Traced):
    """The answers of numbers and arrays alike."""

    __slots__ = ()

    @property
    def __class__(self) -> type:
        return type(self._value)

    def __dir__(self) -> list[str]:
        return dir(self._value)

    # Text can come back as a number, so it is a guard, too.
    def __repr__(self) -> str:
        return self._text(repr, sys._getframe(1))

    def __str__(self) -> str:
        return self._text(str, sys._getframe(1))

    def _text(self, question: Callable[[Any], str], frame: FrameType) -> str:
        # json.dumps(x, default=str) asks for text only because it takes no traced number.
        if frame.f_globals.get("__name__") == "json.encoder":
            return leave(self, question, "json.dumps(x)", frame)
        if writes(frame.f_code, frame.f_lasti):  # into an array of text
            return leave(self, question, "str(x)", frame)
        return told(self, question, frame)

    def __format__(self, spec: str) -> str:
        question, exactly = methodcaller("__format__", spec), _FEW_DIGITS.search(spec) is None
        return told(self, question, sys._getframe(1), exactly=exactly)

    def __bool__(self) -> bool:
        return guard(self, bool, sys._getframe(1))

    def __int__(self) -> int:
        return guard(self, int, sys._getframe(1))

    def __hash__(self) -> int:
        frame = sys._getframe(1)
        if isinstance(self._value, int):
            return guard(self, hash, frame)
        if isinstance(self._value, np.ndarray):
            return hash(self._value)  # which NumPy refuses in words of its own
        if is_drawing(frame):
            return hash(self._value)
        tape = self._tape if self._is_active() else None
        if tape is not None and (is_library(frame.f_code) or calls(frame.f_code, frame.f_lasti)):
            # A cache of others, or of C code, would hand out what an earlier recording made.
            tape.session.refusal = TapeError(f"{here(frame)}: {_AS_KEY}")
            raise tape.session.refusal
        return leave(self, as_key, "hash(x)", frame, _AS_KEY)

    def __float__(self) -> float:
        return leave(self, float, "float(x)", sys._getframe(1))

    def __complex__(self) -> complex:
        return leave(self, complex, "complex(x)", sys._getframe(1))

    def __round__(self, ndigits: int | None = None) -> Any:
        if ndigits is None:
            return guard(self, round, sys._getframe(1))
        return apply(Operation(round, _ROUNDED, "round", {"ndigits": ndigits}), (self,))

    def __trunc__(self) -> int:
        return guard(self, int, sys._getframe(1))

    def __floor__(self) -> int:
        return guard(self, math.floor, sys._getframe(1))

    def __ceil__(self) -> int:
        return guard(self, math.ceil, sys._getframe(1))

    def __divmod__(self, other: Any) -> tuple[Any, Any]:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> tuple[Any, Any]:
        return other // self, other % self

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return self

    def __reduce_ex__(self, protocol: Any) -> Any:
        return leave(self, plain, "pickling x", sys._getframe(1)).__reduce_ex__(protocol)

    def __conform__(self, protocol: Any) -> Any:
        # Databases ask so for what they can store (PEP 246).
        return leave(self, plain, "storing x", sys._getframe(1))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        value, frame = np.asarray(self._value), sys._getframe(1)
        if value.dtype.kind in "biu":
            guard(self, np.asarray, frame)
        elif dtype is not None and np.dtype(dtype).kind in "biu":
            guard(self, functools.partial(np.asarray, dtype=dtype), frame)
        else:
            value = leave(self, np.asarray, "np.asarray(x)", frame)
        return np.array(value, dtype=dtype, copy=copy)

    @_tensors
    def numpy(self) -> Any:
        """The plain NumPy value; the tape does not follow it any further.

        Returns
        -------
        numpy.generic or ndarray
            A copy, so that writing to it changes nothing that is recorded.
        """
        guard(self, np.asarray, sys._getframe(1))
        return np.array(self._value)[()]

    @_tensors
    def item(self, *args: Any) -> Any:
        """The value as a Python number; refused while its derivative is recorded."""
        return leave(self, np.asarray, "x.item()", sys._getframe(1)).item(*args)

    @_tensors
    def tolist(self) -> Any:
        """The values as Python numbers; refused while their derivative is recorded."""
        return leave(self, np.asarray, "x.tolist()", sys._getframe(1)).tolist()
