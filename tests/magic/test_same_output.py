"""What a cell prints, it prints with ``%%tape`` as well, letter by letter."""

import builtins

import numpy as np
import pytest

from tapenb.magic.cell import CAUGHT

# A row a cell: what it imports, and what it prints the `repr` of.
PRINTED = r"""
: type(x), type(n), type(v), type(np.sin(x)), type(v > 1), type(np.sin), type([x]), type(None)
: type(x)(3), type(x) is float, type(x) == float, type(x).__name__, type(n) in (int, float)
: {float: "f", int: "i"}[type(x)], issubclass(type(x), float), isinstance(2.5, type(x))
: np.zeros(2, type(x)), np.array([1, 2], dtype=type(x*2)), np.dtype(type(np.float32(x)))
: type("A", (), {"b": 1}).b, isinstance(int, type), type[int], list(map(type, [x, n, v]))
: type(int) is type, type(type) is type, type.__module__, type.__call__(int, "3"), type(int).__doc__
: type(f"A{n}", (), {}), type(str(x)), {str: 1}.get(type(f"{x}")), type(repr(x)[:2]) is str
import numpy.ma as M: type(M.array([x, 1], mask=[0, 1])*x), str(M.array([x, 1], mask=[0, 1]))
: pow(2, n, 5), pow(n, 2, 5), pow(n, -1, 7), pow(x, 2), pow(2, n), pow(base=x, exp=2)
: {x: 1}[x], {x: 1, n: 2}, len({x, 2*x}), x in {2.5}, {"a": {x: v}}, {(x, n): 1}[x, n]
from collections import deque: deque([x, n, 2]), deque[int], type(deque([1])) is deque
from collections import defaultdict, deque: defaultdict(deque)["a"], isinstance(deque(), deque)
from datetime import date, datetime: datetime(2020, n, 1), type(date.min) is date, datetime.min
from datetime import timedelta as T: T.max, T.min.days, T.__name__, T.__doc__
from datetime import timedelta as T: T(1)*x, x*T(1), T(n)/x, n*T(1), T(1)//n, T(x) > T(1)
from datetime import timedelta as T, datetime as D: D(2020, 1, 1) + T(hours=x), D(2020, 1, n)
from decimal import Decimal as D: D("1.1") > x, D("1.5") == x, x == D("1.5"), x < D(2), D(2) != x
from decimal import Decimal as D: D(n) + n, n*D("1.5"), D(2)**n, n - D(1), D(7) // n, D(7) % n
from decimal import Decimal as D: D.from_float(x), D(x).sqrt(), D(n), D(1).compare(D(x))
from fractions import Fraction as F: F(x), F(1, 2)*x, x + F(1, 2), F(1, 2) < x, F(n, 7), F(1)**n
import numpy.random as R: R.default_rng(n).random(), R.default_rng([n, 2]).random(n)
import numpy.random as R: R.RandomState(n).rand(), R.SeedSequence(n).entropy, R.PCG64(n + 1).state
import random: random.Random(1).uniform(0, x), random.Random(n).random()
import sqlite3: sqlite3.connect(":memory:").execute("select ?, ?, ?", (x, n, np.sin(x))).fetchall()
import marshal, struct: marshal.loads(marshal.dumps([x, n])), struct.pack("<di", x, n)
import select, time: select.select([], [], [], x/1e6), time.gmtime(x).tm_sec, time.sleep(x/1e6)
import ctypes, array: ctypes.c_double(x).value, ctypes.c_int(n).value, array.array("i", [n])
import copy, pickle: copy.deepcopy([x, v]), pickle.loads(pickle.dumps({"x": x, "v": v, "n": n}))
import json: json.dumps({"x": x, "n": n, "l": [x]}), json.dumps(v, default=lambda a: a.tolist())
import statistics as S: S.mean([x, 2]), S.stdev([x, 2, 3]), S.median([x, n]), S.quantiles([x, 2])
import statistics as S: S.NormalDist(x, 1).cdf(1), S.fmean([x, n])
import itertools as I: list(I.accumulate([x, n])), list(I.islice(I.count(x, 0.5), n))
import bisect, heapq: bisect.bisect([1, 2], x), heapq.nsmallest(n, [x, 1, 2, 9])
import operator as O: O.index(n), O.itemgetter(n)([1, 2, 3, 4]), O.truth(x), O.contains([x], x)
import math: math.comb(5, n), math.floor(x), math.gcd(n, 6), math.isclose(x, 1.5)
import string, textwrap: string.Template("$a").substitute(a=x), textwrap.fill(f"{x} "*5, 9)
import pprint, reprlib: pprint.pformat({"x": x, "v": v}), reprlib.repr([x]*9)
import logging as L: L.LogRecord("a", 1, "f", 1, "%s %.2f %r %d", (x, x, x, n), None).getMessage()
import numbers: isinstance(x, numbers.Real), isinstance(n, numbers.Integral), isinstance(v, list)
from typing import Union as U, Optional as O: isinstance(x, U[int, float]), isinstance(n, O[float])
from typing import Union as U: isinstance(x, (str, U[int, None])), isinstance(v, U[str, float])
import collections.abc as A: isinstance(x, A.Iterable), isinstance(v, A.Sized)
import dataclasses as d: d.asdict(d.make_dataclass("P", ["a"])(x)), d.make_dataclass("P", "a")(n)
import functools as f: f.reduce(lambda a, b: a*b, [x, n]), f.singledispatch(lambda a: type(a))(x)
import unittest.mock as m: m.call(x) == m.call(1.5), m.Mock(return_value=x)()
import hashlib, base64: hashlib.md5(v.tobytes()).digest(), base64.b64encode(str(x).encode())
: f"{x:>9,.2f}|{x:e}|{x:%}|{x!r:>6}|{x=}|{n:05d}|{n:b}|{v}|{np.sin(x)!r}", "%r %5.2f" % (x, x)
: "{0} {0!r} {a:>{w}}".format(x, a=n, w=9), "%(a)s" % {"a": x}, str([x, (n,)]), format(x, ".3g")
: bytes(n), [0]*n, "ab"*n, range(n), "abcd"[n], "abcd"[:n], chr(65 + n), hex(n), 1 << n, ~n, n | 4
: x.as_integer_ratio(), x.hex(), n.to_bytes(2, "big"), divmod(x, 1), round(x, n), x.__add__(1)
: x == None, x != "a", x == [1.5], x in [1.5], (x, 1) < (2, 0), sorted([(x, "a"), (1, "b")])
: next(iter(v)), list(reversed(v)), v.tolist(), 1.0 in v, list(enumerate(v)), v.flat[1], sorted(v)
"""
BEFORE = "x = 1.5; n = 3; v = np.array([1.0, 2.0, 3.0])\n"


