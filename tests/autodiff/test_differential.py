"""Random programs of NumPy, held against the plain run, finite differences and JAX."""

import itertools

import numpy as np
import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st

import tapenb as tn
from tapenb.autodiff.compiling.replay import GuardFailed
from tapenb.autodiff.sweeps.tips.standing import on_tips

from .as_cell import as_cell

N = 4
SIZE = N + N * N
SHIFT = np.linspace(-0.8, 0.9, N)
SQUARE = np.sin(np.arange(N * N, dtype=float)).reshape(N, N)
ORDER = np.array([2, 0, 3, 0])
OFF = 0.0137  # keeps what is zero but for its last bits away from a jump


def vector(m, x):
    """A value of any of the three shapes as a vector."""
    if x.ndim == 2:
        return m.mean(x, axis=0)
    return x if x.ndim == 1 else x * SHIFT


def matrix(m, x):
    """A value of any of the three shapes as a matrix."""
    return x if x.ndim == 2 else m.tanh(x) + SQUARE


def branch(m, x, y):
    if m.sum(x) > m.mean(y) + OFF:
        return m.sin(x) * y
    return x - 0.5 * y


def loop(m, x, y):
    for _ in range(1 + int(m.floor(m.abs(m.mean(y)) + OFF)) % 3):
        x = 0.5 * x + m.sin(y)
    return x


def halve_while_large(m, x, y):
    steps = 0
    while m.max(m.abs(x)) > 1.0 + OFF and steps < 4:
        x, steps = 0.5 * x, steps + 1
    return x + y


def pick_by_argmax(m, x, y):
    return vector(m, x)[int(m.argmax(vector(m, y) + OFF * SHIFT))] * y


