"""NumPy's protocols: what its ufuncs (NEP 13), functions (NEP 18) and methods do when traced."""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable, Hashable
from itertools import takewhile
from types import FrameType
from typing import Any

import numpy as np

from ..kinds.registry import (
    COMPLEX_RULES,
    FUNCTIONS,
    HANDLERS,
    METHOD_RULES,
    RULES,
    TRACED_ONLY,
    Function,
    optional,
    rule_of,
)
from ..kinds.rule import Constant, Rule
from ..tape.operation import Operation, TapeError
from ..tape.primitives import add_at, change_at, convert, masked, truncate
from ..tape.provenance import called, here, is_operator
from ..tape.tape import CURRENT
from .apply import apply, apply_one, apply_two, guard, no_rule, plain_key, refuse, untaped
from .elements import each, is_python
from .operators import AS_OPERATOR
from .questions import (
    FOLLOWED,
    Questions,
    demote,
    handed_out,
    is_drawing,
    leave,
    numpys,
    plain_parts,
)
from .state import LEAVES, OPERANDS, TRACED, TYPES, Traced, is_active, plain
from .structures import any_active, as_operand, flatten, stripped
from .writing import write


def _rule(ufunc: np.ufunc, method: str, inputs: tuple[Any, ...]) -> Any:
    """The rule of a ufunc or of a method of one; None where there is none."""
    if method != "__call__":
        return METHOD_RULES.get((ufunc, method))
    if ufunc in COMPLEX_RULES and any(np.iscomplexobj(plain(value)) for value in inputs):
        return COMPLEX_RULES[ufunc]
    return rule_of(ufunc)


def _module_of(ufunc: np.ufunc) -> str:
    special = sys.modules.get("scipy.special")
    return "scipy.special" if getattr(special, ufunc.__name__, None) is ufunc else "np"


def _name_of(function: Callable[..., Any]) -> str:
    """What users call a function: its module, up to where that is private, and its name."""
    path = str(getattr(function, "__module__", None)).split(".")
    public = ".".join(takewhile(lambda part: not part.startswith("_"), path[1:]))
    home = "scipy" if path[0] == "scipy" else "np"
    return ".".join(filter(None, (home, public, getattr(function, "__name__", str(function)))))


def call_ufunc(
    ufunc: np.ufunc,
    method: str,
    inputs: tuple[Any, ...],
    out: Any,
    kwargs: dict[str, Any],
    frame: FrameType,
) -> Any:
    """Run and record a ufunc, or a method of one, with traced operands."""
    name = f"{_module_of(ufunc)}.{ufunc.__name__}"
    name = name if method == "__call__" else f"{name}.{method}"
    if method == "at":
        return _at(ufunc, inputs, name, frame)
    target = out[0] if out and len(out) == 1 else out
    if kwargs:
        kwargs = {key: value for key, value in kwargs.items() if value is not np._NoValue}
    where = kwargs.get("where", True)
    if not any_active(inputs) and not any_active([target, kwargs]):
        return _call_plainly(getattr(ufunc, method), (*inputs,), kwargs, target)
    rule = _rule(ufunc, method, inputs)
    if rule is None and method == "__call__" and is_python(ufunc):
        return each(ufunc, inputs)
    if rule is None:
        skips = method != "__call__" and ufunc in RULES and ufunc.nin == 2
        refuse(f"{name} is", frame, "NumPy itself skips operands there" if skips else None)
    by_target = type(target) is TYPES.array and rule.differentiable
    if kwargs.get("dtype") is None and by_target and method in _ACCUMULATING:
        kwargs["dtype"] = target.dtype
    operands = [as_operand(value) for value in inputs]
    if kwargs.get("dtype") is not None and np.dtype(kwargs["dtype"]).kind == "c":
        # Slopes, too, are complex: those of a root or a power where a real one has none.
        change = convert.operation(dtype=np.dtype(kwargs["dtype"]))
        operands = [apply(change, (each,), frame) for each in operands]
    rule = _without_refused(rule, operands, frame)
    function = ufunc if method == "__call__" else getattr(ufunc, method)
    if method == "__call__":
        if where is not True:
            return _where(ufunc, operands, target, kwargs, name, frame)
        kwargs.pop("where", None)
        if type(inputs[0]) not in TRACED and not kwargs and is_operator(frame):
            function = AS_OPERATOR.get(ufunc, ufunc)
    elif method == "reduce":
        if where is True:
            kwargs.pop("where", None)
        if "initial" in kwargs or "where" in kwargs:
            function = optional(function)
            operands.append(as_operand(kwargs.pop("initial", np._NoValue)))
            if "where" in kwargs:
                operands.append(as_operand(kwargs.pop("where")))
        kwargs.setdefault("axis", 0)
    casting = kwargs.get("casting", "same_kind")
    kwargs = {key: plain_key(value, frame) for key, value in kwargs.items()}
    rule = without_fractions(rule, kwargs, frame)
    result = apply(Operation(function, rule, ufunc.__name__, kwargs), operands, frame)
    return result if target is None else write_result(target, True, result, frame, name, casting)


