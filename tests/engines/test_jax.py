"""Recorded programs in JAX, and NumPy's functions as JAX's operations."""

import os
import re
import subprocess
import sys

import numpy as np
import pytest

import tapenb as tn
from tapenb.autodiff.tape.operation import TapeError

from ..autodiff.rules.samples import P, Q, name_of
from ..autodiff.rules.test_kinks import NAMES, lines, text
from .jax_names import chosen, compare
from .loop_programs import PROGRAMS as LOOPS

jax = pytest.importorskip("jax", reason="JAX is in the extra `engines`, not in `test`")
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore:scatter:FutureWarning")
M = np.array([[2.0, 0.3], [-0.4, 1.5]])


@pytest.fixture(autouse=True, scope="module")
def wide():
    before = jax.config.jax_enable_x64, jax.config.jax_platforms
    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_platforms", "cpu")
    yield
    jax.config.update("jax_enable_x64", before[0])
    jax.config.update("jax_platforms", before[1])


def filled(x):
    """Writes, a loop and a branch, as people write them."""
    a = np.zeros(3)
    a[0] = np.sum(x)
    for k in range(1, 3):
        a[k] = a[k - 1] * np.tanh(x[k])
    return np.where(a > 0, a, 0.1 * a) if x[0] > 0 else a


