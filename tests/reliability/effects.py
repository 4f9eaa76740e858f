"""Hundreds of kinds of effects of a cell, none of them doubled when a branch is crossed.

A cell that is run again for another branch is wound back, or refused before the effect happens.
"""

from __future__ import annotations

import os
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from tapenb.magic.effects import StateLost
from tapenb.magic.settings import settings
from tests.magic.notebook import Notebook, close_shell, open_notebook

TITLE = "kinds of effects of a cell that is run again"


class Effect(NamedTuple):
    """What runs before, what the cell does, what tells whether it was done, and what to expect."""

    setup: str
    effect: str
    read: str
    kept: bool = True


_OWN = "import reliability_effects_module as own"
_FILE = "open('log.txt', 'w').close()"
_READ_FILE = "open('log.txt').read()"
_LINES = "import os; open('log.txt', 'w').write('a'); os.makedirs('full', exist_ok=True)"
_SQL = "import sqlite3; db = sqlite3.connect(':memory:'); db.execute('create table t (v)')"
_MANY = "import os; os.mkdir('full'); [open(f'full/{i}', 'w').close() for i in (1, 2, 3)]"
_MANY_IN = "import os; [os.makedirs(f'full/{i}') for i in (1, 2, 3)]"
_LISTED_IN_FULL = "sorted(__import__('os').listdir('full'))"
_PYPLOT = "import matplotlib; matplotlib.use('agg'); import matplotlib.pyplot as plt; "
_PYPLOT += "plt.close('all')\n"
_TEMPORARY = "import os, tempfile; os.mkdir('there'); tempfile.tempdir = os.path.abspath('there')"
_LISTED_THERE = "sorted(__import__('os').listdir('there'))"
_LISTED = "sorted(__import__('os').listdir('.'))"

# -- wound back ------------------------------------------------------------------------------------