def _without_refused(rule: Rule, operands: list[Any], frame: FrameType) -> Rule:
    """Read inputs of a cell by which no derivative is known as plain; else note the line."""
    for slot in rule.refused:
        operand = operands[slot]
        if is_active(operand):
            place = here(frame)
            if demote(operand._tape, operand._index, place):
                guard(operand, np.asarray, frame)
                operands[slot] = plain(operand)
            else:
                rule = rule.at(place)
    return rule


_CHOICES = {
    **dict.fromkeys(("ddof", "correction"), "it is a count"),
    **dict.fromkeys(
        ("rcond", "rtol", "atol", "tol", "discont"), "it is a threshold, which only decides"
    ),
    "ord": "it chooses the formula",
    "range": "it decides what is counted; give the edges as bins=",
}
"""Parameters that are numbers and yet nothing to differentiate by."""

_ACCUMULATING = ("reduce", "accumulate", "reduceat")


def _where(
    ufunc: np.ufunc,
    operands: list[Any],
    target: Any,
    kwargs: dict[str, Any],
    name: str,
    frame: FrameType,
) -> Any:
    """A ufunc that computes some elements only, into an array that keeps the others."""
    if target is None:
        raise TapeError(
            f"{here(frame)}: {name} with where= and without out= leaves the other elements "
            "undefined. Give the array that they stand in as out=, or use np.where."
        )
    if isinstance(target, tuple):
        refuse(f"{name} with where= and several results is", frame)
    if type(target) is not TYPES.array:
        raise _plain_target(name, frame)
    options = {key: value for key, value in kwargs.items() if key != "where"}
    where = as_operand(kwargs["where"])
    operation = masked.operation(ufunc=ufunc, options=options)
    result = apply(operation, (target, where, *operands), frame)
    write(target, Ellipsis, result, frame)
    return target


def _at(ufunc: np.ufunc, inputs: tuple[Any, ...], name: str, frame: FrameType) -> None:
    """``ufunc.at``: NumPy's own result, written as a whole."""
    array, key, *values = inputs
    if type(array) is not TYPES.array:
        if any_active(values):
            raise _plain_target(name, frame)
        return ufunc.at(array, plain_key(key, frame), *stripped(values))
    values = [as_operand(value) for value in values]
    operation = (
        add_at.operation(key=plain_key(key, frame))
        if ufunc is np.add
        else change_at.operation(ufunc=ufunc, key=plain_key(key, frame))
    )
    if RULES.get(ufunc) is None:
        refuse(f"{name} is", frame)
    return write(array, Ellipsis, apply(operation, (array, *values), frame), frame)


