"""What is easily overlooked."""

from .as_cell import both_ways

test_in_a_cell, test_through_grad = both_ways("""
# np.sum([x, y])
np.sum([x, y])*v[0]

# np.sqrt([x, y])
np.sum(np.sqrt([x, y])*v[:2])

# np.mean, np.max, np.prod and np.std of lists
np.mean([x, y])*np.amax([x, y, 1.0])*np.prod([x, 2.0]) + np.std([x, y]) + np.median([x, y, 1.0])

# np.dot and np.inner of lists
np.dot([x, y], [y, 2.0]) + np.inner([1.0, x], [x, y]) + np.vdot((x, y), (x, y))

# np.cumsum, np.diff and np.sort of lists
np.sum(np.cumsum([x, y])*[1, 2]) + np.sum(np.diff([x, y, 3.0])**2) + np.sort([y, x])[0]

# np.linalg.solve([[x, 1], ...], ...)
np.sum(np.linalg.solve([[x, 1], [0.5, y]], [1.0, x]))

# np.linalg.norm and det of lists
(
    np.linalg.norm([x, y]) * np.linalg.det([[x, 1.0], [2.0, y]])
    + np.linalg.inv([[x, 1.0], [2.0, y]])[0, 1]
)

# np.polyval([x, 1], 2)
np.polyval([x, 1], 2) + np.polyval([x, y, 1.0], v).sum()

# np.where, np.maximum and np.clip of lists
(
    np.sum(np.where([True, False], [x, y], [1.0, x]))
    + np.sum(np.maximum([x, y], 1.0))
    + np.sum(np.clip([x, y], 0.75, 1.0))
)

# np.matmul and @ with lists
np.sum(A @ [1.0, 2.0]) + np.sum(v*[1.0, 2.0, 3.0])*x + np.sum([1.0, 2.0] @ A)*y

# an array times a list of traced values
np.sum(v*[x, y, 1.0]) + np.sum(A @ [x, y]) + np.sum([x, y] + v[:2]) + np.sum(v - (x, y, x*y))

# a plain array times a list of traced values
np.sum(np.ones(3)*[x, y, 1.0])

# np.trapezoid and np.interp of lists
np.trapezoid([x, y, 1.0], dx=0.5) + np.interp(0.4, [0.0, 1.0], [x, y])

# np.hypot, np.arctan2 and np.outer of lists
(
    np.sum(np.hypot([x, 1.0], [y, 2.0]))
    + np.sum(np.outer([x, y], [1, x]))
    + np.sum(np.cross([x, y, 1.0], [0, 1, 0]))
)

# np.array of a tuple of arrays
np.sum(np.array((v, v*x))**2)*y

# A.dot(x) of a plain array † through grad
B = np.array([[1.0, 2.0], [3.0, 4.0]])
%%tape
np.sum(B.dot(v[:2])*x) + np.sum(B @ v[1:])*y + np.sum(B.T.dot(A))

# A.dot of numbers and lists † through grad
B = np.array([[1.0, 2.0], [3.0, 4.0]])
%%tape
np.sum(B.dot([x, y])) + np.sum(B.dot(x))

# A.take(i)
B = np.array([[1.0, 2.0], [3.0, 4.0]])
%%tape
n = 2
B.take(n)*x + B.take([0, n])[1]*y

# A.searchsorted(x)
grid = np.array([0.0, 0.5, 1.0, 1.5, 2.0])
%%tape
i = int(np.searchsorted(grid, x))
(x - grid[i - 1])/(grid[i] - grid[i - 1])*y

# A.searchsorted(x) as a method † through grad
grid = np.array([0.0, 0.5, 1.0, 1.5, 2.0])
%%tape
grid.searchsorted(x)*y

# A.clip(0, x)
B = np.array([0.5, 1.0, 2.0])
%%tape
np.sum(np.clip(B, 0.2, x*1.01))*y

# A.clip(0, x) as a method
B = np.array([0.5, 1.0, 2.0])
%%tape
np.sum(B.clip(0.2, x*1.01))*y

# A.fill(x), A.put and A[...] = x of an array of another cell † through grad
B = np.zeros(3)
%%tape
B.fill(x)
B[0] = y
B.put([1], [7.0])
np.sum(B**2)

# A += x of an array of another cell † through grad
B = np.ones(3)
%%tape
B += v*x
np.sum(B**2)*y

# A.sum(), A.max() and A*x of a plain array
B = np.array([0.5, 1.0, 2.0])
%%tape
B.sum()*x + (B*x).max()*y + B.mean()*v[0] + (B**x).std()

# A.repeat(n), A.reshape(n, -1) and np.zeros(n) with a traced integer
B = np.array([0.5, 1.0, 2.0, 4.0])
%%tape
n = 2
(
    np.sum(B.repeat(n) * x)
    + np.sum(B.reshape(n, -1)[1]) * y
    + np.zeros(n).size * x
    + np.arange(n).sum() * y
    + np.eye(n).trace() * x
)

# np.float64(3).item and numbers of another cell
k = np.float64(3)
%%tape
k**x + k.real*y + np.exp(k)*x

# a plain buffer filled again and again
z = 0.0
w = np.zeros(3)
for k in range(4):
    w[:] = k
    z = z + np.sum(w*v)*x
z*y

# a plain buffer of another cell filled again and again
w = np.zeros(3)
%%tape
z = 0.0
for k in range(4):
    w[:] = k
    z = z + np.sum(np.exp(0.1*w*v))*x
z*y

# a large plain buffer filled again and again
w = np.zeros(20000)
z = 0.0
for k in range(3):
    w[:] = k
    z = z + np.sum(w*x)
z*y

# a list of buffers
rows = [np.ones(3) for _ in range(2)]
for k, row in enumerate(rows):
    row *= k + 2
np.sum(rows[0]*v*x) + np.sum(rows[1]*v*y)

# from numpy import zeros, sin and linalg
from numpy import zeros, sin, linalg as la
from numpy.linalg import norm
w = zeros(3)
w[0] = sin(x)
w[1] = y
norm(w) + la.det(A)

# from numpy import * in another cell
from numpy import *
%%tape
w = zeros(3)
w[1] = sin(x) + cos(y)
sum(w) + dot(v, v)

# import numpy as np in the cell
import numpy as np
w = np.zeros(2)
w[0] = x*y
np.sum(w**2)

# import numpy as another name
import numpy
import numpy as xp
w = numpy.zeros(2)
w[0] = xp.sin(x)
numpy.sum(w)*y

# import numpy as np inside a function that needs no twins
def f(u):
    import numpy as np
    return np.sum(np.sin(u)**2)
f(v*x)*y

# import numpy as np inside a function that fills an array
def f(u):
    import numpy as np
    w = np.zeros(2)
    w[0] = u*2
    return np.sum(w)
f(x)*y

# import numpy as np inside a function that makes an array
def f(u):
    import numpy as np
    return np.array([u*2, 1.0])
np.sum(f(x))*y

# a module of NumPy passed as an argument
def f(xp, u):
    w = xp.zeros(2)
    w[0] = u
    return xp.sum(w)
f(np, x*y)

# functions of NumPy in a class
class Model:
    make = staticmethod(np.zeros)
    def __call__(self, u):
        w = self.make(2)
        w[1] = u
        return w.sum()
Model()(x)*y

# functions of NumPy in a class of another cell
class Model:
    def __init__(self):
        self.buffer = np.zeros(2)
    def __call__(self, u):
        w = np.zeros(2)
        w[1] = u
        return w.sum()
model = Model()
%%tape
model(x)*y

# a buffer in an object of another cell † through grad
class Model:
    def __init__(self):
        self.buffer = np.zeros(2)
    def __call__(self, u):
        self.buffer[1] = u*2
        return self.buffer.sum()
model = Model()
%%tape
model(x)*y

# a buffer in a dict of another cell † through grad
held = {"w": np.zeros(2)}
%%tape
held["w"][0] = x*2
held["w"].sum()*y

# np.float64(3)**x
np.float64(3)**x + np.int64(2)**y + np.bool_(True)*x

# [0.0]*n
n = 3
w = [0.0]*n
w[1] = x
len(w)*x + sum(w)*y

# n*[0.0], "-"*n and tuples
n = 2
(n*[x, y])[3]*len("-"*n) + ((y,)*n)[1] + sum([v[0]]*n)

# a list plus a list and a list times two
w = [x] + [y, 1.0]*2
w += [v[0]]
w.extend(v)
w.insert(0, x*y)
sum(w)*w[0] + len(w)

# try: np.linalg.cholesky(A) except
try:
    L = np.linalg.cholesky(A - x*5*np.eye(2))
    z = np.sum(L)
except np.linalg.LinAlgError:
    z = np.sum(A)*y
z*x

# try: np.linalg.cholesky(A) that succeeds
try:
    L = np.linalg.cholesky(A @ A.T + x*np.eye(2))
    z = np.sum(np.log(np.diag(L)))
except np.linalg.LinAlgError:
    z = np.inf
z*y

# try: np.linalg.inv of a singular matrix
try:
    z = np.sum(np.linalg.inv(np.outer(v[:2]*0, v[:2])))
except np.linalg.LinAlgError:
    z = x
z*y

# isinstance(x, float)
(
    x * y
    if isinstance(x, float) and isinstance(v, np.ndarray) and isinstance(v[0], np.floating)
    else 0.0 * x
)

# isinstance of unions and tuples
(
    x * y
    if isinstance(x, (int, float))
    and isinstance(x, int | float)
    and not isinstance(x, np.ndarray | list)
    else 0.0 * x
)

# issubclass and np.issubdtype
(x*y if np.issubdtype(v.dtype, np.floating) and issubclass(x.__class__, float) else 0.0*x)

# callable(x), hasattr(x, "__len__") and np.isscalar
k = np.ndim(x)
(
    x * y
    if not callable(x) and not hasattr(x, "__len__") and hasattr(v, "__len__") and k == 0
    else 0.0 * x
)

# np.array_equal(A, [x])
(2.0 if np.array_equal(A, [x]) else 3.0)*y

# np.asarray of an array in a dict of another cell, written † through grad
held = {"w": np.zeros(2)}
%%tape
w = np.asarray(held["w"])
w[0] = x*2
held["w"].sum()*y

# np.array of an array in a dict of another cell, written
held = {"w": np.zeros(2)}
%%tape
w = np.array(held["w"])
w[0] = x*2
w.sum()*y + held["w"].sum()

# views of an input made in an earlier cell † through grad
w = np.arange(1.0, 5.0)
half = w[2:]
%%tape
half *= x
w[0] = y
np.sum(w**2)*np.sum(half)

# views of an input made in an earlier cell, in a list † through grad
w = np.arange(1.0, 5.0)
parts = [w[:2], w[2:]]
%%tape
w *= x
np.sum(parts[0]*parts[1])*y

# two names for an array of an earlier cell † through grad
w = np.arange(1.0, 4.0)
u = w
%%tape
u += v*x
np.sum(w**2)*y

# np.errstate
with np.errstate(divide="ignore"):
    z = np.where(v > 0.5, v/(v - v[2] + 1e-30), 0.0)
np.sum(z[:2])*x

# np.errstate that raises
with np.errstate(divide="raise", invalid="raise"):
    try:
        z = np.log(x - 0.9)
    except FloatingPointError:
        z = x*y
z*1.0

# np.errstate that calls
heard = []
with np.errstate(all="call", call=lambda kind, flag: heard.append(kind)):
    z = np.exp(x*1000)*0 if x > 0.9 else np.sqrt(x)
np.where(np.isfinite(z), z, 1.0)*y

# warnings as errors
import warnings
with warnings.catch_warnings():
    warnings.simplefilter("error")
    try:
        z = np.sqrt(x - 1.0)
    except RuntimeWarning:
        z = x*y
z*1.0

# warnings recorded
import warnings
with warnings.catch_warnings(record=True) as heard:
    warnings.simplefilter("always")
    z = np.log(v - v[0])
count = len(heard)
del heard
count*x*y

# np.seterr and back
old = np.seterr(all="ignore")
z = x/np.float64(2.0)
np.seterr(**old)
del old
z*y

# np.random.seed in a cell, and legacy functions
np.random.seed(3)
w = np.random.rand(3)
np.sum(w*v)*x + np.random.randint(3)*y

# x == x, x != x and x is x
(x == x)*y + (v == v).sum()*x + (x != x)*3.0

# (v == v[0]).all() and v == None
z = x if v is None else y
(v == v).all()*z + (v != v).any()*x

# hash of an integer input in a dict
n = 2
cache = {}
for k in range(4):
    key = k % n
    if key not in cache:
        cache[key] = x*(key + 1)
sum(cache.values())*y

# an integer that becomes a float
n = 3
z = n/2 + n*x
z*y

# integer division and powers of integers
n = 7
(n//2)*x + (n % 4)*y + 2**(n - 5)*x + (-n)//2*y

# bool of an array of one
(x if np.array([1.0]) else y)*y

# comparison chains with arrays
z = x if (0 < v).all() and (v < 100).all() else y
z*y

# long sums of numbers
z = 0.0
for k in range(1, 200):
    z += x**k/k
z*y

# sum() keeps its bits
sum([0.1*x]*10)*y + sum([x, 1e3, -1e3])*y

# max of a dict by its values
scores = {"a": x, "b": y, "c": v[0]}
best = max(scores, key=scores.get)
scores[best]*len(best)*x + sorted(scores, key=scores.get)[0].count("a")*y

# sorting a dict by its values
scores = {"a": x, "b": y, "c": v[2]*2}
ranking = sorted(scores.items(), key=lambda item: item[1])
sum(rank*value for rank, (_, value) in enumerate(ranking, 1))*y

# str methods on a formatted value
text = f"{x:.2f}".rjust(8).replace(".", ",")
len(text)*x*y

# a docstring, an annotation and a type alias
def f(u: float, w: "np.ndarray" = None) -> float:
    '''Squares.'''
    total: float = u*u
    return total
f(x)*y

# an annotated assignment
z: float = x*y
w: list[float] = [z, 1.0]
w[0]*2

# semicolons and several targets
a = b = x*y; c = a
a += 1
(b*c) if a > b else 0.0*x

# an augmented attribute of an array
class P: pass
p = P()
p.w = v*1.0
p.w += x
p.w[0] *= y
np.sum(p.w)

# if __name__ == "__main__"
if __name__ == "__main__":
    z = x*y
else:
    z = x
z

# a lambda that closes over a loop
fs = [lambda u, k=k: u**k for k in range(3)]
sum(f(x) for f in fs)*y + [lambda: v[i] for i in range(3)][0]()

# an operator that is looked up
import operator
ops = {"+": operator.add, "*": operator.mul, "**": operator.pow}
z = ops["+"](ops["*"](x, y), ops["**"](v[0], 2))
z

# in-place operators of the operator module
import operator
w = v*1.0
w = operator.iadd(w, x)
operator.setitem(w, 0, y)
np.sum(w)*operator.getitem(w, 1)

# np.add with a list that is extended later
parts = [x]
s = np.add(parts[0], y)
parts.append(5.0)
s*len(parts)

# a matplotlib figure size from an input † through grad (y is withheld)
import matplotlib
matplotlib.use("agg")
import matplotlib.pyplot as plt
fig = plt.figure(figsize=(4, 3))
width = round(4.0)
plt.close(fig)
del fig
import statistics
label = statistics.NormalDist(mu=0.0, sigma=1.0)
from fractions import Fraction
half = y*Fraction(1, 2)
x*x + half*0

# arrays of objects and of dicts
from dataclasses import dataclass
@dataclass
class Body:
    mass: float
    place: float = 2.0
bodies = np.array([Body(x), Body(y, x)])
rows = np.array([{"w": x}, {"w": v[0]}])
sum(b.mass*b.place for b in bodies)*sum(row["w"] for row in rows)

# a deque and sequences of one's own
from collections import UserList, deque
class Row:
    def __init__(self, *parts):
        self.parts = parts
    def __len__(self):
        return len(self.parts)
    def __getitem__(self, i):
        return self.parts[i]
last = deque([x, y, x*y], maxlen=2)
np.mean(last)*np.sum(np.array(UserList([x, v[0]])))*np.dot(Row(x, y, 2.0), v) + v[0]*np.sum(
    v*Row(y, x, y)
)

# NumPy's functions and operators of an object that says which array it is
class Held:
    def __init__(self, values):
        self.values = values
    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.values, dtype=dtype)
    def __radd__(self, other):
        return 0.0
np.sum(np.sin(Held(v*x))*(v + Held(v*y)))*np.linalg.norm(Held(v)) + np.stack([Held(v), v*x])[0, 1]

# an array times an object of one's own is an array of such objects
class Money:
    def __init__(self, amount):
        self.amount = amount
    def __rmul__(self, k):
        return Money(k*self.amount)
p, q, r = v*Money(x)
p.amount*q.amount + y*r.amount + (type(r.amount) is float)
""")