def outputs(notebook, cell):
    """What a cell prints without a tape, and with it."""
    printed = []
    for head in ("", "%%tape -o t\n"):
        result = notebook.attempt(head + cell)
        assert result.success, notebook.printed
        assert not notebook.captured.stderr
        printed.append(notebook.printed)
    return printed


def derivative(notebook):
    return notebook.names["t"].gradient["x"]


def test_the_same_is_printed(notebook):
    cell = BEFORE
    for row in PRINTED.strip().splitlines():
        imports, _, expression = row.partition(": ")
        cell += f"{imports or 'pass'}\nprint(repr(({expression},)))\n"
    without, with_tape = outputs(notebook, cell + "z = x*x + v.sum()*n")
    assert without.splitlines() == with_tape.splitlines()
    assert derivative(notebook) == 3.0


@pytest.mark.parametrize("head", ["if True:", "def f(x, f, v, a):"])
def test_the_words_of_a_caught_error_are_those_of_any_cell(notebook, head):
    wrong = """
    x() ; len(x) ; x[0] ; iter(x) ; list(x) ; x.foo ; x.a == 1 ; x + 'a' ; 'a' + x ; x + [1]
    x < 'a' ; 'a' < x ; sorted([x, 'a']) ; [1]*x ; x @ x ; ~x ; x & 1 ; range(x) ; chr(x)
    'a'.join([x]) ; isinstance(1, x) ; hash([x]) ; {}[[x]] ; [].pop(x) ; bytes(x) ; f'{x:d}'
    f'{x:s}' ; int(x, 10) ; '%c' % x ; float([x]) ; x.__getitem__ ; zip(x) ; next(map(len, [x]))
    memoryview(x) ; ord(x) ; eval(x) ; a*x ; x*a ; x > a ; a < x ; -a ; a(x) ; hash(v) ; {v} ; v()
    v.foo ; v[5] ; v['a'] ; v.append(1) ; int(v) ; v.reshape(2) ; v + [1, 2] ; [1][x] ; [1][f]
    len(f) ; f() ; list(f) ; x in f ; f.foo ; f + 'a' ; f < 'a' ; range(f) ; [1]*f
    """.replace("\n", ";")
    caught = " except Exception as error: print(type(error).__name__, error)\n"
    attempts = [f" try: {each}\n{caught}" for each in map(str.strip, wrong.split(";")) if each]
    cell = f"""{BEFORE}
from traceback import format_exc
class A:
    def __mul__(self, other): return NotImplemented
a, f = A(), x*np.float64(2)
attempts = lambda *given: None
{head.replace(" f(", " attempts(")}
{"".join(attempts)}
attempts(x, f, v, a)
class B:
    try:
        len(x)
    except TypeError:
        print(format_exc().splitlines()[-1])
z = x*x
"""
    without, with_tape = outputs(notebook, cell)
    assert without.splitlines() == with_tape.splitlines()


