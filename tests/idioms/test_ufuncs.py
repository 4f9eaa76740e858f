"""The machinery of ufuncs, and functions called for each element."""

from .as_cell import both_ways

test_in_a_cell, test_through_grad = both_ways("""
# np.add.reduce
np.add.reduce(v*x) + np.add.reduce(A, axis=1)[0]*y

# np.add.reduce of a list
np.add.reduce([x, y, 1.0])*v[0]

# np.multiply.reduce
np.multiply.reduce(v)*x + np.multiply.reduce(A, axis=None)

# np.maximum.reduce and np.minimum.reduce
np.maximum.reduce(v)*x + np.minimum.reduce(A, axis=0)[1]*y

# np.logaddexp.reduce and np.hypot.reduce
np.logaddexp.reduce(v*x) + np.hypot.reduce(v)*y

# np.subtract.reduce and np.divide.reduce
np.subtract.reduce(v*x) + np.divide.reduce(v)*y

# np.logical_and.reduce
np.logical_and.reduce(v > 0.3)*x + np.logical_or.reduce(A > 100, axis=None)*y

# .accumulate
(
    np.sum(np.add.accumulate(v) * v)
    + np.multiply.accumulate(v)[1] * x
    + np.sum(np.maximum.accumulate(A, axis=1))
)

# .outer
np.sum(np.add.outer(v, A)**2)*x + np.sum(np.multiply.outer(v, v)) + np.subtract.outer(v, x).sum()

# pairwise differences
d = np.subtract.outer(v, v)
np.sum(np.exp(-d**2/(2*x**2)))

# .reduceat
np.add.reduceat(v*x, [0, 2])[0]*y + np.multiply.reduceat(v, [0, 1])[1]

# .at
w = v*x
np.add.at(w, [0, 0], y)
np.multiply.at(w, [1], x)
np.sum(w**2)

# where= with out=
w = np.zeros(3)
np.multiply(v, x, where=[True, False, True], out=w)
np.sum(w*v)

# where= with a mask of the values
w = v*1.0
np.sqrt(w, where=w > 0.5, out=w)
np.divide(x, w, out=w, where=w != 0)
np.sum(w)*y

# np.divide(..., where=, out=np.zeros)
r = np.divide(v, x, out=np.zeros(3), where=v > 0.5)
np.sum(r)*y

# np.divide(..., where=, out=np.zeros_like)
r = np.divide(v, A[0, 0], out=np.zeros_like(v), where=v > 0.5)
np.sum(r)*y

# where= of a sum
(
    np.sum(v, where=[True, False, True]) * x
    + np.sum(v, where=v > 0.5)
    + np.mean(v, where=v > 0.3) * y
    + np.max(v, where=v < 1, initial=0.0)
)

# dtype=
(
    np.sum(np.multiply(v, x, dtype=np.float64))
    + np.sum(v, dtype=float) * y
    + np.add(x, y, dtype=complex).real
)

# dtype=int cuts fractions
np.sum((v*3.1).astype(int))*x

# dtype=int of a reduction
np.add.reduce(v*3.1, dtype=int)*x

# casting=
np.sum(np.add(v, x, casting="safe"))*y + np.sum(np.add(v, 1, casting="same_kind"))

# keepdims=
(
    np.sum(v * x, keepdims=True)[0] * y
    + np.sum(A / np.sum(A, axis=1, keepdims=True) * x)
    + np.linalg.norm(A, axis=0, keepdims=True)[0, 1]
)

# initial=
np.sum(v, initial=x)*y + np.prod(v, initial=2.0) + np.max(v, initial=y)

# tuple axes and negative axes
B = A[None]*x
(
    np.sum(B, axis=(0, -1))[1] * y
    + np.max(B, axis=(-1, -2))[0]
    + np.mean(B, axis=-2)[0, 1]
    + np.sum(B, axis=())[0, 0, 0]
)

# axis=None and of an empty tuple
np.sum(A*x, axis=None)*y + np.prod(A, axis=None)

# two results
m, e = np.frexp(v*x)
f, i = np.modf(v*y*3)
np.sum(m) + np.sum(f)

# gufuncs
(
    np.matmul(A, A)[0, 1] * x
    + np.vecdot(v, v) * y
    + np.sum(np.matvec(A, v[:2]))
    + np.sum(np.vecmat(v[:2], A))
)

# gufuncs with axes
np.sum(np.matmul(A[None]*x, A))*y

# gufuncs with axes=
np.sum(np.matmul(A*x, A, axes=[(0, 1), (1, 0), (0, 1)]))*y

# np.vectorize
f = np.vectorize(lambda u, k: u*k if u > 0.5 else u + k)
np.sum(f(v, x))*y

# np.vectorize with otypes, excluded and two results
def f(u, k):
    return u*k, u + k
f = np.vectorize(f, otypes=[float, float])
a, b = f(v, x)
np.sum(a*b)*y

# np.vectorize of a matrix against a vector
f = np.vectorize(max)
np.sum(f(A, x))*y

# np.vectorize with a signature †
f = np.vectorize(lambda u: np.sum(u**2), signature="(n)->()")
np.sum(f(A*x))*y

# np.frompyfunc
f = np.frompyfunc(lambda u: u*u if u > 0.5 else u, 1, 1)
np.sum(f(v*x))*y

# np.frompyfunc of two, reduced †
f = np.frompyfunc(lambda a, b: a*b + 1.0, 2, 1)
f.reduce(v*x)*y

# np.apply_along_axis
np.sum(np.apply_along_axis(lambda u: u/np.sum(u), 1, A)*x) + np.apply_along_axis(np.max, 0, A)[0]*y

# np.apply_over_axes
np.apply_over_axes(np.sum, A*x, [0, 1]).sum()*y

# ufuncs kept in a list and a dict
steps = [np.sin, np.exp, np.tanh]
z = v*x
for f in steps:
    z = f(z)
np.sum(z)*{"mul": np.multiply, "add": np.add}["mul"](x, y)

# ufuncs as arguments
def twice(f, u):
    return f(f(u))
twice(np.sin, x)*np.sum(twice(np.sqrt, v))*y

# functools.reduce over ufuncs
import functools
(
    functools.reduce(np.maximum, [v, v * x, y * np.ones(3)]).sum()
    + functools.reduce(np.multiply, [x, y, v])[0]
)

# f.nin, f.__name__ and isinstance
x*np.add.nin*y + (1.0 if isinstance(np.sin, np.ufunc) else 2.0)*len(np.sin.__name__)*v[0]

# every trigonometric function
np.sum(
    np.sin(v)
    + np.cos(v)
    + np.tan(v)
    + np.arctan(v)
    + np.arcsin(v * 0.4)
    + np.arccos(v * 0.4)
    + np.sinh(v)
    + np.cosh(v)
    + np.tanh(v)
) * x

# inverse hyperbolic functions, degrees and radians
np.sum(
    np.arcsinh(v)
    + np.arctanh(v * 0.5)
    + np.degrees(v)
    + np.deg2rad(v)
    + np.radians(v)
    + np.rad2deg(v)
) * x + np.arccosh(y + 1.0)

# exponentials and logarithms
np.sum(np.exp(v) + np.expm1(v) + np.exp2(v))*x + np.log(x) + np.log2(y) + np.log10(y) + np.log1p(x)

# roots, powers and reciprocals
(
    np.sum(np.cbrt(v) + np.square(v) + np.reciprocal(v + 3)) * x
    + np.sqrt(y)
    + np.power(x, y)
    + np.float_power(y, x)
)

# comparisons as masks
np.sum((v > 0.5)*v + np.greater(v, x)*y + np.less_equal(v, 0.45) + np.not_equal(v, 1)*x)

# logical functions
(
    np.sum(np.where(np.logical_and(v > 0.3, v < 1), v, x)) * y
    + np.sum(np.logical_not(v > 1) * v)
    + np.sum(np.logical_xor(v > 1, v > 0.5) * v)
)

# np.isnan, np.isfinite, np.signbit
np.sum(np.where(np.isnan(v) | ~np.isfinite(v) | np.signbit(-v - 5), v*x, 0.0))*y

# np.maximum, np.fmax, np.clip and np.heaviside
np.sum(np.maximum(v, x) + np.fmin(v, y) + np.heaviside(v, 0.5)*v)*np.clip(x, 0.1, y)

# np.ldexp, np.spacing and np.nextafter
np.sum(np.ldexp(v, 2))*x + np.sum(np.nextafter(v, 2.0))*y

# np.copysign, np.fabs, np.sign and np.rint
np.sum(np.copysign(v, -1.0)*np.sign(v) + np.fabs(v) + np.rint(v*1.1)*v)*x

# np.gcd and bit operations of integers
n = 6
np.gcd(n, 4)*x + np.left_shift(n, 1)*y + (n & 3)*v[0] + np.bitwise_or(n, 1)*x

# a ufunc of a list
np.sum(np.sqrt([x, y])) + np.sum(np.add([x, y], 1.0)) + np.maximum([x, 2.0], y)[0]

# a ufunc of a list beside an array
np.sum(np.add(v, [x, y, 1.0]) * np.multiply([x, 1, 2], v))

# Python numbers on both sides
np.add(2, x) + np.subtract(y, 1) * np.divide(1, 4) + np.power(2, x)

# a ufunc with positional out
w = np.empty(3)
np.sin(v, w)
np.multiply(w, x, w)
np.sum(w)*y
""")
