"""Kinks and edges: where a derivative needs a convention, and values and types at the margin.

A program at a kink has its derivative by differences as any other: the mean of both sides.
"""

import gc
import re
import sys
import threading

import numpy as np
import pytest

import tapenb as tn
from tapenb.autodiff.tape.operation import TapeError
from tapenb.autodiff.tracing.state import is_traced

from .as_cell import both_ways

test_in_a_cell, test_through_grad = both_ways("""
# ties in max
w = np.array([x, y, y*1.0])
np.max(w)*v[0] + np.maximum(v, v).sum()

# zeros in prod
w = np.array([0.0, x, y])
np.prod(w)*3 + np.sum(np.cumprod(w)) + np.multiply.reduce(w*v)

# two zeros in prod
w = np.array([0.0, x, 0.0])
np.prod(w) + np.prod(w + v)*y

# norm(0)
np.linalg.norm(v*0.0)*x + np.linalg.norm(v - v) + y

# where with a bad branch
np.sum(np.where(v > 0.5, np.sqrt(np.abs(v) - 0.45), 0.0))*x + np.where(y > 0, np.log(y), 0.0)

# where with a bad branch: sqrt of negative numbers
w = v - 0.5
np.sum(np.where(w > 0, np.sqrt(w), 0.0))*x*y

# where with a division by zero
w = v - v[2]
np.sum(np.where(w != 0, 1.0/(w + (w == 0)), 0.0))*x*y

# where with log of zero
w = v*(v > 0.5)
np.sum(np.where(w > 0, w*np.log(w), 0.0))*x*y

# select and piecewise with a bad branch
w = v - 0.5
(
    np.sum(np.select([w > 0, w <= 0], [np.log(w), w**2])) * x
    + np.sum(np.piecewise(w, [w > 0], [np.sqrt, 0.0])) * y
)

# a mask in place of where
w = v - 0.5
z = v*0.0
z[w > 0] = np.sqrt(w[w > 0])
np.sum(z)*x*y

# relu written in four ways
w = v - 0.6
(
    np.sum(np.maximum(w, 0))
    + np.sum(w * (w > 0)) * x
    + np.sum(np.clip(w, 0, None)) * y
    + np.sum(np.where(w > 0, w, 0.0))
    + np.sum((np.abs(w) + w) / 2)
)

# abs(0)
abs(x*0.0)*3 + np.abs(v*0)[0] + y

# x**0, 0**x and x**1
x**0*y + 0**x + 0.0**y + x**1 + (v**0).sum()*x

# (-x)**2 and (-x)**3
(-x)**2 + (-x)**3*y + np.sum((-v)**2) + np.power(-v, 3)[0]

# a negative base and an integer exponent
n = 3
(x - 5)**n + (x - 5)**(n - 1)*y + np.sum((v - 5)**n)

# empty arrays
w = v[v > 100]
np.sum(w)*x + np.prod(w)*y + w.size*x + np.sum(A[:0] @ A) + np.concatenate([w, v])[0]

# a mean of nothing guarded
w = v[v > 100]
(np.mean(w) if w.size else x)*y

# empty lists and loops
z = sum([u for u in v if u > 100]) + x
for u in []:
    z += u
z*y

# 0-d arrays
w = np.array(x)
u = np.asarray(y)
w*u + w[()]*2 + np.sum(w) + w.ndim + float(np.ones(())) + u.reshape(1)[0]

# 0-d arrays and in-place operators
w = np.array(x)
w += y
w *= w
w[...] = w + 1
w*1.0

# size-1 broadcasting
np.sum(v[:1]*v)*x + np.sum(A*A[:1]) + np.sum(A[:, :1] + v)*y + np.sum(v[:, None]*A[None, 0])

# broadcasting of a number to a matrix and back
np.sum((A + x)*(y - A))/A.size + np.sum(x*np.ones((2, 1))*np.ones((1, 3))*v)

# float32 with Python scalars
w = np.float32([1.0, 2.0, 4.0])
np.sum(w*2.0).item()*x + float(w.dtype == np.float32)*y

# integer inputs
n = 3
n*x + n**2*y + x/n + np.sqrt(n)*v[0] + n*n

# an integer array as a constant
k = np.arange(3)
np.sum(k*v)*x + np.sum(v**k)*y + np.sum(k/v) + k.mean()*x

# a boolean array as a constant
b = np.array([True, False, True])
np.sum(b*v)*x + np.sum(v, where=b)*y + b.sum()*v[0]

# unsigned and small integers
u = np.uint8([1, 200, 3])
np.sum(u*v)*x + np.int8(-5)*y

# object arrays †
w = np.array([x*2, y], dtype=object)
np.sum(w)*y

# an object array from frompyfunc
f = np.frompyfunc(lambda a: a + 1.0, 1, 1)
np.sum(f(v)*x)*y

# masked arrays
w = np.ma.masked_array(v*x, mask=[0, 1, 0])
w.sum()*y

# masked arrays times a traced array
w = np.ma.array([1.0, 2.0, 3.0], mask=[0, 1, 0])
(w*v*x).sum()*y

# a traced array times a masked array
w = np.ma.masked_array([1.0, 2.0, 3.0], mask=[0, 1, 0])
(v*x*w).sum()*y

# np.ma functions
np.ma.masked_less(v*x, 0.5).mean()*y

# np.matrix times a traced array †
M = np.matrix([[1.0, 2.0], [3.0, 4.0]])
np.sum(M*A)*x

# a traced array times np.matrix †
M = np.matrix([[1.0, 2.0], [3.0, 4.0]])
np.sum(A*x*M)*y

# a traced number times np.matrix †
M = np.matrix([[1.0, 2.0], [3.0, 4.0]])
np.sum(x*M)*y

# np.matrix as a plain array
M = np.asarray(np.matrix([[1.0, 2.0], [3.0, 4.0]]))
np.sum(M @ A)*x

# np.memmap
import tempfile
with tempfile.NamedTemporaryFile() as file:
    M = np.memmap(file, dtype=float, shape=(3,), mode="w+")
    M[:] = 2.0
    z = np.sum(M*v) + np.sum(np.sin(v*M))
    del M, file
z*x*y

# np.matrix @ †
M = np.matrix([[1.0, 2.0], [3.0, 4.0]])
np.sum(M @ A)*x

# a subclass of ndarray that overrides an operator
class Units(np.ndarray):
    def __rmul__(self, other):
        return np.asarray(other)*np.asarray(self)*10
U = np.ones(3).view(Units)
np.sum(v*x*U)*y

# a subclass of ndarray with __array_ufunc__
class Logged(np.ndarray):
    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        inputs = [np.asarray(i) if type(i) is Logged else i for i in inputs]
        return getattr(ufunc, method)(*inputs, **kwargs)
U = Logged((3,))
U[:] = 2.0
np.sum(np.multiply(U, v*x))*y

# a subclass of ndarray with __array_finalize__ †
class Named(np.ndarray):
    def __new__(cls, values, name=""):
        out = np.asarray(values).view(cls)
        out.name = name
        return out
    def __array_finalize__(self, other):
        self.name = getattr(other, "name", "")
np.sum(Named(v*x, "a"))*y

# np.char, np.rec and dates beside x
d = np.array(["2024-01-01", "2024-01-03"], dtype="datetime64[D]")
(d[1] - d[0]).astype(int)*x*y

# np.memmap and np.recarray beside x
r = np.rec.array([(1.0, 2.0), (3.0, 4.0)], names="a,b")
np.sum(np.asarray(r.a))*x*y

# non-contiguous arrays
(
    np.sum(v[::2] * A[:, 0]) * x
    + np.sum(A.T[::-1].ravel() * np.arange(4)) * y
    + np.sum(np.asfortranarray(np.ones((2, 2))) * A)
)

# non-contiguous plain arrays
w = np.arange(12.0).reshape(3, 4)[:, ::2].T
np.sum(w*v)*x + np.sum(w.copy(order="F") @ v)*y

# read-only arrays
w = np.arange(3.0)
w.flags.writeable = False
%%tape
np.sum(w*v)*x + np.sum(np.broadcast_to(v, (2, 3))*w)*y

# a write to a read-only array
w = np.arange(3.0)
w.flags.writeable = False
%%tape
try:
    w[0] = 5.0
except ValueError:
    z = x
z*y*np.sum(w)

# a traced write to a read-only array
w = np.arange(3.0)
w.flags.writeable = False
%%tape
try:
    w[0] = x
except ValueError:
    z = x
z*y*np.sum(w)

# a broadcast array is read-only
w = np.broadcast_to(v, (2, 3))
try:
    w[0, 0] = x
except ValueError:
    w = w.copy()
    w[0, 0] = x
np.sum(w)*y

# NaN and inf in
w = np.array([np.nan, 1.0, np.inf])
np.nansum(w[:2]*v[:2])*x + np.sum(np.isinf(w)*v)*y + np.sum(np.where(np.isfinite(w), w*v, 0.0))

# NaN in and through
w = v*np.array([1.0, np.nan, 1.0])
w[0]*x + np.nanmean(w)*y + np.nanmax(w)

# inf in comparisons
best = np.inf
for u in v:
    if u < best:
        best = u
worst = -float("inf")
for u in (x, y):
    worst = max(worst, u)
best*x + worst*y

# a tiny and a huge number
z = x*1e-200*1e200 + y*1e300*1e-300
np.hypot(v[0]*1e200, v[1]*1e200)*1e-200 + z

# a subnormal number and negative zero
np.copysign(x, -0.0) + y*5e-324*0 + np.signbit(-0.0)*x

# softmax by hand
e = np.exp(v*x - np.max(v*x))
p = e/np.sum(e)
-np.log(p[0])*y + p @ np.arange(3)

# softmax of large numbers
w = v*1000.0
e = np.exp(w - w.max())
p = e/e.sum()
p[0]*x + p[1]*y

# logsumexp by hand
m = np.max(v*x)
m + np.log(np.sum(np.exp(v*x - m))) + y*0

# a sigmoid without overflow
w = v*x - 0.7
np.sum(np.where(w >= 0, 1/(1 + np.exp(-w)), np.exp(w)/(1 + np.exp(w))))*y

# x*log(x) with zero
p = np.array([0.0, 0.3, 0.7])*1.0
np.sum(np.where(p > 0, p*np.log(p + (p == 0)), 0.0))*x + np.sum(v*np.log(v**2 + 1))*y

# integer overflow and big integers
n = 10
x*n**20/1e20 + y*2**70/2.0**70

# division by zero of NumPy numbers
with np.errstate(all="ignore"):
    w = v/(v - v[0])
np.sum(w[1:])*x*y

# a step function integrates to its parts
np.sum(np.floor(v*2.2)*0.5 + np.sign(v - 0.5))*x + np.round(y*2.2)*x

# sorting with equal elements
np.sort(np.concatenate([v, v]))[2]*x + np.sort(np.concatenate([v, v]))[3]*y

# a piecewise linear spline
knots = np.array([0.0, 0.5, 1.0, 2.0])
coefficients = np.array([1.0, -1.0, 2.0])
sum(c*np.maximum(x - k, 0) for c, k in zip(coefficients, knots))*y

# Huber loss
r = v - x
np.sum(np.where(np.abs(r) < 0.32, 0.5*r**2, 0.32*(np.abs(r) - 0.16)))*y

# Smooth and hard thresholds
np.sum(np.sign(v)*np.maximum(np.abs(v) - 0.3*x, 0))*y + np.sum(np.minimum(v, 1)**2)

# all elements, and then those that are numbers
w = np.sqrt(v - 0.5)
np.sum(w[v > 0.5])*x + np.sum(w[np.isfinite(w)])*y

# all elements, and then the bad ones overwritten
w = np.log(v - 0.5)
w[~np.isfinite(w)] = 0.0
w[v < 0.6] = x
np.sum(w)*y

# all elements, reshaped, and then some of them
w = np.sqrt(np.outer(v - 0.5, [1.0, 2.0]))
u = w.T.ravel().reshape(2, 3)
np.sum(u[:, :2])*x + np.nansum(u)*y

# division of all, and then slices
w = x/(v - v[0])
np.sum(w[1:])*y + np.max(w[[1, 2]])

# many loop steps
z = x
for k in range(500):
    z = z + 2e-3*np.sin(z)*y
z

# many writes
w = np.zeros(200)
w[0] = x
for i in range(1, 200):
    w[i] = w[i - 1]*0.99 + y*1e-3
w[-1]*v[0]

# a thousand calls deep
def down(u, n):
    return u if n == 0 else down(u*1.0001 + 1e-4*y, n - 1)
down(x, 700)
""")


