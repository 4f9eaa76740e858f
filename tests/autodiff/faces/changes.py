"""What a function reads, and changes of it: a replay that did not see one would be stale."""

import textwrap
from types import ModuleType

import numpy as np


def made_by(program, **more):
    """What a program defines; ``f`` is the function."""
    helper = ModuleType("helper")
    helper.k = 2.0
    space = {"np": np, "helper": helper, "k": 2.0, "__name__": "made", **more}
    exec(textwrap.dedent(program), space)
    return space


# By name: a program, and the change after which `f(1.5)` is another.
CHANGES = {
    "globals()": ("f = lambda x: x * globals()['k']", "k = 9.0"),
    "globals by another name": (
        """
        g = globals
        f = lambda x: x * g()['k']
        """,
        "k = 9.0",
    ),
    "the dict of globals by a name": (
        """
        names = globals()
        f = lambda x: x * names['k']
        """,
        "k = 9.0",
    ),
    "the dict of a module beside it": (
        """
        names = vars(helper)
        f = lambda x: x * helper.k * names['k']
        """,
        "helper.k = 9.0",
    ),
    "globals in a list": (
        """
        ways = [globals]
        f = lambda x: x * ways[0]()['k']
        """,
        "k = 9.0",
    ),
    "eval": ("f = lambda x: x * eval('k')", "k = 9.0"),
    "exec": (
        """
        def f(x):
            space = {}
            exec("y = k", globals(), space)
            return x * space["y"]
        """,
        "k = 9.0",
    ),
    "vars of a module": ("f = lambda x: x * vars(helper)['k']", "helper.k = 9.0"),
    "vars of an object": (
        """
        class K: pass
        one = K()
        one.k = 2.0
        f = lambda x: x * vars(one)['k']
        """,
        "one.k = 9.0",
    ),
    "a module's __dict__": ("f = lambda x: x * helper.__dict__['k']", "helper.k = 9.0"),
    "a class's __dict__": (
        """
        class K:
            k = 2.0
        f = lambda x: x * K.__dict__['k']
        """,
        "K.k = 9.0",
    ),
    "a function's __globals__": (
        """
        def f(x):
            return x * f.__globals__['k']
        """,
        "k = 9.0",
    ),
    "__globals__ by a format": (
        """
        def f(x):
            return x * float('{0.__globals__[k]}'.format(f))
        """,
        "k = 9.0",
    ),
    "print options": (
        "f = lambda x: x * np.get_printoptions()['precision']",
        "np.set_printoptions(precision=3)",
    ),
    "print options in a text": (
        """
        table = np.array([1 / 3])
        f = lambda x: x * len(str(table))
        """,
        "np.set_printoptions(precision=3)",
    ),
    "print options in an f-string": (
        """
        table = np.array([1 / 3])
        f = lambda x: x * len(f"{table}")
        """,
        "np.set_printoptions(precision=3)",
    ),
    "print options in a %": (
        """
        table = np.array([1 / 3])
        f = lambda x: x * len("%s" % (table,))
        """,
        "np.set_printoptions(precision=3)",
    ),
    "errors that NumPy is asked to raise": (
        "f = lambda x: x * (1.0 if np.geterr()['over'] == 'warn' else 2.0)",
        "np.seterr(over='ignore')",
    ),
    "an attribute of NumPy's": (
        """
        np.of_a_test = 2.0
        f = lambda x: x * np.of_a_test
        """,
        "np.of_a_test = 9.0",
    ),
    "an attribute that NumPy is given later": (
        """
        f = lambda x: x * getattr(np, "of_a_test", 1.0)
        """,
        "np.of_a_test = 9.0",
    ),
    "an attribute by a name that is computed": (
        """
        name = "of_a_test"
        np.of_a_test = 2.0
        f = lambda x: x * getattr(np, name)
        """,
        "np.of_a_test = 9.0",
    ),
    "NumPy's function of another name": (
        "f = lambda x: np.sin(x)",
        "import numpy; numpy.sin = numpy.cos",
    ),
    "math.pi": ("import math\nf = lambda x: x * math.pi", "math.pi = 3.0"),
    "math.tau": ("import math\nf = lambda x: x * math.tau", "math.tau = 6.0"),
    "math.sqrt": (
        "import math\nf = lambda x: x * math.sqrt(2.0)",
        "math.sqrt = lambda number: number",
    ),
    "math in a function of its own": (
        """
        def f(x):
            import math
            return x * math.pi
        """,
        "import math; math.pi = 3.0",
    ),
    "math by a star": (
        """
        def f(x):
            from math import pi
            return x * pi
        """,
        "import math; math.pi = 3.0",
    ),
    "a module by its place": (
        """
        import sys
        f = lambda x: x * sys.modules["math"].pi
        """,
        "import math; math.pi = 3.0",
    ),
    "a module's constant through a parameter": (
        """
        import math
        def f(x, m=math):
            return x * m.pi
        """,
        "math.pi = 3.0",
    ),
    "an import by hand": (
        """
        import importlib
        f = lambda x: x * importlib.import_module("math").pi
        """,
        "import math; math.pi = 3.0",
    ),
    "a class that is registered": (
        """
        import abc
        class Base(abc.ABC): pass
        class K: pass
        one = K()
        f = lambda x: x * (9.0 if isinstance(one, Base) else 2.0)
        """,
        "Base.register(K)",
    ),
    "a number by its abstract class": (
        """
        import numbers
        class K: pass
        f = lambda x: x * (9.0 if issubclass(K, numbers.Real) else 2.0)
        """,
        "numbers.Real.register(K)",
    ),
    "subclasses": (
        """
        class K: pass
        f = lambda x: x * (1.0 + len(K.__subclasses__()))
        """,
        "class L(K): pass",
    ),
    "the bases of a class": (
        """
        class A:
            k = 2.0
        class B:
            k = 9.0
        class K(A): pass
        f = lambda x: x * K.k
        """,
        "K.__bases__ = (B,)",
    ),
    "other defaults by keyword": (
        "def f(x, *, k=2.0): return x * k",
        "f.__kwdefaults__ = {'k': 9.0}",
    ),
    "a default by keyword": ("def f(x, *, k=2.0): return x * k", "f.__kwdefaults__['k'] = 9.0"),
    "defaults": ("def f(x, k=2.0): return x * k", "f.__defaults__ = (9.0,)"),
    "no defaults before": (
        """
        def g(k=2.0): return k
        f = lambda x: x * g()
        """,
        "g.__defaults__ = (9.0,)",
    ),
    "code": (
        """
        def g(x): return x * 2.0
        f = lambda x: g(x)
        """,
        "g.__code__ = (lambda x: x * 9.0).__code__",
    ),
    "another dictionary of an object": (
        """
        class K: pass
        one = K()
        one.k = 2.0
        f = lambda x: x * one.k
        """,
        "one.__dict__ = {'k': 9.0}",
    ),
    "another dictionary of a function": (
        """
        def f(x): return x * f.k
        f.k = 2.0
        """,
        "f.__dict__ = {'k': 9.0}",
    ),
    "a default that may change": (
        "def f(x, table=[2.0]): return x * table[0]",
        "f.__defaults__[0][0] = 9.0",
    ),
    "__getattr__": (
        """
        class K:
            def __getattr__(self, name):
                return k
        one = K()
        f = lambda x: x * one.anything
        """,
        "k = 9.0",
    ),
    "__missing__": (
        """
        class K(dict):
            def __missing__(self, key):
                return k
        table = K()
        f = lambda x: x * table["anything"]
        """,
        "k = 9.0",
    ),
    "a metaclass": (
        """
        class M(type):
            @property
            def k(cls):
                return k
        class K(metaclass=M): pass
        f = lambda x: x * K.k
        """,
        "k = 9.0",
    ),
    "a metaclass's instances": (
        """
        class M(type):
            def __instancecheck__(cls, one):
                return k > 5.0
        class K(metaclass=M): pass
        f = lambda x: x * (9.0 if isinstance(1, K) else 2.0)
        """,
        "k = 9.0",
    ),
    "a property's": (
        """
        class K:
            @property
            def k(self):
                return k
        one = K()
        f = lambda x: x * one.k
        """,
        "k = 9.0",
    ),
    "a descriptor's": (
        """
        class D:
            def __get__(self, one, owner):
                return k
        class K:
            d = D()
        f = lambda x: x * K.d
        """,
        "k = 9.0",
    ),
    "an operator's": (
        """
        class K:
            def __mul__(self, other):
                return other * k
        one = K()
        f = lambda x: one * x
        """,
        "k = 9.0",
    ),
    "__new__": (
        """
        class K:
            def __new__(cls, x):
                return x * k
        f = lambda x: K(x)
        """,
        "k = 9.0",
    ),
    "__class_getitem__": (
        """
        class K:
            def __class_getitem__(cls, x):
                return x * k
        f = lambda x: K[x]
        """,
        "k = 9.0",
    ),
    "an operator that is an object": (
        """
        class Times:
            def __get__(self, one, owner):
                return lambda other: other * k
        class K:
            __mul__ = Times()
        one = K()
        f = lambda x: one * x
        """,
        "k = 9.0",
    ),
    "an enumeration's other members": (
        """
        import enum
        class Kind(enum.Enum):
            ONE = 1.0
            TWO = 2.0
            @classmethod
            def _missing_(cls, value):
                return cls.ONE if k > 5.0 else cls.TWO
        f = lambda x: x * Kind(7.0).value
        """,
        "k = 9.0",
    ),
    "a static method's": (
        """
        class K:
            @staticmethod
            def at(x):
                return x * k
        f = lambda x: K.at(x)
        """,
        "k = 9.0",
    ),
    "a cached property's": (
        """
        import functools
        class K:
            @functools.cached_property
            def k(self):
                return k
        f = lambda x: x * K().k
        """,
        "k = 9.0",
    ),
    "locals()": (
        """
        def f(x, table=helper):
            return x * locals()["table"].k
        """,
        "helper.k = 9.0",
    ),
    "a generator's": (
        """
        def numbers():
            yield k
        f = lambda x: x * sum(numbers())
        """,
        "k = 9.0",
    ),
    "a comprehension's": ("f = lambda x: sum([x * k for _ in range(2)])", "k = 9.0"),
    "a function within": (
        """
        def f(x):
            def g():
                return x * k
            return g()
        """,
        "k = 9.0",
    ),
    "a class within": (
        """
        def f(x):
            class K:
                c = k
            return x * K.c
        """,
        "k = 9.0",
    ),
    "the environment": (
        """
        import os
        os.environ["of_a_test"] = "2"
        f = lambda x: x * float(os.environ["of_a_test"])
        """,
        "os.environ['of_a_test'] = '9'",
    ),
    "a context variable": (
        """
        from contextvars import ContextVar
        variable = ContextVar("variable", default=2.0)
        f = lambda x: x * variable.get()
        """,
        "variable.set(9.0)",
    ),
    "a decimal context": (
        """
        import decimal
        f = lambda x: x * float(decimal.Decimal(1) / decimal.Decimal(3))
        """,
        "decimal.getcontext().prec = 3",
    ),
    "a weak reference": (
        """
        import weakref
        class K: pass
        one = K()
        f = lambda x, r=weakref.ref(one): x * (9.0 if r() is None else 2.0)
        """,
        "del one; import gc; gc.collect()",
    ),
    "a call by text": (
        """
        import operator
        of = operator.attrgetter("k")
        f = lambda x: x * of(helper)
        """,
        "helper.k = 9.0",
    ),
    "what is inspected": (
        """
        import inspect
        f = lambda x: x * inspect.getattr_static(helper, "k")
        """,
        "helper.k = 9.0",
    ),
    "a method that is replaced": (
        """
        class K:
            def at(self, x):
                return x * 2.0
        one = K()
        f = lambda x: one.at(x)
        """,
        "K.at = lambda self, x: x * 9.0",
    ),
    "a method of one object": (
        """
        class K:
            def at(self, x):
                return x * 2.0
        one = K()
        f = lambda x: one.at(x)
        """,
        "one.at = lambda x: x * 9.0",
    ),
    "a cache that is emptied": (
        """
        import functools
        @functools.cache
        def g(): return k
        g()
        k = 9.0
        f = lambda x: x * g()
        """,
        "g.cache_clear()",
    ),
    "a name of its own builtins": (
        """
        own = {"__builtins__": {"k": 2.0}}
        f = eval("lambda x: x * k", own)
        """,
        "own['__builtins__']['k'] = 9.0",
    ),
    "an iterator": (
        """
        steps = np.nditer(np.arange(5.0))
        f = lambda x: x * float(steps.value)
        """,
        "steps.iternext()",
    ),
    "an array that can no longer be written": (
        """
        numbers = np.arange(4.0)
        def f(x):
            try:
                numbers[0] = 0.0
            except ValueError:
                return 100.0 * x
            return x * float(numbers[1])
        """,
        "numbers.flags.writeable = False",
    ),
    "a name that comes to be": (
        """
        def f(x):
            try:
                return x * later
            except NameError:
                return x
        """,
        "later = 9.0",
    ),
    "a cell that is filled": (
        """
        def make():
            def f(x):
                try:
                    return x * later
                except NameError:
                    return x
            def fill():
                nonlocal later
                later = 9.0
            if 0:
                later = 1.0
            return f, fill
        f, fill = make()
        """,
        "fill()",
    ),
    "an attribute by a parameter": (
        """
        def f(x, name="k"):
            return x * getattr(f, name, 1.0)
        """,
        "f.k = 9.0",
    ),
    "a file": (
        """
        import tempfile, pathlib
        path = pathlib.Path(tempfile.mkdtemp()) / "k"
        path.write_text("2")
        f = lambda x: x * float(path.read_text())
        """,
        "path.write_text('9')",
    ),
    "a time zone": (
        """
        import os, time
        os.environ["TZ"] = "UTC"
        time.tzset()
        f = lambda x: x * (1.0 + len(time.tzname[0]))
        """,
        "os.environ['TZ'] = 'Europe/Berlin'; time.tzset(); time.tzname = ('a', 'b')",
    ),
    "the identity of an object": ("f = lambda x: x * (id(helper.k) % 1000)", "helper.k = 1e9"),
    "tapenb's NumPy": (
        "import tapenb.numpy as tnp\nf = lambda x: tnp.sin(x)",
        "import numpy; numpy.sin = numpy.cos",
    ),
    "a frame of a generator": (
        """
        def g():
            yield 1.0
        f = lambda x: x * g().gi_frame.f_globals["k"]
        """,
        "k = 9.0",
    ),
    "the arguments' memory": (
        """
        w = np.ones(3)
        f = lambda x: x * (9.0 if np.shares_memory(w, v) else 2.0)
        v = np.ones(3)
        """,
        "v = w",
    ),
}
