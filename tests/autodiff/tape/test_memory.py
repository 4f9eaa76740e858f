"""In-place writes, views and arrays that are filled: NumPy's aliasing, exactly."""

import copy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tapenb as tn
from tapenb.autodiff.sweeps.forward import forward
from tapenb.autodiff.tape.memory import element_numbers, fingerprint
from tapenb.autodiff.tape.operation import TapeError

from ..as_cell import as_cell, curvature, slope

X = np.array([0.7, 1.3, -0.4])
CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


@case
def array_of(x):
    return np.sum(np.array([x[0], x[1] * x[0], 3.0]) ** 2)


@case
def array_nested(x):
    return np.sum(np.array([[x[0], 1.0], [2.0, x[1]]]) ** 2)


@case
def asarray_(x):
    return np.sum(np.asarray([x[0], x[2]]) ** 2)


@case
def sum_list(x):
    return np.sum([x[0], x[1] * x[1]])


@case
def full(x):
    return np.sum(np.full((2, 3), x[0] * x[1]) ** 2)


@case
def linspace(x):
    return np.sum(np.linspace(0, x[0], 5) ** 2)


@case
def zeros_fill(x):
    a = np.zeros(3)
    for i in range(3):
        a[i] = x[i] ** 2
    return np.sum(a * x)


@case
def empty_fill(x):
    a = np.empty(3)
    for i in range(3):
        a[i] = x[i] ** 2
    return np.sum(a * a)


@case
def acc(x):
    acc = np.zeros(3)
    for _ in range(3):
        acc += x * x
    return np.sum(acc * x)


@case
def acc_alias(x):
    acc = np.zeros(3)
    b = acc
    v = acc[1:]
    acc += x * x
    return np.sum(b * x) + np.sum(v * v)


@case
def eye_diag(x):
    m = np.eye(3)
    m[np.arange(3), np.arange(3)] = x
    return np.sum(m * m)


@case
def setitem_scalar(x):
    y = x * x
    y[1] = 5.0
    return np.sum(y * x)


@case
def mask(x):
    y = x * x
    y[y > 0.4] = x[0]
    return np.sum(y * x)


@case
def dup(x):
    y = x * x
    y[[0, 0, 2]] = np.array([x[1], x[2] * x[2], x[0]])
    return np.sum(y * y)


@case
def view(x):
    y = x * x
    v = y[1:]
    v[0] = x[2] ** 3
    return np.sum(y * y)


@case
def view_iadd(x):
    y = x * x
    v = y[:2]
    v += x[1:]
    return np.sum(y * y)


@case
def base_then_view(x):
    y = x * x
    v = y[1:]
    y[1] = x[0]
    y *= x
    return np.sum(v * v)


@case
def view_of_view(x):
    y = x * x
    w = y[::-1][1:]
    w[0] = x[0] * x[2]
    w *= 2.0
    return np.sum(y * y) + np.sum(w)


@case
def T_write(x):
    m = np.zeros((2, 3))
    m.T[0] = x[:2]
    m[1] = x * x
    t = m.T
    t *= x[0]
    return np.sum(m * m)


@case
def reshape_write(x):
    m = np.zeros((2, 2))
    m.reshape(-1)[0] = x[0] * x[1]
    r = m.ravel()
    r[3] = x[2]
    return np.sum(m * m)


@case
def overwritten(x):
    y = x * 1.0
    zz = y * y
    y[0] = 100.0
    return np.sum(zz * x)


@case
def overwritten2(x):
    y = x * 1.0
    zz = np.exp(y)
    y *= 0.0
    zz *= x
    return np.sum(zz)


@case
def out_(x):
    buf = np.zeros(3)
    np.multiply(x, x, out=buf)
    return np.sum(buf * x)


@case
def out_same(x):
    y = x * 1.0
    np.exp(y, out=y)
    return np.sum(y * x)


