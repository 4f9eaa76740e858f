"""Further statements of Python's: decorators, match, exceptions, contexts, names and types."""

from .as_cell import both_ways

test_in_a_cell, test_through_grad = both_ways("""
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
