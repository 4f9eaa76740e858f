"""A plan lowered step by step, with its guards and with the rules that are expressions."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from contextvars import ContextVar, copy_context
from types import FunctionType
from typing import Any

import numpy as np

from ..autodiff.compiling.plan import Plan, ufunc_name
from ..autodiff.kinds.linear import Linear
from ..autodiff.sweeps.expressed import Composite
from ..autodiff.tape.operation import GUARD, INPUT, RAISES, STANDS_ON_TIP, Operation, TapeError
from ..autodiff.tape.tape import CURRENT, Tape
from ..autodiff.tracing.apply import independent
from ..autodiff.tracing.state import index_of, is_active, plain, reference_of
from . import elementwise, matrices, moving, ordering, summing  # noqa: F401  register forms
from .forms import FORMS, Step, by_matrix
from .number import LARGEST, check_dtype, constants, tidied
from .registers import TRUTHS, NotLowered, Registers, TooLong

Known = dict[int, Any]
"""By entry, the numbers of its value."""


def lower(
    plan: Plan,
    code: Registers,
    known: Known,
    about: Callable[[int], dict[str, Any]] = lambda entry: {"kind": "branch"},
) -> Callable[[int], Any]:
    """Append the instructions of all steps of a plan, or refuse it where one has no form.

    Parameters
    ----------
    known : dict of int to ndarray of Number
        The inputs; the steps are put beside them.
    about
        From the entry of a guard to what is said where it fails.

    Returns
    -------
    callable
        From an entry or a constant of the plan's tape to its numbers.
    """

    def numbers(reference: int) -> Any:
        reference = plan.resolve(reference)
        return known[reference] if reference >= 0 else _constant(code, plan.value(reference))

    within = code.in_sweep
    for index in plan.steps:
        operation = plan.operation(index)
        code.in_sweep = within or plan.is_in_sweep(index)
        if operation is INPUT:
            if index not in known:
                known[index] = _constant(code, plan.value(index))
            continue
        references = plan.operands(index)
        operands = [
            known[each] if each >= 0 else _constant(code, plan.value(each)) for each in references
        ]
        examples = [plan.value(each) for each in references]
        result = plan.tape.values[index] if operation.name == GUARD else plan.value(index)
        try:
            known[index] = _step(code, operation, operands, examples, result, about, index)
        except TooLong:
            raise
        except NotLowered as reason:
            raise NotLowered(f"{_place(plan, index, about)}{reason}") from reason.__cause__
    code.in_sweep = within
    return numbers


def _place(plan: Plan, index: int, about: Callable[[int], dict[str, Any]]) -> str:
    """The user's line of a step, and what they wrote there, if it is theirs."""
    entry = plan.tape[index]
    derived = plan.is_in_sweep(index) or about(index).get("kind") in ("derivative", "inner")
    if derived or entry.line is None or not entry.source:
        return ""
    return f"line {entry.line}, `{' '.join(entry.source.split())}`: "


def _step(
    code: Registers,
    operation: Operation,
    operands: list[Any],
    examples: list[Any],
    result: Any,
    about: Callable[[int], dict[str, Any]],
    index: int,
) -> Any:
    if operation.name == RAISES:
        raise NotLowered("a call that raises")
    if operation.name == GUARD:
        _guard(code, operation, operands[0], examples[0], result, about(index))
        return None
    for value in (result, *examples):
        _check(operation, value)
    name = ufunc_name(operation) or operation.name
    method = getattr(operation.function, "__self__", None)
    if isinstance(method, np.ufunc):
        name = operation.function.__name__
    try:
        found = _lowered(Step(operation, name, operands, examples, result, code))
    except NotLowered:
        raise
    except Exception as error:
        # Forms call NumPy's functions on objects, and expressions are a rule's own code.
        raise NotLowered(f"{_called(operation)}: {error}") from error
    if isinstance(result, tuple | list):
        pairs = zip(found, result, strict=True)
        return [
            None if each is None else _shaped(code, each, one, _called(operation))
            for each, one in pairs
        ]
    return _shaped(code, found, result, _called(operation))