EFFECTS = {
    "list.append": Effect("L = []", "L.append(1)", "L"),
    "list +=": Effect("L = []", "L += [1]", "L"),
    "list item": Effect("L = [0]", "L[0] += 1", "L"),
    "nested list": Effect("L = [[0]]", "L[0].append(1)", "L"),
    "dict item": Effect("D = {'n': 0}", "D['n'] += 1", "D"),
    "dict.setdefault": Effect("D = {}", "D[len(D)] = 1", "D"),
    "set.add": Effect("S = set()", "S.add(len(S))", "S"),
    "name": Effect("n = 0", "n += 1", "n"),
    "global in a function": Effect("n = 0\ndef f():\n    global n\n    n += 1", "f()", "n"),
    "closure": Effect(
        "def make():\n    n = 0\n    def f():\n        nonlocal n\n        n += 1\n"
        "        return n\n    return f\nf = make()", "f()", "f.__closure__[0].cell_contents"),
    "default argument": Effect("def f(seen=[]): seen.append(1)", "f()", "f.__defaults__"),
    "function attribute": Effect("def f(): f.n += 1\nf.n = 0", "f()", "f.n"),
    "globals()": Effect(
        "g = globals()", "globals()['made'] = globals().get('made', 0) + 1", "made"),
    "exec": Effect("made = 0", "exec('made += 1')", "made"),
    "object attribute": Effect("class A: n = 0\na = A()", "a.n += 1", "a.n"),
    "class attribute": Effect("class A: n = 0", "A.n += 1", "A.n"),
    "new class attribute": Effect(
        "class A: pass", "setattr(A, 'm', getattr(A, 'm', 0) + 1)", "A.m"),
    "slots": Effect("class A:\n    __slots__ = ('n',)\na = A(); a.n = 0", "a.n += 1", "a.n"),
    "property": Effect(
        "class A:\n    _n = 0\n    @property\n    def n(self):\n        self._n += 1\n"
        "        return self._n\na = A()", "a.n", "a._n"),
    "dataclass": Effect(
        "import dataclasses\n@dataclasses.dataclass\nclass A:\n    n: int = 0\na = A()",
        "a.n += 1", "a"),
    "list subclass": Effect("class A(list): n = 0\na = A()", "a.n += 1; a.append(1)", "(a.n, a)"),
    "dict subclass": Effect("class A(dict): n = 0\na = A()", "a.n += 1; a[a.n] = 1", "(a.n, a)"),
    "set subclass": Effect("class A(set): n = 0\na = A()", "a.n += 1; a.add(a.n)", "(a.n, a)"),
    "deque subclass": Effect(
        "from collections import deque\nclass A(deque): n = 0\na = A()", "a.n += 1; a.append(1)",
        "(a.n, list(a))"),
    "array subclass": Effect(
        "class A(np.ndarray): n = 0\na = np.zeros(2).view(A)", "a.n += 1; a[0] += 1",
        "(a.n, a.tolist())"),
    "deque": Effect("from collections import deque; q = deque(maxlen=3)", "q.append(1)", "list(q)"),
    "Counter": Effect("from collections import Counter; c = Counter()", "c['a'] += 1", "dict(c)"),
    "Counter.update": Effect(
        "from collections import Counter; c = Counter()", "c.update('aab')", "dict(c)"),
    "defaultdict": Effect(
        "from collections import defaultdict; d = defaultdict(list)", "d['a'].append(1)",
        "dict(d)"),
    "OrderedDict": Effect(
        "from collections import OrderedDict; d = OrderedDict(a=1, b=2)", "d.move_to_end('a')",
        "list(d)"),
    "ChainMap": Effect(
        "from collections import ChainMap; d = ChainMap({})", "d[len(d)] = 1", "dict(d)"),
    "UserDict": Effect(
        "from collections import UserDict; d = UserDict()", "d[len(d)] = 1", "dict(d)"),
    "UserList": Effect(
        "from collections import UserList; d = UserList()", "d.append(1)", "list(d)"),
    "bytearray": Effect("b = bytearray(b'a')", "b.append(98)", "bytes(b)"),
    "bytearray item": Effect("b = bytearray(b'a')", "b[0] += 1", "bytes(b)"),
    "memoryview": Effect("b = bytearray(b'a'); m = memoryview(b)", "m[0] += 1", "bytes(b)"),
    "array.array": Effect("import array; a = array.array('d')", "a.append(1.0)", "a.tolist()"),
    "array.array item": Effect(
        "import array; a = array.array('d', [0])", "a[0] += 1", "a.tolist()"),
    "ndarray": Effect("a = np.zeros(3)", "a += 1", "a.tolist()"),
    "integer ndarray": Effect("a = np.zeros(3, int)", "a[1] += 1", "a.tolist()"),
    "view of an ndarray": Effect("a = np.zeros(4); b = a[1:3]", "b += 1", "a.tolist()"),
    "ndarray in a dict": Effect("d = {'a': np.zeros(2)}", "d['a'] += 1", "d['a'].tolist()"),
    "object ndarray": Effect(
        "a = np.array([1, None], object)", "a[0] += 1", "a.tolist()"),
    "list in an object ndarray": Effect(
        "a = np.empty(1, object); a[0] = []", "a[0].append(1)", "a.tolist()"),
    "structured ndarray": Effect(
        "a = np.zeros(2, [('u', int)])", "a['u'] += 1", "a.tolist()"),
    "masked array": Effect(
        "a = np.ma.array([1.0, 2.0], mask=[0, 0])", "a[0] = np.ma.masked", "a.tolist()"),
    "StringIO": Effect("import io; s = io.StringIO()", "s.write('a')", "s.getvalue()"),
    "print to a StringIO": Effect(
        "import io; s = io.StringIO()", "print(1, file=s)", "s.getvalue()"),
    "BytesIO": Effect("import io; s = io.BytesIO()", "s.write(b'a')", "s.getvalue()"),
    "queue.Queue": Effect("import queue; q = queue.Queue()", "q.put(1)", "q.qsize()"),
    "queue.PriorityQueue": Effect(
        "import queue; q = queue.PriorityQueue()", "q.put(1)", "q.qsize()"),
    "weakref.proxy": Effect(
        "import weakref\nclass A: n = 0\nK = [A()]; p = weakref.proxy(K[0])", "p.n += 1", "p.n"),
    "list subclass that tells": Effect(
        "class A(list):\n    def __iter__(s): raise OSError\n    def extend(s, a): raise OSError\n"
        "    def clear(s): raise OSError\na = A()", "a.append(1)", "a[:]"),
    "dict subclass that tells": Effect(
        "class A(dict):\n    def items(s): raise OSError\n    def clear(s): raise OSError\n"
        "    def update(s, a): raise OSError\n    __setitem__ = update\na = A()",
        "a.setdefault(len(a), 1)", "dict.copy(a)"),
    "OrderedDict subclass": Effect(
        "from collections import OrderedDict\nclass A(OrderedDict):\n"
        "    def __setitem__(s, k, v): raise OSError\na = A()",
        "OrderedDict.__setitem__(a, len(a), 1)", "list(a)"),
    "Counter in a list": Effect(
        "from collections import Counter; c = [Counter('ab')]", "c[0]['a'] += 1", "dict(c[0])"),
    "with a lock": Effect(
        "import threading; lock = threading.Lock(); L = []", "with lock: L.append(1)", "L"),
    "gc.callbacks": Effect(
        "import gc", "gc.callbacks.append(lambda *_: None)", "len(__import__('gc').callbacks)"),
    "logging.addLevelName": Effect(
        "import logging", "logging.addLevelName(77, logging.getLevelName(77) + 'a')",
        "logging.getLevelName(77)"),
    "new widget": Effect(
        "import ipywidgets", "w = ipywidgets.IntSlider()",
        "len(ipywidgets.widgets.widget._instances)"),
    "new comm": Effect(
        "import comm.base_comm; comm._sent = []\nclass C(comm.base_comm.BaseComm):\n"
        "    def publish_msg(s, *a, **k): comm._sent.append(a)",
        "c = C(target_name='a'); c.send({})", "len(comm._sent)"),
    "ip.events": Effect(
        "ip = get_ipython()", "ip.events.register('post_execute', lambda: 1)",
        "len(ip.events.callbacks['post_execute'])"),
    "sys.displayhook": Effect(
        "import sys", "sys.displayhook = lambda *a: None", "id(sys.displayhook)"),
    "set_next_input": Effect(
        "ip = get_ipython()", "ip.set_next_input('1')", "len(ip.payload_manager.read_payload())"),
    "sys.stdin": Effect("import sys, io", "sys.stdin = io.StringIO()", "id(sys.stdin)"),
    "state that a library makes once": Effect(
        "import string, threading\nclass F(string.Formatter): pass\nF.__module__ = 'string'\n"
        "string.F = F\ndef start(F=F):\n    if 'monitor' not in vars(F):\n"
        "        F.monitor = threading.Timer(0, list); F.monitor.start()",
        "getattr(string, 'F'); start()", "0"),
    "sys.made": Effect("import sys; sys.made = 0", "sys.made += 1", "sys.made"),
    "attribute of the shell": Effect(
        "ip = get_ipython(); ip.made = 0", "get_ipython().made += 1", "ip.made"),
    "formatter": Effect(
        "ip = get_ipython()\nclass A: pass",
        "ip.display_formatter.formatters['text/html'].for_type(A, lambda a: 'a')",
        "ip.display_formatter.formatters['text/html'].type_printers"),
    "%precision": Effect(
        "f = get_ipython().display_formatter.formatters['text/plain']\n%precision 3",
        "get_ipython().run_line_magic('precision', f'{int(f.float_format[2]) + 1}')",
        "f.float_format"),
    "magic function": Effect(
        "ip = get_ipython()", "ip.register_magic_function(lambda line: line, magic_name='made')",
        "id(ip.magics_manager.magics['line'].get('made'))"),
    "private name of a library": Effect(
        "import json; json._made = 0", "json._made += 1", "json._made"),
    "class of a library": Effect(
        "import json; json.JSONEncoder.made = 0", "json.JSONEncoder.made += 1",
        "json.JSONEncoder.made"),
    "class of a library by its name": Effect(
        "from json import JSONEncoder; JSONEncoder.made = 0", "JSONEncoder.made += 1",
        "JSONEncoder.made"),
    "method of a library's class": Effect(
        "import fractions",
        "fractions.Fraction.__neg__ = (lambda f: lambda a: f(a)*2)(fractions.Fraction.__neg__)",
        "-fractions.Fraction(1)"),
    "special method of a class": Effect(
        "class A:\n    def __len__(self): return 1",
        "A.__len__ = (lambda f: lambda self: f(self) + 1)(A.__len__)", "len(A())"),
    "submodule of a library": Effect(
        "import os; os.path.made = 0", "os.path.made += 1", "os.path.made"),
    "imported in the cell": Effect(
        "import json; json.decoder.made = 0; del json", "import json; json.decoder.made += 1",
        "__import__('json').decoder.made"),
    "container of a library": Effect(
        "import mimetypes; mimetypes.inited", "mimetypes.knownfiles.append('a')",
        "len(mimetypes.knownfiles)"),
    "DataFrame's names": Effect(
        "import pandas as pd; df = pd.DataFrame({'a': [1]}); df.attrs['n'] = 0; s = df.a",
        "df.index.name = f'{df.index.name}a'; df.attrs['n'] += 1; s.name += 'a'",
        "(df.index.name, df.attrs['n'], s.name)"),
    "bases of a class": Effect(
        "class A: pass\nclass B: pass\nclass C(A): pass",
        "C.__bases__ = ({A: B, B: A}[C.__bases__[0]],)", "C.__bases__"),
    "words of a function and of a class": Effect(
        "def f(*, k=0): 'a'\nclass A: 'a'",
        "f.__doc__ += 'b'; f.__name__ += 'b'; A.__doc__ += 'b'\n"
        "f.__kwdefaults__ = {'k': f.__kwdefaults__['k'] + 1}",
        "(f.__doc__, f.__name__, A.__doc__, f.__kwdefaults__)"),
    "pandas' options": Effect(
        "import pandas as pd", "pd.set_option('display.max_rows', pd.options.display.max_rows + 1)",
        "pd.options.display.max_rows"),
    "pandas' options by attributes": Effect(
        "import pandas as pd", "pd.options.display.max_columns += 1",
        "pd.options.display.max_columns"),
    "mpmath's digits": Effect("from mpmath import mp", "mp.dps += 1", "mp.dps"),
    "mpmath's digits by the module": Effect("import mpmath", "mpmath.mp.dps += 1", "mpmath.mp.dps"),
    "object of a library": Effect(
        "import string; string.own = string.Formatter(); string.own.n = [0]",
        "string.own.n[0] += 1", "string.own.n"),
    "heapq": Effect("import heapq; h = []", "heapq.heappush(h, 1)", "h"),
    "bound method": Effect("L = []; add = L.append", "add(1)", "L"),
    "bound method of a user's": Effect(
        "class A:\n    n = 0\n    def f(self): self.n += 1\na = A(); f = a.f", "f()", "a.n"),
    "partial": Effect(
        "from functools import partial; L = []; add = partial(L.append, 1)", "add()", "L"),
    "partial's argument": Effect(
        "from functools import partial; L = []\ndef f(l): l.append(1)\ng = partial(f, L)",
        "g()", "L"),
    "operator.setitem": Effect("import operator; L = [0]", "operator.setitem(L, 0, L[0] + 1)", "L"),
    "map of a method": Effect("L = []", "list(map(L.append, [1, 2]))", "L"),
    "lambda": Effect("L = []; add = lambda: L.append(1)", "add()", "L"),
    "own module's global": Effect(_OWN, "own.n += 1", "own.n"),
    "own module's function": Effect(_OWN, "own.count()", "own.n"),
    "own module's function by name": Effect(
        _OWN + "\nfrom reliability_effects_module import count", "count()", "own.n"),
    "own module's list": Effect(_OWN, "own.log.append(1)", "own.log"),
    "own module's new name": Effect(
        _OWN, "own.made = getattr(own, 'made', 0) + 1", "own.made"),
    "installed module's new name": Effect(
        "import math", "math.made = getattr(math, 'made', 0) + 1", "math.made"),
    "SimpleNamespace": Effect(
        "from types import SimpleNamespace as N; s = N(n=0)", "s.n += 1", "s.n"),
    "ContextVar": Effect(
        "from contextvars import ContextVar; v = ContextVar('v', default=0)", "v.set(v.get() + 1)",
        "v.get()"),
    "WeakValueDictionary": Effect(
        "import weakref\nclass A: pass\na = A(); w = weakref.WeakValueDictionary()",
        "w[len(w)] = a", "len(w)"),
    "DataFrame column": Effect(
        "import pandas as pd; df = pd.DataFrame({'a': [1.0]})", "df['a'] += 1", "df['a'].tolist()"),
    "DataFrame item": Effect(
        "import pandas as pd; df = pd.DataFrame({'a': [1.0]})", "df.loc[0, 'a'] += 1",
        "df['a'].tolist()"),
    "DataFrame row": Effect(
        "import pandas as pd; df = pd.DataFrame({'a': [1.0]})", "df.loc[len(df)] = 1.0", "len(df)"),
    "Series": Effect("import pandas as pd; s = pd.Series([1.0])", "s[0] += 1", "s.tolist()"),
    "random": Effect(
        "import random; random.seed(1)", "random.random()", "random.getstate()[1][-1]"),
    "random.Random": Effect(
        "import random; r = random.Random(1)", "r.random()", "r.getstate()[1][-1]"),
    "np.random": Effect(
        "np.random.seed(1)", "np.random.rand()", "np.random.get_state()[2]"),
    "RandomState": Effect(
        "r = np.random.RandomState(1)", "r.rand()", "r.get_state()[2]"),
    "Generator": Effect(
        "r = np.random.default_rng(1)", "r.random()", "r.bit_generator.state['state']['state']"),
    "BitGenerator": Effect(
        "b = np.random.PCG64(1)", "b.random_raw()", "b.state['state']['state']"),
    "os.environ": Effect(
        "import os; os.environ['RELIABILITY'] = ''", "os.environ['RELIABILITY'] += 'a'",
        "os.environ['RELIABILITY']"),
    "os.environ, new": Effect(
        "import os", "os.environ['RELIABILITY'] = os.environ.get('RELIABILITY', '') + 'a'",
        "os.environ['RELIABILITY']"),
    "sys.path": Effect("import sys", "sys.path.append('nowhere')", "sys.path.count('nowhere')"),
    "sys.argv": Effect("import sys", "sys.argv.append('nothing')", "sys.argv.count('nothing')"),
    "sys.setrecursionlimit": Effect(
        "import sys", "sys.setrecursionlimit(sys.getrecursionlimit() + 1)",
        "sys.getrecursionlimit()"),
    "np.set_printoptions": Effect(
        "", "np.set_printoptions(precision=np.get_printoptions()['precision'] + 1)",
        "np.get_printoptions()['precision']"),
    "np.seterr": Effect(
        "", "np.seterr(under={'ignore': 'warn', 'warn': 'raise'}[np.geterr()['under']])",
        "np.geterr()['under']"),
    "np.seterrcall": Effect("", "np.seterrcall(lambda *_: None)", "id(np.geterrcall())"),
    "warnings.filterwarnings": Effect(
        "import warnings", "warnings.filterwarnings('ignore', str(len(warnings.filters)))",
        "len(warnings.filters)"),
    "logging handler": Effect(
        "import logging", "logging.getLogger('reliability').addHandler(logging.NullHandler())",
        "len(logging.getLogger('reliability').handlers)"),
    "logging level": Effect(
        "import logging; logging.getLogger('reliability').setLevel(10)",
        "logging.getLogger('reliability').setLevel(logging.getLogger('reliability').level + 1)",
        "logging.getLogger('reliability').level"),
    "decimal precision": Effect(
        "import decimal", "decimal.getcontext().prec += 1", "decimal.getcontext().prec"),
    "gc.disable": Effect(
        "import gc; gc.enable()", "gc.disable() if gc.isenabled() else gc.enable()",
        "gc.isenabled()"),
    "rcParams": Effect(
        "import matplotlib", "matplotlib.rcParams['lines.linewidth'] += 1",
        "matplotlib.rcParams['lines.linewidth']"),
    "lru_cache": Effect(
        "import functools; L = []\n@functools.lru_cache\ndef f(k): L.append(k); return k", "f(1)",
        "(f.cache_info()[:2], L)"),
    "attribute of a cached function": Effect(
        "import functools\n@functools.lru_cache\ndef f(k): f.n += 1; f.log.append(k); return k\n"
        "f.n = 0; f.log = []", "f(1)", "(f.cache_info()[:2], f.n, f.log)"),
    "lru_cache of a class": Effect(
        "import functools; L = []\nclass A:\n    @functools.lru_cache\n"
        "    def f(k): L.append(k); return k", "A.f(1)", "(A.f.cache_info()[:2], L)"),
    "lru_cache in a dict": Effect(
        "import functools; L = []; D = {'f': functools.cache(L.append)}", "D['f'](1)",
        "(D['f'].cache_info()[:2], L)"),
    "cached_property": Effect(
        "import functools\nclass A:\n    n = 0\n    @functools.cached_property\n    def p(self):\n"
        "        A.n += 1\na = A()", "a.p", "(vars(a), A.n)"),
    "registry of subclasses": Effect(
        "class A:\n    known = []\n    def __init_subclass__(cls): A.known.append(cls.__name__)",
        "class B(A): pass", "A.known"),
    "function's code": Effect(
        "def f(): return 1\ndef g(): return 2", "f.__code__, g.__code__ = g.__code__, f.__code__",
        "f()"),
    "method replaced": Effect(
        "class A:\n    def f(self): return 1", "A.f = (lambda f: lambda self: f(self) + 1)(A.f)",
        "A().f()"),
    "builtin": Effect(
        "import builtins", "builtins.made = getattr(builtins, 'made', 0) + 1",
        "__import__('builtins').made"),
    "threading.local": Effect(
        "import threading; own = threading.local(); own.n = 0", "own.n += 1", "own.n"),
    "writeable": Effect(
        "a = np.zeros(2)", "a.setflags(write=not a.flags.writeable)", "a.flags.writeable"),
    "read-only ndarray": Effect(
        "a = np.zeros(2); a.setflags(write=False)",
        "a.setflags(write=True); a[0] += 1; a.setflags(write=False)",
        "(a.tolist(), a.flags.writeable)"),
    "read-only view of an ndarray": Effect(
        "a = np.zeros(2).view(); a.setflags(write=False)",
        "a.setflags(write=True); a[0] += 1; a.setflags(write=False)",
        "(a.tolist(), a.flags.writeable)"),
    "structure of ctypes": Effect(
        "import ctypes\nclass S(ctypes.Structure): _fields_ = [('n', ctypes.c_int*2)]\ns = S()",
        "s.n[1] += 1", "list(s.n)"),
    "ctypes": Effect(
        "import ctypes; c, a = ctypes.c_int(0), (ctypes.c_double*2)()", "c.value += 1; a[0] += 1",
        "(c.value, list(a))"),
    "gc.set_threshold": Effect(
        "import gc", "gc.set_threshold(gc.get_threshold()[0] + 1)", "gc.get_threshold()"),
    "sys.setswitchinterval": Effect(
        "import sys", "sys.setswitchinterval(2*sys.getswitchinterval())",
        "sys.getswitchinterval()"),
    "another cell": Effect("n = 0", "get_ipython().run_cell('n += 1')", "n"),
    "the current figure": Effect(
        "import matplotlib; matplotlib.use('agg'); import matplotlib.pyplot as plt\n"
        "plt.close('all'); figure = plt.figure(); axes = figure.gca()\n"
        "lines = lambda k=figure.number: len(plt.figure(k).gca().lines); del figure, axes",
        "plt.plot([1, 2])", "lines()"),
    "another's figure closed": Effect(
        "import matplotlib; matplotlib.use('agg'); import matplotlib.pyplot as plt\n"
        "plt.close('all'); plt.figure(); plt.figure()", "plt.close(2); plt.close('all')",
        "plt.get_fignums()"),
    "a new figure": Effect(
        "import matplotlib; matplotlib.use('agg'); import matplotlib.pyplot as plt",
        "plt.figure().gca().plot([1, 2])", "len(plt.get_fignums())"),
    "Random subclass": Effect(
        "import random\nclass R(random.Random): n = 0\nr = R(1)", "r.n += 1; r.random()",
        "(r.n, r.getstate()[1][-1])"),
    "RandomState subclass": Effect(
        "class R(np.random.RandomState): n = 0\nr = R(1)", "r.n += 1; r.rand()",
        "(r.n, r.get_state()[2])"),
    "array subclass attr": Effect(
        "import array\nclass R(array.array): n = 0\nr = R('d', [1])", "r.n += 1; r.append(1)",
        "(r.n, list(r))"),
    "bytearray subclass": Effect(
        "class R(bytearray): n = 0\nr = R(b'a')", "r.n += 1; r.append(1)", "(r.n, list(r))"),
    "int subclass": Effect("class R(int): n = 0\nr = R(1)", "r.n += 1", "r.n"),
    "float subclass": Effect("class R(float): n = 0\nr = R(1)", "r.n += 1", "r.n"),
    "str subclass": Effect("class R(str): n = 0\nr = R('a')", "r.n += 1", "r.n"),
    "bytes subclass": Effect("class R(bytes): n = 0\nr = R(b'a')", "r.n += 1", "r.n"),
    "np.float64 subclass": Effect("class R(np.float64): n = 0\nr = R(1)", "r.n += 1", "r.n"),
    "IntEnum member": Effect(
        "import enum\nclass R(enum.IntEnum): A = 1\nR.A.n = 0", "R.A.n += 1", "R.A.n"),
    "Exception note": Effect("r = ValueError(1)", "r.add_note('a')", "getattr(r, '__notes__', [])"),
    "builtin exception args": Effect("r = ValueError(1)", "r.args = (r.args[0]+1,)", "r.args"),
    "through weakref": Effect(
        "import weakref\nclass A: n = 0\na = A(); r = weakref.ref(a); K = {'a': a}; del a",
        "r().n += 1", "r().n"),
    "WeakMethod": Effect(
        "import weakref\nclass A:\n    n = 0\n    def f(self): self.n += 1\n"
        "a = A(); r = weakref.WeakMethod(a.f); K = [a]; del a", "r()()", "K[0].n"),
    "base class attr": Effect(
        "class B: n = 0\nclass A(B): pass\na = A(); Q = (B,); del B", "type(a).__mro__[1].n += 1",
        "a.n"),
    "metaclass attr": Effect(
        "class M(type): n = 0\nclass A(metaclass=M): pass", "type(A).n += 1", "M.n"),
    "own via sys.modules": Effect(
        "import sys, reliability_effects_module",
        "sys.modules['reliability_effects_module'].n += 1",
        "sys.modules['reliability_effects_module'].n"),
    "own via importlib": Effect(
        "import importlib, reliability_effects_module as own",
        "importlib.import_module('reliability_effects_module').n += 1", "own.n"),
    "own import in cell": Effect(
        "import reliability_effects_module; del reliability_effects_module",
        "import reliability_effects_module as own2; own2.n += 1; del own2",
        "__import__('reliability_effects_module').n"),
    "own from-import in cell": Effect(
        "", "from reliability_effects_module import count as c2; c2(); del c2",
        "__import__('reliability_effects_module').n"),
    "own import in function": Effect(
        "def f():\n    import reliability_effects_module as own\n    own.n += 1", "f()",
        "__import__('reliability_effects_module').n"),
    "globals of f": Effect("n = 0\ndef f(): pass", "f.__globals__['n'] += 1", "n"),
    "random.SystemRandom": Effect("import random; r = random.SystemRandom()", "r.random()", "0"),
    "sys.meta_path": Effect(
        "import sys", "sys.meta_path.append(None); sys.meta_path.pop(); sys.path_hooks.append(len)",
        "sys.path_hooks.count(len)"),
    "sys.excepthook": Effect(
        "import sys", "sys.excepthook = lambda *a, o=sys.excepthook: o(*a)", "id(sys.excepthook)"),
    "sys.ps1": Effect("import sys", "sys.ps1 = getattr(sys, 'ps1', '') + 'a'", "sys.ps1"),
    "sys.dont_write_bytecode": Effect(
        "import sys; sys.dont_write_bytecode = 5", "sys.dont_write_bytecode += 1",
        "sys.dont_write_bytecode"),
    "socket default timeout": Effect(
        "import socket; socket.setdefaulttimeout(5.0)",
        "socket.setdefaulttimeout(socket.getdefaulttimeout() + 1)", "socket.getdefaulttimeout()"),
    "csv.field_size_limit": Effect(
        "import csv", "csv.field_size_limit(csv.field_size_limit() + 1)", "csv.field_size_limit()"),
    "own module private": Effect(
        "import reliability_effects_module as own; own._n = 0", "own._n += 1", "own._n"),
    "ast_node_interactivity": Effect(
        "K = ['last_expr','all']",
        "get_ipython().ast_node_interactivity = K[get_ipython().ast_node_interactivity == "
        "'last_expr']", "get_ipython().ast_node_interactivity"),
    "%config": Effect(
        "", "%config InteractiveShell.cache_size = get_ipython().cache_size + 1",
        "get_ipython().cache_size"),
    "user_ns via ip": Effect(
        "pushed = 0; ip = get_ipython()", "ip.user_ns['pushed'] += 1", "pushed"),
    "observer of a widget": Effect(
        "import ipywidgets; w = ipywidgets.IntSlider()", "w.observe(L.append, 'value')",
        "len(w._trait_notifiers['value']['change'])"),
    "logger that the cell makes": Effect(
        "import logging, io",
        "s = io.StringIO(); l = logging.getLogger('reliability.own'); l.setLevel(10)\n"
        "if not l.handlers: l.addHandler(logging.StreamHandler(s))\n"
        "l.info('abc'); assert s.getvalue() == 'abc\\n'",
        "logging.getLogger('reliability.own').handlers"),
    "logger of another branch": Effect(
        "import logging", "if x > 5: logging.getLogger('other').addHandler(logging.NullHandler())",
        "[k for k, v in logging.root.manager.loggerDict.items() if k == 'other' and v.handlers]"),
    "log in memory": Effect(
        "import logging, io; s = io.StringIO(); h = logging.StreamHandler(s)\n"
        "logging.getLogger('reliability').addHandler(h)",
        "n = len(s.getvalue()); logging.getLogger('reliability').warning('abc')\n"
        "assert len(s.getvalue()) == n + 4", "s.getvalue()"),
    "log in a list": Effect(
        "import logging\nclass H(logging.Handler):\n"
        "    def emit(self, record): L.append(record.msg)\n"
        "h = H(); logging.getLogger('reliability').addHandler(h)",
        "n = len(L); logging.getLogger('reliability').warning('abc')\n"
        "assert L[n:] == ['abc']", "L"),
    "weakref.finalize": Effect(
        "import weakref\nclass A: pass\na = A()", "weakref.finalize(a, int)",
        "len(weakref.finalize._registry)"),
    "finalizer of what dies": Effect(
        "import weakref\nclass A: pass", "a = A(); weakref.finalize(a, L.append, 1); del a\n"
        "assert L[-1] == 1", "L"),
    "finalizer of what dies afterwards": Effect(
        "import weakref\nclass A: pass",
        "if x > 5: a = A(); weakref.finalize(a, L.append, 1)", "L"),
    "np.vectorize cache": Effect(
        "N = []\nf = np.vectorize(lambda v: N.append(1) or 1.0)", "f(1.0)", "N"),
    "itertools.count": Effect("import itertools; c = itertools.count()", "next(c)", "repr(c)"),
    "count by many names": Effect(
        "import itertools; c = itertools.count(3, 2); D = {'c': c}\ndef f(): return next(c)",
        "assert (next(c), next(D['c']), f()) == (3, 5, 7)", "repr(c)"),
    "count of a class": Effect(
        "import itertools\nclass A:\n    ids = itertools.count()\n"
        "    def __init__(self): self.n = next(A.ids)", "assert A().n == 0", "repr(A.ids)"),
    "scheduler": Effect(
        "import sched; s = sched.scheduler()", "s.enter(1, 1, print)", "len(s.queue)"),
    "ax.plot": Effect(
        _PYPLOT + "fig, ax = plt.subplots()", "ax.plot([1, 2], [3, 4]); assert len(ax.lines) == 1",
        "len(ax.lines)"),
    "ax in a function": Effect(
        _PYPLOT + "fig, ax = plt.subplots()\ndef draw(): ax.plot([1, 2], [3, 4])", "draw()",
        "len(ax.lines)"),
    "axes of all kinds": Effect(
        _PYPLOT + "fig, ax = plt.subplots()",
        "ax.bar([1], [2], label='a'); ax.legend(); ax.contour(np.eye(3)); ax.twinx().plot([1])\n"
        "fig.colorbar(ax.imshow(np.eye(2))); ax.set_title(ax.get_title() + 'a')",
        "(len(ax.get_children()), len(fig.axes), ax.get_title(), ax.get_xlim())"),
    "line of an axes": Effect(
        _PYPLOT + "line, = plt.figure().gca().plot([1.0, 2.0])",
        "line.set_ydata(line.get_ydata() + 1)", "list(line.get_ydata())"),
    "fig.savefig": Effect(
        _PYPLOT + "fig, ax = plt.subplots()", "ax.plot([1, 2]); fig.savefig('a.png')",
        "(sorted(__import__('os').listdir('.')), len(ax.lines))"),
    "figures by pyplot": Effect(
        _PYPLOT + "plt.figure().gca().plot([1])\ndef lines(): return len(plt.gcf().axes[0].lines)",
        "assert lines() == 1; plt.plot([2]); plt.gcf().add_axes([0, 0, 1, 1])",
        "(len(plt.gcf().axes), lines())"),
    "numbers of figures": Effect(
        _PYPLOT + "plt.figure(); plt.figure()",
        "plt.figure(1); plt.close(2); plt.figure(); assert plt.get_fignums() == [1, 2]",
        "(plt.get_fignums(), plt.gcf().number)"),
    "pyplot's function": Effect(
        _PYPLOT + "from matplotlib.pyplot import gca; plt.figure()",
        "gca().plot([1]); assert len(gca().lines) == 1", "len(gca().lines)"),
    "exec of a text": Effect("M = []", "exec('M.append(1)')", "len(M)"),
    "exec of a text elsewhere": Effect(
        "M = []; code = 'M.append(1)'\ndef f(text): exec(text)", "f(code)", "len(M)"),
    "exec of a file": Effect(
        "M = []; open('own.py', 'w').write('M.append(1)')", "exec(open('own.py').read())",
        "len(M)"),
    "eval": Effect("M = []\ndef f(text): return eval(text)", "f('M.append(1)')", "len(M)"),
    "globals() by a text": Effect("M = []", "globals()['M'].append(1)", "len(M)"),
    "globals() by a text elsewhere": Effect(
        "M = []; N = ['M']", "globals()[N[0]].append(1)", "len(M)"),
    "vars()": Effect("M = []", "vars()['M'].append(1)", "len(M)"),
    "names of a frame": Effect(
        "M = []; import sys", "sys._getframe().f_globals['M'].append(1)", "len(M)"),
    "names of a shell": Effect(
        "M = []; ip = get_ipython()", "ip.user_ns['M'].append(1)", "len(M)"),
    "%time": Effect("M = []; it = iter([1])", "%time M.append(1)", "len(M)"),
    "%timeit": Effect("M = []", "%timeit -n1 -r1 M.append(1)", "len(M)"),
    "%%time": Effect(
        "M = []", "get_ipython().run_cell_magic('time', '', 'M.append(1)')", "len(M)"),
    "%run -i": Effect(
        "M = []; open('own.py', 'w').write('M.append(1)')", "%run -i own.py", "len(M)"),
    "ip.ex": Effect("M = []; ip = get_ipython()", "ip.ex('M.append(1)')", "len(M)"),
    "timeit": Effect(
        "M = []; import timeit", "timeit.timeit('M.append(1)', number=1, globals=globals())",
        "len(M)"),
    "doctest": Effect(
        "import doctest; M = []\ndef f():\n    '>>> M.append(1)'",
        "doctest.run_docstring_examples(f, globals())", "len(M)"),
    "runpy": Effect(
        _OWN + "; import runpy\n"
        "open('own.py', 'w').write('import reliability_effects_module as own; own.n += 1')",
        "runpy.run_path('own.py')", "own.n"),
    "execution count": Effect(
        "", "get_ipython().execution_count += 1", "get_ipython().execution_count"),
    "sys.setprofile": Effect(
        "import sys", "sys.setprofile(lambda *_: None)", "id(sys.getprofile())"),
    "threading.settrace": Effect(
        "import threading", "threading.settrace(lambda *_: None)", "id(threading.gettrace())"),
    "sys.set_asyncgen_hooks": Effect(
        "import sys", "sys.set_asyncgen_hooks(lambda _: None)", "id(sys.get_asyncgen_hooks()[0])"),
    "origins of coroutines": Effect(
        "import sys", "sys.set_coroutine_origin_tracking_depth("
        "sys.get_coroutine_origin_tracking_depth() + 1)",
        "sys.get_coroutine_origin_tracking_depth()"),
    "file that is read back": Effect(
        "open('log.txt', 'w').write('ab')",
        "open('log.txt', 'a').write('c'); assert open('log.txt').read() == 'abc'",
        "open('log.txt').read()"),
    "file that is made once": Effect(
        "import os", "assert not os.path.exists('a.npy'); np.save('a.npy', np.ones(3))",
        "os.path.exists('a.npy')"),
    "number in a file": Effect(
        "open('n', 'w').write('1')",
        "n = int(open('n').read()); open('n', 'w').write(str(n + 1)); assert n == 1",
        "open('n').read()"),
    "open file that is read back": Effect(
        "f = open('log.txt', 'w'); f.write('ab')",
        "f.write('c'); f.flush(); assert open('log.txt').read() == 'abc'",
        "(open('log.txt').read(), f.tell())"),
    "csv.DictWriter": Effect(
        "import csv, io; s = io.StringIO(); K = [s]; w = csv.DictWriter(s, ['a']); del s",
        "w.writerow({'a': 1})", "K[0].getvalue()"),
    "csv.DictWriter to a file": Effect(
        "import csv; f = open('log.txt', 'w'); K = [f]; w = csv.DictWriter(f, ['a']); del f",
        "w.writerow({'a': 1}); K[0].flush()", _READ_FILE),
    "file of an object": Effect(
        "class A: pass\na = A(); a.f = open('log.txt', 'w')", "a.f.write('a'); a.f.flush()",
        _READ_FILE),
    "file of a function": Effect(
        "def make():\n    f = open('log.txt', 'w')\n    def log(): f.write('a'); f.flush()\n"
        "    return log\nlog = make()", "log()", _READ_FILE),
    "MemoryHandler": Effect(
        "import logging.handlers; h = logging.handlers.MemoryHandler(100)\n"
        "logging.getLogger('buffered').addHandler(h)",
        "n = len(h.buffer); logging.getLogger('buffered').warning('a')\n"
        "assert len(h.buffer) == n + 1", "len(h.buffer)"),
    "TemporaryDirectory": Effect(
        _TEMPORARY, "with tempfile.TemporaryDirectory() as d:\n    os.makedirs(d + '/b/c')\n"
        "    np.save(d + '/a.npy', np.ones(2)); os.rename(d + '/a.npy', d + '/b/a.npy')\n"
        "    assert np.load(d + '/b/a.npy').sum() == 2", _LISTED_THERE),
    "TemporaryDirectory, left open": Effect(
        _TEMPORARY, "d = tempfile.TemporaryDirectory(); open(d.name + '/a', 'w').close()",
        _LISTED_THERE),
    "tempfile.mkdtemp": Effect(
        _TEMPORARY, "d = tempfile.mkdtemp(); open(d + '/a', 'w').close()", _LISTED_THERE),
    "NamedTemporaryFile": Effect(
        _TEMPORARY, "with tempfile.NamedTemporaryFile('w') as f: f.write('a')", _LISTED_THERE),
    "NamedTemporaryFile, left there": Effect(
        _TEMPORARY, "f = tempfile.NamedTemporaryFile(delete=False); f.write(b'a'); f.close()",
        _LISTED_THERE),
    "TemporaryFile": Effect(
        _TEMPORARY, "with tempfile.TemporaryFile() as f: f.write(b'a')", _LISTED_THERE),
}  # fmt: skip  # a table, a row a case