def test_the_marks_are_read():
    from .as_cell import programs

    first, second, third = programs("# a †\n1\n\n# b † through grad (x is withheld)\n2\n\n# c\n3")
    assert (first.name, first.refuses) == ("a", ("in a cell", "through grad"))
    assert (second.name, second.refuses, second.withheld) == ("b", ("through grad",), ("x",))
    assert (third.name, third.refuses, third.withheld) == ("c", (), ())


CELL = "%%tape --no-graph --no-plot -o t\n"


def test_a_million_elements(notebook):
    notebook.run("big = np.linspace(0.0, 1.0, 1_000_000)")
    notebook.run(f"{CELL}x = 0.7\nw = big*x\nw[::2] += 1.0\nz = np.sum(np.sin(w)**2)\n")
    big = np.linspace(0.0, 1.0, 1_000_000)
    shifted = 0.7 * big
    shifted[::2] += 1.0
    t = notebook.names["t"]
    np.testing.assert_allclose(t.gradient["x"], np.sum(np.sin(2 * shifted) * big), rtol=1e-12)
    np.testing.assert_allclose(t.gradient["big"], np.sin(2 * shifted) * 0.7, rtol=1e-12)
    gradient = tn.grad(lambda a: np.sum(a**3))(big)
    np.testing.assert_allclose(gradient, 3 * big**2)