def _called(operation: Operation) -> str:
    """What users call the function of an operation."""
    home = getattr(operation.function, "__module__", None)
    home = "np." + home[6:] + "." if home in ("numpy.fft", "numpy.linalg") else "np."
    return operation.label if "." in operation.name else home + operation.name


def _lowered(step: Step) -> Any:
    results = step.result if isinstance(step.result, tuple | list) else (step.result,)
    if not any(np.size(each) for each in results):
        found = [np.empty(np.shape(each), object) for each in results]
        return found if isinstance(step.result, tuple | list) else found[0]
    if step.operation.name == STANDS_ON_TIP:
        return _stands_on_tip(step)
    if step.name in FORMS:
        return FORMS[step.name](step)
    if step.name in _WORDS:
        return _expressed(step, functools.partial(_call, _WORDS[step.name], step.params))
    rule = step.operation.rule
    if isinstance(rule, Composite):
        return _expressed(step, functools.partial(_call, rule.expression, step.params))
    if isinstance(rule, Linear):
        return by_matrix(step)
    raise NotLowered(f"{step.operation.label} is one step that Python or C code computes")


def _call(expression: Callable[..., Any], params: dict[str, Any], *operands: Any) -> Any:
    return expression(*operands, **params)


def _check(operation: Operation, value: Any) -> None:
    if value is None or value is np._NoValue:
        return
    for part in value if isinstance(value, tuple | list) else (value,):
        check_dtype(np.asarray(part).dtype)
        if np.size(part) > LARGEST:
            raise NotLowered(f"{_called(operation)} of {np.size(part)} elements")


def _shaped(code: Registers, numbers: Any, result: Any, name: str) -> np.ndarray:
    found = tidied(code, numbers)
    if found.shape != np.shape(result):
        raise NotLowered(f"{name}, of another shape")
    return found


def _constant(code: Registers, value: Any) -> Any:
    if value is None or value is np._NoValue:
        return None
    if isinstance(value, tuple | list) and any(isinstance(each, np.ndarray) for each in value):
        return [constants(code, each) for each in value]
    return constants(code, value)


# -- expressions -----------------------------------------------------------------------------------


def _expressed(step: Step, expression: Callable[..., Any]) -> Any:
    """The function in other words, recorded at the example and lowered entry by entry.

    Of several results those are None that it does not compute: some expressions have the
    derivative alone. Refused where that is the only one.
    """
    found, recorded = _recorded(step, expression)
    several = isinstance(step.result, tuple | list)
    wanted = step.result if several else (step.result,)
    for k, (value, expected) in enumerate(zip(recorded, wanted, strict=True)):
        if not np.allclose(value, expected, rtol=1e-9, atol=1e-12, equal_nan=True):
            # Nobody may read it.
            found[k] = None
    if not several and found[0] is None:
        raise NotLowered(f"{_called(step.operation)}, whose rule has its derivative alone")
    return found if several else found[0]


def _recorded(step: Step, expression: Callable[..., Any]) -> tuple[list[Any], list[Any]]:
    """The numbers of the results of an expression, and their values at the example."""
    tape, known = Tape(), Known()

    def enter(value: Any, numbers: Any) -> Any:
        if numbers is None:
            return value
        if isinstance(value, tuple):
            parts = map(enter, value, numbers)
            return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
        entered = independent(tape, _as_numpy(value))
        known[index_of(entered)] = numbers
        return entered

    @np.errstate(all="ignore")  # the user's own line has warned when it ran
    def record() -> tuple[list[int | None], list[Any]]:
        CURRENT.set(tape)
        inputs = list(map(enter, step.examples, step.operands))
        result = expression(*inputs)
        results = result if isinstance(result, tuple | list) else (result,)
        wanted = [reference_of(tape, r, True) if is_active(r) else None for r in results]
        return wanted, [plain(each) for each in results]

    # In a context of its own: whatever interrupts this, the tape is current nowhere else.
    wanted, values = copy_context().run(record)
    tape.close()
    plan = Plan(tape, [each for each in wanted if each is not None], lambda _, *step: step[:2])
    plan.count()
    numbers = lower(plan, step.code, known, lambda entry: {"kind": "inner"})
    return [
        step.constant(value) if entry is None else numbers(entry)
        for entry, value in zip(wanted, values, strict=True)
    ], values


