"""``scipy.linalg``: what solves equations, and factors that others have made."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ...kinds.registry import register_handler, register_rule
from ...kinds.rule import Rule
from ...sweeps.expressed import Composite
from ...tracing.apply import plain_key, refuse
from ...tracing.state import plain
from ..linear_algebra.stacks import adjoined, column, conjugate, hermitian, transposed
from .kinds import Equation, follow, only_given, run

_TRANS = {0: 0, 1: 1, 2: 2, "N": 0, "T": 1, "C": 2}


def triangle(a: Any, lower: bool, k: int = 0) -> Any:
    """One triangle of a stack of matrices, up to the diagonal or one beside it."""
    rows, columns = a.shape[-2:]
    below = np.tri(rows, columns, k if lower else -1 - k, dtype=bool)
    return np.where(below if lower else ~below, a, 0.0)


def _unit(size: int) -> np.ndarray:
    return np.eye(size, dtype=bool)


def _is_vector(a: Any, x: Any) -> bool:
    """Whether x is a vector for each of the matrices."""
    return x.ndim < a.ndim


def _times(a: Any, x: Any) -> Any:
    """A matrix times a vector or a matrix."""
    return (a @ column(x))[..., 0] if _is_vector(a, x) else a @ x


def _by_columns(solve: Callable[..., Any]) -> Callable[..., Any]:
    """Solve for a vector to each of several matrices, which SciPy takes for one matrix."""

    def call(a: Any, b: Any, **options: Any) -> Any:
        if 1 < b.ndim < a.ndim:
            return solve(a, column(b), **options)[..., 0]
        return solve(a, b, **options)

    return call


def _turned(a: Any, trans: int) -> Any:
    return (a, transposed(a), adjoined(a))[trans] if trans else a


def _flip(trans: Any, b: Any, solve: Callable[[int, Any], Any]) -> Any:
    """Solve with the transpose of A, Aᵀ or Aᴴ."""
    if _TRANS[trans] < 2:
        return solve(1 - _TRANS[trans], b)
    return conjugate(solve(0, conjugate(b)))


def _as_triangular(a: Any, lower: bool = False, unit_diagonal: bool = False, **_: Any) -> Any:
    a = triangle(a, lower)
    return np.where(_unit(a.shape[-1]), 1.0, a) if unit_diagonal else a


def _triangular(solve: Callable[..., Any]) -> Rule:
    def product(a: Any, x: Any, trans: Any = 0, **options: Any) -> Any:
        return _times(_turned(_as_triangular(a, **options), _TRANS[trans]), x)

    def back(a: Any, b: Any, trans: Any = 0, **options: Any) -> Any:
        return _flip(trans, b, lambda turn, b: again(a, b, trans=turn, **options))

    again = _by_columns(functools.partial(run, solve))
    return Equation(product, again, back)


def _of_cholesky(module: Any) -> tuple[Callable[..., Any], Rule]:
    def solve(c: Any, b: Any, *, lower: bool, **options: Any) -> Any:
        return module.cho_solve((c, lower), b, **options)

    @_by_columns
    def again(c: Any, b: Any, **options: Any) -> Any:
        return follow(solve, rule, "scipy.linalg.cho_solve", (c, b), **options)

    def product(c: Any, x: Any, lower: bool, **_: Any) -> Any:
        c = triangle(c, lower)
        return _times(c, _times(adjoined(c), x)) if lower else _times(adjoined(c), _times(c, x))

    def back(c: Any, b: Any, **options: Any) -> Any:
        return conjugate(again(c, conjugate(b), **options))

    rule = Equation(product, again, back)
    return solve, rule


def permutation(pivots: np.ndarray) -> np.ndarray:
    """The rows in the order in which LAPACK's exchanges leave them."""
    order = np.broadcast_to(np.arange(pivots.shape[-1]), pivots.shape).copy()
    for step in range(pivots.shape[-1]):
        one, other = order[..., step].copy(), pivots[..., step, None]
        order[..., step] = np.take_along_axis(order, other, -1)[..., 0]
        np.put_along_axis(order, other, one[..., None], -1)
    return order