# -- done as ever ----------------------------------------------------------------------------------

_LIBRARY = "import reliability_library as lib, sys"
_IMPORTED = "'reliability_library.sub' not in sys.modules or lib.sub.a in sys.meta_path"
_PACKAGE = """
import weakref
_held = []
class A: pass
def drop(): _held.clear()
def make(): weakref.finalize(A(), int)
"""
_SUBMODULE = """
import atexit, copyreg, os, sys, threading, weakref
class A:
    def find_spec(*_): return None
a = A()
sys.meta_path.append(a)
copyreg.pickle(A, lambda a: (A, ()))
atexit.register(int)
weakref.finalize(a, int)
os.makedirs("cache")
open("cache/written", "w").close()
threading.Thread(target=int).start()
"""
"""A library that does, where it is imported, what a cell may not do again."""

HARMLESS = {
    "first import": Effect(
        _LIBRARY, "if x > 5:\n    import reliability_library.sub; lib.sub.a", _IMPORTED),
    "first import in a function": Effect(
        _LIBRARY + "\ndef f():\n    from reliability_library.sub import a", "if x > 5: f()",
        _IMPORTED),
    "folder that is there": Effect(
        "from pathlib import Path",
        "os.makedirs('there/in', exist_ok=True); Path('there').mkdir(exist_ok=True)", _LISTED),
    "file in memory": Effect(
        "np.save('a.npy', np.ones(3))", "assert np.load('a.npy', mmap_mode='r').sum() == 3.0",
        "0"),
    "widget that is read": Effect(
        "import ipywidgets; w = ipywidgets.HBox([ipywidgets.FloatSlider(value=2.0)])",
        "assert w.children[0].value == 2.0", "w.children[0].value"),
    "event loop of its own": Effect(
        "import asyncio\nasync def f(): return 1",
        "loop = asyncio.new_event_loop()\nassert loop.run_until_complete(f()) == 1\nloop.close()",
        "0"),
    "finalizer of a library": Effect(_LIBRARY, "lib.make()", "0"),
    "importlib.reload": Effect(
        "import importlib, json", "importlib.reload(json).dumps({'x': x})", "json.dumps([1.0])"),
    "another's finalizer": Effect(
        _LIBRARY + ", weakref\nclass A: pass\nlib._held.append(A())\n"
        "weakref.finalize(lib._held[0], L.append, 1)", "if x > 5: lib.drop()",
        "len(lib._held) + len(L)"),
    "another's garbage": Effect(
        "import gc, weakref; gc.disable()\nclass A:\n"
        "    def __del__(self, do=os.kill, own=os.getpid()): do(own, 0)\n"
        "def make(): a = A(); a.me = a; weakref.finalize(a, L.append, 1)\nmake()",
        "if x > 5: gc.collect()",
        "bool(L) or 'A' in [type(each).__name__ for each in gc.get_objects()]"),
}  # fmt: skip  # a table, a row a case
EFFECTS |= HARMLESS

