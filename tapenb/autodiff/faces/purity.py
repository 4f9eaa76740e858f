"""Which code is known to do nothing but compute: what a replayed function may name and call.

This is a list of what is allowed, and all else is run each time: builtins and parts of the standard
library by name, NumPy and SciPy by the registry of rules, tapenb, and Python code that is itself
read in the same way. What that code reads is another subject (`watch`).
"""

from __future__ import annotations

import builtins
import dis
import operator
import re
import sys
import typing
from collections import Counter, OrderedDict, defaultdict, deque
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache, partial
from types import (
    BuiltinFunctionType,
    CellType,
    CodeType,
    CoroutineType,
    FrameType,
    FunctionType,
    GeneratorType,
    ModuleType,
    TracebackType,
)
from typing import Any

import numpy as np

from ..kinds.registry import FUNCTIONS, HANDLERS, rule_of
from ..rules.distributions import CONTINUOUS, DISCRETE, known
from ..tape.primitives import primitive
from ..tape.provenance import describe, whole_expression
from .gradient_tape import GradientTape
from .variable import Variable

Location = tuple[CodeType, int]
"""A code object, and an instruction in it."""

BY_TEXT = ("__getattr__", "__getattribute__", "__setattr__")
"""Methods that take the name of an attribute as text."""
UNKNOWN = "it is not known to do nothing but compute"
UNSEEN = "it reads what cannot be watched"


class Unwatchable(Exception):
    """A function does more than compute, or reads what could change unnoticed."""

    @classmethod
    def at(cls, location: Location | None, why: str) -> Unwatchable:
        """The reason, with the line if it is known."""
        if location is None:
            return cls(why)
        code, offset = location
        return cls(f"{describe(code, whole_expression(code, offset))}: {why}")


# -- values ----------------------------------------------------------------------------------------

_BUILTINS = (
    "abs all any ascii bin bool bytearray bytes callable chr classmethod complex delattr dict "
    "divmod enumerate filter float format frozenset getattr hasattr hex int isinstance "
    "issubclass iter len list map max min next object oct ord pow property range repr reversed "
    "round set setattr slice sorted staticmethod str sum super tuple type zip"
).split()
_SEEING = frozenset(
    "__import__ dir eval exec globals id hash input locals memoryview open vars".split()
)
BY_NAME = (getattr, hasattr, setattr, delattr)
"""Functions that take the name of an attribute as text."""

_ALL = None
_LISTED: dict[str, frozenset[str] | None] = {
    **dict.fromkeys(("math", "cmath", "itertools", "bisect", "heapq"), _ALL),
    **dict.fromkeys(("numbers", "collections.abc"), _ALL),
    "operator": frozenset(dir(operator)) - {"attrgetter", "methodcaller"},
    "abc": frozenset({"ABC", "ABCMeta", "abstractmethod"}),
    "collections": frozenset("ChainMap Counter OrderedDict defaultdict deque namedtuple".split()),
    "contextlib": frozenset("contextmanager nullcontext suppress".split()),
    "copy": frozenset({"copy", "deepcopy"}),
    "dataclasses": frozenset(
        "FrozenInstanceError asdict astuple dataclass field fields is_dataclass replace".split()
    ),
    "enum": frozenset("Enum EnumMeta EnumType Flag IntEnum IntFlag StrEnum auto".split()),
    "fractions": frozenset({"Fraction"}),
    "functools": frozenset("cmp_to_key partial reduce total_ordering wraps".split()),
    "statistics": frozenset("fmean geometric_mean mean median pstdev pvariance stdev".split()),
    "types": frozenset({"MappingProxyType", "SimpleNamespace"}),
    "typing": frozenset(typing.__all__) - {"get_type_hints", "get_overloads", "clear_overloads"},
    **{
        f"numpy.polynomial.{kind}": frozenset({kind.title()})
        for kind in ("polynomial", "chebyshev", "legendre", "laguerre", "hermite")
    },
    "scipy.interpolate._cubic": frozenset(
        ("Akima1DInterpolator", "CubicHermiteSpline", "CubicSpline", "PchipInterpolator")
    ),
    "scipy.interpolate._interpolate": frozenset({"interp1d"}),
    "scipy.interpolate._bsplines": frozenset({"BSpline", "make_interp_spline"}),
    "scipy.integrate._quadrature": frozenset({"fixed_quad"}),
    "scipy.signal._filter_design": frozenset({"bessel", "butter", "cheby1", "cheby2", "ellip"}),
}
"""Names of what does nothing but compute, by the module that has them; None: all of it."""

_WRAPPING = frozenset(
    "abc collections contextlib dataclasses enum functools reprlib typing".split()
)
"""Modules whose functions around others, and whose methods, do nothing of their own."""

