"""Effects of a cell that are wound back where it runs again."""

from __future__ import annotations

from typing import NamedTuple


class Effect(NamedTuple):
    """What runs before, what the cell does, what tells whether it was done, and what to expect."""

    setup: str
    effect: str
    read: str
    kept: bool = True


OWN = "import reliability_effects_module as own"
FILE = "open('log.txt', 'w').close()"
READ_FILE = "open('log.txt').read()"
LINES = "import os; open('log.txt', 'w').write('a'); os.makedirs('full', exist_ok=True)"
SQL = "import sqlite3; db = sqlite3.connect(':memory:'); db.execute('create table t (v)')"
MANY = "import os; os.mkdir('full'); [open(f'full/{i}', 'w').close() for i in (1, 2, 3)]"
MANY_IN = "import os; [os.makedirs(f'full/{i}') for i in (1, 2, 3)]"
LISTED_IN_FULL = "sorted(__import__('os').listdir('full'))"
PYPLOT = "import matplotlib; matplotlib.use('agg'); import matplotlib.pyplot as plt; "
PYPLOT += "plt.close('all')\n"
TEMPORARY = "import os, tempfile; os.mkdir('there'); tempfile.tempdir = os.path.abspath('there')"
LISTED_THERE = "sorted(__import__('os').listdir('there'))"
LISTED = "sorted(__import__('os').listdir('.'))"

PUT_BACK = {
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
    "own module's global": Effect(OWN, "own.n += 1", "own.n"),
    "own module's function": Effect(OWN, "own.count()", "own.n"),
    "own module's function by name": Effect(
        OWN + "\nfrom reliability_effects_module import count", "count()", "own.n"),
    "own module's list": Effect(OWN, "own.log.append(1)", "own.log"),
    "own module's new name": Effect(
        OWN, "own.made = getattr(own, 'made', 0) + 1", "own.made"),
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
        PYPLOT + "fig, ax = plt.subplots()", "ax.plot([1, 2], [3, 4]); assert len(ax.lines) == 1",
        "len(ax.lines)"),
    "ax in a function": Effect(
        PYPLOT + "fig, ax = plt.subplots()\ndef draw(): ax.plot([1, 2], [3, 4])", "draw()",
        "len(ax.lines)"),
    "axes of all kinds": Effect(
        PYPLOT + "fig, ax = plt.subplots()",
        "ax.bar([1], [2], label='a'); ax.legend(); ax.contour(np.eye(3)); ax.twinx().plot([1])\n"
        "fig.colorbar(ax.imshow(np.eye(2))); ax.set_title(ax.get_title() + 'a')",
        "(len(ax.get_children()), len(fig.axes), ax.get_title(), ax.get_xlim())"),
    "line of an axes": Effect(
        PYPLOT + "line, = plt.figure().gca().plot([1.0, 2.0])",
        "line.set_ydata(line.get_ydata() + 1)", "list(line.get_ydata())"),
    "fig.savefig": Effect(
        PYPLOT + "fig, ax = plt.subplots()", "ax.plot([1, 2]); fig.savefig('a.png')",
        "(sorted(__import__('os').listdir('.')), len(ax.lines))"),
    "figures by pyplot": Effect(
        PYPLOT + "plt.figure().gca().plot([1])\ndef lines(): return len(plt.gcf().axes[0].lines)",
        "assert lines() == 1; plt.plot([2]); plt.gcf().add_axes([0, 0, 1, 1])",
        "(len(plt.gcf().axes), lines())"),
    "numbers of figures": Effect(
        PYPLOT + "plt.figure(); plt.figure()",
        "plt.figure(1); plt.close(2); plt.figure(); assert plt.get_fignums() == [1, 2]",
        "(plt.get_fignums(), plt.gcf().number)"),
    "pyplot's function": Effect(
        PYPLOT + "from matplotlib.pyplot import gca; plt.figure()",
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
        OWN + "; import runpy\n"
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
        "w.writerow({'a': 1}); K[0].flush()", READ_FILE),
    "file of an object": Effect(
        "class A: pass\na = A(); a.f = open('log.txt', 'w')", "a.f.write('a'); a.f.flush()",
        READ_FILE),
    "file of a function": Effect(
        "def make():\n    f = open('log.txt', 'w')\n    def log(): f.write('a'); f.flush()\n"
        "    return log\nlog = make()", "log()", READ_FILE),
    "MemoryHandler": Effect(
        "import logging.handlers; h = logging.handlers.MemoryHandler(100)\n"
        "logging.getLogger('buffered').addHandler(h)",
        "n = len(h.buffer); logging.getLogger('buffered').warning('a')\n"
        "assert len(h.buffer) == n + 1", "len(h.buffer)"),
    "TemporaryDirectory": Effect(
        TEMPORARY, "with tempfile.TemporaryDirectory() as d:\n    os.makedirs(d + '/b/c')\n"
        "    np.save(d + '/a.npy', np.ones(2)); os.rename(d + '/a.npy', d + '/b/a.npy')\n"
        "    assert np.load(d + '/b/a.npy').sum() == 2", LISTED_THERE),
    "TemporaryDirectory, left open": Effect(
        TEMPORARY, "d = tempfile.TemporaryDirectory(); open(d.name + '/a', 'w').close()",
        LISTED_THERE),
    "tempfile.mkdtemp": Effect(
        TEMPORARY, "d = tempfile.mkdtemp(); open(d + '/a', 'w').close()", LISTED_THERE),
    "NamedTemporaryFile": Effect(
        TEMPORARY, "with tempfile.NamedTemporaryFile('w') as f: f.write('a')", LISTED_THERE),
    "NamedTemporaryFile, left there": Effect(
        TEMPORARY, "f = tempfile.NamedTemporaryFile(delete=False); f.write(b'a'); f.close()",
        LISTED_THERE),
    "TemporaryFile": Effect(
        TEMPORARY, "with tempfile.TemporaryFile() as f: f.write(b'a')", LISTED_THERE),
}  # fmt: skip  # a table, a row a case