def _as_numpy(value: Any) -> Any:
    return value if np.ndim(value) else np.asarray(value)[()]


def _stands_on_tip(step: Step) -> np.ndarray:
    """Whether any element of an operation stands on a tip, as its rule says."""
    (operation,) = step.operation.function.args
    if operation.rule.steps:
        raise NotLowered(f"whether {_called(operation)} jumps")

    def asked(result: Any, *operands: Any) -> Any:
        return np.any(operation.rule.tip(result, *operands, **operation.params))

    try:
        (found,), _ = _recorded(step, asked)
    except TapeError:
        raise NotLowered(f"a page cannot tell where {_called(operation)} has kinks") from None
    return found


# -- guards ----------------------------------------------------------------------------------------

_OF_SHAPE = ("ndim",)
_ASKING: ContextVar[frozenset[Any]] = ContextVar("tapenb-asking", default=frozenset())
"""The code of the questions that are being lowered: one that asks itself has no form."""
_WHOLE = {int: "trunc", math.trunc: "trunc", math.floor: "floor", math.ceil: "ceil", round: "rint"}


def _guard(
    code: Registers,
    operation: Operation,
    numbers: np.ndarray,
    example: Any,
    answer: Any,
    about: dict[str, Any],
) -> None:
    """Append the instructions that refuse another answer to a question of Python's.

    Refused where the answer is a number itself: the program stands at that one alone.
    """
    function = operation.function
    name = getattr(function, "__name__", "")
    if any(number.imag is not None for number in numbers.flat):
        raise NotLowered("a question about complex numbers")
    if function is np.shape:  # asked where it is not always the same
        raise NotLowered("a number of elements that numbers decide")
    asks_truth = function is bool or name in ("nonzero", "flatnonzero", "argwhere", "any", "all")
    if asks_truth or np.asarray(example).dtype.kind == "b":
        _guard_truths(numbers, np.asarray(example), about)
    elif function in _WHOLE and np.ndim(answer) == 0:
        code.guard(numbers[()].emit(_WHOLE[function]).real, float(answer), about)
    elif function is plain or _is_example(answer, example):
        for number, value in zip(numbers.flat, np.asarray(answer).flat, strict=True):
            code.guard(number.real, float(value), about)
    elif isinstance(function, FunctionType):
        _guard_question(Step(operation, name, [numbers], [example], answer, code), about)
    elif isinstance(answer, str):
        raise NotLowered("a number becomes text, which a page plays where it is only printed")
    elif name not in _OF_SHAPE:
        raise NotLowered("a plain number leaves the recording there")


def _guard_question(step: Step, about: dict[str, Any]) -> None:
    """Record a question that a rule asks, with the decisions in it and what comes out."""
    asks, asking = step.operation.function.__code__, _ASKING.get()
    if asks in asking:
        raise NotLowered(f"{step.name} of a number")
    token = _ASKING.set(asking | {asks})
    try:
        (found,), (value,) = _recorded(step, step.operation.function)
    finally:
        _ASKING.reset(token)
    if not np.array_equal(value, step.result, equal_nan=True):
        raise NotLowered(f"{step.name} of a number")
    for number, answer in zip(found.flat, np.asarray(value).flat, strict=True):
        step.code.guard(number.real, float(answer), about)