_NUMPY = (
    "arange array array_equal asanyarray asarray ascontiguousarray asfortranarray bartlett "
    "base_repr binary_repr blackman bmat broadcast broadcast_shapes c_ can_cast common_type "
    "diag_indices empty errstate eye finfo format_float_positional format_float_scientific "
    "fromfunction fromiter frompyfunc full hamming hanning identity iinfo index_exp indices "
    "isdtype isscalar issubdtype iterable ix_ kaiser mask_indices mgrid min_scalar_type "
    "ndenumerate ndindex ndim ogrid ones piecewise poly1d promote_types r_ require s_ tri "
    "tril_indices triu_indices typename vectorize zeros"
).split()
"""Further names of NumPy's that are no functions of arrays: makers of arrays, shapes and dtypes."""
_NOT_NUMBERS = (np.datetime64, np.void, np.object_)
_OF_MEMORY = frozenset({np.shares_memory, np.may_share_memory, np.isfortran})


_NAMED = {
    id(value): value
    for value in (
        *(getattr(builtins, name) for name in _BUILTINS),
        *(getattr(np, name) for name in _NUMPY if hasattr(np, name)),
        *(np.fft.fftfreq, np.fft.rfftfreq, np.ndarray, np.dtype),
    )
}


def _has_rule(value: Any) -> bool:
    """Whether a function of NumPy's or SciPy's is in the registry of rules."""
    if type(value) not in _FUNCTIONS or value in _OF_MEMORY:
        return False
    return rule_of(value) is not None or value in FUNCTIONS or value in HANDLERS


_FUNCTIONS = (np.ufunc, type(np.sum), FunctionType, BuiltinFunctionType)


def _asked(value: Any, name: str) -> Any:
    """An attribute of a value; None where code of the user's would be asked for it."""
    kind = type(value)
    ours = kind.__module__.startswith("tapenb.")
    if not ours and any(type(getattr(kind, each, None)) is FunctionType for each in BY_TEXT):
        return None
    return getattr(value, name, None)


def is_known(value: Any) -> bool:
    """Whether a function or class is known by name to do nothing but compute."""
    if id(value) in _NAMED or _has_rule(value) or isinstance(value, primitive):
        return True
    if isinstance(value, np.ufunc):
        return getattr(np, value.__name__, None) is value
    if isinstance(value, type):
        if issubclass(value, np.generic):
            return value.__module__ == "numpy" and value not in _NOT_NUMBERS
        if issubclass(value, BaseException) and value.__module__.startswith(("builtins", "numpy")):
            return True
    name = _asked(value, "__name__")
    home = str(_asked(value, "__module__")).removeprefix("_")
    if home.startswith("tapenb.") and isinstance(value, type):
        return getattr(sys.modules.get(home), str(name), None) is value
    if home not in _LISTED or (_LISTED[home] is not None and name not in _LISTED[home]):
        return False
    return getattr(sys.modules.get(home), str(name), None) is value


def original(value: Any) -> Any:
    """NumPy or SciPy itself, for the module of ours that stands for it; else the same."""
    name = _asked(value, "__name__")
    if not str(name).startswith(("tapenb.numpy", "tapenb.scipy")):
        return value
    return sys.modules.get(name.removeprefix("tapenb."), value)


def is_numerical(home: str) -> bool:
    """Whether a module is of NumPy, SciPy or tapenb, of which all that may be called is listed."""
    return home.partition(".")[0] in ("numpy", "scipy", "tapenb")


def is_left_alone(module: ModuleType, name: str) -> bool:
    """Whether nobody sets an attribute of a module, or by such a method even reads one."""
    if name == "__setattr__" and module.__name__ in sys.stdlib_module_names:
        return True  # a frozen dataclass sets its own
    return is_numerical(module.__name__)


def is_wrapper(home: str) -> bool:
    """Whether functions written in a module only call what they close over."""
    return home.partition(".")[0] in ("tapenb", *_WRAPPING)


def stands_alone(function: FunctionType) -> bool:
    """Whether a function of a wrapping module of Python's is none that was made to wrap another."""
    home = str(function.__globals__.get("__name__", ""))
    return home in _WRAPPING and not function.__closure__


def known_attributes(value: Any) -> tuple[str, ...] | None:
    """The attributes that may be asked for, of an object of SciPy's; None of any other."""
    if type(value).__module__.startswith("scipy.stats") and getattr(value, "name", None) in known():
        return (*CONTINUOUS, *DISCRETE)
    return None


def is_drawing(value: Any) -> bool:
    """Whether an object or function draws random numbers."""
    homes = (_asked(value, "__module__"), type(value).__module__)
    return any(str(home).startswith(("numpy.random", "random", "scipy.stats")) for home in homes)