def test_errors_that_plain_numbers_meet_as_well_have_no_note(notebook):
    for wrong in ("len(x)", "x()", "range(x)", "~x", "x[0]", "list(x)"):
        error = notebook.attempt(f"%%tape\nx = 2.0\n{wrong}").error_in_exec
        assert type(error) is TypeError
        assert not hasattr(error, "__notes__"), wrong


def test_what_is_shown_is_plain_all_through(notebook):
    m = "np.ma.array([x, 1.0], mask=[0, 1])*x"
    for last in ("{x: [x*x]}", m, f"({m}, np.sin)"):
        shown = [notebook.attempt(f"{head}x = 2.0\n{last}").success for head in ("", "%%tape\n")]
        assert shown == [True, True]
    assert type(notebook.names["_"][0]) is np.ma.MaskedArray
    assert notebook.names["_"][1] is np.sin


def test_methods_that_c_asks_answer_as_plain_numbers(notebook):
    cell = """x = 2.0
class A:
    def __float__(self): return x
    def __complex__(self): return x + 1j
    def __array__(self, dtype=None, copy=None): return np.array([1.0, 2.0])
class B:
    def __float__(self): return 1
print(float(A()), complex(A()), np.asarray(A()))
try: float(B())
except TypeError as error: print(error)
z = x*x
"""
    without, with_tape = outputs(notebook, cell)
    assert without == with_tape
    assert derivative(notebook) == 4.0
    result = notebook.attempt("%%tape\n" + cell + "z = x*float(A())")
    assert "off the tape" in str(result.error_in_exec)


def test_a_function_of_the_cell_has_its_own_handlers_alone(notebook):
    notebook.run(
        "%%tape\nx = 1.5\ndef f(a):\n    try: return 1/(a - 1.5)\n"
        "    except ZeroDivisionError as error: return 0.0*a\nz = f(x) + x"
    )
    assert notebook.names["f"].__code__.co_names == ("ZeroDivisionError",)
    assert CAUGHT not in {*notebook.names, *vars(builtins)}


@pytest.mark.parametrize(
    "cell",
    {
        "a future": "import asyncio\nloop = asyncio.new_event_loop()\n"
        "held = [loop.create_future()]\nloop.close()",
        "a dead proxy": "import weakref\nclass A: pass\ndead = weakref.proxy(A()); held = [dead]",
        "no class": "class B:\n    @property\n    def __class__(s): raise OSError\nheld = [B()]",
    }.items(),
    ids=lambda pair: pair[0],
)
def test_odd_objects_of_the_notebook_are_let_be(notebook, cell):
    """They cannot be looked at as others are, and the cell names them."""
    notebook.run(cell[1])
    notebook.run("%%tape -o t\nx = 1.5\nw = len(held)\nz = x*x*w if x < 2 else x*w")
    assert derivative(notebook) == 3.0
    notebook.run("z = t(x=4.0)")
    assert notebook.names["z"].gradient["x"] == 1.0