@case
def out_view(x):
    y = np.zeros(4)
    np.sin(x, out=y[1:])
    return np.sum(y * y)


@case
def overlap(x):
    y = x * x
    y[1:] = y[:-1]
    return np.sum(y * x)


@case
def swap(x):
    y = x * x
    y[0], y[2] = y[2], y[0]
    return np.sum(y * x)


@case
def swapviews(x):
    m = np.zeros((2, 3))
    m[0] = x
    m[1] = x * x
    m[0], m[1] = m[1], m[0]  # NumPy: both rows become the same, because of views
    return np.sum(m * m) + np.sum(m[0] * x)


@case
def copyto_(x):
    y = np.zeros(3)
    np.copyto(y, x * x)
    return np.sum(y * x)


@case
def filld(x):
    m = np.zeros((3, 3))
    np.fill_diagonal(m, x)
    return np.sum(m * m)


@case
def addat(x):
    y = np.zeros(2)
    np.add.at(y, [0, 1, 0], x * x)
    return np.sum(y**2)


@case
def sort(x):
    y = x * 2.0
    y.sort()
    return np.sum(y * np.array([1.0, 2.0, 3.0]) * y)


@case
def fill_(x):
    y = x * x
    v = y[1:]
    v.fill(x[0])
    return np.sum(y * y)


@case
def reread(x):
    a = np.zeros(5)
    a[0] = x[0]
    for i in range(1, 5):
        a[i] = a[i - 1] * x[1] + np.sum(a[:i] * a[:i])
    return np.sum(a)


@case
def broadcast_write(x):
    m = np.ones((2, 3))
    m[:] = x
    m[0] *= x
    return np.sum(m * m * m)


@case
def plain_buf_const(x):
    b = np.ones(3)
    z1 = x * b
    b[0] = 7.0
    z2 = x * b
    return np.sum(z1 * z2)


@case
def iterated_rows(x):
    m = np.zeros((2, 3))
    for row, factor in zip(m, (2.0, 3.0), strict=True):
        row[:] = factor * x
    return np.sum(m * m)


@case
def zeros_like_filled(x):
    y = np.zeros_like(x)
    y[...] = x * x
    y[::2] *= x[1]
    return np.sum(y * y)


@case
def full_of_traced(x):
    y = np.full(3, x[1])
    y[0] -= x[2]
    return np.sum(y * y * x)


@case
def list_becomes_array(x):
    parts = []
    for value in x:
        parts.append(value * value)
    return np.sum(np.array(parts) * x)


@case
def swapped_axes(x):
    m = np.zeros((3, 1))
    m.swapaxes(0, 1)[0] = x
    return np.sum(m**2)


@case
def stale_twice(x):
    y = x * 2.0
    a, b = y[:2], y[1:]
    a *= x[0]
    b += a
    a[0] = b[1]
    return np.sum(y * x) + np.sum(a * b)


@case
def minus_and_divided(x):
    y = x * x
    y -= x
    y /= 2.0
    y **= 2
    return np.sum(y)


@case
def float32_buffer(x):
    y = np.zeros(3, np.float32)
    y[:] = x
    return np.sum(y.astype(np.float64) * 1.0)


@pytest.mark.parametrize("name", CASES)
def test_as_if_every_array_were_an_ndarray(name):
    """Values bit for bit, first and second derivatives as finite differences say, both modes."""
    function = CASES[name]
    program, value = as_cell(function, X)
    assert value == function(X.copy())
    point = program.point({})
    step = 1e-3 if name == "float32_buffer" else 1e-6
    tolerance = 1e-3 if name == "float32_buffer" else 1e-6
    reference = slope(function, X, step)
    np.testing.assert_allclose(point.gradient["x"], reference, atol=tolerance)
    if name == "float32_buffer":
        return
    np.testing.assert_allclose(
        point.hessian["x", "x"], curvature(function, X), rtol=1e-6, atol=2e-5
    )
    direction = np.array([0.3, -0.2, 0.5])
    tangents = forward(program.tape, {0: direction}, [program.tape.output])
    np.testing.assert_allclose(tangents[program.tape.output], reference @ direction, atol=1e-6)