# -- refused ---------------------------------------------------------------------------------------

_REFUSED = {
    "append to a file": (_FILE, "open('log.txt', 'a').write('a')", _READ_FILE),
    "write a file": (_FILE, "open('log.txt', 'r+').write('ab'[len(L):])", _READ_FILE),
    "append with with": (_FILE, "with open('log.txt', 'a') as f: f.write('a')", _READ_FILE),
    "swallowed": (
        _FILE, "try: open('log.txt', 'a').write('a')\nexcept Exception: pass", _READ_FILE),
    "in a function": (
        _FILE + "\ndef log(): open('log.txt', 'a').write('a')", "log()", _READ_FILE),
    "os.open": (
        _FILE + "; import os", "os.write(os.open('log.txt', os.O_WRONLY | os.O_APPEND), b'a')",
        _READ_FILE),
    "an open file": ("f = open('log.txt', 'w')", "f.write('a'); f.flush()", _READ_FILE),
    "print to a file": ("f = open('log.txt', 'w')", "print(1, file=f, flush=True)", _READ_FILE),
    "read on": ("open('log.txt', 'w').write('abcd'); f = open('log.txt')", "f.read(1)", "f.tell()"),
    "csv.writer": (
        "import csv; f = open('log.txt', 'w'); w = csv.writer(f)", "w.writerow([1]); f.flush()",
        _READ_FILE),
    "Path.write_text": (
        _FILE + "; from pathlib import Path", "Path('log.txt').write_text(_read() + 'a')",
        _READ_FILE),
    "Path.touch": ("from pathlib import Path", "Path(f'made{_count()}').touch()", _LISTED),
    "Path.unlink": (_LINES, "import pathlib; pathlib.Path('log.txt').unlink(True)", _LISTED),
    "np.save": ("", "np.save(f'made{_count()}', np.ones(1))", _LISTED),
    "np.savetxt": ("", "np.savetxt(f'made{_count()}', np.ones(1))", _LISTED),
    "ndarray.tofile": ("", "np.ones(1).tofile(f'made{_count()}')", _LISTED),
    "pickle.dump": (
        "import pickle", "pickle.dump(1, open(f'made{_count()}', 'wb'))", _LISTED),
    "DataFrame.to_csv": (
        "import pandas as pd", "pd.DataFrame({'a': [1]}).to_csv(f'made{_count()}')", _LISTED),
    "os.remove": (_MANY, "os.remove(f'full/{len(os.listdir(\"full\"))}')", _LISTED_IN_FULL),
    "os.remove, swallowed": (
        _MANY, "try: os.remove(f'full/{len(os.listdir(\"full\"))}')\nexcept Exception: pass",
        _LISTED_IN_FULL),
    "os.rename": (
        _LINES, "os.rename(*sorted(set(os.listdir('.')))[1:2], f'zz{_count()}')", _LISTED),
    "os.mkdir": ("import os", "os.mkdir(f'made{_count()}')", _LISTED),
    "os.makedirs": ("import os", "os.makedirs(f'made{_count()}/inner')", _LISTED),
    "os.rmdir": (_MANY_IN, "os.rmdir(f'full/{len(os.listdir(\"full\"))}')", _LISTED_IN_FULL),
    "os.symlink": (_LINES, "os.symlink('log.txt', f'made{_count()}')", _LISTED),
    "os.chmod": (_LINES, "os.chmod('log.txt', 0o600)", _READ_FILE),
    "os.truncate": (_LINES, "os.truncate('log.txt', os.path.getsize('log.txt') + 1)", _READ_FILE),
    "os.utime": (_LINES, "os.utime('log.txt')", "__import__('os').stat('log.txt').st_mtime_ns"),
    "os.chdir": (_LINES, "os.chdir('.')", "__import__('os').getcwd()"),
    "shutil.copy": (
        _LINES + "; import shutil", "shutil.copy('log.txt', f'made{_count()}')", _LISTED),
    "shutil.move": (
        _LINES + "; import shutil", "shutil.move(sorted(os.listdir('.'))[-1], f'zz{_count()}')",
        _LISTED),
    "shutil.rmtree": (
        _LINES + "; import shutil", "shutil.rmtree('full', ignore_errors=True)", _LISTED),
    "tempfile": (
        "import tempfile", "tempfile.NamedTemporaryFile(dir='.', delete=False)", _LISTED),
    "zipfile": ("import zipfile", "zipfile.ZipFile(f'made{_count()}', 'w').close()", _LISTED),
    "subprocess.run": (
        "import subprocess", "subprocess.run(['touch', f'made{_count()}'])", _LISTED),
    "os.system": ("import os", "os.system(f'touch made{_count()}')", _LISTED),
    "os.popen": ("import os", "os.popen(f'touch made{_count()}').read()", _LISTED),
    "!touch": ("", "!touch made{_count()}", _LISTED),
    "sqlite3, new": (
        "import sqlite3", "sqlite3.connect(f'made{_count()}').execute('create table t (v)')",
        _LISTED),
    "sqlite3, open": (
        _SQL, "db.execute('insert into t values (1)')",
        "db.execute('select count(*) from t').fetchall()"),
    "socket": (
        "import socket; s = socket.socket(); s.bind(('localhost', 0)); s.listen()\n"
        "at = s.getsockname()", "c = socket.create_connection(at); c.close()", "at"),
    "socket pair": (
        "import socket; s, r = socket.socketpair(); r.setblocking(False)", "s.send(b'a')",
        "len(r.recv(9, socket.MSG_PEEK))"),
    "urllib": (
        "import urllib.request, urllib.error",
        "try: urllib.request.urlopen('http://localhost:9', timeout=1)\n"
        "except urllib.error.URLError: pass", "0"),
    "input": (
        "asked = []; import builtins; old = builtins.input\n"
        "builtins.input = lambda *_: asked.append(1)", "input('?')", "len(asked)"),
    "thread": (
        "import threading, os",
        "th = threading.Thread(target=lambda: open(f'made{_count()}', 'w').close())\n"
        "th.start(); th.join()", _LISTED),
    "ThreadPoolExecutor": (
        "from concurrent.futures import ThreadPoolExecutor as Pool; done = []",
        "with Pool(1) as pool: pool.submit(done.append, 1).result()", "len(done)"),
    "threading.Timer": (
        "import threading", "timer = threading.Timer(0, list); timer.start(); timer.join()", "0"),
    "queue.SimpleQueue": ("import queue; q = queue.SimpleQueue()", "q.put(1)", "q.qsize()"),
    "iterator": ("it = iter(range(9))", "next(it)", "it.__reduce__()[2:]"),
    "generator": ("g = (i for i in range(9))", "next(g)", "g.gi_frame.f_locals['i']"),
    "itertools.cycle": ("import itertools; c = itertools.cycle('ab')", "next(c)", "0"),
    "py_object": (
        "import ctypes; p = ctypes.py_object([0])", "p.value = [p.value[0] + 1]", "p.value"),
    "c_char_p": ("import ctypes; p = ctypes.c_char_p(b'a')", "p.value = p.value + b'a'", "p.value"),
    "structure of pointers": (
        "import ctypes\nclass S(ctypes.Structure): _fields_ = [('p', ctypes.py_object)]\n"
        "s = S([0])", "s.p = [s.p[0] + 1]", "s.p"),
    "%%bash": (
        "", "get_ipython().run_cell_magic('bash', '', f'touch made{_count()}')", _LISTED),
    "%logstart": ("", "%logstart log.py", "0"),
    "cell with a history": (
        "M = []", "get_ipython().run_cell('M.append(1)', store_history=True)",
        "(len(M), len(In), get_ipython().execution_count)"),
    "iterator in a text": ("it = iter(range(9))", "exec('next(it)')", "it.__reduce__()[2:]"),
    "iterator in a text elsewhere": (
        "it = iter(range(9)); code = 'next(it)'\ndef f(text): exec(text)", "f(code)",
        "it.__reduce__()[2:]"),
    "ABC.register": (
        "import abc\nclass A(abc.ABC): pass\nclass B: pass", "if x > 5: A.register(B)",
        "isinstance(B(), A)"),
    "file of a log": (
        "import logging; h = logging.FileHandler('log.txt'); logging.root.addHandler(h)",
        "logging.warning('a'); n = len(open('log.txt').read())", "n"),
    "close": ("f = open('log.txt', 'w')", "if x > 5: f.close()", "f.closed"),
    "close by with": ("f = open('log.txt', 'w')", "if x > 5:\n    with f: pass", "f.closed"),
    "close of a StringIO": ("import io; s = io.StringIO()", "if x > 5: s.close()", "s.closed"),
    "another's folder, beside a temporary one": (
        _TEMPORARY + "; os.mkdir('full')", "tempfile.mkdtemp()\nif x > 5: os.rmdir('full')",
        "os.path.exists('full')"),
    "another's file, by a number": (
        _TEMPORARY + "; open('log.txt', 'w').close(); f = os.open('.', os.O_RDONLY)",
        "tempfile.mkdtemp()\nif x > 5: os.remove('log.txt', dir_fd=f)",
        "os.path.exists('log.txt')"),
    "into a temporary folder": (
        _TEMPORARY + "; os.mkdir('full')",
        "d = tempfile.mkdtemp()\nif x > 5: os.rename('full', d + '/full')",
        "os.path.exists('full')"),
    "call_soon_threadsafe": (
        "import asyncio; loop = asyncio.new_event_loop()", "loop.call_soon_threadsafe(int)",
        "len(loop._ready)"),
    "mmap": (
        "import mmap; m = mmap.mmap(-1, 4)", "m[0] = m[0] + 1", "m[0]"),
    "os.write to a pipe": (
        "import os; r, w = os.pipe(); os.set_blocking(r, False)", "os.write(w, b'a')",
        "__import__('fcntl').ioctl(r, 21531, b'    ')"),
    "widget": (
        "import ipywidgets; w = ipywidgets.IntSlider()", "w.value += 1", "w.value"),
    "compressor": ("import zlib; c = zlib.compressobj()", "c.compress(b'a')", "0"),
    "os.read": (
        "import os; r, w = os.pipe(); os.write(w, b'abc')", "os.read(r, 1)",
        "__import__('fcntl').ioctl(r, 21531, b'    ')"),
    "signal": (
        "import signal", "signal.signal(signal.SIGUSR1, lambda *_: None)",
        "id(signal.getsignal(signal.SIGUSR1))"),
    "atexit": ("import atexit", "atexit.register(int)", "atexit._ncallbacks()"),
    "cache in tuple": (
        "import functools; L = []\nT = (functools.cache(L.append),)", "T[0](1)",
        "(T[0].cache_info()[:2], L)"),
    "cache in partial": (
        "import functools; L = []\n@functools.cache\ndef f(a, b): L.append(a); return b\n"
        "p = functools.partial(f, 1)\ndel f", "p(2)", "(p.func.cache_info()[:2], L)"),
    "cache as default": (
        "import functools; L = []\n@functools.cache\ndef f(a): L.append(a); return a\n"
        "def g(a, f=f): return f(a)\ndel f", "g(1)", "(g.__defaults__[0].cache_info()[:2], L)"),
    "cache of a cache": (
        "import functools; L = []\nf = functools.cache(functools.lru_cache(L.append))", "f(1)",
        "(f.__wrapped__.cache_info()[:2], L)"),
    "cached method bound": (
        "import functools; L = []\nclass A:\n    @functools.cache\n"
        "    def m(self, a): L.append(a); return a\na = A(); m = a.m", "m(1)",
        "(A.m.cache_info()[:2], L)"),
    "cached staticmethod": (
        "import functools; L = []\nclass A:\n    @staticmethod\n    @functools.cache\n"
        "    def m(a): L.append(a); return a\na = A()", "a.m(1)", "(A.m.cache_info()[:2], L)"),
    "cached classmethod": (
        "import functools; L = []\nclass A:\n    @classmethod\n    @functools.cache\n"
        "    def m(cls, a): L.append(a); return a\na = A()", "a.m(1)", "(A.m.cache_info()[:2], L)"),
    "cache in namedtuple": (
        "import functools; L = []\nfrom collections import namedtuple\n"
        "T = namedtuple('T', 'f')(functools.cache(L.append))", "T.f(1)",
        "(T.f.cache_info()[:2], L)"),
    "cache in frozenset": (
        "import functools; L = []\nS = frozenset({functools.cache(L.append)})", "[f(1) for f in S]",
        "([f.cache_info()[:2] for f in S], L)"),
    "cache in weakref": (
        "import functools; L = []\n"
        "import weakref; f = functools.cache(L.append); K = [f]; r = weakref.ref(f); del f",
        "r()(1)", "(r().cache_info()[:2], L)"),
    "cache in mappingproxy": (
        "import functools; L = []\n"
        "from types import MappingProxyType as M; d = M({'f': functools.cache(L.append)})",
        "d['f'](1)", "(d['f'].cache_info()[:2], L)"),
    "bound __next__": ("n = iter([1,2,3]).__next__", "n()", "n.__self__.__reduce__()[2:]"),
    "gzip": (
        "import gzip; f = gzip.open('log.gz','wt')", "f.write('a'); f.flush()",
        "__import__('os').path.getsize('log.gz')"),
    "SeedSequence": ("s = np.random.SeedSequence(1)", "s.spawn(1)", "s.n_children_spawned"),
    "Generator spawn": (
        "r = np.random.default_rng(1)", "r.spawn(1)",
        "r.bit_generator.seed_seq.n_children_spawned"),
    "lock": ("import threading; lock = threading.Lock()", "lock.acquire(False)", "lock.locked()"),
    "lock by its method": (
        "import threading; lock = threading.Lock(); take = lock.acquire", "take(False)",
        "lock.locked()"),
    "RLock": ("import threading; lock = threading.RLock()", "lock.acquire()", "repr(lock)"),
    "a name of its own": (
        "from os import write, pipe, set_blocking; r, w = pipe(); set_blocking(r, False)",
        "write(w, b'a')", "__import__('fcntl').ioctl(r, 21531, b'    ')"),
    "a name of its own in a dict": (
        "import atexit; D = {'do': atexit.register}", "D['do'](int)", "atexit._ncallbacks()"),
    "a name of its own in a tuple": (
        "import atexit; T = (atexit.register,)", "T[0](int)", "atexit._ncallbacks()"),
    "a name of its own in a class": (
        "import atexit\nclass A: do = atexit.register", "A.do(int)", "atexit._ncallbacks()"),
    "a name of its own in a partial": (
        "import atexit, functools; do = functools.partial(atexit.register, int)", "do()",
        "atexit._ncallbacks()"),
    "a name of its own in a function": (
        "from atexit import register as do, _ncallbacks\ndef f(): do(int)", "f()",
        "_ncallbacks()"),
    "a name of its own in the cell": (
        "import atexit", "from atexit import register as do; do(int)", "atexit._ncallbacks()"),
    "os.lseek": (
        _FILE + "; import os; f = os.open('log.txt', os.O_RDWR)", "os.lseek(f, 1, os.SEEK_CUR)",
        "os.lseek(f, 0, os.SEEK_CUR)"),
    "os.pwritev": (
        _FILE + "; import os; f = os.open('log.txt', os.O_RDWR)", "os.pwritev(f, [b'a'], len(L))",
        "len(_read())"),
    "os.sendfile": (
        "import os; open('log.txt', 'w').write('a')\nf = os.open('log.txt', os.O_RDONLY)\n"
        "r, w = os.pipe()", "os.sendfile(w, f, 0, 1)",
        "__import__('fcntl').ioctl(r, 21531, b'    ')"),
    "os.mkfifo": ("import os", "os.mkfifo(f'made{_count()}')", _LISTED),
    "os.nice": ("import os", "os.nice(1)", "os.nice(0)"),
    "os.close": ("import os; fs = list(os.pipe())", "os.close(fs.pop())", "fs"),
    "Pipe": (
        "import multiprocessing as m; r, w = m.Pipe()",
        "w.send(1)", "0"),
    "Pipe in a function": (
        "import multiprocessing as m; r, w = m.Pipe()\nK = dict(w=w)\ndef f(): K['w'].send(1)",
        "f()", "0"),
    "multiprocessing.Value": (
        "import multiprocessing as m; v = m.Value('i', 0)", "v.value += 1", "v.value"),
    "call of a finalizer": (
        "import weakref\nclass A: pass\na = A(); f = weakref.finalize(a, L.append, 1)", "f()",
        "(L, f.alive)"),
    "finalizer detached": (
        "import weakref\nclass A: pass\na = A(); f = weakref.finalize(a, int)", "f.detach()",
        "f.alive"),
    "call_soon": (
        "import asyncio; loop = asyncio.new_event_loop()", "loop.call_soon(int)",
        "len(loop._ready)"),
    "call_soon, found": (
        "import asyncio; asyncio.set_event_loop(asyncio.new_event_loop())",
        "asyncio.get_event_loop_policy().get_event_loop().call_soon(int)",
        "len(asyncio.get_event_loop_policy().get_event_loop()._ready)"),
    "future": (
        "import concurrent.futures as c; f = c.Future(); L = []\nf.add_done_callback(L.append)",
        "f.set_result(1)", "len(L)"),
    "csv dialect": (
        "import csv", "csv.register_dialect('made', delimiter='|')",
        "id(csv.get_dialect('made'))"),
    "MIME type": (
        "import mimetypes; mimetypes.init()", "mimetypes.add_type('a/b', f'.made{_count()}')", "0"),
    "pickler": (
        "import copyreg\nclass A: pass", "copyreg.pickle(A, lambda a: (A, ()))",
        "id(copyreg.dispatch_table[A])"),
    "function of C": (
        "import ctypes; libc = ctypes.CDLL(None); libc.srand(1)", "libc.rand()", "0"),
    "function of C by its name": (
        "import ctypes; rand = ctypes.CDLL(None).rand", "rand()", "0"),
    "dbm": ("import dbm.dumb", "dbm.dumb.open(f'made{_count()}').close()", _LISTED),
    "shelve": ("import shelve", "shelve.open(f'made{_count()}').close()", _LISTED),
    "logger class": (
        "import logging", "logging.setLoggerClass(logging.Logger)", "0"),
    "tracemalloc": ("import tracemalloc", "tracemalloc.start(); tracemalloc.stop()", "0"),
    "event of a thread that runs": (
        "import threading; e = threading.Event(); L = []\ndef f():\n    e.wait(60); L.append(1)\n"
        "    g.wait(60)\ng = threading.Event(); threading.Thread(target=f, daemon=True).start()",
        "e.set()", "0"),
    "list of a thread that runs": (
        "import threading; g = threading.Event(); L = []\ndef f(l):\n    while not g.wait(0.001):"
        " l.append(1)\nthreading.Thread(target=f, args=(L,), daemon=True).start()",
        "M = L; len(M)", "g.set() or 0"),
    "number of a thread that runs": (
        "import threading; g = threading.Event(); n = 0\ndef f():\n    global n\n"
        "    while not g.wait(0.001): n += 1\nthreading.Thread(target=f, daemon=True).start()",
        "m = n", "0"),
    "os.umask": (
        "import os; os.umask(0o22)", "os.umask(os.umask(0) + 1)",
        "[os.umask(m := os.umask(0)), m][1]"),
    "codecs.register_error": (
        "import codecs", "codecs.register_error('relx', lambda e: ('', 0) )",
        "id(codecs.lookup_error('relx'))"),
}  # fmt: skip  # a table, a row a case

