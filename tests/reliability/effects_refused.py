"""Effects of a cell that is refused where it would run again, before they happen."""

from .effects_put_back import (
    FILE,
    LINES,
    LISTED,
    LISTED_IN_FULL,
    MANY,
    MANY_IN,
    READ_FILE,
    SQL,
    TEMPORARY,
)

REFUSED = {
    "append to a file": (FILE, "open('log.txt', 'a').write('a')", READ_FILE),
    "write a file": (FILE, "open('log.txt', 'r+').write('ab'[len(L):])", READ_FILE),
    "append with with": (FILE, "with open('log.txt', 'a') as f: f.write('a')", READ_FILE),
    "swallowed": (
        FILE, "try: open('log.txt', 'a').write('a')\nexcept Exception: pass", READ_FILE),
    "in a function": (
        FILE + "\ndef log(): open('log.txt', 'a').write('a')", "log()", READ_FILE),
    "os.open": (
        FILE + "; import os", "os.write(os.open('log.txt', os.O_WRONLY | os.O_APPEND), b'a')",
        READ_FILE),
    "an open file": ("f = open('log.txt', 'w')", "f.write('a'); f.flush()", READ_FILE),
    "print to a file": ("f = open('log.txt', 'w')", "print(1, file=f, flush=True)", READ_FILE),
    "read on": ("open('log.txt', 'w').write('abcd'); f = open('log.txt')", "f.read(1)", "f.tell()"),
    "csv.writer": (
        "import csv; f = open('log.txt', 'w'); w = csv.writer(f)", "w.writerow([1]); f.flush()",
        READ_FILE),
    "Path.write_text": (
        FILE + "; from pathlib import Path", "Path('log.txt').write_text(_read() + 'a')",
        READ_FILE),
    "Path.touch": ("from pathlib import Path", "Path(f'made{_count()}').touch()", LISTED),
    "Path.unlink": (LINES, "import pathlib; pathlib.Path('log.txt').unlink(True)", LISTED),
    "np.save": ("", "np.save(f'made{_count()}', np.ones(1))", LISTED),
    "np.savetxt": ("", "np.savetxt(f'made{_count()}', np.ones(1))", LISTED),
    "ndarray.tofile": ("", "np.ones(1).tofile(f'made{_count()}')", LISTED),
    "pickle.dump": (
        "import pickle", "pickle.dump(1, open(f'made{_count()}', 'wb'))", LISTED),
    "DataFrame.to_csv": (
        "import pandas as pd", "pd.DataFrame({'a': [1]}).to_csv(f'made{_count()}')", LISTED),
    "os.remove": (MANY, "os.remove(f'full/{len(os.listdir(\"full\"))}')", LISTED_IN_FULL),
    "os.remove, swallowed": (
        MANY, "try: os.remove(f'full/{len(os.listdir(\"full\"))}')\nexcept Exception: pass",
        LISTED_IN_FULL),
    "os.rename": (
        LINES, "os.rename(*sorted(set(os.listdir('.')))[1:2], f'zz{_count()}')", LISTED),
    "os.mkdir": ("import os", "os.mkdir(f'made{_count()}')", LISTED),
    "os.makedirs": ("import os", "os.makedirs(f'made{_count()}/inner')", LISTED),
    "os.rmdir": (MANY_IN, "os.rmdir(f'full/{len(os.listdir(\"full\"))}')", LISTED_IN_FULL),
    "os.symlink": (LINES, "os.symlink('log.txt', f'made{_count()}')", LISTED),
    "os.chmod": (LINES, "os.chmod('log.txt', 0o600)", READ_FILE),
    "os.truncate": (LINES, "os.truncate('log.txt', os.path.getsize('log.txt') + 1)", READ_FILE),
    "os.utime": (LINES, "os.utime('log.txt')", "__import__('os').stat('log.txt').st_mtime_ns"),
    "os.chdir": (LINES, "os.chdir('.')", "__import__('os').getcwd()"),
    "shutil.copy": (
        LINES + "; import shutil", "shutil.copy('log.txt', f'made{_count()}')", LISTED),
    "shutil.move": (
        LINES + "; import shutil", "shutil.move(sorted(os.listdir('.'))[-1], f'zz{_count()}')",
        LISTED),
    "shutil.rmtree": (
        LINES + "; import shutil", "shutil.rmtree('full', ignore_errors=True)", LISTED),
    "tempfile": (
        "import tempfile", "tempfile.NamedTemporaryFile(dir='.', delete=False)", LISTED),
    "zipfile": ("import zipfile", "zipfile.ZipFile(f'made{_count()}', 'w').close()", LISTED),
    "subprocess.run": (
        "import subprocess", "subprocess.run(['touch', f'made{_count()}'])", LISTED),
    "os.system": ("import os", "os.system(f'touch made{_count()}')", LISTED),
    "os.popen": ("import os", "os.popen(f'touch made{_count()}').read()", LISTED),
    "!touch": ("", "!touch made{_count()}", LISTED),
    "sqlite3, new": (
        "import sqlite3", "sqlite3.connect(f'made{_count()}').execute('create table t (v)')",
        LISTED),
    "sqlite3, open": (
        SQL, "db.execute('insert into t values (1)')",
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
        "th.start(); th.join()", LISTED),
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
        "", "get_ipython().run_cell_magic('bash', '', f'touch made{_count()}')", LISTED),
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
        TEMPORARY + "; os.mkdir('full')", "tempfile.mkdtemp()\nif x > 5: os.rmdir('full')",
        "os.path.exists('full')"),
    "another's file, by a number": (
        TEMPORARY + "; open('log.txt', 'w').close(); f = os.open('.', os.O_RDONLY)",
        "tempfile.mkdtemp()\nif x > 5: os.remove('log.txt', dir_fd=f)",
        "os.path.exists('log.txt')"),
    "into a temporary folder": (
        TEMPORARY + "; os.mkdir('full')",
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
        FILE + "; import os; f = os.open('log.txt', os.O_RDWR)", "os.lseek(f, 1, os.SEEK_CUR)",
        "os.lseek(f, 0, os.SEEK_CUR)"),
    "os.pwritev": (
        FILE + "; import os; f = os.open('log.txt', os.O_RDWR)", "os.pwritev(f, [b'a'], len(L))",
        "len(_read())"),
    "os.sendfile": (
        "import os; open('log.txt', 'w').write('a')\nf = os.open('log.txt', os.O_RDONLY)\n"
        "r, w = os.pipe()", "os.sendfile(w, f, 0, 1)",
        "__import__('fcntl').ioctl(r, 21531, b'    ')"),
    "os.mkfifo": ("import os", "os.mkfifo(f'made{_count()}')", LISTED),
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
    "dbm": ("import dbm.dumb", "dbm.dumb.open(f'made{_count()}').close()", LISTED),
    "shelve": ("import shelve", "shelve.open(f'made{_count()}').close()", LISTED),
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