@pytest.mark.parametrize("name", CASES)
def test_a_replay_is_the_run_at_the_new_point(name):
    function = CASES[name]
    program, _ = as_cell(function, X)
    # The order of the elements stays, since sorting them is a guard.
    moved = np.array([0.75, 1.25, -0.3])
    point = program.point({f"x[{i}]": value for i, value in enumerate(moved)})
    assert point.value == function(moved.copy())
    if name != "float32_buffer":
        np.testing.assert_allclose(point.gradient["x"], slope(function, moved), atol=1e-6)


VIEWS = ["p[1:]", "p[::-1]", "p[:2]", "p.reshape(2, -1)", "p.T", "p.ravel()", "p[0]", "p[::2]"]
WRITES = ["0", "-1", "...", ":1", "::-1"]


@st.composite
def statements(draw):
    """One line of a random program on the list `A` of arrays and views of them."""
    at = st.integers(0, 12)
    i, j = draw(at), draw(at)
    kind = draw(st.sampled_from(["view", "product", "write", "augment", "whole", "out", "swap"]))
    pick = f"p = A[{i} % len(A)]; q = A[{j} % len(A)]"
    if kind == "view":
        view = draw(st.sampled_from(VIEWS))
        return f"{pick}\n    if p.ndim >= 1 and p.size >= 4 and p.size % 2 == 0: A.append({view})"
    if kind == "product":
        return (
            f"{pick}\n    A.append(np.sin(p) * x[{j % 4}])"
            if i % 2
            else f"{pick}\n    A.append(p * np.sum(q))"
        )
    if kind == "write":
        key = draw(st.sampled_from(WRITES))
        value = draw(st.sampled_from(["x[1] * x[2]", "2.0", "x[3]", "np.sum(q * 0.3)"]))
        return f"{pick}\n    if p.ndim >= 1 and p.size: p[{key}] = {value}"
    if kind == "augment":
        sign = draw(st.sampled_from(["+=", "*=", "-="]))
        return f"{pick}\n    if p.ndim >= 1 and p.shape == q.shape: p {sign} np.sin(q)"
    if kind == "whole":
        return f"{pick}\n    if p.ndim >= 1 and p.shape == q.shape: p[...] = q"
    if kind == "out":
        return f"{pick}\n    if p.ndim >= 1: np.sin(p, out=p)"
    flat = "p.ndim == 1 and q.ndim == 1 and p.size > 2 and q.size > 2"
    return f"{pick}\n    if {flat}: p[0], q[1] = q[2], p[0]"


@st.composite
def programs(draw):
    body = draw(st.lists(statements(), min_size=3, max_size=14))
    lines = ["def f(x):", "    A = [x * 1.0, np.zeros(4), x * x, np.ones((2, 2))]"]
    lines += [f"    {line}" for line in body]
    return "\n".join(
        [*lines, "    s = 0.0", "    for a in A: s = s + np.sum(a * a * 0.1)", "    return s"]
    )


@settings(max_examples=150, deadline=None)
@given(programs())
def test_random_programs_with_aliases(source):
    """Values bit for bit, gradients as finite differences say, whatever aliases what."""
    namespace = {"np": np}
    exec(source, namespace)
    function = namespace["f"]
    x = np.array([0.3, -0.7, 0.5, 0.9])
    value = function(x.copy())
    if not abs(value) < 1e3:
        return
    program, traced_value = as_cell(function, x)
    assert traced_value == value
    reference = slope(function, x, 1e-5)
    gradient = program.point({}).gradient["x"]
    np.testing.assert_allclose(gradient, reference, rtol=1e-4, atol=1e-5)
    direction = np.array([0.2, -0.5, 0.3, 0.7])
    if program.tape.output is not None:
        tangents = forward(program.tape, {0: direction}, [program.tape.output])
        np.testing.assert_allclose(tangents[program.tape.output], gradient @ direction, atol=1e-9)


