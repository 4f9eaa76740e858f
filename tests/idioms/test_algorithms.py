"""What people write with all of this: small algorithms, classes and habits."""

from .as_cell import both_ways

test_in_a_cell, test_through_grad = both_ways("""
# Newton iteration
z = 1.0
for _ in range(8):
    z = z - (z**3 + z - x - y)/(3*z**2 + 1)
z

# Newton iteration until it has converged
f = lambda u: u**2 - y
df = lambda u: 2*u
z = x
while abs(f(z)) > 1e-13:
    z -= f(z)/df(z)
z*x

# bisection
lo, hi = 0.0, 4.0
for _ in range(6):
    mid = (lo + hi)/2
    if mid**2 < y:
        lo = mid
    else:
        hi = mid
(lo + x)*y

# the secant method
a, b = x, y + 1
for _ in range(3):
    fa, fb = a**2 - 2, b**2 - 2
    a, b = b, b - fb*(b - a)/(fb - fa)
b

# fixed-point iteration
z = np.array([0.0, 0.0])
for _ in range(20):
    z = 0.2*np.cos(A @ z) + v[:2]*x*0.1
np.sum(z)*y

# Euler's method
u, t, h = x, 0.0, 0.1
while t < 0.95:
    u = u + h*(-y*u + np.sin(t))
    t += h
u

# Runge-Kutta
def f(t, u):
    return A @ u*0.1 - u*t
u, h = v[:2]*x, 0.1
for k in range(5):
    t = k*h
    k1 = f(t, u)
    k2 = f(t + h/2, u + h/2*k1)
    k3 = f(t + h/2, u + h/2*k2)
    k4 = f(t + h, u + h*k3)
    u = u + h/6*(k1 + 2*k2 + 2*k3 + k4)
np.sum(u**2)*y

# a trajectory kept in a list
us = [x]
for k in range(10):
    us.append(us[-1] + 0.1*(y - us[-1]**2))
us[-1]*us[3] + sum(us[2:5]) + len(us)

# a trajectory kept in a matrix
n = 6
us = np.zeros((n, 2))
us[0] = v[:2]
for k in range(n - 1):
    us[k + 1] = us[k] + 0.1*(A @ us[k])*x
us[-1, 0]*y + us[:, 1].max() + np.sum(np.diff(us, axis=0)**2)

# Verlet integration of two bodies
p, q = v[:2]*1.0, v[1:]*x
for _ in range(4):
    d = q - p
    f = d/(np.linalg.norm(d)**3 + 0.1)
    p = p + 0.05*f
    q = q - 0.05*f*y
np.sum(p*q)

# gradient descent by hand
w = np.zeros(2) + v[:2]
for _ in range(10):
    g = 2*A.T @ (A @ w - v[1:])
    w = w - 0.05*x*g
np.sum(w**2)*y

# momentum and a schedule
w, m = v*1.0, v*0.0
for k in range(1, 6):
    g = 2*w*x
    m = 0.9*m + 0.1*g
    w = w - y/(k + 1)*m/(1 - 0.9**k)
np.sum(w**2)

# Adam
w, m, s = v*1.0, 0.0, 0.0
for k in range(1, 5):
    g = np.cos(w)*x
    m = 0.9*m + 0.1*g
    s = 0.999*s + 0.001*g**2
    w = w - 0.1*y*(m/(1 - 0.9**k))/(np.sqrt(s/(1 - 0.999**k)) + 1e-8)
np.sum(w)

# the derivative inside of the program, by tn.grad
import tapenb as tn
f = lambda u: u**3*y
tn.grad(f)(x) + tn.grad(tn.grad(f))(x)*v[0]

# finite differences inside of the program
f = lambda u: u**3*y
h = 1e-3
(f(x + h) - f(x - h))/(2*h)

# power iteration
w = np.ones(2)
S = A @ A.T
for _ in range(30):
    w = S @ w
    w = w/np.linalg.norm(w)
(w @ S @ w)*x*y

# Gram-Schmidt
basis = []
for row in A*x:
    w = row - sum((row @ b)*b for b in basis)
    basis.append(w/np.linalg.norm(w))
np.abs(basis[1] @ v[:2])*y + basis[0][0]

# LU by hand
U = A*x
L = np.eye(2) + U*0
L[1, 0] = U[1, 0]/U[0, 0]
U[1] -= L[1, 0]*U[0]
np.sum(L @ U)*y + U[1, 1]

# Cholesky by hand
S = A @ A.T + np.eye(2)*x
L = np.zeros((2, 2))
for i in range(2):
    for j in range(i + 1):
        s = S[i, j] - sum(L[i, k]*L[j, k] for k in range(j))
        L[i, j] = np.sqrt(s) if i == j else s/L[j, j]
np.sum(np.log(np.diag(L)))*y

# conjugate gradients
S = A @ A.T + np.eye(2)
w = v[:2]*0
r = v[:2] - S @ w
p = r
for _ in range(2):
    a = (r @ r)/(p @ S @ p)
    w = w + a*p
    s = r - a*(S @ p)
    p = s + (s @ s)/(r @ r)*p
    r = s
np.sum(w)*x*y

# a matrix exponential by its series
E, term = np.eye(2), np.eye(2)
for k in range(1, 15):
    term = term @ A*x/k
    E = E + term
np.sum(E)*y

# linear regression
t = np.linspace(0, 1, 3)
X = np.column_stack([np.ones(3), t, t**2])[:, :2]
beta = np.linalg.inv(X.T @ X) @ X.T @ (v*x)
np.sum((X @ beta - v)**2)*y

# ridge regression and its prediction
X = np.vander([0.0, 0.5, 1.0], 3)
w = np.linalg.solve(X.T @ X + x*np.eye(3), X.T @ v)
np.mean((X @ w - v)**2) + y*np.sum(w**2)

# logistic regression
X = np.array([[1.0, 2.0, 0.5], [0.3, -1.0, 1.0], [1.5, 0.2, -0.7]])
t = np.array([1, 0, 1])
p = 1/(1 + np.exp(-(X @ v + x)))
-np.mean(t*np.log(p) + (1 - t)*np.log(1 - p)) + 0.1*y*np.linalg.norm(v)

# a network of two layers
W1, W2 = A, np.vstack([v, v*x])
h = np.tanh(W1 @ v[:2] + x)
o = h @ W2 + y
e = np.exp(o - o.max())
p = e/e.sum()
-np.log(p[1])

# cross-entropy with integer labels
logits = np.stack([v, v[::-1]*x, v**2*y])
labels = np.array([0, 2, 1])
shifted = logits - logits.max(axis=1, keepdims=True)
logp = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
-logp[np.arange(3), labels].mean()

# one-hot rows
labels = np.array([0, 2, 1])
np.sum(np.eye(3)[labels]*v*x)*y

# layer norm and attention
Q, K = np.outer(v, v*x), np.outer(v, v[::-1]*y) + 1.0
S = Q @ K.T/np.sqrt(3)
P = np.exp(S - S.max(-1, keepdims=True))
P /= P.sum(-1, keepdims=True)
O = P @ Q
np.sum(((O - O.mean(-1, keepdims=True))/(O.std(-1, keepdims=True) + 1e-2))[0])

# a convolution in two loops
image = np.arange(16.0).reshape(4, 4)*x
kernel = A
out = np.zeros((3, 3))
for i in range(3):
    for j in range(3):
        out[i, j] = np.sum(image[i:i + 2, j:j + 2]*kernel)
np.sum(out**2)*1e-3*y

# max pooling by reshaping
image = np.sin(np.arange(16.0)).reshape(4, 4)*x
image.reshape(2, 2, 2, 2).max(axis=(1, 3)).sum()*y

# k-means, one step
points = np.stack([v, v[::-1]*x], axis=1)
centres = np.stack([v[:2], v[1:]*y])
d = ((points[:, None] - centres[None])**2).sum(-1)
nearest = d.argmin(axis=1)
sum(points[nearest == k].mean(axis=0).sum() for k in range(2) if (nearest == k).any())

# nearest neighbours
points = np.array([[0.0, 0.0], [1.0, 0.2], [0.4, 1.1]])
d = np.linalg.norm(points - v[:2], axis=1)
order = np.argsort(d)[:2]
np.sum(d[order]/np.arange(1, 3))*x*y

# a kernel matrix and a Gaussian process
t = np.array([0.0, 0.4, 1.0])
K = np.exp(-(t[:, None] - t)**2/(2*x**2)) + 0.1*np.eye(3)
L = np.linalg.cholesky(K)
a = np.linalg.solve(L.T, np.linalg.solve(L, v))
0.5*v @ a + np.sum(np.log(np.diag(L)))*y

# a log-likelihood of normal samples
data = np.array([0.3, 1.2, 0.8, -0.1])
np.sum(-0.5*((data - x)/y)**2 - np.log(y) - 0.5*np.log(2*np.pi))

# a mixture of normals
data = np.array([0.3, 1.2, 0.8, -0.1])
w = np.exp(v)/np.sum(np.exp(v))
p = w[0]*np.exp(-(data - x)**2) + w[1]*np.exp(-(data - y)**2) + w[2]
np.sum(np.log(p))

# Monte Carlo with a fixed seed
rng = np.random.default_rng(42)
paths = x*np.exp(np.cumsum(rng.normal(0, 0.1, (20, 5)), axis=1)*y)
np.mean(np.maximum(paths[:, -1] - 0.5, 0))

# a random walk in a loop
rng = np.random.default_rng(7)
z = x
for _ in range(10):
    z += y*rng.choice([-1, 1])*0.1
z**2

# a bootstrap of means
rng = np.random.default_rng(1)
means = [np.mean(v[rng.integers(0, 3, 3)]) for _ in range(5)]
(max(means) - min(means))*x*y

# a Markov chain
P = np.abs(A)/np.abs(A).sum(axis=1, keepdims=True)
p = np.array([1.0, 0.0])
for _ in range(5):
    p = p @ P
p[0]*x*y

# value iteration
V = v*0
for _ in range(6):
    V = np.maximum(v + 0.9*x*V, 0.5*V[::-1] + y)
np.sum(V)

# a Kalman filter
m, P = x, 1.0
for z in v:
    P = P + 0.1
    K = P/(P + y)
    m = m + K*(z - m)
    P = (1 - K)*P
m*P

# exponential smoothing
s = v[0]
for u in v[1:]:
    s = x*u + (1 - x)*s
s*y

# running mean and variance of Welford
n, mean, m2 = 0, 0.0, 0.0
for u in [*v, x, y]:
    n += 1
    d = u - mean
    mean += d/n
    m2 += d*(u - mean)
mean*m2/(n - 1)

# running sums in lists
sums = []
total = 0.0
for u in v:
    total += u*x
    sums.append(total)
sums[-1]*sums[0]*y

# Lagrange interpolation
nodes = [0.0, 0.5, 1.0]
z = 0.0
for i in range(3):
    term = v[i]
    for j in range(3):
        if j != i:
            term *= (x - nodes[j])/(nodes[i] - nodes[j])
    z += term
z*y

# de Casteljau
points = [v[0], v[1]*y, v[2]]
while len(points) > 1:
    points = [(1 - x)*a + x*b for a, b in zip(points, points[1:])]
points[0]

# Legendre polynomials by their recurrence
P = [1.0, x]
for n in range(1, 5):
    P.append(((2*n + 1)*x*P[n] - n*P[n - 1])/(n + 1))
P[5]*y + P[3]

# a continued fraction, backwards
z = 0.0
for k in reversed(range(1, 10)):
    z = k*x/(y + z)
z

# the arithmetic-geometric mean
a, b = x, y
while abs(a - b) > 1e-12:
    a, b = (a + b)/2, np.sqrt(a*b)
a

# CORDIC-like branches
z, angle = 0.0, x
for k in range(8):
    if angle > 0:
        z += y*2.0**-k
        angle -= np.arctan(2.0**-k)
    else:
        z -= y*2.0**-k
        angle += np.arctan(2.0**-k)
z*angle

# exponentiation by squaring
def power(u, n):
    if n == 0:
        return 1.0
    half = power(u, n//2)
    return half*half*(u if n % 2 else 1.0)
power(x, 11)*power(y, 6)

# memoised recursion in a dict
memo = {}
def f(n):
    if n not in memo:
        memo[n] = 1.0 if n < 2 else x*f(n - 1) + y*f(n - 2)
    return memo[n]
f(12)

# a sum over a tree
tree = (x, [(y, []), (v[0], [(v[1], []), (2.0, [])])])
def total(node, depth=1):
    value, children = node
    return value*depth + sum(total(child, depth + 1) for child in children)
total(tree)*x

# a stack machine
stack = []
for token in "x y * x + 2 ^".split():
    if token in "*+^":
        b, a = stack.pop(), stack.pop()
        stack.append(a*b if token == "*" else a + b if token == "+" else a**b)
    else:
        stack.append({"x": x, "y": y}.get(token) or float(token))
stack[0]

# quicksort
def quicksort(values):
    if len(values) < 2:
        return values
    pivot, *rest = values
    return [
        *quicksort([u for u in rest if u < pivot]),
        pivot,
        *quicksort([u for u in rest if u >= pivot]),
    ]
s = quicksort([y, x, *v])
sum(k*u for k, u in enumerate(s))

# Dijkstra with a heap
import heapq
edges = {0: [(1, v[0]), (2, y)], 1: [(2, v[1]*x)], 2: []}
best = {}
heap = [(0.0, 0)]
while heap:
    d, node = heapq.heappop(heap)
    if node in best:
        continue
    best[node] = d
    for other, w in edges[node]:
        heapq.heappush(heap, (d + w, other))
best[2]*best[1]

# dynamic time warping in a dict
D = {(-1, -1): 0.0}
a, b = v*x, v[::-1]*y
for i in range(3):
    for j in range(3):
        before = [D[p] for p in ((i - 1, j), (i, j - 1), (i - 1, j - 1)) if p in D]
        D[i, j] = (a[i] - b[j])**2 + min(before)
D[2, 2]

# a polynomial class
class Poly:
    def __init__(self, *c):
        self.c = list(c)
    def __call__(self, u):
        z = 0
        for c in reversed(self.c):
            z = z*u + c
        return z
    def __mul__(self, other):
        out = [0]*(len(self.c) + len(other.c) - 1)
        for i, a in enumerate(self.c):
            for j, b in enumerate(other.c):
                out[i + j] += a*b
        return Poly(*out)
    def __getitem__(self, i):
        return self.c[i]
p = Poly(1.0, x)*Poly(y, 0, v[0])
p(v[1]) + p[1]

# a vector class over a list
class Vec(list):
    def __add__(self, other):
        return Vec(a + b for a, b in zip(self, other))
    def __rmul__(self, k):
        return Vec(k*a for a in self)
    def dot(self, other):
        return sum(a*b for a, b in zip(self, other))
(x*Vec([1.0, y]) + Vec([v[0], 2.0])).dot(Vec([x, 1.0]))

# a float subclass with an operator of its own
class Degrees(float):
    def __rmul__(self, k):
        return k*float(self)*np.pi/180
x*Degrees(90.0) + y

# a dict subclass and a UserDict
from collections import UserDict
class Params(dict):
    __getattr__ = dict.__getitem__
p = Params(a=x, b=y)
u = UserDict(a=x)
u["b"] = y*2
p.a*p.b + u["a"]*u["b"]

# a property with a setter
class Box:
    def __init__(self):
        self._w = 1.0
    @property
    def w(self):
        return self._w
    @w.setter
    def w(self, value):
        self._w = value*y
b = Box()
b.w = x
b.w += 1
b.w

# functools.cached_property
from functools import cached_property
class Model:
    def __init__(self, k):
        self.k = k
    @cached_property
    def square(self):
        return self.k**2
m = Model(x)
m.square*m.square*y

# slots, dataclasses with slots, and weak references
from dataclasses import dataclass
import weakref
@dataclass(slots=True)
class P:
    a: float
    b: float = 2.0
p = P(x)
p.b = p.a*y
q = weakref.ref(v)
p.a*p.b*q()[0]

# a counter with slots of another cell
class Counter:
    __slots__ = ("n", "last")
    def __init__(self):
        self.n = 1
counter = Counter()
%%tape
counter.n += 1
counter.last = x
counter.last*counter.n*y if x > 1 else counter.last**2*counter.n*y

# a namespace of another cell
from types import SimpleNamespace
state = SimpleNamespace(n=1, w=[])
%%tape
state.n += 1
state.w.append(x*y)
state.w[-1]*state.n*len(state.w) if x > 1 else state.w[0]*state.n

# an iterator class
class Steps:
    def __init__(self, u):
        self.u = u
    def __iter__(self):
        return self
    def __next__(self):
        self.u = self.u/2
        if self.u < 0.13:
            raise StopIteration
        return self.u
sum(Steps(x))*y

# a class with __setitem__ and __contains__
class Table:
    def __init__(self):
        self.rows = {}
    def __setitem__(self, key, value):
        self.rows[key] = value*x
    def __getitem__(self, key):
        return self.rows[key]
    def __contains__(self, key):
        return key in self.rows
t = Table()
t["a"] = y
t["a"] += 1.0
t["a"] if "a" in t else 0.0*x

# an abstract base class and a protocol
from abc import ABC, abstractmethod
class Shape(ABC):
    @abstractmethod
    def area(self): ...
    def scaled(self, k):
        return self.area()*k**2
class Square(Shape):
    def __init__(self, a):
        self.a = a
    def area(self):
        return self.a**2
sum(s.scaled(y) for s in [Square(x), Square(v[0])])

# a descriptor
class Positive:
    def __set_name__(self, owner, name):
        self.name = "_" + name
    def __get__(self, obj, kind=None):
        return getattr(obj, self.name)
    def __set__(self, obj, value):
        if value <= 0:
            raise ValueError("not positive")
        setattr(obj, self.name, value)
class M:
    k = Positive()
m = M()
m.k = x
try:
    m.k = -y
except ValueError:
    m.k = m.k*y
m.k

# an observer with callbacks
callbacks = []
def on(f):
    callbacks.append(f)
    return f
@on
def first(u):
    return u*2
@on
def second(u):
    return u**2*y
sum(f(x) for f in callbacks)

# contextlib.suppress and ExitStack
from contextlib import suppress, ExitStack
z = x
with suppress(ZeroDivisionError, IndexError):
    z = z*y
    z = z + [1.0][3]
with ExitStack() as stack:
    stack.callback(lambda: None)
    z = z*2
z

# exceptions with causes and notes
try:
    try:
        raise KeyError(x*y)
    except KeyError as error:
        raise ValueError("outer") from error
except ValueError as error:
    z = error.__cause__.args[0]
z*2

# functools.cmp_to_key
import functools
s = sorted([y, x, v[2]], key=functools.cmp_to_key(lambda a, b: -1 if a < b else 1))
s[0]*s[1] + s[2]

# itertools.count, cycle and islice
import itertools
z = sum(u*k for k, u in zip(itertools.count(1), itertools.islice(itertools.cycle([x, y]), 5)))
z + next(itertools.dropwhile(lambda u: u < 0.5, v))

# string.Template and str.join
from string import Template
text = Template("$a and $b").substitute(a=f"{x:.1f}", b=f"{y:.2f}") + ", ".join(
    f"{u:.2f}" for u in v
)
len(text)*x*y

# asyncio.run of coroutines
import asyncio
async def work(u):
    await asyncio.sleep(0)
    return u*y
async def main():
    return sum([await work(u) for u in (x, v[0])])
loop = asyncio.new_event_loop()
z = loop.run_until_complete(main())
loop.close()
del loop
z

# contextvars
import contextvars
scale = contextvars.ContextVar("scale", default=1.0)
token = scale.set(x)
z = scale.get()*y
scale.reset(token)
del token
z

# time measured around the work
import time
start = time.perf_counter()
z = np.sum(np.sin(v*x))
elapsed = time.perf_counter() - start
ok = elapsed >= 0
del start, elapsed
z*y*ok

# a progress bar of one's own
def progress(values):
    for k, u in enumerate(values):
        print(f"\\r{k}", end="")
        yield u
sum(u*x for u in progress(v))*y

# units in a dict and a table of rows
rows = [{"name": "a", "value": x}, {"name": "b", "value": y}]
by = {row["name"]: row["value"] for row in rows}
best = max(rows, key=lambda row: row["value"])["name"]
by["a"]*by["b"]*(2 if best == "b" else 3)

# nested dicts updated along a path
tree = {"a": {"b": [x, y]}}
tree["a"]["b"][1] *= 2
tree.setdefault("c", {})["d"] = sum(tree["a"]["b"])
tree["c"]["d"]*x

# parameters flattened and put back
params = {"W": A, "b": v}
flat = np.concatenate([p.ravel() for p in params.values()])*x
W, b = flat[:4].reshape(2, 2), flat[4:]
np.sum(W @ W)*np.sum(b**2)*y

# np.add with a star, and chained methods
np.add(*[v, v*x]).reshape(1, 3).T.copy()[::-1].squeeze().cumsum()[-1]*y + np.stack([*A]).sum()

# a mean of a generator through a list
np.mean(list(u*x for u in v))*y + np.array(list(map(lambda u: u**2, v))).max()

# np.array of dict values
d = {"a": x, "b": y}
np.array(list(d.values())) @ [1.0, 2.0] + np.sum(np.fromiter(range(3), float)*v)

# a weighted vote by np.bincount and np.add.reduceat
np.bincount([0, 1, 0], weights=v*x)[0]*y + np.add.reduceat(v, [0, 1])[1]

# an outer product by broadcasting and by einsum agrees
np.abs(v[:, None]*v - np.einsum("i,j->ij", v, v)).max() + x*y

# assertions with NumPy's testing
np.testing.assert_allclose(np.linalg.inv(A) @ A, np.eye(2), atol=1e-10)
np.testing.assert_array_equal(v.shape, (3,))
np.testing.assert_almost_equal(x, x)
x*y
""")