def test_classes_are_classes_of_twins(notebook):
    cell = """x = 1.5
from collections import deque
from decimal import Decimal
class M(type):
    def __new__(m, n, b, d): return type.__new__(m, n, b, d)
    def __init__(c, n, b, d): type.__init__(c, n, b, d)
    def __call__(c, *a): return type.__call__(c, *a)
    def __setattr__(c, n, v): type.__setattr__(c, n, v)
class A(metaclass=M): pass
A.b = 2
class D(deque):
    def __init__(s, *a): deque.__init__(s, *a)
class E(Decimal):
    def __new__(c, v): return Decimal.__new__(c, v)
class P(np.poly1d):
    def __init__(s, *a): np.poly1d.__init__(s, *a)
q = type(int)
held = [(type(A), type(type))]
match D([1]):
    case deque(): print(A().b, D([1]), E(x), P([1, 2]), np.poly1d([1, 2]), type(A), q is type)
z = x*x
"""
    without, with_tape = outputs(notebook, cell)
    assert without == with_tape
    names = notebook.names
    assert names["q"] is type
    assert names["held"][0][1] is type


def test_the_traceback_of_a_caught_error_has_no_frame_of_ours(notebook):
    cell = """x = 1.5
import sys, traceback
def f(a):
    return 1/(a - 1.5)
try:
    f(x)
except ZeroDivisionError:
    print([(each.name, each.line) for each in traceback.extract_tb(sys.exc_info()[2])])
try:
    try:
        f(x)
    except ZeroDivisionError as error:
        raise ValueError('b') from error
except ValueError:
    print(traceback.format_exc().count("File"))
z = x*x
"""
    without, with_tape = outputs(notebook, cell)
    assert without == with_tape


def test_results_by_a_parameter_are_kept_by_plain_keys(notebook):
    notebook.run("%%tape -o t\nx = 1.5\nfound = {}\nfound[x] = x*x\nz = found[x] + found[x]*x")
    ((key, value),) = notebook.names["found"].items()
    assert type(key) is float
    assert type(value) is float
    assert derivative(notebook) == 2 * 1.5 + 3 * 1.5**2
    notebook.run("z = t(x=2.0)")
    assert notebook.names["z"].gradient["x"] == 2 * 2.0 + 3 * 2.0**2


@pytest.mark.parametrize(
    "cell",
    {
        "the key of an equal number": "w = 2*x/2\nfound = {x: x*x, w: w}\nz = found[x]",
        "a memory of one's own": "z = memo(2*x/2) + memo(x)",
        "a cache": "import functools\nf = functools.lru_cache(lambda a: a*a)\nz = f(x)",
        "a plain key": "found = {1.5: 2.0}\nz = x*found[x]",
        "a count": "z = x*len({x, 1.5})",
    }.items(),
    ids=lambda pair: pair[0],
)
def test_a_key_that_could_take_a_derivative_along_is_refused(notebook, cell):
    notebook.run(
        "known = {}\ndef memo(a):\n    if a not in known:\n        known[a] = a*a\n"
        "    return known[a]"
    )
    for _ in range(2):
        result = notebook.attempt("%%tape -o t\nx = 1.5\n" + cell[1])
        assert "cannot be a key here" in str(result.error_in_exec)
    assert notebook.names["known"] == {} or np.isfinite(notebook.names["known"][1.5])


def test_builtins_with_twins_are_where_they_were(notebook):
    notebook.run("import tapenb as tn\nasked = type\ndef f(a): return type(a)(3)*a")
    notebook.run(
        "%%tape\nx = 2.0\nkind, made = type(x), {'by': type}\nz = f(x)\ng = tn.function(f)\n"
        "h = tn.function(lambda a: pow(a, 2))"
    )
    names = notebook.names
    assert names["kind"] is float
    assert names["asked"] is names["made"]["by"] is type
    assert not {"type", "pow"} & names.keys()
    notebook.run("found = [g(float(k)) + h(float(k)) for k in range(5)]\nsaid = str(g.stats())")
    assert names["found"] == [3.0 * k + k * k for k in range(5)]
    assert "4 replayed" in names["said"]
