"""Samples of mathematical functions, of sums and products, and of the methods of ufuncs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.special

from tapenb.autodiff.kinds.registry import FUNCTIONS, METHOD_RULES, rule_of
from tapenb.autodiff.rules import cumulative, special
from tapenb.autodiff.rules.floating_and_complex import CLIP
from tapenb.autodiff.tape.primitives import change_at, masked
from tapenb.autodiff.tracing.dispatch import call_function
from tapenb.autodiff.tracing.state import is_traced
from tapenb.autodiff.twins.twins import original

from .samples import (
    BELOW_ONE,
    CUBE,
    INTEGERS,
    POSITIVE,
    SHIFTS,
    TABLE,
    P,
    Q,
    Sample,
    binary,
    unary,
)

rule_of(scipy.special.erf)

SINGLE = np.float32
MASK = np.array([[True, False, True], [False, True, True]])
FORMS = [("1-d", P), ("2-d", TABLE), ("transposed", TABLE.T), ("float32", TABLE.astype(SINGLE))]
EMPTY = P[:0]
NUMPY_UFUNCS = frozenset(u for u in vars(np).values() if isinstance(u, np.ufunc))


@dataclass(frozen=True)
class Part(Sample):
    """One of the results of a call that has several."""

    number: int = 0

    def caller(self) -> Callable[..., Any]:
        """The call, and the one result of it."""
        call, number = super().caller(), self.number
        return lambda *operands: call(*operands)[number]


@dataclass(frozen=True)
class RealPart(Sample):
    """The real part of a call that gives complex numbers."""

    def caller(self) -> Callable[..., Any]:
        """The call, and the real part of what it gives."""
        call = super().caller()
        return lambda *operands: np.real(call(*operands))


@dataclass(frozen=True)
class RealOfPart(Part):
    """The real part of one of several complex results."""

    def caller(self) -> Callable[..., Any]:
        """The call, the one result of it, and its real part."""
        call = super().caller()
        return lambda *operands: np.real(call(*operands))


@dataclass(frozen=True)
class Twin(Sample):
    """A call of a function that knows no protocol, as a cell makes it."""

    def caller(self) -> Callable[..., Any]:
        """The function, or what stands for it where an operand is traced."""
        function, kwargs = self.function, self.kwargs
        names = FUNCTIONS[function].operands

        def call(*operands: Any) -> Any:
            options = dict(zip(names, operands, strict=False)) | kwargs
            if not any(map(is_traced, operands)):
                return function(**options)
            return call_function(original(function), (), options, sys._getframe(0))

        return call


def each(function: Any, values: Any, *options: dict[str, Any]) -> Iterator[Sample]:
    for label, value in values:
        for kwargs in options or ({},):
            yield Sample(function, f"{label} {kwargs}", (value,), kwargs=kwargs)


def _floating() -> Iterator[Sample]:
    some = [item for item in unary(P) if item[0] in ("Python float", "0-d", "2-d", "float32")]
    for function in (np.sinc, np.i0, np.unwrap, np.nan_to_num):
        for label, operands in some:
            if function is np.unwrap and np.ndim(operands[0]) == 0:
                continue
            yield Sample(function, label, operands)
        yield Sample(function, "empty", (EMPTY if function is not np.unwrap else P[:1],))
    yield Sample(np.sinc, "near 0", (np.array([0.0, 1e-9, -1e-3, 0.3, 0.3184, 1.0]),))
    yield Sample(np.unwrap, "jumps", (np.array([0.0, 2.0, 5.0, 11.0, 3.0, -4.0]),))
    yield Sample(np.unwrap, "period", (5.0 * TABLE,), kwargs={"axis": 0, "period": 4.0})
    yield Sample(np.unwrap, "empty", (np.zeros((2, 0)),), kwargs={"axis": 0})
    yield Sample(np.nan_to_num, "options", (P,), kwargs={"nan": 2.0, "posinf": 3.0})
    for function in (np.fix, np.isneginf, np.isposinf, np.iscomplex, np.isreal):
        yield Sample(function, "2-d", (TABLE,))
    for function in (np.real, np.imag, np.angle, np.conjugate):
        for label, value in [*FORMS, ("Python float", 0.4), ("empty", EMPTY)]:
            yield Sample(function, label, (value,))
    yield Sample(np.angle, "degrees", (P,), kwargs={"deg": True})
    for function in (np.spacing, np.bitwise_count):
        value = INTEGERS if function is np.bitwise_count else P
        yield Sample(function, "1-d", (value,))
    for exponent in (3, SHIFTS, np.int64(-4)):
        yield Sample(np.ldexp, f"{exponent!r}", (P, exponent), fixed=(1,))
    yield Sample(np.ldexp, "float32", (P.astype(SINGLE), 2), fixed=(1,))
    yield Sample(np.ldexp, "empty", (EMPTY, 2), fixed=(1,))
    for label, operands in binary(P, Q):
        yield Sample(np.nextafter, label, operands)
    for bounds in ((-0.5, 0.5), (-0.5, P[::-1]), (np.float64(-1), 1.2)):
        yield Sample(CLIP, f"{bounds}", (TABLE.ravel(), *bounds))
    yield Sample(CLIP, "float32", (P.astype(SINGLE), SINGLE(-0.5), SINGLE(0.5)))
    yield Sample(CLIP, "empty", (EMPTY, 0.0, 1.0))
    yield Sample(CLIP, "crossed", (P, 0.9, 0.4))


def _several() -> Iterator[Sample]:
    for function in (np.modf, np.frexp):
        for number in (0, 1):
            for label, value in [*FORMS, ("Python float", 5.3), ("empty", EMPTY)]:
                yield Part(function, f"{number} {label}", (value,), number=number)
    for number in (0, 1):
        for label, operands in binary(P, Q):
            yield Part(np.divmod, f"{number} {label}", operands, number=number)
    table = {
        "sici": POSITIVE,
        "shichi": POSITIVE,
        "fresnel": P,
        "airy": P,
        **dict.fromkeys(("itj0y0", "iti0k0", "it2j0y0", "it2i0k0"), POSITIVE),
        "airye": POSITIVE,
    }
    for name, point in table.items():
        function = getattr(scipy.special, name)
        for number in range(function.nout):
            for value in (point, point.astype(SINGLE), float(point[0]), EMPTY):
                label = f"{number} {np.shape(value)} {np.asarray(value).dtype}"
                yield Part(function, label, (value,), number=number)

    for name, fixed, operands in (
        ("ellipj", (), (P, UNIT)),
        *((name, (0,), (0.7, P)) for name in ("pbdv", "pbvv", "pbwa")),
    ):
        function = getattr(scipy.special, name)
        singles = tuple(np.asarray(x).astype(SINGLE)[()] for x in operands)
        for number in range(function.nout):
            for values in (operands, singles, tuple(x[:0] if np.ndim(x) else x for x in operands)):
                label = f"{number} {np.asarray(values[1]).dtype} {np.size(values[1])}"
                yield Part(function, label, values, number=number, fixed=fixed)
    for number in range(4):
        for value in (POSITIVE, POSITIVE.astype(SINGLE), EMPTY):
            label = f"{number} {value.dtype} {value.size}"
            yield RealOfPart(scipy.special.kelvin, label, (value,), number=number)
    agm = scipy.special.agm
    yield Sample(agm, "1-d", (POSITIVE, np.abs(Q)))
    yield Sample(agm, "float32", (POSITIVE.astype(SINGLE), SINGLE(1.2)))
    yield Sample(agm, "empty", (EMPTY, EMPTY))


def _reductions() -> Iterator[Sample]:
    axes = (0, -1, (0, 1), (2, 0), ())
    options = [{}, *({"axis": a, "keepdims": a != 0} for a in axes)]
    for function in (np.prod, np.nansum, np.nanprod, np.nanmax, np.nanmin):
        yield from each(function, FORMS)
        yield from each(function, [("3-d", CUBE)], *options)
        yield from each(function, [("Python float", 0.4), ("0-d", np.array(0.7))])
        if function not in (np.nanmax, np.nanmin):
            yield from each(function, [("empty", EMPTY)], {}, {"axis": 0})
            yield Sample(function, "dtype", (TABLE,), kwargs={"dtype": SINGLE, "axis": 1})
        else:
            empty = np.zeros((0, 3))
            yield Sample(function, "empty", (empty,), kwargs={"axis": 1})
    zeros = np.array([[0.5, 0.0, -1.2], [0.0, 0.7, 0.0], [1.1, 0.6, -0.4]])
    for axis in (0, 1, None):
        yield Sample(np.prod, f"zeros {axis}", (zeros,), kwargs={"axis": axis})
        yield Sample(np.cumprod, f"zeros {axis}", (zeros,), kwargs={"axis": axis})
    for function in (np.sum, np.prod, np.max, np.min, np.nansum, np.nanprod, np.nanmax, np.nanmin):
        initial = -9.0 if function in (np.max, np.nanmax) else 9.0
        for axis in (None, 0, (1, 0)):
            both = {"axis": axis, "where": MASK, "initial": initial}
            yield Sample(function, f"where {axis}", (TABLE,), kwargs=both)
        yield Sample(function, "initial", (TABLE.T,), kwargs={"initial": 0.3, "axis": 1})
        yield Sample(
            function,
            "keepdims, where",
            (TABLE,),
            kwargs={"where": MASK[0], "initial": 0.2, "keepdims": True},
        )

        def started(a: Any, initial: Any, function: Any = function) -> Any:
            return function(a, initial=initial, where=MASK, axis=1)

        yield Sample(started, f"initial of {function.__name__}", (TABLE, 0.5))
    for axis in (None, 0, 1):
        both = {"axis": axis, "where": MASK, "keepdims": axis == 0}
        yield Sample(np.mean, f"where {axis}", (TABLE,), kwargs=both)
    yield Sample(np.mean, "where row", (TABLE,), kwargs={"where": MASK[0]})


def _accumulations() -> Iterator[Sample]:
    for function in (np.cumsum, np.cumprod, np.nancumsum, np.nancumprod):
        yield from each(function, [*FORMS, ("3-d", CUBE)], {}, {"axis": 0}, {"axis": -1})
        yield from each(function, [("Python float", 0.4), ("0-d", np.array(0.7)), ("empty", EMPTY)])
        yield from each(function, [("empty rows", np.zeros((0, 3)))], {"axis": 0}, {"axis": 1})
        yield Sample(function, "dtype", (TABLE,), kwargs={"dtype": SINGLE, "axis": 1})
    later = ("cumulative_sum", "cumulative_prod")  # than NumPy 2.0
    for function in (getattr(np, name) for name in later if hasattr(np, name)):
        start = {"include_initial": True}
        yield from each(function, [("1-d", P), ("float32", P.astype(SINGLE))], {}, start)
        yield from each(function, [("3-d", CUBE)], {"axis": 1}, {"axis": -1} | start)
        yield from each(function, [("empty", EMPTY)], {}, start)
    wide = CUBE.reshape(2, 12)
    for label, factors, terms, axis in (
        ("1-d", P, Q, 0),
        ("2-d", TABLE, Q.reshape(2, 3), 1),
        ("wide", wide, wide[::-1] + 0.1, 0),
        ("3-d", CUBE, CUBE[::-1], 1),
        ("float32", P.astype(SINGLE), Q.astype(SINGLE), 0),
        ("empty", EMPTY, EMPTY, 0),
    ):
        yield Sample(cumulative.recurrence, label, (factors, terms), kwargs={"axis": axis})


def _differences() -> Iterator[Sample]:
    orders = [{}, {"n": 2}, {"axis": 0}, {"n": 0}, {"n": 2, "axis": 0}]
    yield from each(np.diff, [("3-d", CUBE), ("transposed", CUBE.T)], *orders)
    yield from each(np.diff, [("float32", TABLE.astype(SINGLE)), ("empty", EMPTY), ("1-d", P)])

    def ends(a: Any, prepend: Any, append: Any, **options: Any) -> Any:
        return np.diff(a, prepend=prepend, append=append, **options)

    def append(a: Any, append: Any) -> Any:
        return np.diff(a, append=append)

    yield Sample(ends, "scalars", (TABLE, 0.4, 1.5), kwargs={"n": 2})
    yield Sample(ends, "arrays", (TABLE, TABLE[:1] * 2, Q.reshape(2, 3)), kwargs={"axis": 0})
    yield Sample(append, "append", (P, Q[:2]))
    yield from each(np.ediff1d, [*FORMS, ("empty", EMPTY)])

    def around(ary: Any, to_end: Any, to_begin: Any) -> Any:
        return np.ediff1d(ary, to_end, to_begin)

    yield Sample(around, "ends", (TABLE, Q[:2], 0.5))
    yield from each(np.trapezoid, [*FORMS, ("empty", EMPTY)], {}, {"dx": 0.3})
    yield Sample(np.trapezoid, "x", (P, np.sort(Q)))
    yield Sample(np.trapezoid, "rows", (TABLE, Q[:3]))
    yield Sample(np.trapezoid, "columns", (TABLE, Q[:2]), kwargs={"axis": 0})
    yield Sample(np.trapezoid, "2-d", (TABLE, Q.reshape(2, 3)), kwargs={"axis": 0})

    def spaced(y: Any, dx: Any) -> Any:
        return np.trapezoid(y, dx=dx)

    yield Sample(spaced, "spacing", (TABLE, 0.7))


def _methods() -> Iterator[Sample]:
    positive = {np.power, np.float_power}
    for (ufunc, name), rule in METHOD_RULES.items():
        method = getattr(ufunc, name)
        if not rule.differentiable or ufunc not in NUMPY_UFUNCS:
            continue
        table = np.abs(TABLE) + 0.2 if ufunc in positive else TABLE
        label = f"{ufunc.__name__}.{name}"
        if name == "outer":
            operands = (table[0], 0.5 + np.abs(Q.reshape(2, 3)))
            several = ufunc.nout > 1
            yield (
                Part(method, label, operands, number=1)
                if several
                else Sample(method, label, operands)
            )
        elif name == "reduceat":
            yield Sample(method, label, (table,), ([0, 2, 1],), {"axis": 1})
        else:
            yield Sample(method, label, (table,), kwargs={"axis": 1})
    reducing = (np.add, np.multiply, np.maximum, np.fmin, np.logaddexp, np.hypot)
    for ufunc in reducing:
        label = ufunc.__name__
        for options in ({}, {"axis": None}, {"axis": (0, -1), "keepdims": True}):
            yield Sample(ufunc.reduce, f"{label} {options}", (CUBE,), kwargs=options)
        started = {"initial": 0.3, "where": MASK, "axis": -1}
        yield Sample(ufunc.reduce, f"{label} where", (TABLE,), kwargs=started)
        yield Sample(ufunc.reduce, f"{label} float32", (TABLE.astype(SINGLE),))
        yield Sample(ufunc.accumulate, f"{label} float32", (TABLE.astype(SINGLE),))
        yield Sample(ufunc.accumulate, f"{label} 3-d", (CUBE,), kwargs={"axis": 1})
        yield Sample(ufunc.accumulate, f"{label} empty", (np.zeros((0, 2)),))
    yield Sample(np.hypot.reduce, "where", (TABLE,), kwargs={"where": MASK, "axis": 1})
    yield Sample(np.subtract.reduce, "3-d", (CUBE,), kwargs={"axis": 1, "keepdims": True})
    yield Sample(np.subtract.reduce, "initial", (TABLE,), kwargs={"initial": 0.4})
    zeros = np.array([0.5, 0.0, 0.7, 0.0, -0.3])
    yield Sample(np.multiply.accumulate, "zeros", (zeros,))
    yield Sample(np.multiply.reduceat, "zeros", (zeros, [0, 3, 1]), fixed=(1,))
    for key in ([0, 2, 0, 0], slice(1, 3), (np.array([0, 1]), 1), np.array([True, False])):
        array = TABLE if not isinstance(key, list) else P
        taken = np.asarray(array[key])
        values = 0.4 + np.arange(taken.size).reshape(taken.shape) / 7.0
        for ufunc in (np.subtract, np.multiply, np.maximum, np.divide):
            label, options = f"{ufunc.__name__} {key}", {"key": key, "ufunc": ufunc}
            yield Sample(change_at, label, (array, values), kwargs=options)
            yield Sample(change_at, f"{label} number", (array, 0.3), kwargs=options)
    options = {"key": [0, 0], "ufunc": np.multiply}
    yield Sample(change_at, "float32", (P.astype(SINGLE), Q[:2].astype(SINGLE)), kwargs=options)
    nothing = {"key": np.zeros(0, int), "ufunc": np.multiply}
    yield Sample(change_at, "empty", (P, EMPTY), kwargs=nothing)
    yield Sample(change_at, "unary", (P,), kwargs={"key": [0, 2], "ufunc": np.sin})
    some = {"ufunc": np.divide, "options": {}}
    yield Sample(masked, "2-d", (TABLE, MASK, P[:3], Q[:3]), kwargs=some, fixed=(1,))
    steps = {"ufunc": np.floor, "options": {}}
    yield Sample(masked, "steps", (TABLE, MASK, TABLE), kwargs=steps, fixed=(1,))
    yield Sample(masked, "row", (TABLE, MASK[0], P[:3], 2.0), kwargs=some, fixed=(1,))
    single = TABLE.astype(SINGLE)
    yield Sample(masked, "float32", (single, MASK, single, SINGLE(2)), kwargs=some, fixed=(1,))
    yield Sample(masked, "empty", (EMPTY, np.zeros(0, bool), EMPTY, 2.0), kwargs=some, fixed=(1,))


UNIT = 0.5 + BELOW_ONE / 2
COMPLEX = ("hankel1", "hankel2", "hankel1e", "hankel2e", "_lambertw", "wofz")
SPECIAL: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(("erfinv",), (BELOW_ONE,)),
    **dict.fromkeys(("erfcinv", "ndtri", "logit"), (UNIT,)),
    **dict.fromkeys(
        (
            "gammaln",
            "loggamma",
            "entr",
            "exp1",
            "expi",
            "y0",
            "y1",
            "k0",
            "k1",
            "k0e",
            "k1e",
            "_lambertw",
        ),
        (POSITIVE,),
    ),
    **dict.fromkeys(
        ("beta", "betaln", "rel_entr", "kl_div", "poch", "binom"), (POSITIVE, np.abs(Q))
    ),
    **dict.fromkeys(("gammainc", "gammaincc", "yv", "iv", "kv", "ive", "kve"), (1.5, POSITIVE)),
    **dict.fromkeys(("jv", "hankel1", "hankel2"), (2.0, POSITIVE)),
    **dict.fromkeys(("yn", "kn", "expn"), (2, POSITIVE)),
    "_zeta": (3.0, POSITIVE),
    **dict.fromkeys(("_riemann_zeta", "zetac"), (1.5 + POSITIVE,)),
    "betainc": (1.3, 0.8, UNIT),
    "xlogy": (P, POSITIVE),
    "xlog1py": (P, POSITIVE),
    "log1p": (POSITIVE,),
    **dict.fromkeys(("exprel", "ndtri_exp"), (-POSITIVE,)),
    **dict.fromkeys(("boxcox", "boxcox1p"), (POSITIVE, Q)),
    **dict.fromkeys(("inv_boxcox", "inv_boxcox1p"), (POSITIVE, UNIT)),
    **dict.fromkeys(("_scaled_exp1", "spence", "ker", "kei", "kerp", "keip"), (POSITIVE,)),
    **dict.fromkeys(("itstruve0", "itmodstruve0", "it2struve0", "_lgam1p"), (POSITIVE,)),
    "powm1": (POSITIVE, Q),
    "wofz": (P,),
    "voigt_profile": (P, np.abs(Q), POSITIVE),
    "radian": (P, Q, P),
    "owens_t": (P, Q),
    **dict.fromkeys(("gammaincinv", "gammainccinv"), (1.5, UNIT)),
    **dict.fromkeys(("betaincc", "betaincinv", "betainccinv"), (1.3, 0.8, UNIT)),
    **dict.fromkeys(("chdtr", "chdtrc"), (2.6, POSITIVE)),
    "chdtri": (2.6, UNIT),
    **dict.fromkeys(("gdtr", "gdtrc"), (POSITIVE, 1.6, np.abs(Q))),
    "gdtrix": (POSITIVE, 1.6, UNIT),
    "stdtr": (3.4, P),
    "stdtrit": (3.4, UNIT),
    **dict.fromkeys(("fdtr", "fdtrc"), (2.6, 5.3, POSITIVE)),
    "fdtri": (2.6, 5.3, UNIT),
    **dict.fromkeys(("pdtr", "pdtrc"), (2.0, POSITIVE)),
    "pdtri": (2.0, UNIT),
    **dict.fromkeys(("bdtr", "bdtrc", "bdtri"), (np.array(2), np.array(5), UNIT)),
    **dict.fromkeys(("nbdtr", "nbdtrc", "nbdtri"), (2, 5, UNIT)),
    "nrdtrimn": (UNIT, POSITIVE, Q),
    **dict.fromkeys(("ellipk", "ellipe"), (BELOW_ONE,)),
    "ellipkm1": (UNIT,),
    **dict.fromkeys(("ellipkinc", "ellipeinc"), (P, np.append(BELOW_ONE[:5], 0.0))),
    "hyp0f1": (1.3, P),
    "hyp1f1": (0.7, 1.6, P),
    "hyp2f1": (0.7, 1.2, 1.9, BELOW_ONE),
    "hyperu": (0.7, 1.6, POSITIVE),
    "wright_bessel": (0.4, 1.2, POSITIVE),
    **dict.fromkeys([name for name in special.PARTIALS if "eval_" in name], (2, BELOW_ONE)),
    "eval_jacobi": (3, 0.4, 0.7, BELOW_ONE),
    "eval_gegenbauer": (3, 0.7, BELOW_ONE),
    "eval_genlaguerre": (3, 0.7, POSITIVE),
    "lpmv": (1, 2.0, BELOW_ONE),
    **dict.fromkeys(("struve", "modstruve"), (1.0, POSITIVE)),
    **dict.fromkeys(("jve", "yve", "hankel1e", "hankel2e"), (2.0, POSITIVE)),
    **dict.fromkeys([name for name in special.PARTIALS if "spherical" in name], (2, POSITIVE)),
    "huber": (np.abs(Q), P),
    "pseudo_huber": (np.abs(Q), P),
    **dict.fromkeys(("sici", "shichi"), (POSITIVE,)),
}


def _special() -> Iterator[Sample]:
    ufuncs = vars(scipy.special._ufuncs)
    for name in [*special.PARTIALS, *special.PIECEWISE_CONSTANT]:
        ufunc = ufuncs[name]
        kind = RealPart if name in COMPLEX else Sample
        point = SPECIAL.get(name, (P, Q)[: ufunc.nin])
        if name == "_lambertw":
            point = (*point, 0, 1e-8)
        partials = special.PARTIALS.get(name, ())
        fixed = tuple(i for i, text in enumerate(partials) if text in ("0", "unknown"))
        forms = {
            "1-d": point,
            "number": tuple(float(p[2]) if np.ndim(p) else p for p in point),
            "empty": tuple(p[:0] if np.ndim(p) else p for p in point),
            "float32": tuple(p.astype(SINGLE) if np.ndim(p) else p for p in point),
        }
        for label, operands in forms.items():
            yield kind(ufunc, label, operands, fixed=fixed)


def _functions() -> Iterator[Sample]:
    values = [*FORMS, ("empty", np.zeros((0, 3)))]
    for label, value in values:
        for function in (scipy.special.softmax, scipy.special.log_softmax):
            yield Twin(function, label, (value,), kwargs={"axis": -1})
        yield Twin(scipy.special.logsumexp, label, (value,), kwargs={"axis": -1})
        yield Twin(scipy.special.polygamma, label, (np.abs(value),), kwargs={"n": 2})
        yield Twin(scipy.special.multigammaln, label, (np.abs(value) + 2.0,), kwargs={"d": 3})
    for name in ("spherical_jn", "spherical_yn", "spherical_in", "spherical_kn"):
        bessel = getattr(scipy.special, name)
        points = P if name in ("spherical_jn", "spherical_in") else 1.0 + POSITIVE
        for label, value in (
            ("1-d", points),
            ("float32", points.astype(SINGLE)),
            ("empty", EMPTY),
        ):
            for options in ({"n": 2}, {"n": 1, "derivative": True}):
                yield Twin(bessel, f"{label} {options}", (value,), kwargs=options)
    yield Twin(scipy.special.softmax, "whole", (TABLE,))
    for label, table in (("1-d", POSITIVE), ("float32", POSITIVE.astype(SINGLE)), ("empty", EMPTY)):
        yield Twin(scipy.special.comb, label, (table + 3.0, table))
        yield Twin(scipy.special.perm, label, (table + 3.0, table))
        yield Twin(scipy.special.factorial, label, (table,))
    for options in ({}, {"axis": 0, "keepdims": True}):
        yield Twin(scipy.special.logsumexp, f"{options}", (TABLE,), kwargs=options)
        yield Twin(scipy.special.logsumexp, f"b {options}", (TABLE,), kwargs=options | {"b": 0.4})


SAMPLES: list[Sample] = [
    *_functions(),
    *_floating(),
    *_several(),
    *_reductions(),
    *_accumulations(),
    *_differences(),
    *_methods(),
    *_special(),
]
