"""A change of what an object's method reads is seen, however the method is called."""

import random
import re

import pytest

from .test_read_unasked import same_after

# What is called, how it is asked for, and what it is: `V()` reads a value that goes from 2 to 9.
METHODS = {
    # What is called, how, and what for: `V()` reads a value that changes from 2 to 9.
    "attr": ("one.k", "@property\n    def k(self): return V()"),
    "item": ("one['k']", "def __getitem__(self, i): return V()"),
    "call": ("one()", "def __call__(self, *a): return V()"),
    "len": ("len(one)", "def __len__(self): return int(V())"),
    "str": ("len(str(one))", "def __str__(self): return 'a' * int(V())"),
    "fstr": ('len(f"{one}")', "def __format__(self, s): return 'a' * int(V())"),
    "bool": ("(1.0 if one else 5.0)", "def __bool__(self): return V() > 5"),
    "float": ("float(one)", "def __float__(self): return V()"),
    "int": ("int(one)", "def __int__(self): return int(V())"),
    "abs": ("abs(one)", "def __abs__(self): return V()"),
    "neg": ("(-one)", "def __neg__(self): return V()"),
    "iter": ("sum(one)", "def __iter__(self): return iter([V()])"),
    "in": ("(1.0 if 3 in one else 5.0)", "def __contains__(self, o): return V() > 5"),
    "eq": (
        "(1.0 if one == 3 else 5.0)",
        "def __eq__(self, o): return V() > 5\n    __hash__ = None",
    ),
    "lt": ("(1.0 if one < 3 else 5.0)", "def __lt__(self, o): return V() > 5"),
    "add": ("(one + 1.0)", "def __add__(self, o): return V()"),
    "radd": ("(1.0 + one)", "def __radd__(self, o): return V()"),
    "getattr": (
        "getattr(one, 'anything')",
        "def __getattr__(self, n):\n        if n[:2] == '__': raise AttributeError(n)\n"
        "        return V()",
    ),
    "round": ("round(one)", "def __round__(self): return V()"),
    "index": ("[1.0, 5.0][one]", "def __index__(self): return int(V() > 5)"),
    "reversed": ("sum(reversed(one))", "def __reversed__(self): return iter([V()])"),
    "divmod": ("divmod(one, 2)[0]", "def __divmod__(self, o): return V(), 1"),
    "pow": ("one ** 2", "def __pow__(self, o): return V()"),
    "matmul": ("(one @ 1.0)", "def __matmul__(self, o): return V()"),
    "contains": ("operator.contains(one, 2) + 1.0", "def __contains__(self, o): return V() > 5"),
    "bytes": ("len(bytes(one))", "def __bytes__(self): return b'a' * int(V())"),
    "next": ("next(one)", "def __next__(self): return V()"),
    "mapping": (
        "len({**one})",
        "def keys(self): return [str(i) for i in range(int(V()))]\n"
        "    def __getitem__(self, i): return 1",
    ),
    "unpack": ("sum([*one])", "def __iter__(self): return iter([V()])"),
    "trunc": ("math.trunc(one)", "def __trunc__(self): return V()"),
    "floor": ("math.floor(one)", "def __floor__(self): return V()"),
    "complex": ("complex(one).real", "def __complex__(self): return V() + 0j"),
    "repr%": ("len('%r' % (one,))", "def __repr__(self): return 'a' * int(V())"),
    "format": ("len(format(one, 'a'))", "def __format__(self, s): return 'a' * int(V())"),
    "format2": ("len('{}'.format(one))", "def __str__(self): return 'a' * int(V())"),
    "map": ("sum(map(one, [1.0]))", "def __call__(self, *a): return V()"),
    "reduce": ("functools.reduce(one, [1.0, 2.0])", "def __call__(self, *a): return V()"),
    "partial": ("functools.partial(one)()", "def __call__(self, *a): return V()"),
    "key": ("sorted([1.0, 2.0], key=one)[0]", "def __call__(self, a): return a * (V() - 5)"),
    "np.sum": ("np.sum(one)", "def sum(self, axis=None, dtype=None, out=None): return V()"),
    "np.asarray": (
        "np.sum(np.asarray(one, dtype=float))",
        "def __array__(self, dtype=None, copy=None): return np.array([V()])",
    ),
    "np.add": ("float(np.add(one, 1.0))", "def __array_ufunc__(self, *a, **k): return V()"),
    "np.mul": ("np.float64(2.0) * one", "def __rmul__(self, o): return V()"),
    "arr": (
        "float(np.sum(np.ones(2) * one))",
        "__array_ufunc__ = None\n    def __rmul__(self, o): return V()",
    ),
    "array": (
        "float(np.sum(np.array([1.0, 2.0])[one]))",
        "def __index__(self): return int(V() > 5)",
    ),
    "vectorize": ("float(np.vectorize(one)(1.0))", "def __call__(self, *a): return V()"),
    "array_function": ("np.sum(one)", "def __array_function__(self, *a, **k): return V()"),
    "shape": ("np.shape(one)[0]", "@property\n    def shape(self): return (V(),)"),
    "copy": ("copy.copy(one)", "def __copy__(self): return V()"),
    "deepcopy": ("copy.deepcopy(one)", "def __deepcopy__(self, memo): return V()"),
    "min": ("min(one)", "def __iter__(self): return iter([V()])"),
    "chain": ("sum(itertools.chain(one))", "def __iter__(self): return iter([V()])"),
    "dictupdate": (
        "len(dict(one))",
        "def keys(self): return [str(i) for i in range(int(V()))]\n"
        "    def __getitem__(self, i): return 1",
    ),
    "set": ("len(set(one))", "def __iter__(self): return iter(range(int(V())))"),
    "enumerate": (
        "sum(i for i, _ in enumerate(one))",
        "def __iter__(self): return iter(range(int(V())))",
    ),
    "zip": ("sum(a for a, b in zip(one, one))", "def __iter__(self): return iter([V()])"),
    "join": ("len(''.join(one))", "def __iter__(self): return iter(['a'] * int(V()))"),
    "all": ("all(one) + 1.0", "def __iter__(self): return iter([V() > 5])"),
    "sum": ("sum(one)", "def __iter__(self): return iter([V()])"),
    "callnp": ("np.piecewise(2.0, [True], [one])", "def __call__(self, *a): return V()"),
}
STATES = {
    "a global": ("k = 2.0\nV = lambda: k", "k = 9.0"),
    "a list": ("L = [2.0]\nV = lambda: L[0]", "L[0] = 9.0"),
    "a class": ("class S:\n    k = 2.0\nV = lambda: S.k", "S.k = 9.0"),
    "a module": ("V = lambda: helper.k", "helper.k = 9.0"),
    "a closure": (
        "def make():\n    n = 2.0\n    def put():\n        nonlocal n\n        n = 9.0\n"
        "    return (lambda: n), put\nV, put = make()",
        "put()",
    ),
    "a default": ("def V(a=[2.0]): return a[0]", "V.__defaults__[0][0] = 9.0"),
}
HOLDERS = {
    "a name": ("", "one"),
    "a list": ("hold = [one]", "hold[0]"),
    "a dict": ("hold = {'o': one}", "hold['o']"),
    "a key": ("hold = {one: 1}", "list(hold)[0]"),
    "a tuple in a dict": ("hold = {1: (one,)}", "hold[1][0]"),
    "an attribute": ("class H: pass\nhold = H()\nhold.o = one", "hold.o"),
    "a slot": ("class H:\n    __slots__ = ('o',)\nhold = H()\nhold.o = one", "hold.o"),
    "a field": ("@dataclasses.dataclass\nclass H:\n    o: object\nhold = H(one)", "hold.o"),
    "a named tuple": ("hold = collections.namedtuple('H', 'o')(one)", "hold.o"),
    "a partial": ("hold = functools.partial(lambda o: o, one)", "hold()"),
    "a proxy": ("hold = types.MappingProxyType({'o': one})", "hold['o']"),
    "nothing": ("", "K()"),
    "a derived class": ("class M(K): pass\none = M()", "one"),
}
IMPORTS = "import collections, copy, dataclasses, functools, itertools, math, operator, types\n"


@pytest.mark.parametrize("name", METHODS)
def test_what_a_method_reads_is_seen_however_it_is_called(name):
    read, method = METHODS[name]
    chosen, replayed = random.Random(name), 0
    for setup, there in HOLDERS.values():
        state, change = STATES[chosen.choice(list(STATES))]
        here = re.sub(r"\bone\b", there, read)
        program = f"""{IMPORTS}{state}
class K:
    {method}
one = K()
{setup}
f = lambda x: x * {here}
"""
        if "__hash__ = None" in method and "{one: 1}" in setup:
            continue
        unchanged, replays = same_after(program, change)
        assert not unchanged, program
        replayed += replays
    assert replayed, "none of them is replayed"