PROGRAMS = {
    "elementwise": lambda x: np.exp(x) * np.sin(x) / (1 + x**2) - np.sqrt(np.abs(x)) ** 3,
    "reductions": lambda x: np.mean(x) + np.var(x) * np.max(x) - np.prod(x) + np.std(x),
    "indices": lambda x: x[::-1][1:] * x[[0, 3, 1, 2, 5]] + np.cumsum(x)[:5],
    "matrices": lambda x: np.linalg.solve(x[:4].reshape(2, 2) + M, x[4:]) @ M,
    "spectra": lambda x: np.linalg.eigvalsh(np.outer(x, x) + np.diag(Q)),
    "triangles": lambda x: (
        np.linalg.eigvalsh(x[:4].reshape(2, 2), "U")
        + np.linalg.cholesky(x[2:].reshape(2, 2) + 4 * np.eye(2))[1]
        + np.linalg.eigh(x[1:5].reshape(2, 2))[0]
    ),
    "determinants": lambda x: np.linalg.slogdet(x[:4].reshape(2, 2) @ M)[1] + np.linalg.norm(x),
    "joined": lambda x: np.concatenate([x, np.stack([x, x * x])[:, 1]]) @ np.arange(8.0),
    "einsum": lambda x: np.einsum("ij,jk,k->i", M, x.reshape(2, 3), x[:3]),
    "writes": filled,
    "choices": lambda x: np.clip(x, -1, 1) + np.maximum(x, 0.2) + np.sort(x) * np.hypot(x, Q),
    "fourier": lambda x: np.abs(np.fft.rfft(x)) ** 2,
    "derivative within": lambda x: tn.grad(lambda v: np.sum(np.sin(v) * v**2))(x),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_values_and_derivatives_are_ours(name):
    f = PROGRAMS[name]
    program = tn.to_jax(f, P)
    count, ulp = map(int, re.findall(r"\d+", program.report))
    assert count
    assert ulp < 64
    moved = P * 1.01
    np.testing.assert_allclose(jax.jit(program)(moved), f(moved), rtol=1e-12)
    _, pullback = tn.vjp(f, moved)
    weights = np.cos(np.arange(np.size(f(moved)))).reshape(np.shape(f(moved)))
    slope = jax.jit(jax.grad(lambda x: jax.numpy.sum(program(x) * weights)))(moved)
    np.testing.assert_allclose(slope, pullback(weights)[0], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("sample", [*chosen()][::16], ids=lambda sample: name_of(sample.function))
def test_a_function_s_derivative_is_ours_or_it_is_refused(sample):
    # All of them: `python -m tests.engines.jax_names`.
    try:
        report = compare(sample)
    except TapeError as error:
        assert re.search("no counterpart|another number|cannot compute", str(error))  # noqa: PT017  or right
    else:
        assert re.match(r"\d+ operations", report)


def test_structures_names_and_vmap():
    f = lambda p, k: {"y": p["a"] * p["b"][0] ** k, "n": (p["a"] > 0,)}  # noqa: E731  a formula
    program = tn.to_jax(f, {"a": P, "b": [2.0]}, 3)
    found = jax.vmap(program, ({"a": 0, "b": [None]}, None))({"a": np.stack([P, Q]), "b": [3.0]}, 2)
    np.testing.assert_allclose(found["y"], np.stack([P, Q]) * 9)
    np.testing.assert_array_equal(found["n"][0], np.stack([P, Q]) > 0)


def test_a_tape_as_a_function_of_its_inputs():
    tape = tn.record(lambda x, y: np.log(x) + x * y - np.sin(y), 2.0, 5.0)
    program = tape.to_jax()
    assert program.report == "5 operations, largest difference 0 ulp"
    slopes = jax.grad(program, (0, 1))(3.0, 1.0)
    np.testing.assert_allclose(slopes, (1 / 3 + 1, 3 - np.cos(1.0)), rtol=1e-14)
    (row, _) = jax.hessian(program, (0, 1))(3.0, 1.0)
    np.testing.assert_allclose(row, (-1 / 9, 1.0), rtol=1e-14)


def test_where_a_decision_falls_otherwise_all_is_nan_and_check_says_where():
    program = tn.to_jax(lambda x: x * x if x > 1 else -x, 2.0)
    program.check(3.0)
    assert np.isnan(jax.jit(program)(0.5))
    assert np.isnan(jax.grad(program)(0.5))
    np.testing.assert_array_equal(jax.vmap(program)(np.array([2.0, 0.0, 3.0])), [4.0, np.nan, 9.0])
    with pytest.raises(TapeError, match=r"x > 1.*here it is another program"):
        program.check(0.5)


CONVENTIONS = (
    "np.abs(x)` | `0.0",
    "np.maximum(x, 0.0)` (relu)",
    "np.clip(x, 0.0, 1.0)` | `1.0",
    "np.max(x)` | `[1.0, 3.0, 3.0]",
    "np.fmin(x[0], x[1])",
    "np.sort(x) @ [1.0, 2.0, 4.0]` | `[1.0",
    "np.linalg.norm(x)` | `[0.0, 0.0]",
    "np.linalg.norm(x, 3)",
    "np.linalg.norm(x)` | `[3e200",
    "np.hypot(x[0], x[1])` | `[3e-300",
    "np.arctan2(x[0], x[1])",
    "np.angle(x[0]",
    "np.std(x)` | `[1.0",
    "x**0.0",
    "np.prod(x)` | `[0.0, 2.0",
)
"""Lines of KINKS.md, as they begin. `docs/engines.md` says which conventions stay JAX's."""


@pytest.mark.parametrize("start", CONVENTIONS)
def test_conventions_at_kinks_are_ours(start):
    of, at, first, _ = next(
        line.values for line in lines() if " | ".join(line.values).startswith(f"`{start}")
    )
    f = eval(f"lambda x: np.sum({text(of)})", NAMES)
    point, slope = (np.array(eval(text(cell), NAMES), float)[()] for cell in (at, first))
    found = jax.grad(tn.to_jax(f, point))(point)
    np.testing.assert_allclose(found, slope, rtol=1e-12)


# -- loops -----------------------------------------------------------------------------------------


def equations(jaxpr):
    """How many equations a jaxpr has, with those of its loops' bodies."""
    inner = [each.params["jaxpr"].jaxpr for each in jaxpr.eqns if "jaxpr" in each.params]
    return len(jaxpr.eqns) + sum(map(equations, inner))


@pytest.mark.parametrize(
    ("f", "at", "rounds"), LOOPS[:-1], ids=lambda each: getattr(each, "__name__", "")
)
def test_a_loop_that_was_unrolled_is_one_of_jax_s(f, at, rounds):
    program = tn.to_jax(f, at)
    outer = ", ".join(re.sub(r"\(\d+\)", "", rounds).split())
    assert f"loops folded, of {outer} rounds" in program.report
    jaxpr = jax.make_jaxpr(program)(at).jaxpr
    assert equations(jaxpr) < 64
    assert [each.primitive.name for each in jaxpr.eqns].count("scan") == len(rounds.split())
    moved = at * (1 + 1e-3)
    np.testing.assert_allclose(jax.jit(program)(moved), f(moved), rtol=1e-12, atol=1e-14)
    total = lambda x: np.sum(np.cos(np.array(f(x))))  # noqa: E731  a formula
    slope = jax.jit(jax.grad(lambda x: jax.numpy.sum(jax.numpy.cos(jax.numpy.array(program(x))))))
    np.testing.assert_allclose(slope(moved), tn.grad(total)(moved), rtol=1e-11, atol=1e-13)


def test_a_longer_loop_is_no_longer_program():
    sizes = set()
    for rounds in 12, 60:

        def f(y, rounds=rounds):
            for k in range(rounds):
                y = y + 0.01 * np.sin(y * k)
            return y

        sizes.add(equations(jax.make_jaxpr(tn.to_jax(f, 0.3))(0.3).jaxpr))
    assert len(sizes) == 1


def test_a_decision_within_a_loop_is_one_of_the_program():
    def f(x):
        while x < 100:
            x = x * 1.1 + 1
        return x

    program = tn.to_jax(f, 3.0)
    np.testing.assert_allclose(jax.jit(program)(3.01), f(3.01), rtol=1e-14)
    assert np.isnan(jax.jit(program)(50.0))
    with pytest.raises(TapeError, match=r"x < 100.*here it is another program"):
        program.check(50.0)


ON_TWO_DEVICES = """
import jax, numpy as np, tapenb as tn
from jax.sharding import Mesh, PartitionSpec as P
jax.config.update("jax_enable_x64", True)
def loss(w, rows):
    total = 0.0
    for row in rows:
        total = total + np.log(np.cosh(row @ w))
    return total
rows, w = np.random.default_rng(0).normal(size=(24, 3)), np.array([0.3, -1.0, 0.7])
program = tn.to_jax(loss, w, rows[:12])
assert "loops folded, of 12 rounds" in program.report, program.report
mesh = Mesh(np.array(jax.devices()), ("part",))
parts = dict(mesh=mesh, in_specs=(P(), P("part")))
total = jax.shard_map(
    lambda w, rows: jax.lax.psum(program(w, rows), "part"), **parts, out_specs=P())
value, slope = jax.jit(jax.value_and_grad(total))(w, rows)
np.testing.assert_allclose(value, np.sum(np.log(np.cosh(rows @ w))), rtol=1e-13)
np.testing.assert_allclose(slope, rows.T @ np.tanh(rows @ w), rtol=1e-12)
each = tn.to_jax(lambda y: np.sin(y) * y, 1.0)
spread = jax.jit(jax.shard_map(
    jax.vmap(jax.grad(each)), mesh=mesh, in_specs=P("part"), out_specs=P("part")))
xs = np.linspace(0, 1, 8)
found = spread(xs)
np.testing.assert_allclose(found, np.cos(xs) * xs + np.sin(xs), rtol=1e-13)
print(len(found.sharding.device_set))
"""


def test_two_devices_share_the_work():
    flags = "--xla_force_host_platform_device_count=2"
    environment = {**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-c", ON_TWO_DEVICES]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["2"]


def test_what_jax_has_not_is_refused_with_its_line():
    special = pytest.importorskip("scipy.special", reason="SciPy is optional")
    with pytest.raises(TapeError, match=r"special\.airy.*airy has no counterpart in JAX.*as_jax"):
        tn.to_jax(lambda x: special.airy(x)[0], 1.0)


def test_half_the_digits_are_asked_for():
    jax.config.update("jax_enable_x64", False)
    try:
        for make in tn.to_jax, tn.as_jax:
            with pytest.raises(TapeError, match=r"32 bits.*jax_enable_x64.*x64=False"):
                make(np.sin, 1.0)
            assert make(np.sin, 1.0, x64=False)(0.5).dtype == np.float32
    finally:
        jax.config.update("jax_enable_x64", True)


# -- the other way ---------------------------------------------------------------------------------


def test_jax_calls_a_solver_and_its_derivatives():
    from scipy.optimize import brentq

    root = tn.as_jax(lambda a: brentq(lambda x: x**3 - a, 0, 9), 8.0)
    np.testing.assert_allclose(jax.jit(root)(27.0), 3.0, rtol=1e-12)
    np.testing.assert_allclose(jax.grad(root)(8.0), 1 / 12, rtol=1e-12)
    np.testing.assert_allclose(jax.grad(jax.grad(root))(8.0), -1 / 144, rtol=1e-10)
    many = jax.vmap(jax.grad(root))(np.array([1.0, 8.0, 27.0]))
    np.testing.assert_allclose(many, [1 / 3, 1 / 12, 1 / 27], rtol=1e-12)


def test_jax_calls_what_has_structures_and_integers():
    f = tn.as_jax(lambda p, k: {"y": p["a"] ** 2 * k, "n": k + 1}, {"a": P}, 2)
    assert f({"a": P}, 3)["n"] == 4
    slope = jax.grad(lambda p: f(p, 3)["y"].sum() + jax.numpy.sum(p["a"]))({"a": P})
    np.testing.assert_allclose(slope["a"], 6 * P + 1, rtol=1e-14)
    hessian = jax.jacrev(jax.grad(lambda a: f({"a": a}, 3)["y"].sum()))(P)
    np.testing.assert_allclose(hessian, 6 * np.eye(6), rtol=1e-14)


def test_a_list_of_several_types_is_an_array_of_numpy_s():
    def f(v):
        w = v.astype(np.float32)
        return np.array([w[0] * w[1], 0.1, w[2]]), np.array([w[0], np.floor(v[1]).astype(int)]) / 3

    v = np.linspace(0.1, 1.0, 12)
    for found, true in zip(tn.to_jax(f, v)(v), f(v), strict=True):
        assert found.dtype == true.dtype == np.float64
        np.testing.assert_allclose(found, true, rtol=1e-15)