# Files of which what was written is put back.
_WRITTEN = """
append to a file, write a file, append with with, swallowed, in a function, an open file,
print to a file, csv.writer, Path.write_text, np.save, np.savetxt, ndarray.tofile,
pickle.dump, DataFrame.to_csv, zipfile, tempfile
"""
_written = {name.strip() for name in _WRITTEN.split(",")}
EFFECTS |= {name: Effect(*each, kept=name in _written) for name, each in _REFUSED.items()}
if find_spec("pandas") is None:
    EFFECTS = {name: each for name, each in EFFECTS.items() if "pandas" not in each.setup}
COUNT = SHORT = len(EFFECTS)

_HELP = """
import os
def _count(): return len(os.listdir('.'))
def _read(): return open('log.txt').read()
L = []
"""


def lost_by(book: Notebook, effect: Effect) -> str:
    """Say what is lost of an effect when its cell runs again; nothing where all is right."""
    for text in (_HELP, effect.setup):
        result = book.attempt(text)
        if not result.success:
            return f"the setup fails: {book.printed[-300:]}"
    result = book.attempt(f"%%tape x -o t\nx = 3.0\n{effect.effect}\nz = x*x if x < 5 else x*2")
    if not result.success:
        return f"the cell fails: {book.printed[-300:]}"
    before = eval(effect.read, book.names)
    before = before.copy() if hasattr(before, "copy") else before
    refused = ""
    try:
        value = book.names["t"](x=6.0).value
    except StateLost as error:
        refused = str(error)
    except BaseException as error:
        return f"{type(error).__name__}: {error}"
    after = eval(effect.read, book.names)
    if before != after:
        return f"{after} for {before}"
    if effect.kept:
        return f"refused: {refused}" if refused else "" if value == 12.0 else f"z is {value}"
    return "" if "line " in refused or "what this cell calls" in refused else "not refused"


def attack(count: int, seed: int) -> tuple[int, list[str]]:
    """Try so many of the effects, each in a notebook of its own."""
    lost, home = [], Path.cwd()
    put_back = settings()
    for name, effect in list(EFFECTS.items())[:count]:
        with tempfile.TemporaryDirectory() as folder:
            module = Path(folder, "reliability_effects_module.py")
            module.write_text("n = 0\nlog = []\ndef count():\n    global n\n    n += 1\n")
            library = Path(folder, "site-packages", "reliability_library")
            library.mkdir(parents=True)
            (library / "__init__.py").write_text(_PACKAGE)
            (library / "sub.py").write_text(_SUBMODULE)
            os.chdir(folder)
            sys.path[:0] = folder, str(library.parent)
            book = open_notebook()
            try:
                what = lost_by(book, effect)
            finally:
                close_shell(book.shell)
                os.chdir(home)
                tempfile.tempdir = None
                put_back()
                for module in [each for each in sys.modules if each.startswith("reliability_")]:
                    del sys.modules[module]
        if what:
            lost.append(f"{name}: {what}")
    return min(count, len(EFFECTS)), lost