def lower_upper(packed: Any) -> tuple[Any, Any]:
    """The factors that LAPACK keeps in one matrix."""
    rows, columns = packed.shape[-2:]
    size = min(rows, columns)
    lower = triangle(packed[..., :, :size], True, -1)
    lower = lower + np.eye(rows, size)
    return lower, triangle(packed[..., :size, :], False)


def _of_lu(module: Any) -> tuple[Callable[..., Any], Rule]:
    def solve(packed: Any, b: Any, *, piv: Any, trans: Any = 0, **options: Any) -> Any:
        return module.lu_solve((packed, piv), b, trans=trans, **options)

    @_by_columns
    def again(packed: Any, b: Any, **options: Any) -> Any:
        return follow(solve, rule, "scipy.linalg.lu_solve", (packed, b), **options)

    def product(packed: Any, x: Any, piv: Any, trans: Any = 0, **_: Any) -> Any:
        lower, upper = lower_upper(packed)
        order = np.argsort(permutation(np.asarray(piv)), axis=-1)
        a = np.take_along_axis(lower @ upper, order[..., None], axis=-2)
        return _times(_turned(a, _TRANS[trans]), x)

    def back(packed: Any, b: Any, trans: Any = 0, **options: Any) -> Any:
        return _flip(trans, b, lambda turn, b: again(packed, b, trans=turn, **options))

    rule = Equation(product, again, back)
    return solve, rule


def assumed(a: Any, assume_a: Any = None, lower: bool = False, **_: Any) -> Any:
    """The matrix that ``solve`` and ``inv`` take ``a`` for."""
    if assume_a in ("pos", "positive definite", "her", "hermitian"):
        return hermitian(a, "L" if lower else "U")
    if assume_a in ("sym", "symmetric"):
        below = triangle(a, True, -1) if lower else transposed(triangle(a, False, -1))
        return below + transposed(below) + np.where(_unit(a.shape[-1]), a, 0.0)
    if assume_a == "diagonal":
        return np.where(_unit(a.shape[-1]), a, 0.0)
    if assume_a in ("upper triangular", "lower triangular"):
        return triangle(a, assume_a == "lower triangular")
    if assume_a == "tridiagonal":
        return triangle(triangle(a, True, 1), False, 1)
    return a


def _dense(_: Callable[..., Any]) -> Rule:
    def matrix(a: Any, transposed: bool = False, **options: Any) -> Any:
        return _turned(assumed(a, **options), int(transposed))

    def product(a: Any, x: Any, **options: Any) -> Any:
        return _times(matrix(a, **options), x)

    def solve_it(a: Any, b: Any) -> Any:
        if _is_vector(a, b):
            return np.linalg.solve(a, column(b))[..., 0]
        return np.linalg.solve(a, b)

    return Equation(
        product,
        lambda a, b, **options: solve_it(matrix(a, **options), b),
        lambda a, b, **options: solve_it(transposed(matrix(a, **options)), b),
    )


def _by_diagonals(bands: Any, x: Any, above: int, below: int) -> Any:
    """A banded matrix, in LAPACK's form, times a vector or a matrix."""
    if bands.ndim > 2:
        why = "only one matrix at a time has a rule"
        refuse("a stack of banded matrices is", sys._getframe(1), why)
    size = bands.shape[-1]
    spread = bands if x.ndim == 1 else column(bands)
    total: Any = np.zeros_like(plain(x), dtype=np.result_type(bands.dtype, x.dtype))
    for number in range(above + below + 1):
        shift = above - number  # A[j - shift, j] = bands[number, j]
        first, last = max(shift, 0), size + min(shift, 0)
        if first >= last:
            continue
        terms = spread[number, first:last] * x[first:last]
        zeros = [np.zeros((n, *x.shape[1:])) for n in (first - shift, size - last + shift)]
        total = total + np.concatenate([zeros[0], terms, zeros[1]])
    return total


def _flipped_bands(bands: Any, above: int, below: int) -> Any:
    """The transpose of a banded matrix in LAPACK's form."""
    size, rows = bands.shape[-1], []
    for number in reversed(range(above + below + 1)):
        shift = above - number
        band = bands[number]
        zeros = np.zeros(min(abs(shift), size), bands.dtype)
        if shift > 0:
            band = np.concatenate([band[shift:], zeros])
        elif shift < 0:
            band = np.concatenate([zeros, band[: max(size + shift, 0)]])
        rows.append(band)
    return np.stack(rows)


