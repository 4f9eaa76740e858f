"""An interrupt at any line of ours: names are plain afterwards, and the next cell is right.

Each line that the machinery runs whenever some cell runs is interrupted at its first time, in the
shortest cell that comes to it, and then some of them at a later time: by an exception at that very
line, or by a real signal.
"""

from __future__ import annotations

import linecache
import random
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import CodeType
from typing import Any

import numpy as np

from tapenb.autodiff.kinds.registry import LATE, RULES
from tapenb.autodiff.tape.tape import CURRENT
from tapenb.autodiff.tracing.state import is_traced
from tests.magic.notebook import Notebook, close_shell, open_notebook
from tests.reliability.lines import OURS, Lines

TITLE = "interrupts at lines of ours: at each that some cells run, and later where it comes again"
COUNT, SHORT = 7_500, 40

_MOST_OF_A_NOTEBOOK = 200  # each cell takes longer than the one before

Place = tuple[CodeType, int]
_LATE = dict(LATE)
MODULE = "import numpy as np\n\ndef own(x):\n    return np.array([x, np.sin(x)]).sum()\n"
SETUP = """
import reliability_own_module as own_module
import numpy as np
from numpy import zeros
from scipy import special
a, b, held = 0.5, np.array([1.0, 2.0]), {"inner": [0.25, 0.75]}
def own(x):
    return np.array([x, x*x]).sum()
"""
_SURVEY = "%%tape -o t\nx = 2.0\ny = 5.0\nz = np.log(x) + x*y - np.sin(y)"
# What runs before, and what is interrupted.
CELLS = {
    "numbers": ("", "%%tape -o t\nx = 2.0\ny = 5.0\nz = np.log(x) + x*y - np.sin(y) + a"),
    "arrays": ("", "%%tape -o t\nv = np.array([1.0, 2.0, 3.0])\nb[0] = v[1]\nz = (v*v).sum()*b[0]"),
    "lists": ("", "%%tape -o t\nx = [1.0, 2.0]\nheld['inner'][0] = x[0]*x[1]\nz = np.sum(x)"),
    "functions": (
        "",
        "%%tape -o t\nx = 2.0\nu = zeros(2)\nu[1] = own(x) + own_module.own(x)\nu[1]",
    ),
    "again": (
        "%%tape -o t\nx = 3.0\nheld['inner'].append(x)\n"
        "z = x*x if x < 5 else own(x)*held['inner'][0]",
        "t(x=6.0).value",
    ),
    "panel": (
        "%%tape -o t\nx = 3.0\nz = x*x if x < 5 else own_module.own(x)",
        "t.panel.sliders['x'].value = 9.0 - t.panel.sliders['x'].value",  # where it was is kept
    ),
    "derivative": (
        _SURVEY,
        "t.panel.set_state({'look': {'orders': {'of': ['x']}}})\n"
        "t.panel.set_state({'look': {'orders': {'of': ['x', 'x']}, 'trace': {'open': True}}})",
    ),
    "curve": (
        _SURVEY,
        "t.panel.set_state({'along': 'y'})\n"
        "t.panel.sliders['x'].value = 5.0 - t.panel.sliders['x'].value\n"
        "found = t.curve('x', 0.5, 6.0); found.sampled(9, 0.0), found.marks",
    ),
    "contours": (
        _SURVEY,
        "t.panel.set_state({'look': {'surface': {'and': 'y'}}})\n"
        "t.panel.sliders['y'].value = 8.0 - t.panel.sliders['y'].value",
    ),
    "layout": ("", "%%tape -o t\nx = 1.5\ny = 1.0\nfor i in range(12):\n    y = np.sin(y)*x"),
    "import": (
        "from tests.reliability.interrupts import forget_scipy; forget_scipy()",
        "%%tape -o t\nfrom scipy import linalg, special\nx = 2.0\nz = special.erf(x) + own(x)",
    ),
    "explore": (
        "import tapenb as tn",
        "t = tn.explore(own_module.own, x=2.0)\nt.panel.sliders['x'].value = 3.0",
    ),
    "explore's branch": (
        "import tapenb as tn\nt = tn.explore(lambda x: x*x if x < 5 else own_module.own(x), x=3.0)",
        "t.panel.sliders['x'].value = 6.0",
    ),
}
# What runs afterwards, and what holds then.
NEXT = {
    "the next cell": ("p = 1.5\nq = np.exp(p)*own(p)", "type(q) is np.float64"),
    "the next taped cell": (
        "%%tape -o t\nx = 3.0\nz = x*x*x + own(x) + 0*special.erf(x)",
        "t.gradient['x'] == 27.0 + 7.0",
    ),
}


def forget_scipy() -> None:
    """Let the rules of SciPy's functions be registered where they are first asked for."""
    LATE.update(_LATE)
    for function in vars(sys.modules["scipy.special._ufuncs"]).values():
        if isinstance(function, np.ufunc):
            RULES.pop(function, None)


def _seen(work: Callable[[], None]) -> Counter[Place]:
    """How often work comes to each line of ours."""
    seen: Counter[Place] = Counter()
    with Lines(lambda code, line: seen.update([(code, line)])):
        work()
    return seen