# Each with the module, NumPy or JAX's, and two values that are 0-d, vectors or matrices.
OPERATIONS = {
    # element by element
    "sin": lambda m, x, y: m.sin(x),
    "tanh": lambda m, x, y: m.tanh(x),
    "arctan": lambda m, x, y: m.arctan(x),
    "exp": lambda m, x, y: m.exp(m.sin(x)),
    "expm1": lambda m, x, y: m.expm1(m.tanh(x)),
    "log": lambda m, x, y: m.log1p(x * x),
    "log2": lambda m, x, y: m.log2(2.0 + m.cos(x)),
    "sqrt": lambda m, x, y: m.sqrt(1.0 + m.square(x)),
    "cbrt": lambda m, x, y: m.cbrt(2.0 + m.cos(x)),
    "abs": lambda m, x, y: m.abs(x + OFF),
    "sinc": lambda m, x, y: m.sinc(x),
    "arcsinh": lambda m, x, y: m.arcsinh(x),
    "reciprocal": lambda m, x, y: m.reciprocal(1.5 + m.cos(x)),
    "floor": lambda m, x, y: m.floor(x + OFF) + x,
    "sign": lambda m, x, y: m.sign(x + OFF) * y,
    "clip": lambda m, x, y: m.clip(x, -1.1, 1.3),
    # of two
    "add": lambda m, x, y: x + y,
    "subtract": lambda m, x, y: x - 0.7 * y,
    "multiply": lambda m, x, y: x * m.cos(y),
    "divide": lambda m, x, y: x / (1.0 + y * y),
    "power": lambda m, x, y: (1.5 + m.cos(x)) ** m.tanh(y),
    "square": lambda m, x, y: (x - y) ** 2 / 4.0,
    "remainder": lambda m, x, y: m.remainder(x + OFF, 1.7) + y,
    "maximum": lambda m, x, y: m.maximum(x, m.sin(y)),
    "minimum": lambda m, x, y: m.minimum(x + 0.1, y),
    "hypot": lambda m, x, y: m.hypot(x, 1.0 + y * y),
    "arctan2": lambda m, x, y: m.arctan2(x, 1.5 + m.sin(y)),
    "logaddexp": lambda m, x, y: m.logaddexp(x, y),
    "where": lambda m, x, y: m.where(x > 0.1, m.sin(y), 0.3 * x),
    "where with a bad branch": lambda m, x, y: m.where(x > 0.2, m.sqrt(m.abs(x)), y),
    # reductions
    "sum": lambda m, x, y: m.sum(x) / 3.0 + y,
    "mean": lambda m, x, y: x - m.mean(vector(m, x)),
    "mean of rows": lambda m, x, y: m.mean(matrix(m, x), axis=1),
    "max": lambda m, x, y: x - m.max(y),
    "min of columns": lambda m, x, y: m.min(matrix(m, x), axis=0),
    "ptp": lambda m, x, y: m.ptp(vector(m, x)) * y,
    "prod": lambda m, x, y: m.prod(m.cos(x)) + m.sin(y),
    "std": lambda m, x, y: x / (1.0 + m.std(vector(m, x) + SHIFT)),
    "var": lambda m, x, y: m.var(matrix(m, x), axis=-1, keepdims=True) * matrix(m, y) / 4.0,
    "norm": lambda m, x, y: y / (1.0 + m.linalg.norm(vector(m, x) + SHIFT)),
    "softmax": lambda m, x, y: m.exp(x - m.max(x)) / m.sum(m.exp(x - m.max(x))),
    "median": lambda m, x, y: m.median(vector(m, x) + SHIFT) * y,
    # products
    "inner": lambda m, x, y: m.dot(vector(m, x), vector(m, y)) / 4.0,
    "outer": lambda m, x, y: m.outer(vector(m, x), vector(m, y)),
    "matrix by vector": lambda m, x, y: matrix(m, x) @ vector(m, y) / 2.0,
    "vector by matrix": lambda m, x, y: vector(m, x) @ matrix(m, y) / 2.0,
    "matmul": lambda m, x, y: matrix(m, x) @ matrix(m, y) / 4.0,
    "einsum": lambda m, x, y: m.einsum("ij,j,ik->k", matrix(m, x), vector(m, y), SQUARE) / 4.0,
    "tensordot": lambda m, x, y: m.tensordot(matrix(m, x), matrix(m, y), 2) / 8.0,
    "kron": lambda m, x, y: m.kron(vector(m, x)[:2], vector(m, y)[1:3]),
    "convolve": lambda m, x, y: m.convolve(vector(m, x), vector(m, y), "same"),
    "solve": lambda m, x, y: m.linalg.solve(4.0 * m.eye(N) + m.tanh(matrix(m, x)), vector(m, y)),
    "inv": lambda m, x, y: m.linalg.inv(4.0 * m.eye(N) + m.sin(matrix(m, x))),
    "det": lambda m, x, y: m.linalg.det(m.eye(N) + 0.3 * m.sin(matrix(m, x))) * y,
    # shapes and indices
    "transpose": lambda m, x, y: x.T + y,
    "reshape": lambda m, x, y: m.reshape(m.ravel(matrix(m, x))[::-1], (2, 8))[:, 1:3].reshape(N),
    "reverse": lambda m, x, y: vector(m, x)[::-1] + y,
    "roll": lambda m, x, y: m.roll(matrix(m, x), 1, axis=1),
    "element": lambda m, x, y: vector(m, x)[2] * y,
    "row": lambda m, x, y: matrix(m, x)[1],
    "column": lambda m, x, y: matrix(m, x)[:, -1] + y,
    "gather": lambda m, x, y: vector(m, x)[ORDER],
    "take pairs": lambda m, x, y: matrix(m, x)[ORDER, ORDER[::-1]],
    "diagonal": lambda m, x, y: m.diag(matrix(m, x)),
    "triangle": lambda m, x, y: m.tril(matrix(m, x)),
    "concatenate": lambda m, x, y: m.concatenate([vector(m, x)[1:], vector(m, y)[:1]]),
    "stack": lambda m, x, y: m.stack([vector(m, x), vector(m, y), SHIFT, vector(m, x)]),
    "pad": lambda m, x, y: m.pad(vector(m, x)[1:3], 1),
    "repeat": lambda m, x, y: m.repeat(vector(m, x)[:2], 2),
    "broadcast": lambda m, x, y: m.broadcast_to(vector(m, x), (N, N)) * y,
    # sorting and running
    "sort": lambda m, x, y: m.sort(vector(m, x)),
    "sort columns": lambda m, x, y: m.sort(matrix(m, x), axis=0),
    "argsort": lambda m, x, y: vector(m, x)[m.argsort(vector(m, y) + OFF * SHIFT)],
    "cumsum": lambda m, x, y: m.cumsum(vector(m, x)) / 2.0,
    "cumprod": lambda m, x, y: m.cumprod(m.cos(vector(m, x))),
    "running maximum": lambda m, x, y: m.maximum.accumulate(vector(m, x)),
    "diff": lambda m, x, y: m.diff(vector(m, x), prepend=0.3),
    "interp": lambda m, x, y: m.interp(x, SHIFT, SHIFT**2),
    "trapezoid": lambda m, x, y: m.trapezoid(vector(m, x), SHIFT) + y,
    # decisions in Python
    "branch": branch,
    "loop": loop,
    "while": halve_while_large,
    "pick by argmax": pick_by_argmax,
}  # fmt: skip  # a table, a row a case


