"""Python's own: operators, control flow, containers, functions and classes."""

from .as_cell import both_ways

test_in_a_cell, test_through_grad = both_ways("""
# abs
abs(v[0] - 2)*v[1] + abs(-x)*y

# pow(x, 3)
pow(x, 3) + pow(v, 2)[1]*y

# pow of a traced exponent
pow(y, x) + pow(2, x) + x**y

# 2.0**x
2.0**x + 2**y + (2.0**v)[1]

# divmod
q, r = divmod(y, x)
r*v[2] + q

# divmod of an array
q, r = divmod(v, 0.35)
np.sum(r*v) + q[0]

# divmod into a traced number
q, r = divmod(5.0, x)
q*y + r*v[0]

# round(x, 2)
round(x, 2)*y + round(y)*x

# round of an element
round(v[1]*1.01, 1)*x

# sum([x, y])
sum([x, y])*v[2]

# sum with a start
sum([x, y, v[0]], start=10.0)*y

# sum of a generator
sum(u*u for u in v) + sum(x*k for k in range(4))

# max(x, y)
max(x, y)*v[2] + min(x, y, 0.9)

# max and min with a key
max([x, y], key=lambda u: -u)*v[0] + min(v, key=lambda u: abs(u - 0.9))

# max with a default
max([u for u in v if u > 100.0], default=x)*y

# sorted([...])[0]
sorted([x, y, 1.0])[0]*v[1]

# sorted with a key, backwards
sorted([x, y, v[2]], key=lambda u: u*u, reverse=True)[1]*v[0]

# list.sort
values = [y, x, v[1]*x]
values.sort()
values[0]*y + values[2]

# list.index
values = [y, x, 3.0]
values[values.index(min(values))]**2

# list.count and list.remove
values = [x, y, x]
n = values.count(x)
values.remove(y)
n*values[0]*y

# sorted pairs
pairs = sorted((u, k) for k, u in enumerate(v))
sum(u*k for u, k in pairs)

# x and y
(x and y)*v[0] + (x or y)

# not x
(2.0 if not x else 3.0)*y

# 0 < x < 1
(y if 0 < x < 1 else y**2)*x

# x in (...)
(y if x in (0.5, 0.8) else 2*y)*x + (1 in v)*y

# x in a list of traced values
(x*y if y not in [x, 2.0] else x + y)

# if
if x > 1:
    z = x*y
elif y > 1 and x < 0.9:
    z = x/y
else:
    z = x - y
z

# while
z = x
while z < 10:
    z = z*2 + y
z

# while with a tolerance
z = 1.0
while abs(z*z - y) > 1e-12:
    z = 0.5*(z + y/z)
z*x

# while True and break
z = x
while True:
    z = z*abs(y) + 0.5 + x
    if z > 3:
        break
else:
    z = 0.0
z

# for, continue and else
z = 0.0
for u in v:
    if u > 1:
        continue
    z += u*x
else:
    z *= y
z

# ternary
x**2 if x > y else y**2

# recursion
def power(u, n):
    return 1.0 if n == 0 else u*power(u, n - 1)
power(x, 5) + power(v, 2)[1]

# recursion until a value is small
def halve(u):
    return u if u < 0.15 else halve(u/2) + u*y
halve(x)

# fibonacci of traced numbers
def fib(n):
    return x if n == 0 else y if n == 1 else fib(n - 1)*fib(n - 2)
fib(6)

# closures
def scaled(k):
    def f(u):
        return k*u**2
    return f
scaled(x)(y) + scaled(3.0)(v)[0]

# nonlocal
def running():
    total = x
    def add(u):
        nonlocal total
        total = total*u
        return total
    return add
add = running()
add(y)
add(y)

# global
total = 0.0
def add(u):
    global total
    total = total + u
%%tape
add(x*y)
add(x)
total

# functools.reduce
import functools, operator
functools.reduce(operator.mul, [x, y, v[0]]) + functools.reduce(lambda a, b: a*b + 1, v)

# itertools.accumulate
import itertools, operator
list(itertools.accumulate(v))[-1]*x + list(itertools.accumulate([x, y, y], operator.mul))[-1]

# itertools.product and combinations
import itertools
sum(a * b for a, b in itertools.combinations(v, 2)) + sum(
    a / b for a, b in itertools.product([x, y], v)
)

# itertools.pairwise and chain
import itertools
sum((b - a)**2 for a, b in itertools.pairwise(v)) + sum(itertools.chain([x], [y], v))

# itertools.takewhile and groupby
import itertools
kept = list(itertools.takewhile(lambda u: u > 0.5, v))
groups = [(big, sum(group)) for big, group in itertools.groupby(v, key=lambda u: u > 0.5)]
sum(kept)*x + groups[0][1]**2

# itertools.starmap and zip_longest
import itertools
sum(itertools.starmap(lambda a, b: a * b, zip([x, y], v))) + sum(
    a * b for a, b in itertools.zip_longest([x], v, fillvalue=2.0)
)

# operator functions
import operator
operator.mul(x, y) + operator.itemgetter(1)(v)*operator.neg(x) + operator.truediv(x, y)

# functools.partial
import functools
f = functools.partial(lambda a, b, c: a*b + c, x, c=y)
f(v[0])

# functools.cache of an index
import functools
@functools.cache
def factor(n):
    return x**n
factor(2) + factor(3) + factor(2)

# functools.lru_cache of a traced value †
import functools
@functools.lru_cache
def f(u):
    return u*u
f(x) + y

# functools.singledispatch
import functools
@functools.singledispatch
def f(u):
    return 0.0
@f.register
def _(u: float):
    return u*u
@f.register
def _(u: np.ndarray):
    return np.sum(u)
f(x*y) + f(v)

# generators
def squares(values):
    for u in values:
        yield u*u
sum(squares(v)) + max(squares([x, y]))

# a generator that is sent values
def averaging():
    total, count, mean = 0.0, 0, 0.0
    while True:
        total += yield mean
        count += 1
        mean = total/count
g = averaging()
next(g)
[g.send(u) for u in (x, y, v[0])][-1]*x

# yield from
def flat(nested):
    for part in nested:
        if isinstance(part, list):
            yield from flat(part)
        else:
            yield part
sum(u*u for u in flat([x, [y, [v[0], 2.0]]]))

# comprehensions
(
    [u * x for u in v][1]
    + {k: u * y for k, u in enumerate(v)}[2]
    + sum([a * b for a in v for b in v if a > b])
)

# nested comprehensions
sum([sum([a*b*b for a in v]) for b in v])*x

# += on a name
z = x
z += y
z *= v[0]
z -= 1
z /= y
z **= 2
z

# //= and %=
z = 5*x
z %= y
w = 7.7*y
w //= x
z*x + w

# f-strings
text = f"{x:.3f} {v[0]:8.2e} {y:>12.4f} {x:+09.3f} {int(y):03d}"
shown = f"{y!r} {v} {x}"
x*len(text)

# repr and str
shown = repr(x) + str(v) + repr(v) + str(A)
x*y

# print
print(x, v, A, [x, y], {"x": x}, sep="; ")
x*y

# the old ways of formatting
text = "{:.3e} and {:6.2f}".format(x, y)
x*len(text)

# the old ways of formatting
text = "%.2f and %s" % (x, v)
x*y

# a number read back from text
float(f"{x:.1f}")*y

# copy.copy
import copy
copy.copy(v)[0]*y + copy.copy(x) + copy.copy([x, y])[1]

# copy.deepcopy
import copy
held = copy.deepcopy({"a": [x, v], "b": (y,)})
held["a"][1][0] = 5.0
held["a"][0]*held["b"][0] + np.sum(held["a"][1]*v)

# pickle †
import pickle
pickle.loads(pickle.dumps(x*2))*y

# pickle of an array †
import pickle
pickle.loads(pickle.dumps(v*2))[0]*y

# pickle of a container †
import pickle
pickle.loads(pickle.dumps({"a": [x*y]}))["a"][0]

# x as a dict key †
{x*2: 1.0}[x*2]*y

# x looked up in a dict †
{1.4: 3.0}.get(x*2, 1.0)*y

# hash(x) †
hash(x*y)*y

# a set of values † through grad
len({x, y, x})*y

# set difference of values †
len(set([x, y]) - {0.7})*y

# dict.fromkeys †
len(dict.fromkeys([x, y]))*x

# collections.Counter †
import collections
collections.Counter([x, y, x]).most_common(1)[0][1]*y

# a traced integer as a dict key
n = 2
table = {1: 3.0, 2: 5.0}
table[n]*x

# a class holding x
class Spring:
    def __init__(self, k, length=1.0):
        self.k = k
        self.length = length
    def energy(self, u):
        return 0.5*self.k*(u - self.length)**2
    @property
    def double(self):
        return 2*self.k
s = Spring(x)
s.k *= y
s.energy(v[0]) + s.double

# a class with slots and operators
class Dual:
    __slots__ = ("a", "b")
    def __init__(self, a, b):
        self.a, self.b = a, b
    def __add__(self, other):
        return Dual(self.a + other.a, self.b + other.b)
    def __mul__(self, k):
        return Dual(self.a*k, self.b*k)
    __rmul__ = __mul__
    def __matmul__(self, other):
        return self.a*other.a + self.b*other.b
(Dual(x, y) + 2*Dual(y, v[0])) @ Dual(1.0, x)

# a traced number times an object of one's own
class Money:
    def __init__(self, amount):
        self.amount = amount
    def __rmul__(self, k):
        return Money(k*self.amount)
    def __radd__(self, k):
        return Money(k + self.amount)
(x*Money(y)).amount + (x + Money(2.0)).amount*(v[0]*Money(x)).amount

# inheritance and super
class Shape:
    def __init__(self, size):
        self.size = size
    def area(self):
        return self.size**2
class Disc(Shape):
    def area(self):
        return np.pi*super().area()
Disc(x).area() + Shape(y).area()

# an object that is called
class Layer:
    def __init__(self, W, b):
        self.W, self.b = W, b
    def __call__(self, u):
        return np.tanh(self.W @ u + self.b)
net = [Layer(A, x), Layer(A.T, y)]
h = v[:2]
for layer in net:
    h = layer(h)
np.sum(h)

# __getattr__ and __getitem__
class Box:
    def __init__(self, **kw):
        self.kw = kw
    def __getattr__(self, name):
        return self.kw[name]
    def __getitem__(self, name):
        return self.kw[name]
b = Box(a=x, b=y)
b.a*b["b"]

# class attributes
class Config:
    rate = 0.1
Config.rate = x
Config.rate*y + Config().rate

# a classmethod and a staticmethod
class P:
    def __init__(self, r, t):
        self.r, self.t = r, t
    @classmethod
    def cartesian(cls, a, b):
        return cls(np.hypot(a, b), np.arctan2(b, a))
    @staticmethod
    def double(a):
        return 2*a
p = P.cartesian(x, y)
P.double(p.r)*p.t

# dataclasses holding x
from dataclasses import dataclass, field, replace, asdict, astuple
@dataclass
class Body:
    mass: float
    position: np.ndarray
    history: list = field(default_factory=list)
b = Body(x, v)
b.history.append(b.mass*y)
c = replace(b, mass=b.mass + y)
c.mass*np.sum(c.position) + b.history[0] + asdict(b)["mass"]*astuple(c)[0]

# a frozen dataclass with an order
from dataclasses import dataclass
@dataclass(frozen=True, order=True)
class Item:
    weight: float
    name: str = ""
best = max(Item(x, "a"), Item(y, "b"))
best.weight*x + (1.0 if Item(x) == Item(x) else 2.0)*y

# the hash of a frozen dataclass †
from dataclasses import dataclass
@dataclass(frozen=True)
class Item:
    weight: float
{Item(x*y): 2.0}[Item(x*y)]*x

# namedtuple
from collections import namedtuple
Point = namedtuple("Point", "a b")
p = Point(x, y)
a, b = p._replace(b=p.b*2)
p.a*b + p[1]

# typing.NamedTuple and SimpleNamespace
from typing import NamedTuple
from types import SimpleNamespace
class State(NamedTuple):
    u: float
    t: float = 0.0
s = State(x)
s = s._replace(u=s.u*y, t=s.t + y)
n = SimpleNamespace(a=x, b=s)
n.a = n.a*2
n.a*n.b.u*n.b.t

# collections.deque
from collections import deque
d = deque([x, y], maxlen=2)
d.append(x*y)
d.rotate(1)
d[0]*d[-1]

# defaultdict
from collections import defaultdict
totals = defaultdict(float)
for name, u in zip("aba", v):
    totals[name] += u*x
totals["a"]*totals["b"]

# ChainMap, OrderedDict and setdefault
from collections import ChainMap, OrderedDict
c = ChainMap({"a": x}, {"a": 1.0, "b": y})
o = OrderedDict(b=x, a=y)
o.move_to_end("b")
d = {}
d.setdefault("k", []).append(x*y)
c["a"]*c["b"] + list(o.values())[-1] + d["k"][0]

# dicts of parameters
params = {"w": v, "b": x}
params = {name: value - 0.1*y*value for name, value in params.items()}
params |= {"c": y}
np.sum(params["w"])*params["b"] + params["c"]

# heapq
import heapq
heap = [y, x, v[2]]
heapq.heapify(heap)
heapq.heappush(heap, x*y)
heapq.heappop(heap)*x + heapq.nlargest(1, heap)[0]

# bisect
import bisect
grid = [0.0, 0.5, 1.0, 2.0]
i = bisect.bisect(grid, x)
(x - grid[i - 1])/(grid[i] - grid[i - 1])*y

# functions defined in other cells
def model(u, k=2.0):
    a = np.zeros(3)
    for i in range(3):
        a[i] = u*k**i
    return a
def loss(u, w):
    return np.sum(model(u)*w)
%%tape
loss(x, v)*y + loss(y, np.array([1.0, x, 2.0]))

# functions defined in other cells that need no twins
SCALE = 3.0
def model(u, k=2.0):
    return [SCALE*u*k**i for i in range(3)]
def loss(u, w):
    return sum(a*b for a, b in zip(model(u), w))
%%tape
loss(x, v)*y

# a class of another cell
class Counter:
    def __init__(self):
        self.total = 0.0
        self.calls = 0
    def add(self, u):
        self.total = self.total + u
        self.calls += 1
counter = Counter()
%%tape
counter.add(x)
counter.add(x*y)
counter.total*counter.calls

# a list of another cell
history = []
%%tape
history.append(x)
history.append(history[-1]*y)
history[-1] + len(history)

# decorators
import functools
calls = []
def counted(f):
    @functools.wraps(f)
    def wrapper(*args, **kwargs):
        calls.append(f.__name__)
        return f(*args, **kwargs)
    return wrapper
@counted
def square(u):
    return u*u
square(x) + square(v)[0]*len(calls)

# a decorator that memoises by an index
def memo(f):
    seen = {}
    def wrapper(n):
        if n not in seen:
            seen[n] = f(n)
        return seen[n]
    return wrapper
@memo
def term(n):
    return 1.0 if n == 0 else term(n - 1)*x/n
sum(term(n) for n in range(10))*y

# np.vectorize as a decorator
@np.vectorize
def relu(u):
    return u if u > 0.5 else 0.1*u
np.sum(relu(v)*x)

# match on a value
match x:
    case 0.8:
        z = 2*y
    case _:
        z = 3*y
z*x

# match on a type
match x:
    case str():
        z = y
    case int():
        z = 2*y
    case float(u):
        z = u*y
z

# match on a sequence with a guard
match [x, y]:
    case [a, b] if a > b:
        z = a - b
    case [a, b]:
        z = a*b
z

# match on a mapping and on a class
class P:
    __match_args__ = ("a", "b")
    def __init__(self, a, b):
        self.a, self.b = a, b
match {"k": x, "rest": P(y, 2.0)}:
    case {"k": k, "rest": P(a, b)}:
        z = k*a*b
z

# match on an array is by value
match v:
    case np.ndarray():
        z = v[0]*x
z

# type(x) and isinstance
z = x*y if isinstance(x, float) else x + y
w = v if isinstance(v, np.ndarray) else [v]
z*w[0]

# numbers.Real
import numbers
x*y if isinstance(x, numbers.Real) and not isinstance(x, numbers.Integral) else 0.0*x

# x.is_integer and numerator
x*(2.0 if (x*10.1).is_integer() else 3.0)*y

# walrus
if (n := x*y) > 0.5:
    z = n*n
else:
    z = n
z + (w := y**2)*w

# star-unpacking
first, *rest = v
a, b = [x, y]
(c, d), *_ = A
first*a + sum(rest)*b + c*d

# a swap of names
a, b = x, y
a, b = b, a*b
a*b

# a star in a call and in a display
def f(a, b, c, *more, k=1.0, **options):
    return a*b + c*k + sum(more) + options["q"]
f(*v, x, *[y, x], k=y, **{"q": x})*[*v, x][3]

# nested functions with default arguments
def f(u, k=x, m=[y]):
    return u*k + m[0]
f(v[0]) + f(y, 2.0)

# lambda in a dict
ops = {"square": lambda u: u*u, "sin": np.sin, "half": lambda u: u/2}
ops["square"](x) + ops["sin"](y)*ops["half"](v)[0]

# map, filter and zip
(
    sum(map(lambda a, b: a * b, v, [x, y, 2.0]))
    + sum(filter(lambda u: u > 0.5, v))
    + sum(a * b for a, b in zip(v, v[::-1]))
)

# map of NumPy's functions
sum(map(np.sin, v)) + list(map(np.exp, [x, y]))[1]

# zip(*...)
rows = [(x, y), (y, v[0]), (v[1], 2.0)]
a, b = zip(*rows)
sum(a)*b[0] + b[1]

# reversed and enumerate
sum(k * u for k, u in enumerate(reversed([x, y, v[0]]), start=1)) + sum(
    u * k for k, u in enumerate(reversed(v))
)

# iter, next and slices of lists
it = iter(v)
a = next(it)
b = next(it)
values = [a, b, x, y]
sum(values[1:])*values[-1] + sum(values[::2])

# any and all
x*y if all(u > 0 for u in v) and any([x > 2, y > 1]) else x + y

# any and all of an array of conditions
x*y if (v > 0.3).all() and (v > 1).any() else x - y

# try and except
try:
    z = 1.0/(x // 10.0)
except ZeroDivisionError:
    z = x*y
z

# try, else and finally
done = []
try:
    z = x*y
except ValueError:
    z = x
else:
    z = z + y
finally:
    done.append(z)
done[0]*x

# raise and catch with a traced value
class Stop(Exception):
    pass
try:
    raise Stop(x*y)
except Stop as stop:
    z = stop.args[0]
z + x

# raise where a value is out of range
def checked(u):
    if u < 0:
        raise ValueError(f"negative: {u}")
    return np.sqrt(u)
z = 0.0
for u in (x, x - 5, y):
    try:
        z = z + checked(u)
    except ValueError as error:
        z = z + len(str(error)[:3])*x
z

# assert on x
assert x > 0, f"x is {x}"
assert np.all(v > -10)
assert np.isfinite(x)
x*y

# early return
def f(u):
    if u > 1:
        return u**2
    for k in range(5):
        u = u*1.5
        if u > 3:
            return u*k
    return u
f(x) + f(y)

# with contexts
from contextlib import contextmanager
@contextmanager
def scaled(k):
    yield 2*k
with scaled(x) as s, np.errstate(all="ignore"):
    z = s*y
z

# a context manager of one's own
class Accumulator:
    def __enter__(self):
        self.total = 0.0
        return self
    def __exit__(self, *_):
        self.total = self.total*y
with Accumulator() as acc:
    acc.total = acc.total + x
acc.total

# del of a name
a = x*y
b = a*2
del a
b*x

# del in a list and a dict
values = [x, y, v[0]]
del values[0]
d = {"a": x, "b": y}
del d["a"]
values[0]*d.pop("b") + values.pop()

# an int input as a count
n = 4
z = x
for _ in range(n):
    z = z*y
z

# an int input in both roles
n = 3
sum(v[i]*n for i in range(n))*x

# int(x) as a count
sum(y*k for k in range(int(5.2*x)))*x

# booleans as numbers
(x > 0.5)*y + (y > 0.5)*x*2 + sum([u > 0.5 for u in v])*x

# chained comparison of elements
sum(u for u in v if 0.3 <= u < 1.0)*x

# bit operations on conditions
np.sum(v[(v > 0.3) & ~(v > 1.0)]) + (x if (x > 0) & (y > 0) | (x > 5) else y)

# time and random beside x
import time, random
random.seed(3)
start = time.perf_counter()
z = x*random.random() + y*random.gauss(0, 1)
elapsed = time.perf_counter() - start
del start, elapsed
z

# random.choice of traced values
import random
random.seed(1)
random.choice([x, y])*x + sum(random.sample([x, y, 1.0], 2))

# statistics †
import statistics
statistics.mean([x, y])*x

# fractions and decimals †
from fractions import Fraction
float(Fraction(x*y))*y

# decimal †
from decimal import Decimal
float(Decimal(x*y))*y

# a thread pool
from concurrent.futures import ThreadPoolExecutor
with ThreadPoolExecutor(1) as pool:
    z = pool.submit(lambda: 3.0).result()
z*x*y

# eval and exec
names = {"x": x, "y": y}
exec("w = x*y + 1", names)
eval("x**2")*names["w"]

# locals and vars
values = dict(a=x, b=y)
"{a:.2f}".format(**values) and values["a"]*values["b"]

# getattr and setattr
class P:
    pass
p = P()
for name, u in zip("ab", [x, y]):
    setattr(p, name, u*2)
getattr(p, "a")*vars(p)["b"] + getattr(x, "real")*getattr(np, "sin")(y)

# an Enum of functions
from enum import Enum
class Kind(Enum):
    LINEAR = 1
    SQUARE = 2
def f(kind, u):
    return u if kind is Kind.LINEAR else u*u
f(Kind.SQUARE, x) + f(Kind.LINEAR, y)

# x is x
a = x
z = x*y if a is x else x
z + (1.0 if v is not None else 2.0)*y

# a conditional expression on None
k = None
z = (k or x)*y if k is None else k
z

# complex numbers of Python
w = (x + 1j*y)*(x - 2j)
w.real*w.imag + abs(w) + (w.conjugate()*w).real

# numeric attributes of a number
x.real*y + x.imag + x.conjugate()

# unary operators
-x + +y - (-v)[0]*x

# a string of operations built by a loop
z = x
for op, u in [("+", y), ("*", v[0]), ("-", 1.0)]:
    z = {"+": lambda a, b: a + b, "*": lambda a, b: a*b, "-": lambda a, b: a - b}[op](z, u)
z

# int and float subclasses
class Metres(float):
    pass
Metres(2.0)*x + y*Metres(3.0)

# bool subclass tests
x*(1 if isinstance(x > 0, bool) else 100)*y
""")