def _interrupted(work: Callable[[], None], place: Place, nth: int, *, by_signal: bool) -> bool:
    """Interrupt work where it comes to a line for the n-th time; whether it came to that."""
    code, wanted = place
    left = nth

    def interrupt(_: CodeType, line: int) -> None:
        nonlocal left
        left -= line == wanted
        if left:
            return
        lines.stop()
        if not by_signal:
            raise KeyboardInterrupt
        signal.raise_signal(signal.SIGINT)

    with Lines(interrupt, code) as lines:
        work()
    return not left


def _everything(value: Any, depth: int = 0) -> Iterator[Any]:
    yield value
    if depth < 4 and isinstance(value, dict | list | tuple | set):
        for part in list(value.items() if isinstance(value, dict) else value):
            yield from _everything(part, depth + 1)


def left_behind(book: Notebook) -> list[str]:
    """Name what a cell that has ended has left half-open."""
    found, names = [], book.names
    if any(is_traced(part) for value in list(names.values()) for part in _everything(value)):
        found.append("traced names")
    if [name for name in names if name.startswith("__tapenb")]:
        found.append("a hook")
    if book.shell.ast_transformers:
        found.append("a transformer")
    own = names["own_module"]
    if names["np"] is not np or names["zeros"] is not np.zeros or vars(own)["np"] is not np:
        found.append("a twin of NumPy")
    if CURRENT.get() is not None:
        found.append("an open tape")
        CURRENT.set(None)  # the fault of this interrupt, not of the next
    if "call" in np.geterr().values() or np.geterrcall() is not None:
        found.append("a handler of floating-point errors")
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        found.append("a handler of interrupts")
    return found


def next_cells_are_wrong(book: Notebook) -> list[str]:
    """Name which of two next cells, one without and one with a tape, is not right."""
    return [
        what
        for what, (text, right) in NEXT.items()
        if not (book.attempt(text).success and eval(right, book.names))
    ]


def _prepared(book: Notebook, name: str) -> Callable[[], None]:
    """Run what runs before a cell; the cell is what is given."""
    before, cell = CELLS[name]
    for text in filter(None, (SETUP, before)):
        result = book.attempt(text)
        if not result.success:
            raise AssertionError(f"{text!r} fails")
    return lambda: book.attempt(cell)


def _places(book: Notebook, chosen: random.Random) -> list[tuple[Place, int, list[str]]]:
    """Each line of ours that cells run, once, then later times of it; the shortest cells first."""
    times: dict[Place, dict[str, int]] = {}
    length: dict[str, int] = {}
    for name in CELLS:
        seen = _seen(_prepared(book, name)) & _seen(_prepared(book, name))  # without what is cached
        length[name] = seen.total()
        for place, often in seen.items():
            times.setdefault(place, {})[name] = often
    first = [(place, 1, sorted(cells, key=length.get)) for place, cells in times.items()]
    later = [
        (place, chosen.randint(2, often), [name])
        for place, cells in times.items()
        for name, often in cells.items()
        if often > 1
    ]
    return chosen.sample(first, len(first)) + chosen.sample(later, len(later))


def attack(count: int, seed: int) -> tuple[int, list[str]]:
    """Interrupt so many lines.

    Returns
    -------
    int
        How many were tried.
    list of str
        What was lost.
    """
    chosen, lost, tried = random.Random(seed), [], 0
    with TemporaryDirectory() as folder:
        Path(folder, "reliability_own_module.py").write_text(MODULE)
        sys.path.insert(0, folder)
        try:
            with _opened() as book:
                places = _places(book, chosen)
            while places and tried < count:
                with _opened() as book:
                    now, places = places[:_MOST_OF_A_NOTEBOOK], places[_MOST_OF_A_NOTEBOOK:]
                    for place, nth, names in now[: count - tried]:
                        found = _lost_at(book, place, nth, names, chosen.random() < 0.5)
                        tried += found is not None
                        lost += [found] if found else []
        finally:
            sys.path.remove(folder)
            sys.modules.pop("reliability_own_module", None)
    return tried, lost


@contextmanager
def _opened() -> Iterator[Notebook]:
    book = open_notebook()
    try:
        book.run("%xmode Minimal")  # a traceback takes longer than all else
        for name in CELLS:
            _prepared(book, name)()  # what happens once only
        yield book
    finally:
        close_shell(book.shell)
        linecache.clearcache()


def _lost_at(
    book: Notebook, place: Place, nth: int, names: list[str], by_signal: bool
) -> str | None:
    """Say what is lost by an interrupt at a line; None where no cell comes to it any more."""
    for name in names:
        if _interrupted(_prepared(book, name), place, nth, by_signal=by_signal):
            break
    else:
        return None
    what = left_behind(book) + next_cells_are_wrong(book) + left_behind(book)
    where = f"{Path(place[0].co_filename).relative_to(OURS)}:{place[1]}"
    return f"{name}, {where}, time {nth}: {', '.join(dict.fromkeys(what))}" if what else ""