def set_element(x, y):
    x[1] = np.sin(y[0])


def set_slice(x, y):
    x[1:3] = y[:2]


def add_to_slice(x, y):
    x[::2] += y[1::2]


def multiply_all(x, y):
    x *= np.cos(y)


def write_through_a_view(x, y):
    view = x[1:]
    view -= 0.5 * y[:-1]


def set_where(x, y):
    x[x > 0.1] = 0.5


def add_at(x, y):
    np.add.at(x, ORDER, y)


def swap(x, y):
    x[[0, 1]] = x[[1, 0]]


def sort_in_place(x, y):
    x.sort()


def write_out(x, y):
    np.multiply(x, y, out=x)


def fill_tail(x, y):
    x[2:] = y[0]


# What changes a copy of a vector in place, and how JAX says it.
WRITES = {
    set_element: lambda m, x, y: x.at[1].set(m.sin(y[0])),
    set_slice: lambda m, x, y: x.at[1:3].set(y[:2]),
    add_to_slice: lambda m, x, y: x.at[::2].add(y[1::2]),
    multiply_all: lambda m, x, y: x * m.cos(y),
    write_through_a_view: lambda m, x, y: x.at[1:].add(-0.5 * y[:-1]),
    set_where: lambda m, x, y: m.where(x > 0.1, 0.5, x),
    add_at: lambda m, x, y: x.at[ORDER].add(y),
    swap: lambda m, x, y: x.at[m.array([0, 1])].set(x[m.array([1, 0])]),
    sort_in_place: lambda m, x, y: m.sort(x),
    write_out: lambda m, x, y: x * y,
    fill_tail: lambda m, x, y: x.at[2:].set(y[0]),
}


IN_PLACE = frozenset(WRITES)


def run(program, m, p, writes=None):
    """Run a program on a flat array of numbers, with NumPy or JAX's module and ways to write."""
    values = [p[:N], p[N:].reshape(N, N), m.sum(p * p) / SIZE]
    for operation, first, second in program:
        x, y = values[-1 - first % len(values)], values[-1 - second % len(values)]
        if operation in IN_PLACE:
            x, y = vector(m, x) + 0.0, vector(m, y)
            if writes is None:
                operation(x, y)
            else:
                x = writes[operation](m, x, y)
        else:
            x = OPERATIONS[operation](m, x, y)
        if m.max(m.abs(x)) > 8.0:
            x = x / 16.0
        values = [*values[-5:], x]
    return sum(m.mean(m.sin(value)) for value in values)


PROGRAMS = st.lists(
    st.tuples(
        st.one_of(st.sampled_from(list(OPERATIONS)), st.sampled_from(list(WRITES))),
        st.integers(0, 3),
        st.integers(0, 5),
    ),
    min_size=5,
    max_size=50,
)
POINTS = st.integers(0, 10**6).map(lambda seed: np.random.default_rng(seed).normal(size=(2, SIZE)))


def stays_off_tips(program, x):
    """Skip a program that stands on a tip at a point, where a gradient may take seconds."""
    assume(not on_tips(tn.record(lambda p: run(program, np, p), x)))


def difference(f, x, v):
    """A directional derivative by differences, and how far it can be trusted."""
    found = []
    for step in (1e-3, 3e-4, 1e-4, 3e-5, 1e-5):
        near = np.asarray(f(x + step * v)) - f(x - step * v)
        far = np.asarray(f(x + 2 * step * v)) - f(x - 2 * step * v)
        found.append((8.0 * near - far) / (12.0 * step))
        errors = [np.max(np.abs(a - b)) for a, b in itertools.pairwise(found)]
        if errors and errors[-1] < 1e-8 * (1.0 + np.max(np.abs(found[-1]))):
            break  # far closer than what it is compared with
    best = int(np.argmin(errors))
    return found[best + 1], errors[best]


@settings(max_examples=40, deadline=None, derandomize=True)
@given(PROGRAMS, POINTS)
def test_random_programs_agree_with_differences(program, points):
    stays_off_tips(program, points[0])
    agrees_with_differences(program, points)


# Few, and none made shorter: a gradient at a tip looks beside the point, and takes up to seconds.
@settings(max_examples=2, deadline=None, derandomize=True, phases=(Phase.generate,))
@given(PROGRAMS, POINTS)
def test_random_programs_on_tips_agree_with_differences(program, points):
    agrees_with_differences(program, points)


