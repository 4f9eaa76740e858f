"""Objects and containers of Python's: copies, keys, classes, and what other cells hold."""

from .as_cell import both_ways

test_in_a_cell, test_through_grad = both_ways("""
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

# tuples and lists of one's own, with other arguments
class Point(tuple):
    def __new__(cls, a, b):
        return super().__new__(cls, (a, b))
    def __init__(self, a, b):
        self.square = a*a
class Row(list):
    def __init__(self, *parts):
        super().__init__(parts)
p = Point(x, y)
row = Row(x, p.square)
np.hypot(*p) + np.where([True, False], row, [1.0, 2.0])[0]*np.array(p)[1] + np.stack([row, p])[0, 1]

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
""")
