"""Hundreds of kinds of effects of a cell, none of them doubled when a branch is crossed.

A cell that is run again for another branch is wound back, or refused before the effect happens.
"""

from __future__ import annotations

import os
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from tapenb.magic.effects import StateLost
from tapenb.magic.settings import settings
from tests.magic.notebook import Notebook, close_shell, open_notebook

from .effects_put_back import LISTED, PUT_BACK, Effect
from .effects_refused import REFUSED

TITLE = "kinds of effects of a cell that is run again"

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
        "os.makedirs('there/in', exist_ok=True); Path('there').mkdir(exist_ok=True)", LISTED),
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

# Files of which what was written is put back.
_WRITTEN = """
append to a file, write a file, append with with, swallowed, in a function, an open file,
print to a file, csv.writer, Path.write_text, np.save, np.savetxt, ndarray.tofile,
pickle.dump, DataFrame.to_csv, zipfile, tempfile
"""
_written = {name.strip() for name in _WRITTEN.split(",")}
refused = {name: Effect(*each, kept=name in _written) for name, each in REFUSED.items()}
EFFECTS = PUT_BACK | HARMLESS | refused
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