@pytest.mark.parametrize(
    "view",
    [
        lambda a: a[1:, ::-1],
        lambda a: a.T[::2],
        lambda a: a.ravel(order="K")[3:9],
        lambda a: a[..., None][:, 1],
        lambda a: np.broadcast_to(a[0], (3, 4)),
    ],
)
@pytest.mark.parametrize("order", ["C", "F"])
def test_element_numbers_of_any_view(view, order):
    owner = np.array(np.arange(12.0).reshape(3, 4), order=order)
    part = view(owner)
    numbers = element_numbers(owner, part)
    np.testing.assert_array_equal(owner.reshape(-1)[numbers], part)


@given(st.integers(0, 9999), st.integers(0, 9999))
def test_a_fingerprint_shows_any_one_change_and_any_swap_within_a_row(i, j):
    array = np.random.default_rng(1).normal(size=10_000)
    mark = fingerprint(array)
    changed = array.copy()
    changed[i] += 1.0
    assert fingerprint(changed) != mark
    swapped = array.copy()
    swapped[[i, j]] = swapped[[j, i]]
    assert (fingerprint(swapped) == mark) == (i == j)


@pytest.mark.parametrize("bytes_of", [bytes, bytearray])
def test_what_lies_in_bytes_cannot_be_written_and_is_not_watched(bytes_of):
    data = np.frombuffer(bytes_of(np.ones(10_000).tobytes())).reshape(100, 100)
    data.flags.writeable = False
    tape = tn.record(lambda x: np.sum(data * x), 2.0)
    assert bool(tape.fingerprints) == (bytes_of is bytearray)


def test_a_small_plain_buffer_may_be_reused():
    def f(x):
        buffer = np.ones(3)
        first = np.sum(x * buffer)
        buffer[:] = 7.0
        return first * np.sum(x * buffer)

    np.testing.assert_allclose(tn.grad(f)(X), slope(f, X), atol=1e-6)


def test_a_large_plain_buffer_that_was_reused_is_noticed():
    buffer = np.ones(100_000)

    def f(x):
        first = np.sum(np.sin(x * buffer))
        buffer[5] = 7.0
        return first

    with pytest.raises(TapeError, match=r"line \d+.*x \* buffer.*overwritten"):
        tn.grad(f)(0.5)


def test_a_traced_write_into_memory_that_was_handed_out_raises():
    def f(x):
        a = np.zeros(3)
        seen = memoryview(np.asarray(a).__array__())
        a[0] = x[0]
        return np.sum(a) + seen[0]

    with pytest.raises(TapeError, match="handed out"):
        as_cell(f, X)


WINDOWS = {
    "an element": "w[0, 1] = x[0]",
    "all": "w += x[0]",
    "out": "np.multiply(w, x[0], out=w)",
    "through a view": "w.T[1] = x[:3]",
}


@pytest.mark.parametrize("name", WINDOWS)
def test_a_view_that_overlaps_itself_is_read_and_not_written(name):
    def f(x, write):
        a = x * x
        w = np.lib.stride_tricks.sliding_window_view(a, 2, writeable=True)
        a[1] = x[0]
        exec(write, {"np": np, "w": w, "x": x})
        return np.sum(w * np.array([1.0, 2.0]))

    x = np.array([0.3, 1.2, 0.7, 0.9])
    # w is ((x0², x0), (x0, x2²), (x2², x3²)), of columns with the weights 1 and 2.
    assert tn.grad(f)(x, "") == pytest.approx([2 * x[0] + 3, 0, 3 * 2 * x[2], 2 * 2 * x[3]])
    with pytest.raises(TapeError, match="several times"):
        tn.grad(f)(x, WINDOWS[name])