def objection(value: Any) -> str:
    """Why a function or class is not known."""
    name, home = _asked(value, "__name__"), _asked(value, "__module__")
    if is_drawing(value) or is_drawing(_asked(value, "__self__")):
        return "it draws random numbers"
    if home == "builtins" and name in _SEEING:
        return UNSEEN
    if name is None or home in (None, "builtins"):
        return UNKNOWN
    return f"{name} of the module {home} is not known to do nothing but compute"


# -- attributes ------------------------------------------------------------------------------------

_TYPES = (
    *(int, float, complex, bool, str, bytes, bytearray, range, slice),
    *(list, tuple, dict, set, frozenset, deque, defaultdict, OrderedDict, Counter),
    *(np.ndarray, np.float64, np.dtype, np.ufunc, np.finfo, np.iinfo, np.vectorize, np.poly1d),
    *(BaseException, StopIteration, KeyError, Fraction, partial, property),
    *(GradientTape, Variable),
)
IN_MEMORY = frozenset({"flags", "strides"})
_WITHHELD = frozenset(
    "__array_interface__ base ctypes data dump dumps format format_map setflags tofile "
    "with_traceback".split()
)
_METHODS = frozenset(
    name
    for name, value in vars(operator).items()
    if name.startswith("__") and type(value) is BuiltinFunctionType
) | frozenset(
    "__abs__ __bool__ __call__ __class__ __complex__ __doc__ __enter__ __exit__ __float__ "
    "__format__ __func__ __init__ __init_subclass__ __int__ __iter__ __len__ __missing__ "
    "__module__ __name__ __new__ __next__ __post_init__ __qualname__ __repr__ __reversed__ "
    "__round__ __self__ __set_name__ __setattr__ __str__ __wrapped__".split()
)
ATTRIBUTES = (
    frozenset(name for kind in _TYPES for name in dir(kind) if not name.startswith("_")) | _METHODS
) - (_WITHHELD | IN_MEMORY)
"""Attributes of numbers, text, containers, arrays and tapes, which may be read of any object."""

CALLED = (
    frozenset(
        "_from_iterable _generate_next_value_ _make _missing_ _recreate_cm as_integer_ratio close "
        "denominator keys mro numerator send throw".split()
    )
    | frozenset(dir(np.ndarray))
    | frozenset(name for name, value in vars(np).items() if isinstance(value, np.ufunc))
)
"""Members of a class, besides ``__add__`` and its like, that Python or NumPy ask for unasked."""

OF_TEXT = frozenset("__doc__ __module__ __name__ __qualname__".split())
"""Attributes of functions and classes that are text, and are in no dictionary of theirs."""
MAKING_TEXT = frozenset("__format__ __mod__ __repr__ __rmod__ __str__".split())
"""Attributes that make text of anything."""

_OF_PYTHON = frozenset(
    name
    for kind in (FrameType, GeneratorType, CoroutineType, TracebackType, CodeType, type, CellType)
    for name in dir(kind)
)


def is_seeing(attribute: str) -> bool:
    """Whether an attribute of something that code comes to may show more than values.

    Known functions give nothing but values, which have the attributes of `ATTRIBUTES`, and what
    Python runs with. Any other name is of the user's own, and read, or there is none.
    """
    if attribute in ATTRIBUTES:
        return False
    special = attribute.startswith("__") and attribute.endswith("__")
    return special or attribute in _OF_PYTHON or attribute in _WITHHELD


# -- code ------------------------------------------------------------------------------------------


@dataclass
class Reading:
    """Names and attributes that a code object, and those within it, ask for."""

    names: list[tuple[tuple[str, ...], Location]] = field(default_factory=list)
    """What it reads from outside, with attributes: ``np.linalg.inv`` is ``("np", "linalg",
    "inv")``."""
    attributes: dict[str, Location] = field(default_factory=dict)
    """What it asks of anything else."""
    given: set[str] = field(default_factory=set)
    """Attributes that it sets itself."""
    imports: dict[str, Location] = field(default_factory=dict)
    """Modules that it imports."""
    written: list[tuple[tuple[str, ...], Location]] = field(default_factory=list)
    """Of which global names it sets an attribute."""
    writes: Location | None = None
    """Where it sets an attribute of anything."""
    compares: bool = False
    """Whether it asks if two are the same object, neither of which is a constant."""