def _plain_target(name: str, frame: FrameType) -> TapeError:
    return TapeError(
        f"{here(frame)}: {name} cannot write a traced result into a plain array given as out=. "
        "Make or copy the array inside the recording (where it is, `import tapenb.numpy as np` "
        "there), or leave out= away."
    )


def without_fractions(rule: Rule, params: dict[str, Any], frame: FrameType) -> Rule:
    """The rule of a call whose ``dtype=`` may cut off fractions: then it is piecewise constant."""
    kind = np.dtype(params.get("dtype")).kind
    if kind not in FOLLOWED:
        refuse(f"dtype={params['dtype']!r} is", frame)
    whole = kind not in "fc"
    return _FLAT if whole and not params.get("retstep") else rule


_FLAT = Constant()


def _defers(kind: type, protocol: str) -> bool:
    """Whether a type answers a protocol of NumPy's itself, as a Variable does."""
    own = getattr(kind, protocol, None)
    return kind not in TRACED and own not in (None, getattr(np.ndarray, protocol))


def write_result(
    target: Any, where: Any, result: Any, frame: FrameType, name: str, casting: str = "same_kind"
) -> Any:
    """Write a result to the array that ``out=`` named; of several results each to its own."""
    if isinstance(target, tuple) and isinstance(result, tuple):
        pairs = zip(target, result, strict=True)
        return tuple(
            r if t is None else write_result(t, where, r, frame, name, casting) for t, r in pairs
        )
    if type(target) is not TYPES.array:
        if target.dtype.kind in "biu" and result.dtype.kind in "biu" and where is True:
            np.copyto(target, guard(result, np.asarray, frame), casting)
            return target
        raise _plain_target(name, frame)
    if not np.can_cast(result.dtype, target.dtype, casting):
        raise TypeError(
            f"Cannot cast output of {name} from {result.dtype} to {target.dtype} with casting rule "
            f"'{casting}'"
        )
    if where is True:
        write(target, Ellipsis, result, frame)
    else:
        mask = np.broadcast_to(where, target.shape)
        write(target, mask, np.broadcast_to(result, target.shape)[mask], frame)
    return target