# -- what is no number, and is written to after it was used --------------------------------------

FOUR = np.array([1.0, 2.0, 3.0, 4.0])
PLACES, NAMES, SHAPE = np.array([0, 1]), [0, 1], [2, 2]
CHOSEN = np.array([True, False, True, False])


def written(change):
    """A function of an array whose copy is changed by one that is used."""

    def f(x, used):
        y = x * 1.0
        change(y, x, used)
        return np.sum(y * y)

    return f


USES = {
    "taken": (lambda x, i: np.sum(x[i] ** 2), PLACES),
    "taken by a list": (lambda x, i: np.sum(x[i] ** 2), NAMES),
    "taken by a tuple of lists": (lambda x, i: x.reshape(2, 2)[tuple(i)].sum(), [[0, 1], [0, 0]]),
    "of 0 dimensions": (lambda x, i: x[i] ** 2, np.array(1)),
    "masked": (lambda x, m: np.sum(x[m] ** 2), CHOSEN),
    "written": (written(lambda y, x, i: y.__setitem__(i, 3.0 * x[:2])), PLACES),
    "copied": (written(lambda y, x, m: np.copyto(y, x**2, where=m)), CHOSEN),
    "added": (written(lambda y, x, i: np.add.at(y, i, x[:2])), PLACES),
    "take": (lambda x, i: np.sum(np.take(x, i) ** 2), PLACES),
    "compress": (lambda x, m: np.sum(np.compress(m, x) ** 2), CHOSEN),
    "choose": (lambda x, i: np.sum(np.choose(i, [x[:2], x[2:]]) ** 2), PLACES),
    "where": (lambda x, m: np.sum(np.where(m, x, x**2)), CHOSEN.tolist()),
    "piecewise": (lambda x, m: np.sum(np.piecewise(x, [m], [np.square, np.exp])), CHOSEN),
    "delete": (lambda x, i: np.sum(np.delete(x, i) ** 2), PLACES),
    "repeat": (lambda x, n: np.sum(np.repeat(x[:2], n) ** 2), PLACES),
    "transpose": (lambda x, axes: x.reshape(2, 2).transpose(axes)[0] @ FOUR[:2], NAMES),
    "reshape": (lambda x, shape: np.sum(np.reshape(x, shape)[0] ** 2), SHAPE),
    "roll": (lambda x, n: np.roll(x.reshape(2, 2), n, axis=(0, 1)).ravel() @ FOUR, NAMES),
    "fftn": (lambda x, s: np.sum(abs(np.fft.fftn(x.reshape(2, 2), s, [0, 1])) ** 2), SHAPE),
}


def changed(used):
    """Change an array or list in place."""
    if isinstance(used, np.ndarray):
        used[...] = ~used if used.dtype == bool else 3 - used
    else:
        used.insert(0, used.pop())
        if used in (SHAPE, CHOSEN.tolist()):
            used[0] = type(used[0])(not used[0])


@pytest.mark.parametrize("name", USES)
def test_an_index_may_change_once_it_was_used(name):
    use, used = USES[name]

    def f(x):
        own = copy.deepcopy(used)
        result = use(x, own)
        changed(own)
        assert not np.array_equal(own, used)
        return result

    def unchanged(x):
        return use(x, copy.deepcopy(used))

    step = 1e-5
    slope = [(unchanged(FOUR + e) - unchanged(FOUR - e)) / (2 * step) for e in step * np.eye(4)]
    replayed = tn.function(tn.value_and_grad(f))
    for _ in range(3):
        value, gradient = replayed(FOUR)
        np.testing.assert_allclose(value, unchanged(FOUR))
        np.testing.assert_allclose(gradient, slope, atol=1e-7)
    np.testing.assert_allclose(tn.grad(f)(FOUR), slope, atol=1e-7)
    np.testing.assert_allclose(tn.vmap(f)(np.stack([FOUR, FOUR])), unchanged(FOUR))
