# ruff: noqa: E501  a line is a statement
"""Cells made at random, run plainly and with ``%%tape``: names, values, output and errors agree."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from types import FunctionType, ModuleType
from typing import Any

from tapenb.autodiff.tracing.state import is_traced
from tests.magic.notebook import Notebook, close_shell, open_notebook

TITLE = "random cells, plainly and with a tape"
COUNT, SHORT = 2_000, 60

_BEGIN = "x = 2.0\nn = 3\ns = 'a'\nL = [1.0, 2.0]\nD = {'k': 1.5}\nv = np.array([1.0, 2.0, 3.0])\n"
_STATEMENTS = r"""
x = {e}
x, n = {e}, {i}
(x, *rest) = ({e}, {e}, {e})
x += {e}
v[{i} % 3] = {e}
v *= {e}
L.append({e})
L[0] = {e}
D['k'] = {e}
D[{i}] = {e}
del L[-1:]
y: float = {e}
y: 'a hint'
x = y = {e}
if (w := {e}) > 1: x = w
print(f'{({e}):.3f} {n!r:>4}')
print({e}, {i}, sep='; ')
x = {e} if {c} else {e}
assert isinstance({e}, float)
pass
{e}
{e};
s = f"{x:.2f}" + s[:2]
x = max({e}, {e})
x = (lambda a, *b, k=1.0, **c: a*k + sum(b))({e}, {e}, k={e})
x = sum([{e} for k in range(3) if k % 2])
x = sum({k: {e} for k in range(2)}.values())
x = {e} \\n    + {e}
# a comment
'''a docstring'''
for k in range({i} % 4):\n    x = x + {e}\nelse:\n    n += 1
k = 0\nwhile k < {i} % 4:\n    k += 1\n    if {c}: continue\n    x = {e}
try:\n    x = {e}/({i} % 2)\nexcept ZeroDivisionError as error:\n    s = str(error)\nfinally:\n    n += 1
try:\n    {f}\nexcept Exception as error:\n    s = type(error).__name__
{f}
def f(a, b={e}, *c, k={e}, **d):\n    '''says so'''\n    global n\n    n += 1\n    return a*b + k\nx = f({e})
def g(a):\n    t = 0.0\n    def h():\n        nonlocal t\n        t += a\n        return t\n    return h() + h()\nx = g({e})
class C:\n    rate = {e}\n    def __init__(self, a): self.a = a\n    @property\n    def twice(self): return 2*self.a\nx = C({e}).twice + C.rate
import functools\n@functools.wraps(abs)\ndef deco(a): return a\nx = deco({e})
match [{e}, {i}]:\n    case [a, 3]: x = a\n    case [a, *b] if a > 0: x = a + len(b)\n    case _: x = 0.0
from contextlib import nullcontext\nwith nullcontext({e}) as c: x = c
def gen():\n    yield {e}\n    yield from L\nx = sum(gen())
import math as m\nx = float(m.floor(2.5)) + {e}
from __future__ import annotations
größe = {e}\nx = größe
%precision 4
!true
global n
async def coroutine(): return {e}
p, q = divmod({i}, 3)
x = np.sum(v*{e}) + np.array([{e}, 1.0])[0]
u = np.zeros(2); u[:] = {e}; x = u.mean()
M = np.outer(v, v); x = np.linalg.norm(M) + M[1, 2]
v2 = np.where(v > {e}, v, 0.0)
x = float(n) + {e}
x = round({e}, 3)
x = -{e} ** 2 + abs({e})
""".strip().split("\n")
_EXPRESSIONS = r"""
x
x*{e}
({e} + {e})
({e} - 1.5)
0.25*{e}
np.sin({e})
np.exp(-abs({e}))
L[0]
D['k']
v[1]
v.sum()
n*0.5
1.25
np.float64(0.5)
x**2
np.maximum({e}, 0.5)
""".strip().split("\n")
_FAILING = r"""
undefined_name
1/0
L[99]
D['missing']
int('a')
x.missing
x + 'a'
len(x)
x()
[].pop()
raise ValueError(f'{s}')
raise RuntimeError('a') from ValueError('b')
assert x < 0, 'negative'
np.zeros(2) + np.zeros(3)
v[7]
import a_module_that_is_missing
x ^ 2
next(iter(()))
return x
break
1 +
def
s.upper(1)
""".strip().split("\n")
_CONDITIONS = ["x > 1", "n % 2", "{e} < {e}", "not s", "x > 0 and n", "v.sum() > {e}", "True"]


class Maker:
    """Makes cells at random.

    Parameters
    ----------
    chosen : random.Random
    """

    def __init__(self, chosen: random.Random) -> None:
        self._chosen = chosen

    def cell(self, *, whole: bool = False) -> str:
        """A cell of a few statements; most, or all, begin with the names that the others use."""
        many = range(self._chosen.randint(1, 6))
        lines = [self.made(self._chosen.choice(_STATEMENTS)) for _ in many]
        return _BEGIN * (whole or self._chosen.random() < 0.8) + "\n".join(lines)

    def made(self, text: str, depth: int = 0) -> str:
        """Fill in what a text leaves open."""
        text = text.replace("\\n", "\n")
        holes = {"e": _EXPRESSIONS, "c": _CONDITIONS, "f": _FAILING}

        def fill(hole: re.Match[str]) -> str:
            if hole[1] == "i":
                return str(self._chosen.randint(0, 9))
            choices = holes[hole[1]]
            if depth > 2 and hole[1] == "e":
                choices = [each for each in choices if "{" not in each]
            return self.made(self._chosen.choice(choices), depth + 1)

        return re.sub(r"\{([ecif])\}", fill, text)


def _told(value: Any, depth: int = 0) -> Iterator[str]:
    """A value in words, with its types, as far as it is the same in another notebook."""
    yield type(value).__name__
    if isinstance(value, dict | list | tuple | set) and depth < 4:
        yield str(len(value))
        for part in value.items() if isinstance(value, dict) else value:
            yield from _told(part, depth + 1)
    elif not isinstance(value, FunctionType | ModuleType | type):
        yield re.sub(r"0x[0-9a-f]+", "0x", repr(value))


def observed(book: Notebook, text: str) -> dict[str, str]:
    """What a cell leaves and shows."""
    result = book.attempt(text)
    error = result.error_in_exec or result.error_before_exec
    lines = [line for line in book.printed.split("\n") if not line.startswith("%%tape:")]
    seen = {
        "error": re.sub(r" \(<.*|on line \d+", "", f"{type(error).__name__}: {error}"),
        # Of a traceback, frames and what they show are compared elsewhere.
        "output": "" if error is not None else "\n".join(lines),
    }
    for name, value in book.names.items():
        if not name.startswith("_") and name not in ("In", "Out", "get_ipython", "exit", "quit"):
            seen[name] = "traced!" if is_traced(value) else " ".join(_told(value))
    return seen


def attack(count: int, seed: int) -> tuple[int, list[str]]:
    """Run so many cells both ways, in one notebook each."""
    maker, lost = Maker(random.Random(seed)), []
    for number in range(count):
        text, seen = maker.cell(), []
        for head in ("", "%%tape\n"):
            book = open_notebook()
            try:
                seen.append(observed(book, head + text))
            finally:
                close_shell(book.shell)
        said = seen[1]["error"]
        if "cannot record a cell that awaits" in said or said.startswith("TapeError: "):
            continue  # a refusal that says why
        names = sorted(seen[0].keys() | seen[1].keys())
        for name in names:
            plain, taped = seen[0].get(name), seen[1].get(name)
            if plain != taped:
                lost.append(f"cell {number}: {name} is {taped} for {plain}\n{text}\n")
    return count, lost