def test_ten_thousand_steps_leave_nothing_behind():
    def f(x):
        for _ in range(10_000):
            x = x * 1.0001
        return x

    tn.grad(f)(1.0)
    gc.collect()
    before = len(gc.get_objects())
    for _ in range(3):
        assert tn.grad(f)(1.0) == pytest.approx(1.0001**10_000, rel=1e-10)
    gc.collect()
    assert len(gc.get_objects()) - before < 1000


def test_ten_thousand_steps_in_a_cell(notebook):
    notebook.run(
        f"{CELL}x = 1.5\nz = x\nfor k in range(10_000):\n    z = z + 1e-4*z*x\n"
        "w = np.zeros(3000)\nw[0] = z\nfor i in range(1, 3000):\n    w[i] = w[i-1]*0.999\nw[-1]\n"
    )
    factor, power = 1 + 1e-4 * 1.5, 0.999**2999
    slope = power * (factor**10_000 + 1.5 * 10_000 * factor**9_999 * 1e-4)
    assert notebook.names["t"].gradient["x"] == pytest.approx(slope, rel=1e-9)


def test_deep_recursion_ends_as_python_says(notebook, request):
    # IPython's own page for so many frames takes it longer than all the rest.
    show = notebook.shell.InteractiveTB.set_mode
    request.addfinalizer(lambda before=notebook.shell.InteractiveTB.mode: show(before))
    show("Minimal")
    notebook.run("def down(u): return down(u + 1.0)")
    result = notebook.attempt(f"{CELL}x = 1.0\nz = down(x)\n")
    assert isinstance(result.error_in_exec, RecursionError)
    notebook.run(f"{CELL}x = 2.0\nz = x**2\n")
    assert notebook.names["t"].gradient["x"] == 4.0
    limit = sys.getrecursionlimit()

    def nested(u, n):
        return u if n == 0 else nested(np.sin(u) + u, n - 1)

    deep = min(limit // 3, 100)
    slope, value = 1.0, 0.1
    for _ in range(deep):
        slope, value = slope * (np.cos(value) + 1.0), np.sin(value) + value
    assert tn.grad(lambda u: nested(u, deep))(0.1) == pytest.approx(slope, rel=1e-9)


def test_a_long_chain_needs_no_recursion():
    def f(x):
        for _ in range(5000):
            x = x + 0.0
        return x * x

    assert tn.grad(f)(3.0) == 6.0
    assert tn.jvp(f, (3.0,), (1.0,))[1] == 6.0


def test_two_tapes_at_once():
    x = tn.Variable(3.0)
    with tn.GradientTape() as one, tn.GradientTape() as other:
        y = x**2
        with one.stop_recording():
            z = y * x
    assert float(one.gradient(y, x)) == 6.0
    assert float(other.gradient(z, x)) == 27.0


def test_a_tape_in_a_thread(notebook):
    notebook.names["found"] = found = {}
    notebook.run(
        "import threading\nimport tapenb as tn\n"
        "def work(k): found[k] = float(tn.grad(lambda u: u**k)(2.0))\n"
    )
    notebook.run(
        f"{CELL}x = 2.0\nthreads = [threading.Thread(target=work, args=(k,)) for k in (2, 3, 4)]\n"
        "[thread.start() for thread in threads]\n[thread.join() for thread in threads]\nz = x**5\n"
    )
    assert found == {2: 4.0, 3: 12.0, 4: 32.0}
    assert notebook.names["t"].gradient["x"] == 80.0


def test_a_traced_value_used_in_another_thread_raises_or_is_recorded():
    results = []

    def f(x):
        def work():
            try:
                results.append(np.sin(x) * 2)
            except TapeError as error:
                results.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        value = results.pop()
        if isinstance(value, TapeError):
            raise value
        return value + 0.0 * x

    assert tn.grad(f)(0.5) == pytest.approx(2 * np.cos(0.5))


def test_a_traced_value_kept_after_its_tape_has_closed(notebook):
    kept = []
    tn.grad(lambda x: kept.append(x * 2) or kept[-1] ** 2)(3.0)
    assert float(kept[0]) == 6.0
    assert np.sin(kept[0]) == np.sin(6.0)
    assert f"{kept[0]:.1f}" == "6.0"
    assert {kept[0]: 1}[6.0] == 1
    assert tn.grad(lambda x: x * kept[0])(1.0) == 6.0
    notebook.run(f"{CELL}x = 3.0\ndef later(): return x*2\ng = (u*x for u in [1.0, 2.0])\nz = x\n")
    notebook.run("a, b = later(), list(g)")
    assert not is_traced(notebook.names["a"])
    assert notebook.names["b"] == [3.0, 6.0]


def test_what_a_cell_left_is_an_input_of_the_next(notebook):
    notebook.run(f"{CELL}x = 3.0\nw = np.array([x, x**2])\nheld = [x*2]\n")
    notebook.run(f"{CELL}w[0] = w[1]*2\nz = np.sum(w**2) + held[0]\n")
    np.testing.assert_array_equal(notebook.names["t"].gradient["w"], [0.0, 2 * 9 + 8 * 9])
    assert notebook.names["t"].gradient["held"] == [1.0]


def test_warnings_name_the_persons_line(notebook):
    with pytest.warns(RuntimeWarning, match="invalid value encountered in log") as caught:
        notebook.run(f"{CELL}x = np.array([-1.0, 2.0])\ny = np.log(x)\n")
    assert caught[0].lineno == 3


def test_the_type_is_kept_where_it_is_asked_for_by_name(notebook):
    notebook.run(f"{CELL}x = 2.0\na = type(x) is float\nb = isinstance(x, float)\nz = x\n")
    assert (notebook.names["a"], notebook.names["b"]) == (True, True)
    # What it is in C is the one answer that recording changes: %%tape's documentation says so.
    assert notebook.attempt(f"{CELL}x = 2.0\nz = float.hex(x)\n").error_in_exec is not None


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.float64])
def test_adjoints_have_the_dtype_of_their_input(notebook, dtype):
    notebook.run(f"w = np.array([1.0, 2.0], np.{dtype.__name__})")
    notebook.run(f"{CELL}z = np.sum(w*2.0*w + 1.0)\n")
    t = notebook.names["t"]
    assert t.gradient["w"].dtype == notebook.names["z"].dtype == dtype
    np.testing.assert_array_equal(t.gradient["w"], [4.0, 8.0])


