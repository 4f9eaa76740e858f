"""What code reads without naming it: methods that Python and NumPy call, names, settings."""

import reprlib

import numpy as np
import pytest

import tapenb as tn

from ..compiling.agreement import alike
from .changes import made_by

# By name: a program, and the change after which `f(1.5)` is another.
CHANGES = {
    "__repr__ in list": (
        """
        class K:
            def __repr__(self): return 'a' * int(k)
        one = K()
        f = lambda x: x * len(str([one]))
        """,
        "k = 9.0",
    ),
    "__hash__": (
        """
        class K:
            def __hash__(self): return int(k)
            def __eq__(self, o): return True
        one = K()
        t = {one: 1.0}
        f = lambda x: x * t.get(one, 3.0)
        """,
        "k = 9.0",
    ),
    "class name": (
        """
        class K: pass
        one = K()
        f = lambda x: x * len(type(one).__name__)
        """,
        "K.__name__ = 'Longer'",
    ),
    "class qualname": (
        """
        class K: pass
        one = K()
        f = lambda x: x * len(type(one).__qualname__)
        """,
        "K.__qualname__ = 'Longer'",
    ),
    "function name": (
        """
        def h(): pass
        f = lambda x: x * len(h.__name__)
        """,
        "h.__name__ = 'longer'",
    ),
    "function doc": (
        """
        def h(): 'a'
        f = lambda x: x * len(h.__doc__)
        """,
        "h.__doc__ = 'longer'",
    ),
    "module getattr later": (
        "f = lambda x: x * getattr(helper, 'j', 1.0)",
        "helper.__getattr__ = lambda name: 9.0",
    ),
    "module class later": (
        """
        import types
        class M(types.ModuleType):
            k = property(lambda self: 9.0)
        f = lambda x: x * helper.k
        """,
        "helper.__class__ = M",
    ),
    "module class": (
        """
        import types
        class M(types.ModuleType):
            k = property(lambda self: k)
        m = M('m')
        f = lambda x: x * m.k
        """,
        "k = 9.0",
    ),
    "large array": (
        """
        a = np.ones(100000)
        a.flags.writeable = False
        f = lambda x: x * a[5]
        """,
        "a.flags.writeable = True; a[5] = 9.0; a.flags.writeable = False",
    ),
    "np.sin calls": (
        """
        class K:
            def sin(self): return k
        one = K()
        f = lambda x: x * float(np.sin(one))
        """,
        "k = 9.0",
    ),
    "np.mean calls": (
        """
        class K:
            def mean(self, axis=None, dtype=None, out=None): return k
        one = K()
        f = lambda x: x * np.mean(one)
        """,
        "k = 9.0",
    ),
    "yield from send": (
        """
        class K:
            def __iter__(self): return self
            def __next__(self): raise StopIteration(k)
        one = K()
        def g():
            r = yield from one
            yield r
        f = lambda x: x * list(g())[0]
        """,
        "k = 9.0",
    ),
    "MutableSequence": (
        """
        from collections.abc import MutableSequence
        class K(MutableSequence):
            def __init__(self): self.a = []
            def __getitem__(self, i): return self.a[i]
            def __setitem__(self, i, v): self.a[i] = v
            def __delitem__(self, i): del self.a[i]
            def __len__(self): return len(self.a)
            def insert(self, i, v): self.a.insert(i, v * k)
        def f(x):
            one = K()
            one.append(x)
            return one[0]
        """,
        "k = 9.0",
    ),
    "a template's format": (
        """
        fmt = '{0.__globals__[k]}'.format
        def f(x): return x * float(fmt(f))
        """,
        "k = 9.0",
    ),
    "str.format by another name": (
        """
        fmt = str.format
        def f(x): return x * float(fmt('{0.__globals__[k]}', f))
        """,
        "k = 9.0",
    ),
    "format by getattr": (
        "def f(x): return x * float(getattr('{0.__globals__[k]}', 'format')(f))",
        "k = 9.0",
    ),
    "partial attr": (
        """
        from functools import partial
        p = partial(max, 1.0)
        p.k = 2.0
        f = lambda x: x * p.k
        """,
        "p.k = 9.0",
    ),
    "partial subclass": (
        """
        from functools import partial
        class P(partial): pass
        def g(b, x): return x * k * b
        p = P(g, 1.0)
        f = lambda x: p(x)
        """,
        "k = 9.0",
    ),
    "slice": (
        """
        class K:
            def __init__(self): self.k = 1
            def __index__(self): return self.k
        one = K()
        s = slice(0, one)
        r = [1.0, 2.0, 3.0]
        f = lambda x: x * sum(r[s])
        """,
        "one.k = 2",
    ),
    "dtype names": (
        """
        dt = np.dtype([('a', float)])
        f = lambda x: x * len(dt.names[0])
        """,
        "dt.names = ('bbb',)",
    ),
    "array dtype names": (
        """
        a = np.zeros(2, dtype=[('a', float)])
        f = lambda x: x * len(a.dtype.names[0])
        """,
        "a.dtype.names = ('bbb',)",
    ),
    "float64 subclass": (
        """
        class F(np.float64): pass
        v = F(2.0)
        v.k = 2.0
        f = lambda x: x * v.k
        """,
        "v.k = 9.0",
    ),
    "__str__ by its name": (
        """
        table = np.array([1/3])
        f = lambda x: x * len(table.__str__())
        """,
        "np.set_printoptions(precision=3)",
    ),
    "str alias": (
        """
        table = np.array([1/3])
        s = str
        f = lambda x: x * len(s(table))
        """,
        "np.set_printoptions(precision=3)",
    ),
    "str list": (
        """
        table = np.array([1/3])
        s = [str]
        f = lambda x: x * len(s[0](table))
        """,
        "np.set_printoptions(precision=3)",
    ),
    "operator.mod": (
        """
        import operator
        table = np.array([1/3])
        f = lambda x: x * len(operator.mod('%s', (table,)))
        """,
        "np.set_printoptions(precision=3)",
    ),
    "% by its name": (
        """
        table = np.array([1/3])
        f = lambda x: x * len('%s'.__mod__((table,)))
        """,
        "np.set_printoptions(precision=3)",
    ),
    "object.__getattribute__": (
        "f = lambda x: x * object.__getattribute__(helper, 'k')",
        "helper.k = 9.0",
    ),
    "helper.__getattribute__": (
        """
        h = [helper]
        f = lambda x: x * h[0].__getattribute__('k')
        """,
        "helper.k = 9.0",
    ),
    "match positional": (
        """
        class P:
            __match_args__ = ('a',)
            @property
            def a(self): return k
        p = P()
        def f(x):
            match p:
                case P(v): return x * v
        """,
        "k = 9.0",
    ),
    "asdict prop": (
        """
        import dataclasses
        @dataclasses.dataclass
        class P:
            a: float
        p = P(2.0)
        P.a = property(lambda self: k, lambda self, v: None)
        f = lambda x: x * dataclasses.asdict(p)['a']
        """,
        "k = 9.0",
    ),
    "dict key objects": (
        """
        class K: pass
        one = K()
        one.k = 2.0
        t = {one: 1.0}
        f = lambda x: x * sum(key.k for key in t)
        """,
        "one.k = 9.0",
    ),
    "enum member by name": (
        """
        import enum
        class Kind(enum.Enum):
            ONE = 1.0
        f = lambda x: x * Kind['ONE'].value
        """,
        "Kind.ONE._value_ = 9.0",
    ),
    "enum iterate": (
        """
        import enum
        class Kind(enum.Enum):
            ONE = 1.0
            def __init__(self, v): self.rate = v
        f = lambda x: x * sum(m.rate for m in Kind)
        """,
        "Kind.ONE.rate = 9.0",
    ),
    "enum by value": (
        """
        import enum
        class Kind(enum.Enum):
            ONE = 1.0
            def __init__(self, v): self.rate = v
        f = lambda x: x * Kind(1.0).rate
        """,
        "Kind.ONE.rate = 9.0",
    ),
    "contextmanager attr": (
        """
        from contextlib import contextmanager
        @contextmanager
        def c(): yield 1.0
        c.k = 2.0
        f = lambda x: x * c.k
        """,
        "c.k = 9.0",
    ),
    "metaclass changed": (
        """
        class M(type):
            k = 2.0
        class N(type):
            k = 9.0
        class K(metaclass=M): pass
        f = lambda x: x * K.k
        """,
        "K.__class__ = N",
    ),
    "property subclass": (
        """
        class P(property):
            def __get__(self, o, t=None): return k
        class K:
            a = P(lambda self: 1.0)
        one = K()
        f = lambda x: x * one.a
        """,
        "k = 9.0",
    ),
    "staticmethod subclass": (
        """
        class P(staticmethod):
            def __get__(self, o, t=None): return lambda: k
        class K:
            a = P(lambda: 1.0)
        one = K()
        f = lambda x: x * one.a()
        """,
        "k = 9.0",
    ),
    "__class__ lies": (
        """
        class K:
            k = 2.0
            __class__ = property(lambda self: np.dtype)
            def __init__(self): self.k = 2.0
        one = K()
        f = lambda x: x * one.k
        """,
        "one.k = 9.0",
    ),
    "type hints": (
        """
        import typing
        def g(a: 'k'): pass
        k = int
        f = lambda x: x * (2.0 if typing.get_type_hints(g)['a'] is int else 9.0)
        """,
        "k = float",
    ),
    "given seeing": (
        """
        table = {'gi_frame': 1, 'f_globals': 2}
        def g():
            yield 1.0
        f = lambda x: x * g().gi_frame.f_globals['k'] * table['gi_frame']
        """,
        "k = 9.0",
    ),
    "given globals": (
        """
        table = {'__globals__': 1.0}
        f = lambda x: x * f.__globals__['k'] * table['__globals__']
        """,
        "k = 9.0",
    ),
    "base": (
        """
        class K:
            base = 1.0
        a = np.ones(4)
        v = a[1:]
        f = lambda x: x * v.base[0] * K.base
        """,
        "a[0] = 9.0",
    ),
    "dict subclass globals": (
        """
        class G(dict):
            def __getitem__(self, n):
                return 9.0 if n == 'kk' and box[0] > 5 else dict.__getitem__(self, n)
        box = [1.0]
        G.__getitem__.__globals__
        sp = G(kk=1.0, __builtins__=__builtins__)
        f = eval('lambda x: x * kk', sp)
        """,
        "box[0] = 9.0",
    ),
    "functools.singledispatch": (
        """
        import functools
        @functools.singledispatch
        def g(a): return 2.0
        f = lambda x: x * g('a')
        """,
        "g.register(str, lambda a: 9.0)",
    ),
    "lru_cache global": (
        """
        import functools
        @functools.lru_cache
        def g(): return k
        f = lambda x: x * g()
        """,
        "k = 9.0; g.cache_clear()",
    ),
    "super property": (
        """
        class A:
            @property
            def k(self): return k
        class B(A):
            def at(self): return super().k
        one = B()
        f = lambda x: x * one.at()
        """,
        "k = 9.0",
    ),
    "field default": (
        """
        import dataclasses
        @dataclasses.dataclass
        class P:
            a: float = 2.0
        f = lambda x: x * dataclasses.fields(P)[0].default
        """,
        "P.__dataclass_fields__['a'].default = 9.0",
    ),
    "field factory": (
        """
        import dataclasses
        @dataclasses.dataclass
        class P:
            a: list = dataclasses.field(default_factory=lambda: [k])
        f = lambda x: x * P().a[0]
        """,
        "k = 9.0",
    ),
    "init defaults": (
        """
        import dataclasses
        @dataclasses.dataclass
        class P:
            a: float = 2.0
        f = lambda x: x * P().a
        """,
        "P.__init__.__defaults__ = (9.0,)",
    ),
    "sorted key": (
        """
        class K:
            def __lt__(self, o): return k > 5
            def __init__(self, v): self.v = v
        a, b = K(1.0), K(2.0)
        f = lambda x: x * sorted([a, b])[0].v
        """,
        "k = 9.0",
    ),
    "protocol": (
        """
        import typing
        @typing.runtime_checkable
        class P(typing.Protocol):
            def at(self): ...
        class K: pass
        one = K()
        f = lambda x: x * (2.0 if isinstance(one, P) else 3.0)
        """,
        "K.at = lambda self: 1",
    ),
    "copy": (
        """
        import copy
        class K:
            def __init__(self): self.k = 2.0
            def __reduce_ex__(self, n): return (lambda: {'k': k}, ())
        one = K()
        f = lambda x: x * copy.copy(one)['k']
        """,
        "k = 9.0",
    ),
    "readonly view of writable": (
        """
        a = np.ones(100000)
        v = a[:]
        v.flags.writeable = False
        f = lambda x: x * v[5]
        """,
        "a[5] = 9.0",
    ),
    "str(function)": (
        """
        def h(): pass
        f = lambda x: x * len(str(h))
        """,
        "h.__qualname__ = 'loooooong'",
    ),
    "str(class)": (
        """
        class K: pass
        f = lambda x: x * len(str(K))
        """,
        "K.__qualname__ = 'loooooong'",
    ),
    "str(instance)": (
        """
        class K: pass
        one = K()
        f = lambda x: x * len(str(one))
        """,
        "K.__qualname__ = 'loooooong'",
    ),
    "reprlib": (
        """
        import reprlib
        f = lambda x: x * len(reprlib.repr(list(range(100))))
        """,
        "reprlib.aRepr.maxlist = 20",
    ),
    "nested module swapped": (
        """
        import types
        helper.sub = types.ModuleType('sub')
        helper.sub.k = 2.0
        f = lambda x: x * helper.sub.k
        """,
        "helper.sub = types.ModuleType('sub'); helper.sub.k = 9.0",
    ),
    "numpy function attr": (
        "f = lambda x: x * getattr(np.vectorize, 'of_a_test', 1.0)",
        "np.vectorize.of_a_test = 9.0",
    ),
    "Fraction patched": (
        """
        from fractions import Fraction
        q = Fraction(1, 2)
        f = lambda x: x * float(q)
        """,
        "Fraction.__float__ = lambda s: 9.0",
    ),
    "finfo": (
        """
        fi = np.finfo(float)
        f = lambda x: x * fi.eps
        """,
        "fi.eps = 9.0",
    ),
    "poly1d": (
        """
        g = np.poly1d([1.0, 2.0])
        f = lambda x: x * float(g(1.0))
        """,
        "g.coeffs[0] = 9.0",
    ),
    "exception str": (
        """
        class E(Exception):
            def __str__(self): return 'a' * int(k)
        def f(x):
            try: raise E()
            except E as e: return x * len(str(e))
        """,
        "k = 9.0",
    ),
    "typing get_args": (
        """
        import typing
        f = lambda x: x * len(typing.get_args(K))
        K = typing.Union[int, str]
        """,
        "K = typing.Union[int, str, float]",
    ),
    "init_subclass": (
        """
        class A:
            def __init_subclass__(cls): cls.k = k
        def f(x):
            class B(A): pass
            return x * B.k
        """,
        "k = 9.0",
    ),
    "deque appendleft": (
        """
        from collections import deque
        d = deque([2.0], maxlen=1)
        f = lambda x: x * d[0]
        """,
        "d.appendleft(9.0)",
    ),
    "defaultdict factory": (
        """
        from collections import defaultdict
        d = defaultdict(lambda: k)
        f = lambda x: x * d.copy()['a']
        """,
        "k = 9.0",
    ),
    "chainmap": (
        """
        from collections import ChainMap
        a = {'k': 2.0}
        c = ChainMap(a, {})
        f = lambda x: x * c['k']
        """,
        "a['k'] = 9.0",
    ),
    "userdict": (
        """
        from collections import UserDict
        c = UserDict(k=2.0)
        f = lambda x: x * c['k']
        """,
        "c['k'] = 9.0",
    ),
    "weakvaluedict": (
        """
        import weakref
        class K: pass
        one = K()
        d = weakref.WeakValueDictionary(a=one)
        f = lambda x: x * len(d)
        """,
        "del one; import gc; gc.collect(); d.pop('a', None)",
    ),
    "namedtuple default": (
        """
        from collections import namedtuple
        P = namedtuple('P', 'a b', defaults=(2.0,))
        f = lambda x: x * P(1.0).b
        """,
        "P.__new__.__defaults__ = (9.0,)",
    ),
    "abstract": (
        """
        import abc
        class A(abc.ABC):
            @property
            def v(self): return k
        class B(A): pass
        b = B()
        f = lambda x: x * b.v
        """,
        "k = 9.0",
    ),
    "Set mixin": (
        """
        from collections.abc import Set
        class K(Set):
            def __init__(self, a=()): self.a = list(a)
            def __contains__(self, v): return v in self.a
            def __iter__(self): return iter(self.a)
            def __len__(self): return len(self.a)
            @classmethod
            def _from_iterable(cls, it): return cls([k])
        e = K([1.0]); h = K([1.0])
        f = lambda x: x * sum(e & h)
        """,
        "k = 9.0",
    ),
    "format_float": (
        "f = lambda x: x * len(np.array2string(np.array([1/3])))",
        "np.set_printoptions(precision=3)",
    ),
    "del attribute": (
        """
        class K:
            k = 9.0
        one = K()
        one.k = 2.0
        f = lambda x: x * one.k
        """,
        "del one.k",
    ),
    "comparison key functions": (
        """
        import functools
        K = functools.cmp_to_key(lambda a, b: (a > b) - (a < b) if k < 5 else (a < b) - (a > b))
        f = lambda x: x * sorted([1.0, 2.0], key=K)[0]
        """,
        "k = 9.0",
    ),
    "registered class in functools": (
        """
        import numbers
        class K: pass
        f = lambda x: x * (2.0 if isinstance(K(), numbers.Number) else 3.0)
        """,
        "numbers.Number.register(K)",
    ),
    "collections.abc register": (
        """
        import collections.abc as c
        class K: pass
        one = K()
        f = lambda x: x * (2.0 if isinstance(one, c.Sequence) else 3.0)
        """,
        "c.Sequence.register(K)",
    ),
    "callable": (
        """
        class K: pass
        one = K()
        f = lambda x: x * (2.0 if callable(one) else 3.0)
        """,
        "K.__call__ = lambda s: 1",
    ),
    "hasattr": (
        """
        class K: pass
        one = K()
        f = lambda x: x * (2.0 if hasattr(one, 'j') else 3.0)
        """,
        "K.j = 1",
    ),
}