def _banded(solve: Callable[..., Any]) -> tuple[Callable[..., Any], Rule]:
    def value(ab: Any, b: Any, *, l_and_u: Any, **options: Any) -> Any:
        return solve(l_and_u, ab, b, **options)

    def product(ab: Any, x: Any, l_and_u: Any, **_: Any) -> Any:
        return _by_diagonals(ab, x, l_and_u[1], l_and_u[0])

    def again(ab: Any, b: Any, l_and_u: Any, **options: Any) -> Any:
        return run(solve, l_and_u, ab, b, **options)

    def back(ab: Any, b: Any, l_and_u: Any, **options: Any) -> Any:
        below, above = l_and_u
        return again(_flipped_bands(ab, above, below), b, (above, below), **options)

    return value, Equation(product, again, back)


def _hermitian_banded(solve: Callable[..., Any]) -> Rule:
    def product(ab: Any, x: Any, lower: bool = False, **_: Any) -> Any:
        width = ab.shape[-2] - 1
        above, below = (0, width) if lower else (width, 0)
        if ab.dtype.kind == "c":  # of the diagonal LAPACK reads the real part
            diagonal = np.arange(width + 1)[:, None] == above
            ab = np.where(diagonal, np.real(ab), ab)
        flipped = conjugate(_flipped_bands(ab, above, below))
        whole = (flipped[:-1], ab) if lower else (ab, flipped[1:])
        return _by_diagonals(np.concatenate(whole), x, width, width)

    def back(ab: Any, b: Any, **options: Any) -> Any:
        return conjugate(run(solve, ab, conjugate(b), **options))

    return Equation(product, functools.partial(run, solve), back)


def _diagonals(bands: Any, above: int) -> Iterator[tuple[int, Any]]:
    """Each diagonal of a banded matrix in LAPACK's form: its offset, and where it stands."""
    size = bands.shape[-1]
    for number in range(bands.shape[-2]):
        shift = above - number
        if abs(shift) < size:
            yield shift, (number, slice(max(shift, 0), size + min(shift, 0)))


def _cholesky_banded(ab: Any, lower: bool = False, **_: Any) -> Any:
    """The factor by that of the whole matrix; beside the bands LAPACK leaves what was there."""
    above = 0 if lower else ab.shape[-2] - 1
    whole = sum(np.diag(ab[place], shift) for shift, place in _diagonals(ab, above))
    factor = np.linalg.cholesky(hermitian(whole, "L" if lower else "U"), upper=not lower)
    found = np.copy(ab)
    for shift, place in _diagonals(ab, above):
        found[place] = np.diagonal(factor, shift)
    return found


def _of_cholesky_banded(module: Any) -> tuple[Callable[..., Any], Rule]:
    def solve(cb: Any, b: Any, *, lower: bool, **options: Any) -> Any:
        return module.cho_solve_banded((cb, lower), b, **options)

    def again(cb: Any, b: Any, **options: Any) -> Any:
        return follow(solve, rule, "scipy.linalg.cho_solve_banded", (cb, b), **options)

    def product(cb: Any, x: Any, lower: bool, **_: Any) -> Any:
        width = cb.shape[-2] - 1
        above, below = (0, width) if lower else (width, 0)
        flipped = conjugate(_flipped_bands(cb, above, below))
        factors = [(cb, above, below), (flipped, below, above)]
        for bands, over, under in reversed(factors) if lower else factors:
            x = _by_diagonals(bands, x, over, under)
        return x

    def back(cb: Any, b: Any, **options: Any) -> Any:
        return conjugate(again(cb, conjugate(b), **options))

    rule = Equation(product, again, back)
    return solve, rule


