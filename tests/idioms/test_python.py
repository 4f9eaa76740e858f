"""Python's own: operators, control flow, functions, iterators and text."""

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
""")