@pytest.fixture(autouse=True)
def as_it_was(monkeypatch):
    """Put back what programs change for everyone."""
    from fractions import Fraction

    monkeypatch.setattr(Fraction, "__float__", Fraction.__float__)
    monkeypatch.setattr(reprlib.aRepr, "maxlist", reprlib.aRepr.maxlist)
    monkeypatch.setenv("of_a_test", "")
    eps = np.finfo(float).eps
    with np.printoptions():
        yield
    np.finfo(float).eps = eps
    if hasattr(np.vectorize, "of_a_test"):
        del np.vectorize.of_a_test


def same_after(program, change):
    """Whether a compiled function sees a change; how often it was replayed before."""
    made = made_by(program)
    f = tn.function(made["f"])
    for _ in range(3):
        before = f(1.5)
    replays = f.stats().replays
    exec(change, made)
    after = f(1.5)
    alike(after, made["f"](1.5))
    alike(f(1.5), after)
    return np.array_equal(before, after), replays


@pytest.mark.parametrize("name", CHANGES)
def test_what_has_changed_is_seen(name):
    unchanged, _ = same_after(*CHANGES[name])
    assert not unchanged


def test_many_digits_of_integers():
    import sys

    most = sys.get_int_max_str_digits()
    program = """
    n = 10**5000
    def f(x):
        try:
            return x * len(str(n))
        except ValueError:
            return x
    """
    try:
        assert not same_after(program, "import sys; sys.set_int_max_str_digits(0)")[0]
    finally:
        sys.set_int_max_str_digits(most)