def _matrix_equations(module: Any) -> None:
    def sylvester(a: Any, b: Any, q: Any) -> Any:
        return run(module.solve_sylvester, a, b, q)

    def continuous(a: Any, q: Any) -> Any:
        return run(module.solve_continuous_lyapunov, a, q)

    def discrete(a: Any, q: Any, method: Any = None) -> Any:
        return run(module.solve_discrete_lyapunov, a, q, method)

    register_rule(
        module.solve_sylvester,
        Equation(
            lambda a, b, x: a @ x + x @ b,
            sylvester,
            lambda a, b, q: sylvester(transposed(a), transposed(b), q),
        ),
        *("a", "b", "q"),
    )
    register_rule(
        module.solve_continuous_lyapunov,
        Equation(
            lambda a, x: a @ x + x @ adjoined(a),
            continuous,
            lambda a, q: continuous(transposed(a), q),
        ),
        *("a", "q"),
    )
    register_rule(
        module.solve_discrete_lyapunov,
        Equation(
            lambda a, x, method=None: x - a @ x @ adjoined(a),
            discrete,
            lambda a, q, method=None: discrete(transposed(a), q, method),
        ),
        *("a", "q"),
    )


# -- by name ---


def _factored(module: Any) -> Callable[..., Any]:
    """What ``cho_factor`` gives: the other triangle is what it was, or from SciPy 1.18 on zero."""
    stays = module.cho_factor(_UNEVEN)[0][1, 0] != 0.0

    def expression(a: Any, lower: bool = False, **_: Any) -> Any:
        factor = np.linalg.cholesky(a, upper=not lower)
        keep = np.tri(a.shape[-1], dtype=bool)
        return np.where(keep if lower else transposed(keep), factor, a if stays else 0.0)

    return expression


_UNEVEN = np.array([[4.0, 1.0], [2.0, 5.0]])


def register_equations(module: Any) -> None:
    """Make the rules of what solves equations."""
    _matrix_equations(module)
    for name, rule in (("solve", _dense), ("solve_triangular", _triangular)):
        function = getattr(module, name)
        register_rule(function, rule(function), "a", "b", call=only_given(function))
    value, rule = _banded(module.solve_banded)
    register_rule(module.solve_banded, rule, "ab", "b", call=only_given(value))
    function = module.solveh_banded
    register_rule(function, _hermitian_banded(function), "ab", "b", call=only_given(function))

    banded_factor = only_given(module.cholesky_banded)
    register_rule(module.cholesky_banded, Composite(_cholesky_banded), "ab", call=banded_factor)

    solve_factored, of_factored = _of_cholesky(module)
    solve_banded, of_banded = _of_cholesky_banded(module)
    solve_lu, of_lu = _of_lu(module)

    factored = Composite(_factored(module))

    def cho_factor(a: Any, lower: bool = False, **options: Any) -> Any:
        def value(a: Any, *, lower: bool) -> Any:
            return only_given(module.cho_factor)(a, lower=lower, **options)[0]

        return follow(value, factored, "scipy.linalg.cho_factor", (a,), lower=lower), lower

    def cho_solve(c_and_lower: Any, b: Any, **options: Any) -> Any:
        c, lower = c_and_lower
        options = {k: v for k, v in options.items() if not k.startswith("overwrite_")}
        lower = plain_key(lower, sys._getframe(1))
        return follow(
            solve_factored, of_factored, "scipy.linalg.cho_solve", (c, b), lower=lower, **options
        )

    def cho_solve_banded(cb_and_lower: Any, b: Any, **options: Any) -> Any:
        cb, lower = cb_and_lower
        options = {k: v for k, v in options.items() if not k.startswith("overwrite_")}
        lower = plain_key(lower, sys._getframe(1))
        return follow(
            solve_banded,
            of_banded,
            "scipy.linalg.cho_solve_banded",
            (cb, b),
            lower=lower,
            **options,
        )

    def lu_solve(lu_and_piv: Any, b: Any, trans: Any = 0, **options: Any) -> Any:
        packed, piv = lu_and_piv
        options = {k: v for k, v in options.items() if not k.startswith("overwrite_")}
        piv = plain_key(piv, sys._getframe(1))
        return follow(
            solve_lu, of_lu, "scipy.linalg.lu_solve", (packed, b), piv=piv, trans=trans, **options
        )

    for handler in (cho_factor, cho_solve, cho_solve_banded, lu_solve):
        register_handler(getattr(module, handler.__name__), handler, only_traced=True)