def test_a_complex_array_of_another_cell(notebook):
    notebook.run("c = np.array([1.0 + 2.0j, 0.5j])")
    notebook.run(f"{CELL}x = 2.0\nz = np.sum(np.abs(c*x)**2)\n")
    assert notebook.names["t"].gradient["x"] == pytest.approx(2 * 2.0 * (5.0 + 0.25))


PACKAGES = {
    "pandas": [
        "s = pandas.Series([x*2, 1.0])\nz = s.sum()*x",
        "s = pandas.Series(v*x)\nz = s.mean()",
        "d = pandas.DataFrame({'a': v*x})\nz = d['a'].sum()",
        "d = pandas.DataFrame({'a': [1.0, 2.0, 3.0]})\nd['b'] = v*x\nz = d.b.sum()",
        "s = pandas.Series([1.0, 2.0, 3.0])\nz = (s*v).sum()*x",
        "s = pandas.Series([1.0, 2.0, 3.0])\nz = (v*x*s).sum()",
        "s = pandas.Series([1.0, 2.0, 3.0])\nz = s.map(lambda u: u*x).sum()",
        "s = pandas.Series([1.0, 2.0, 3.0])\nz = s[s > x*2].sum()*x",
        "s = pandas.Series([1.0, 2.0, 3.0])\ns += x\nz = s.sum()",
    ],
    "numba": [
        "f = numba.njit(lambda u: u*u)\nz = f(x*2)",
        "f = numba.njit(lambda u: u*u)\nz = f(2.0)*x",
        "f = numba.njit(lambda u: u*u)\nz = np.sum(f(v*2))*x",
        "f = numba.vectorize(lambda u: u*u)\nz = np.sum(f(v*2))*x",
    ],
}


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_that_need_not_be_there(notebook, package):
    """Either the derivative is right, or an error names the line."""
    pytest.importorskip(package, reason="not among what the tests install")
    for program in PACKAGES[package]:
        head = f"x = 0.7\nv = np.array([0.75, 1.2, 0.4])\nimport {package}\n"
        error = notebook.attempt(f"{CELL}{head}{program}\n").error_in_exec
        if error is not None:
            said = " ".join([str(error), *getattr(error, "__notes__", [])])
            assert re.search(r"line \d+, `.*stop_gradient", said), said
            continue

        def plain(x, text=f"{head}{program}"):
            names = {"np": np}
            exec(text.replace("0.7\n", f"{x!r}\n", 1), names)
            return names["z"]

        t = notebook.names["t"]
        assert t.value == plain(0.7)
        slope = (plain(0.7 + 1e-6) - plain(0.7 - 1e-6)) / 2e-6
        assert t.gradient["x"] == pytest.approx(slope, rel=1e-6)
