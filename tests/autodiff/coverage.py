"""The outcome of every public callable of NumPy on a tape: one table, made from the registry.

    python -m tests.autodiff.coverage

writes it to `rules/COVERAGE.md`. What the registry cannot know, that a function has
nothing to do with numbers or why it is refused, is said here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module, metadata
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from tapenb.autodiff.kinds.registry import CALLING, HANDLERS, RULES
from tapenb.autodiff.rules import distributions, special, special_parts
from tapenb.autodiff.rules.scipy.linalg import UNSETTLED
from tapenb.autodiff.rules.scipy.optimize import MINIMA
from tapenb.autodiff.tracing.dispatch import WITHHELD
from tapenb.autodiff.twins.twins import find_twins, original, twin_of

PAGE = Path(special.__file__).parent / "COVERAGE.md"
MODULES = (np, np.linalg, np.fft)
VERSIONS = tuple(
    f"{name} {'.'.join(metadata.version(name).split('.')[:2])}" for name in ("NumPy", "SciPy")
)

CLASSES = {
    "differentiated": "in both modes and at every order",
    "piecewise constant": "zero derivative by mathematics; recorded, replayed, and a guard where "
    "it steers Python",
    "not numeric": "shapes, dtypes, files, printing, settings: there is nothing to differentiate",
    "refused": "raises an error that names the line, for the reason given",
}

BORN = frozenset(
    "arange array asanyarray asarray asarray_chkfinite ascontiguousarray asfortranarray empty eye "
    "fromiter full identity ones require tri zeros fromfunction".split()
)
"""Makers of arrays, which in a ``%%tape`` cell can hold traced values."""

BY_OTHERS = {
    "frompyfunc": "its function is called with traced numbers, one by one",
    "row_stack": "is np.vstack under an older name",
}
"""Functions that are followed though NumPy has no protocol for them."""

WINDOWS = "depends on a count only, and gives the plain window"
NOT_NUMERIC: dict[str, str] = {
    **dict.fromkeys(
        "base_repr binary_repr format_float_positional format_float_scientific array2string "
        "array_repr array_str get_printoptions set_printoptions printoptions typename".split(),
        "prints",
    ),
    **dict.fromkeys(
        "fromfile fromregex fromstring genfromtxt load loadtxt save savetxt savez "
        "savez_compressed from_dlpack frombuffer".split(),
        "reads or writes files and buffers",
    ),
    **dict.fromkeys(
        "broadcast_shapes can_cast common_type isdtype isfortran isscalar issubdtype iterable "
        "min_scalar_type mintypecode ndim promote_types result_type shape size iscomplexobj "
        "isrealobj may_share_memory shares_memory einsum_path".split(),
        "asks about shapes, dtypes or memory",
    ),
    **dict.fromkeys(
        "busday_count busday_offset is_busday datetime_as_string datetime_data isnat".split(),
        "handles dates",
    ),
    **dict.fromkeys(
        "get_include getbufsize setbufsize geterr seterr geterrcall seterrcall info show_config "
        "show_runtime test".split(),
        "settings of NumPy",
    ),
    **dict.fromkeys(
        "diag_indices diag_indices_from indices ix_ mask_indices ravel_multi_index tril_indices "
        "tril_indices_from triu_indices triu_indices_from unravel_index".split(),
        "makes indices",
    ),
    "kaiser": "gives the plain window; a traced beta raises",
    **dict.fromkeys("bartlett blackman hamming hanning fftfreq rfftfreq".split(), WINDOWS),
}
REFUSED: dict[str, str] = {
    "asmatrix": "np.matrix is a subclass of ndarray, which could not say when it is read",
    "bmat": "np.matrix is a subclass of ndarray, which could not say when it is read",
    "nested_iters": "hands out plain buffers; iterate over the array itself",
}


def public() -> Iterator[tuple[ModuleType, str, Callable[..., Any]]]:
    """Every public callable of NumPy, ``numpy.linalg`` and ``numpy.fft`` that is no class."""
    for module in MODULES:
        for name in dir(module):
            value = getattr(module, name)
            if not name.startswith("_") and callable(value) and not isinstance(value, type):
                yield module, name, value


def classify(name: str, value: Callable[..., Any]) -> tuple[str, str]:
    """The class of a callable, and what there is to say about it.

    Parameters
    ----------
    name : str
    value : callable

    Returns
    -------
    str
        One of `CLASSES`.
    str
        A reason, or the kind of rule.

    Raises
    ------
    KeyError
        Where nobody has said what becomes of it.
    """
    rule = RULES.get(value)
    if rule is not None:
        kind = "differentiated" if rule.differentiable else "piecewise constant"
        return kind, type(rule).__name__
    if name in NOT_NUMERIC:
        return "not numeric", NOT_NUMERIC[name]
    if name in BORN:
        return "differentiated", "makes arrays that can hold traced values, in a cell"
    if name in BY_OTHERS:
        return "differentiated", BY_OTHERS[name]
    if name in REFUSED:
        return "refused", REFUSED[name]
    if value in HANDLERS:
        return "differentiated", "in terms of others"
    raise KeyError(name)


def attributes() -> Iterator[tuple[str, str]]:
    """Every public attribute of an ndarray, and whether a traced array has it."""
    for name in dir(np.ndarray):
        if not name.startswith("_"):
            yield name, f"refused: {WITHHELD[name]}" if name in WITHHELD else "as NumPy's"


OF_SCIPY = {
    "scipy.fft": "The transforms that NumPy has, too, and those of sines and cosines.",
    "scipy.integrate": "By limits, by what the function reads (Leibniz), and by samples and their "
    "places. `solve_ivp` and `odeint` by beginning, times and parameters: their variational "
    "equations, integrated by the same solver at the same tolerance. Refused: events, "
    "`weight=`, complex results.",
    "scipy.interpolate": "By the point, by the ordinates that a spline goes through, by the "
    "coefficients of a `BSpline`, and by values on a grid, for lines.",
    "scipy.linalg": "For stacks where SciPy takes stacks. Refused: `subset_by_*=`, `left=`, "
    "`mode='raw'`; `schur`, `qz`, `hessenberg`, whose bases LAPACK chooses.",
    "scipy.ndimage": "By the array, by the weights where they are an argument, and by coordinates; "
    "all modes.",
    "scipy.optimize": "Roots by what the function reads, by the implicit function theorem. Minima "
    "are refused: `tn.implicit(tn.grad(f), solver)`.",
    "scipy.signal": "By signals and coefficients; `filtfilt` and `sosfiltfilt` by the signal, "
    "spectral densities by the data.",
    "scipy.spatial.distance": "By all rows; weights are held. Other metrics are refused, and "
    "functions in their place.",
    "scipy.stats": "Numbers of data, along any axis. Refused: `nan_policy=`, `weights=`, "
    "`limits=`, `method=`.",
}


def of_scipy() -> Iterator[str]:
    """The chapters of SciPy: what is followed of each module."""
    yield "All else of SciPy raises an error that names the line where a traced value comes to it."
    for name, remark in OF_SCIPY.items():
        module = import_module(name)
        find_twins()
        yield from ("", f"### {name}", "", remark, "", "| callable | how |", "|---|---|")
        for key in sorted(vars(module)):
            value = vars(module)[key]
            twin = None if key.startswith("_") else twin_of(value)
            if twin is None or isinstance(value, ModuleType) or original(twin) is not value:
                continue
            if key in (*MINIMA, *UNSETTLED) or key in distributions.known():
                continue
            rule = RULES.get(value)
            how = "in terms of others" if rule is None else type(rule).__name__
            how = "by the equation that it solves" if value in CALLING else how
            how = "its splines" if name == "scipy.interpolate" else how
            yield f"| `{name}.{key}` | {how} |"
    import_module("scipy.stats")
    ruled = [*special.PARTIALS, *special.SEVERAL, *special_parts.functions()]
    named = sorted(name for name in ruled if not name.startswith("_"))
    yield from ("", "### scipy.special", "", ", ".join(f"`{name}`" for name in named) + ".")
    listed = ", ".join(f"`{name}`" for name in distributions.known())
    methods = "Densities, distribution functions and quantiles"
    yield from ("", "### Distributions of scipy.stats", "", f"{methods} of {listed}.")


def page() -> str:
    """The table as Markdown."""
    rows: dict[str, list[str]] = {kind: [] for kind in CLASSES}
    for module, name, value in public():
        kind, remark = classify(name, value)
        prefix = module.__name__.replace("numpy", "np")
        rows[kind].append(f"| `{prefix}.{name}` | {remark} |")
    lines = [
        "# What becomes of NumPy's functions, and of SciPy's",
        "",
        f"Made by `python -m tests.autodiff.coverage` with {' and '.join(VERSIONS)}, from",
        "the registry of rules; a test holds it against `dir(numpy)`, `dir(numpy.linalg)` and",
        "`dir(numpy.fft)`.",
        "",
        "| class | callables | meaning |",
        "|---|---|---|",
        *(f"| {kind} | {len(rows[kind])} | {meaning} |" for kind, meaning in CLASSES.items()),
    ]
    for kind, entries in rows.items():
        lines += ["", f"## {kind.capitalize()}", "", "| callable | how or why |", "|---|---|"]
        lines += entries
    lines += ["", "## The attributes of a traced array", "", "| attribute | |", "|---|---|"]
    lines += [f"| `x.{name}` | {remark} |" for name, remark in attributes()]
    lines += ["", "## SciPy", "", *of_scipy()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