_READING = frozenset(
    "LOAD_GLOBAL LOAD_NAME LOAD_DEREF LOAD_CLASSDEREF LOAD_FROM_DICT_OR_GLOBALS "
    "LOAD_FROM_DICT_OR_DEREF".split()
)
_FORMATTING = frozenset("FORMAT_VALUE FORMAT_SIMPLE FORMAT_WITH_SPEC CONVERT_VALUE".split())
_REFUSED = {
    "STORE_GLOBAL": "it assigns a global name",
    "DELETE_GLOBAL": "it assigns a global name",
    "GET_AWAITABLE": "it waits for something",
    "GET_AITER": "it waits for something",
}


@lru_cache(maxsize=512)
def read(code: CodeType) -> Reading:
    """Read what a code object asks for.

    Raises
    ------
    Unwatchable
        Where it does more than compute.
    """
    found = Reading()
    _read(code, found, frozenset())
    return found


def _read(code: CodeType, found: Reading, known: frozenset[str]) -> None:
    """Read code, and what is within it, where some names are variables of the code around it."""
    chain: tuple[str, ...] = ()
    start = 0
    template: Any = None
    constant = False
    matched: Any = None
    for instruction in dis.get_instructions(code):
        name, argument, offset = instruction.opname, instruction.argval, instruction.offset
        here = (code, offset)
        if name in ("CACHE", "EXTENDED_ARG"):
            continue
        if name in ("LOAD_ATTR", "LOAD_METHOD"):
            if argument in ("format", "format_map"):
                if not _is_plain_template(template):
                    raise Unwatchable.at(here, UNSEEN)
                argument = "__str__"
            if chain:
                chain = (*chain, argument)
            else:
                found.attributes.setdefault(argument, here)
            continue
        ended = chain
        if chain and chain[0] in known and chain[0] in code.co_freevars:
            for attribute in chain[1:]:
                found.attributes.setdefault(attribute, (code, start))
        elif chain:
            found.names.append((chain, (code, start)))
        chain, start = ((argument,), offset) if name in _READING else ((), 0)
        if name in _REFUSED:
            raise Unwatchable.at(here, _REFUSED[name])
        if name in ("LOAD_SUPER_ATTR", "IMPORT_FROM"):
            found.attributes.setdefault(argument, here)
        elif name == "IMPORT_NAME":
            found.imports.setdefault(argument, here)
        elif name in ("STORE_ATTR", "DELETE_ATTR"):
            found.given.add(argument)
            if ended and ended[0] in code.co_names:
                found.written.append((ended, here))
            found.writes = found.writes or here
        elif name == "MATCH_CLASS":
            found.attributes.update(dict.fromkeys(matched, here))
        elif name in _FORMATTING or (name == "BINARY_OP" and instruction.argrepr in ("%", "%=")):
            found.attributes.setdefault("__str__", here)
        elif name == "IS_OP":
            found.compares |= not constant
        constant = name == "LOAD_CONST"
        template = argument if constant else None
        matched = argument if constant else matched
    known = known.union(code.co_varnames, code.co_cellvars)
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            _read(inner, found, known)


def _is_plain_template(text: Any) -> bool:
    """Whether a text that is to be formatted asks for no attribute of anything."""
    return isinstance(text, str) and not re.search(r"\{[^{}:!]*[.\[]", text)


def by_constants(location: Location, value: Any) -> list[str]:
    """The attributes that ``getattr(a, "name")`` names; of ``np.errstate`` none, all ``"ignore"``.

    What the function named at a location is called with must be written there, or it is refused.
    """
    code, at = location
    instructions = [
        each
        for each in dis.get_instructions(code)
        if each.offset > at and each.opname not in ("CACHE", "EXTENDED_ARG")
    ]
    if value is np.errstate:
        for instruction in instructions:
            if instruction.opname.startswith(("CALL", "PRECALL")):
                return []
            silent = instruction.argval == "ignore" or type(instruction.argval) is tuple
            if instruction.opname == "LOAD_CONST" and not silent:
                break
            if instruction.opname not in _AROUND_CONSTANTS:
                break
        raise Unwatchable.at(location, "it asks to hear of floating-point errors")
    # The second argument is a text, if it is loaded as such, and nothing takes it off the stack.
    depth, name = 0, None
    for instruction in instructions:
        if instruction.opname in ("CALL", "PRECALL") and instruction.arg == depth:
            if depth in (2, 3) and isinstance(name, str):
                return [name]
            break
        if instruction.opcode in dis.hasjrel or instruction.opcode in dis.hasjabs:
            break
        depth += dis.stack_effect(instruction.opcode, instruction.arg)
        if depth <= 2:
            second = depth == 2 and instruction.opname == "LOAD_CONST"
            name = instruction.argval if second else None
    raise Unwatchable.at(location, UNSEEN)


_AROUND_CONSTANTS = ("LOAD_CONST", "LOAD_ATTR", "LOAD_METHOD", "KW_NAMES", "PUSH_NULL")
