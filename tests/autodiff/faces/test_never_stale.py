"""A replay never answers what a run would not: whatever the function could read, and say."""

import random

import numpy as np
import pytest

import tapenb as tn

from ..compiling.agreement import alike
from .changes import CHANGES, made_by

pytestmark = pytest.mark.usefixtures("as_it_was")


@pytest.mark.parametrize("name", CHANGES)
def test_what_has_changed_is_seen(name):
    program, change = CHANGES[name]
    made = made_by(program)
    f = tn.function(made["f"])
    for _ in range(3):
        before = f(1.5)
    exec(change, made)
    after = f(1.5)
    alike(after, made["f"](1.5))
    assert np.any(np.not_equal(before, after)), f.stats()
    alike(f(1.5), after)


# -- random programs with state --------------------------------------------------------------------

READS = [
    "k",
    "helper.k",
    "one.k",
    "one.at(x)",
    "K.c",
    "table['a']",
    "rows[0][1]",
    "array[1]",
    "free",
    "default",
    "g(x)",
    "g.k",
    "p(x)",
    "named.b",
    "one.both",
    "sum(v * x for v in rows[0])",
    "globals()['k']",
    "math.pi",
    "abs(k)",
    "getattr(one, 'k')",
]


TEMPLATE = """
import math
from collections import namedtuple
from functools import partial
helper.k = 2.0
class K:
    c = 3.0
    def __init__(self):
        self.k = 1.0
    def at(self, x):
        return x * self.k + self.c
    @property
    def both(self):
        return self.k + K.c
one = K()
table, rows, array = {{"a": 2.0}}, [[1.0, 2.0]], np.array([1.0, 2.0])
P = namedtuple("P", "a b")
named = P(1.0, 2.0)
def g(x):
    return x * g.k + k
g.k = 1.0
p = partial(lambda by, x: by * x + k, 2.0)
def make():
    free = 1.0
    def f(x, default=1.0):
        return {body}
    def set_free(value):
        nonlocal free
        free = value
    return f, set_free
f, set_free = make()
"""


WRITES = [
    "k = {v}",
    "helper.k = {v}",
    "one.k = {v}",
    "one = K(); one.k = {v}",
    "K.c = {v}",
    "K.at = lambda self, x: x * {v}",
    "K.both = property(lambda self: {v})",
    "one.at = lambda x: x - {v}",
    "table['a'] = {v}",
    "table = {{'a': {v}}}",
    "rows[0][1] = {v}",
    "rows[0] = [{v}, {v}]",
    "array[1] = {v}",
    "array = array * {v}",
    "set_free({v})",
    "f.__defaults__ = ({v},)",
    "g.k = {v}",
    "g.__code__ = (lambda x: x * {v}).__code__",
    "def g(x): return x + {v}\ng.k = {v}",
    "p = partial(lambda by, x: by - x, {v})",
    "named = named._replace(b={v})",
    "abs = lambda number: number * {v}",
    "pass",
]


@pytest.mark.parametrize("seed", range(60))
def test_random_programs_and_changes(seed):
    chosen = random.Random(seed)
    terms = [f"{chosen.choice(READS)}*x" for _ in range(chosen.randint(1, 4))]
    if chosen.random() < 0.3:
        terms.append("(k if x > 2.0 else free)*x")
    made = made_by(TEMPLATE.format(body=" + ".join(terms)))
    f = tn.function(made["f"])
    for _ in range(30):
        if chosen.random() < 0.5:
            exec(chosen.choice(WRITES).format(v=float(chosen.randint(-9, 9))), made)
        x = chosen.choice([1.5, 2.5, np.float64(0.5), np.array([1.0, 2.0])])
        try:
            expected = made["f"](x)
        except ValueError:
            with pytest.raises(ValueError, match="truth value"):
                f(x)
            continue
        alike(f(x), expected)