def agrees_with_differences(program, points):
    x, v = points

    def f(p):
        return run(program, np, p)

    value, gradient = tn.value_and_grad(f)(x)
    assert value == f(x.copy())  # bit for bit
    primal, tangent = tn.jvp(f, (x,), (v,))
    assert primal == value
    scale = 1.0 + np.max(np.abs(gradient))
    np.testing.assert_allclose(tangent, gradient @ v, rtol=1e-9, atol=1e-11 * scale)
    numeric, doubt = difference(f, x, v)
    np.testing.assert_allclose(tangent, numeric, rtol=1e-5, atol=1e-6 * scale + 10.0 * doubt)

    curvature = tn.hvp(f, (x,), (v,))
    backward = tn.grad(lambda p: tn.grad(f)(p) @ v)(x)
    scale += np.max(np.abs(curvature))
    np.testing.assert_allclose(backward, curvature, rtol=1e-7, atol=1e-9 * scale)
    numeric, doubt = difference(tn.grad(f), x, v)
    np.testing.assert_allclose(curvature, numeric, rtol=1e-5, atol=1e-6 * scale + 10.0 * doubt)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(PROGRAMS, POINTS)
def test_random_programs_in_a_cell(program, points):
    """The values of a cell are those of the plain run, and the panel's numbers those of `grad`."""
    x = points[0]
    stays_off_tips(program, x)

    def cell(x):
        return run(program, np, x)

    recorded, value = as_cell(cell, x)
    assert value == cell(x.copy())
    point = recorded.point({})
    assert point.value == value
    gradient = point.gradient.get("x", np.zeros(SIZE))
    expected = tn.grad(cell)(x)
    scale = 1.0 + np.max(np.abs(expected))
    np.testing.assert_allclose(gradient, expected, rtol=1e-10, atol=1e-12 * scale)

    moved = x + 1e-3 * points[1]
    try:
        replayed = recorded.point({"x": moved})
    except GuardFailed:
        return  # a decision falls otherwise there
    assert replayed.value == cell(moved.copy())
    gradient, expected = replayed.gradient.get("x", np.zeros(SIZE)), tn.grad(cell)(moved)
    scale = 1.0 + np.max(np.abs(expected))
    np.testing.assert_allclose(gradient, expected, rtol=1e-10, atol=1e-12 * scale)


# Without shrinking, for which JAX is too slow.
@settings(max_examples=30, deadline=None, derandomize=True, phases=[Phase.generate])
@given(PROGRAMS, POINTS)
def test_random_programs_agree_with_jax(program, points):
    jax = pytest.importorskip("jax", reason="JAX, optional, is what these are held against")
    x, v = points

    def f(p):
        return run(program, np, p)

    def g(p):
        return run(program, JaxNumPy(jax), p, WRITES)

    # Operation by operation, since compiling a program takes longer than running it.
    with jax.enable_x64(True), jax.disable_jit():
        point, direction = jax.numpy.asarray(x), jax.numpy.asarray(v)
        expected, gradient = jax.value_and_grad(g)(point)
        curvature = jax.jvp(jax.grad(g), (point,), (direction,))[1]
    gradient, curvature = np.asarray(gradient), np.asarray(curvature)
    value, ours = tn.value_and_grad(f)(x)
    assert value == f(x.copy())  # bit for bit
    np.testing.assert_allclose(value, expected, rtol=1e-10, atol=1e-10)
    scale = 1.0 + np.max(np.abs(gradient))
    np.testing.assert_allclose(ours, gradient, rtol=1e-7, atol=1e-9 * scale)
    np.testing.assert_allclose(tn.jvp(f, (x,), (v,))[1], gradient @ v, rtol=1e-7, atol=1e-8 * scale)
    recorded, _ = as_cell(f, x)
    in_cell = recorded.point({}).gradient.get("x", np.zeros(SIZE))
    np.testing.assert_allclose(in_cell, gradient, rtol=1e-7, atol=1e-9 * scale)
    scale += np.max(np.abs(curvature))
    np.testing.assert_allclose(tn.hvp(f, (x,), (v,)), curvature, rtol=1e-6, atol=1e-8 * scale)


class JaxNumPy:
    """JAX's NumPy, with what it spells differently."""

    def __init__(self, jax):
        self._jax = jax
        self.maximum = Maximum(jax)

    def __getattr__(self, name):
        return getattr(self._jax.numpy, name)


class Maximum:
    def __init__(self, jax):
        self._jax = jax

    def __call__(self, x, y):
        return self._jax.numpy.maximum(x, y)

    def accumulate(self, x):
        return self._jax.lax.cummax(x)