def _call_plainly(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], target: Any
) -> Any:
    """Call NumPy itself where nothing is followed; arrays stay able to hold traced values."""
    flat = target is None and not kwargs and LEAVES.issuperset(map(type, args))
    leaves = args if flat else flatten([args, kwargs, target])
    origins = [leaf for leaf in leaves if type(leaf) in TRACED]
    if isinstance(target, tuple):
        memories = [part._own() for part in target if type(part) is TYPES.array]
        for memory in memories:
            memory.before_write()
        function(*stripped(args), **stripped(kwargs), out=stripped(target))
        for memory in memories:
            memory.version += 1
        return target
    if type(target) is TYPES.array:
        memory = target._own()
        memory.before_write()
        function(*stripped(args), **stripped(kwargs), out=target._value)
        memory.version += 1
        target._version, target._index = memory.version, None
        return target
    if target is not None:
        kwargs = {**kwargs, "out": target}
    args = map(plain, args) if flat else stripped(args)
    value = function(*args, **stripped(kwargs))
    if target is not None or not origins:
        return value
    source = next((o for o in origins if type(o) is TYPES.array), origins[0])
    if isinstance(value, tuple | list):
        parts = [untaped(source, part, view=True) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    return untaped(source, value, view=True)


def call_function(
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    frame: FrameType,
    *,
    active: bool = False,
) -> Any:
    """Run and record a NumPy function that is no ufunc with traced arguments.

    Who has found one by position to be followed already says so by `active`.
    """
    if _hands_out() and is_drawing(frame):
        return _lent(function, args, kwargs, frame)
    handler = HANDLERS.get(function)
    if handler is not None:
        if function in TRACED_ONLY and not any_active(args) and not any_active(kwargs):
            return function(*stripped(args), **stripped(kwargs))
        return handler(*args, **kwargs)
    entry = FUNCTIONS.get(function)
    operands, rest = _parted(entry, args) if entry else ((), ())
    cache_key = entry and _cache_key(entry, operands, rest, kwargs, active)
    known = _OPERATION_CACHE.get(cache_key)
    if known is not None and known.function is entry.call and known.rule is entry.rule:
        if len(operands) == 1:
            return apply_one(known, *operands, frame)
        if len(operands) == 2:
            return apply_two(known, *operands, frame)
        return apply(known, operands, frame)
    name = _name_of(function)
    if not any_active(args) and not (kwargs and any_active(kwargs)):
        kwargs = dict(kwargs)
        target = kwargs.pop("out", None)
        return _call_plainly(function, args, kwargs, target)
    if entry is None and _hands_out():
        return _lent(function, args, kwargs, frame)
    if entry is None:
        refuse(f"{name} is", frame)
    return call_entry(entry, args, kwargs, frame, cache_key)


def _parted(entry: Function, args: tuple[Any, ...]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """The arguments that are operands, by their places alone, and the others."""
    if not entry.sequence:
        return args[: entry.leading], args[entry.leading :]
    return (tuple(args[0]), args[1:]) if args and type(args[0]) in (list, tuple) else ((), args)


def _hands_out() -> bool:
    """Whether what is recorded hands out plain numbers, and tries what becomes of them."""
    tape = CURRENT.get()
    return tape is not None and tape.open and tape.session.reads is not None


def _lent(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], frame: FrameType
) -> Any:
    """Call a function that has no rule with plain numbers."""
    name = _name_of(function)
    refusal = no_rule(f"{name} is")
    args, kwargs = plain_parts((args, kwargs), f"{name}(x)", frame, refusal)
    return function(*args, **kwargs)


_COPYING = frozenset({"tobytes", "tofile", "dump", "dumps"})
"""Methods that write plain numbers elsewhere, from where they may come back."""

_OPERATION_CACHE: dict[Hashable, Operation] = {}
"""The operations of calls such as ``np.sum(x, 1)``: operands, and parameters that say it all."""
_CACHE_SIZE = 512
_PARAMETERS = frozenset({int, bool, str, type(None), tuple})
_WHOLE = frozenset({int})


def _cache_key(
    entry: Function,
    operands: tuple[Any, ...],
    rest: tuple[Any, ...],
    kwargs: dict[str, Any],
    active: bool,
) -> Hashable:
    """A key that calls share which are the same operation; None where that is too much to say."""
    if not (OPERANDS.issuperset(map(type, operands)) and (active or any(map(is_active, operands)))):
        return None
    number = len(operands)
    if kwargs:
        if not kwargs.keys().isdisjoint(entry.operands):
            return None
        rest, number = (*rest, *kwargs.values()), (number, len(rest))
    elif not rest:
        return entry.function, number
    kinds = tuple(map(type, rest))
    told = all(_WHOLE.issuperset(map(type, part)) for part in rest if type(part) is tuple)
    if told and _PARAMETERS.issuperset(kinds):
        return entry.function, number, *kwargs, rest, kinds
    return None


def call_entry(
    entry: Function,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    frame: FrameType,
    cache_key: Hashable = None,
) -> Any:
    """Split a call into operands and parameters, run and record it."""
    name = _name_of(entry.function)
    bound = dict(zip(entry.parameters, args, strict=False))
    bound.update(kwargs)
    target = bound.pop("out", None)
    for key in ("where", "initial"):
        if bound.get(key) is np._NoValue or (key == "where" and bound.get(key) is True):
            del bound[key]
    if type(target) is TYPES.array and bound.get("dtype") is None and "dtype" in entry.parameters:
        bound["dtype"] = target.dtype
    if entry.sequence:
        operands = tuple(bound.pop(entry.operands[0]))
    else:
        given = max(at for at, operand in enumerate(entry.operands, 1) if operand in bound)
        operands = tuple(
            bound.pop(operand, entry.defaults.get(operand)) for operand in entry.operands[:given]
        )
    operands = tuple(as_operand(operand) for operand in operands)
    for key, value in bound.items():
        if _any_fractional(value):
            refuse(f"{name} with a traced {key}= is", frame, _CHOICES.get(key))
    params = {key: plain_key(value, frame) for key, value in bound.items()}
    for key in ("where", "initial"):
        if key in params:
            refuse(f"{name} with {key}= is", frame)
    rule = without_fractions(entry.rule, params, frame)
    operation = Operation(entry.call, rule, entry.name, params)
    given, _ = _parted(entry, args)
    alike = len(operands) == len(given) and all(map(operator.is_, operands, given))
    if cache_key is not None and target is None and alike:
        if len(_OPERATION_CACHE) == _CACHE_SIZE:
            _OPERATION_CACHE.clear()
        _OPERATION_CACHE[cache_key] = operation
    result = apply(operation, operands, frame)
    return result if target is None else write_result(target, True, result, frame, name)


def _any_fractional(value: Any) -> bool:
    """Whether a parameter holds a traced value that is no index and no mask."""
    leaves = flatten(value)
    return any(is_active(leaf) and leaf.dtype.kind in "fc" for leaf in leaves)


class _Method:
    """A method of ndarray on a traced array: NumPy's function of the same name."""

    __slots__ = ("function", "traced")

    def __init__(self, function: Callable[..., Any], traced: Traced) -> None:
        self.function = function
        self.traced = traced

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.function in _SHAPED and args and not isinstance(args[0], tuple | list | None):
            args = (args,)
        if any(_defers(type(arg), "__array_function__") for arg in args):
            return self.function(self.traced, *args, **kwargs)
        return call_function(self.function, (self.traced, *args), kwargs, sys._getframe(1))


_SHAPED = (np.reshape, np.transpose)
_TRANSPOSED = {"T": np.transpose, "mT": np.matrix_transpose}
WITHHELD = {
    **dict.fromkeys(("item", "tolist"), "it takes plain numbers off the tape"),
    **dict.fromkeys(
        ("base", "ctypes", "data"), "it hands out plain memory, where a write would go unseen"
    ),
    **dict.fromkeys(
        ("byteswap", "getfield", "setfield"), "it works on the bytes that numbers are stored in"
    ),
    **dict.fromkeys(("dump", "dumps", "tobytes", "tofile"), "it writes plain numbers elsewhere"),
    "resize": "it would change the shape under every view; use np.resize(x, shape)",
    "setflags": "the flags are those of memory that the tape looks after",
    "to_device": "NumPy's arrays have one device only",
}
"""Attributes of ndarray that a traced array refuses, and why."""
_ASKED = frozenset({"device", "flags", "itemsize", "nbytes", "strides"})
METHODS: dict[str, Callable[..., Any]] = {
    name: getattr(np, name)
    for name in dir(np.ndarray)
    if not name.startswith("_")
    and name != "resize"  # the method works in place
    and callable(getattr(np, name, None))
    and callable(getattr(np.ndarray, name))
}
"""Methods of ndarray, and the functions of NumPy that they are."""


_CALLS: dict[Callable[..., Any], Operation] = {}
"""The operations of ufuncs that are called with nothing but operands, and of operators."""


def _call(ufunc: np.ufunc, function: Callable[..., Any]) -> Operation | None:
    """The operation of a ufunc that is called as it is or by its operator, always the same."""
    called, rule = _CALLS.get(function), RULES.get(ufunc)
    if called is None or called.rule is not rule:
        if rule is None or ufunc in COMPLEX_RULES or ufunc.nout > 1 or rule.refused:
            return None
        called = _CALLS[function] = Operation(function, rule, ufunc.__name__)
    return called


def call_one(ufunc: np.ufunc, operand: Traced, frame: FrameType) -> Any:
    """Run and record a ufunc with one operand, as NumPy would ask for, without asking it."""
    called = _call(ufunc, ufunc)
    return ufunc(operand) if called is None else apply_one(called, operand, frame)


class NumPyProtocol(Questions):
    """Answers to NumPy, and the attributes that its own values have."""

    __slots__ = ()

    __primitive__ = staticmethod(apply)

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = None, **kwargs: Any
    ) -> Any:
        frame = sys._getframe(1)
        if method == "__call__" and out is None and not kwargs:
            function = ufunc
            if type(inputs[0]) not in TRACED and is_operator(frame):
                function = AS_OPERATOR.get(ufunc, ufunc)
            called = _call(ufunc, function)
            if called is not None and len(inputs) == 1:
                return apply_one(called, self, frame)
            if called is not None and OPERANDS.issuperset(map(type, inputs)):
                if len(inputs) == 2:
                    return apply_two(called, *inputs, frame)
                return apply(called, inputs, frame)
        if any(_defers(type(value), "__array_ufunc__") for value in inputs):
            return NotImplemented
        return call_ufunc(ufunc, method, inputs, out, kwargs, frame)

    def __array_function__(
        self, function: Callable[..., Any], types: Any, args: Any, kwargs: Any
    ) -> Any:
        if len(types) > 1 and any(_defers(kind, "__array_function__") for kind in types):
            return NotImplemented
        return call_function(function, args, kwargs, sys._getframe(1))

    def __getattr__(self, name: str) -> Any:
        """A method of NumPy's that is a function, too; else what it is once nothing is recorded."""
        if not hasattr(type(self._value), name):
            return getattr(self._value, name)  # which says so in the words of its own
        if name.startswith("__"):
            raise AttributeError(name)
        function = METHODS.get(name)
        if function is not None:
            return _Method(function, self)
        if name in _TRANSPOSED:
            if not self._is_active():
                return untaped(self, getattr(self._value, name), view=True)
            return call_function(_TRANSPOSED[name], (self,), {}, sys._getframe(1))
        if name in _ASKED:
            return getattr(self._value, name)
        if not self._is_active():
            if type(self) is TYPES.array and name in WITHHELD:
                self._expose(sys._getframe(1))
            return getattr(self._value, name)
        frame = sys._getframe(1)
        if called(frame) is hasattr:
            return getattr(self._value, name)  # nobody will see it
        what, why = f".{name} of a traced value is", WITHHELD.get(name)
        if self._tape.session.reads is not None and (why is None or name in _COPYING):
            return getattr(leave(self, plain, f"x.{name}", frame, no_rule(what)), name)
        return refuse(what, frame, why)

    @property
    def real(self) -> Any:
        """The real part."""
        return np.real(self) if np.iscomplexobj(self._value) else self

    @property
    def imag(self) -> Any:
        """The imaginary part."""
        return np.imag(self)

    def conjugate(self) -> Any:
        """The complex conjugate."""
        return np.conjugate(self) if np.iscomplexobj(self._value) else self

    conj = numpys(conjugate)

    @numpys
    def astype(
        self,
        dtype: Any,
        order: str = "K",
        casting: str = "unsafe",
        subok: bool = True,
        copy: bool = True,
    ) -> Any:
        """The values in another dtype; as integers or booleans they are piecewise constant."""
        dtype = np.dtype(dtype)
        if dtype.kind not in FOLLOWED:
            value = np.asarray(handed_out(self, dtype, sys._getframe(1)))
            return value.astype(dtype, order, casting, subok, copy)
        if order not in "KA":
            reordered = np.copy(self, order=order)
            return reordered if dtype == self.dtype else reordered.astype(dtype, "K", casting)
        if not np.can_cast(self.dtype, dtype, casting):
            raise TypeError(
                f"Cannot cast array data from {self.dtype!r} to {dtype!r} according to the rule "
                f"'{casting}'"
            )
        if not copy and dtype == self.dtype:
            return self
        change = convert if dtype.kind in "fc" else truncate
        return apply(change.operation(dtype=dtype), (self,), sys._getframe(1))