def _guard_truths(numbers: np.ndarray, example: np.ndarray, about: dict[str, Any]) -> None:
    for number, truth in zip(numbers.flat, example.astype(bool).flat, strict=True):
        if number.code.code[number.real][0] in TRUTHS:
            number.code.guard(number.real, float(truth), about)
        else:
            number.code.guard(number.emit("equal", 0.0).real, float(not truth), about)


def _is_example(answer: Any, example: Any) -> bool:
    """Whether integers were read as they are: they decide by their value."""
    whole = np.asarray(answer).dtype.kind in "iu"
    return whole and np.shape(answer) == np.shape(example) and np.array_equal(answer, example)


# -- functions without an expression, in NumPy's other words ---------------------------------------


def _is_close(
    a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Any:
    near = np.logical_and(np.abs(a - b) <= atol + rtol * np.abs(b), np.isfinite(b))
    near = np.logical_or(near, np.equal(a, b))
    return np.logical_or(near, np.logical_and(np.isnan(a), np.isnan(b))) if equal_nan else near


def _is_in(
    element: Any, test_elements: Any, *_: Any, invert: bool = False, kind: Any = None
) -> Any:
    found = np.any(np.equal(np.expand_dims(element, -1), np.ravel(test_elements)), axis=-1)
    return np.logical_not(found) if invert else found


def _search(a: Any, v: Any, side: str = "left") -> Any:
    below = np.less if side == "left" else np.less_equal
    return np.sum(below(a, np.expand_dims(v, -1)), axis=-1)


def _array_equal(a1: Any, a2: Any, equal_nan: bool = False) -> Any:
    if np.shape(a1) != np.shape(a2):
        return False
    equal = np.equal(a1, a2)
    if equal_nan:
        equal = np.logical_or(equal, np.logical_and(np.isnan(a1), np.isnan(a2)))
    return np.all(equal)


def _extreme(function: Callable[..., Any], instead: float) -> Callable[..., Any]:
    def call(a: Any, **options: Any) -> Any:
        return function(np.where(np.isnan(a), instead, a), **options)

    return call


def _rank(A: Any, tol: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Any:
    sizes = np.linalg.svd(A, compute_uv=False, hermitian=hermitian)
    if tol is None:
        rtol = max(np.shape(A)[-2:]) * np.finfo(float).eps if rtol is None else rtol
        tol = np.max(sizes, axis=-1, keepdims=True) * rtol
    elif np.ndim(tol):
        tol = np.expand_dims(tol, -1)
    return np.sum(sizes > tol, axis=-1)


def _unwrap(p: Any, period: Any = 2.0 * np.pi, discont: Any = None, axis: int = -1) -> Any:
    """Differences beyond half a period by their remainder (Itoh, 1982)."""
    change, half = np.diff(p, axis=axis), period / 2.0
    left = np.mod(change + half, period) - half
    left = np.where(np.logical_and(left == -half, change > 0.0), half, left)
    far = np.abs(change) >= (half if discont is None else np.maximum(discont, half))
    turned = np.cumsum(np.where(far, left - change, 0.0), axis=axis)
    first = np.zeros_like(np.take(turned, [0], axis=axis)) if np.shape(turned)[axis] else None
    return p if first is None else p + np.concatenate([first, turned], axis=axis)


_WORDS: dict[str, Callable[..., Any]] = {
    "allclose": lambda a, b, **options: np.all(_is_close(a, b, **options)),
    "array_equal": _array_equal,
    "array_equiv": lambda a1, a2: np.all(np.equal(a1, a2)),
    "isclose": _is_close,
    "iscomplex": lambda x: np.not_equal(np.imag(x), 0.0),
    "isreal": lambda x: np.equal(np.imag(x), 0.0),
    "isin": _is_in,
    "matrix_rank": _rank,
    "modf": lambda x: (np.copysign(x - np.trunc(x), x), np.trunc(x)),
    "nanargmax": _extreme(np.argmax, -np.inf),
    "nanargmin": _extreme(np.argmin, np.inf),
    "searchsorted": _search,
    "unwrap": _unwrap,
}
"""By an operation's name; as its call has the operands and parameters."""
