"""Provenance of an entry: the user's frame, their line, their own text, the name they bound.

Recording keeps a code object, an instruction offset and the chain of calls; nothing is parsed or
rewritten while it runs. Python 3.11 and later know the columns of every instruction, so the rest is
read off the code object when somebody looks.
"""

from __future__ import annotations

import ast
import dis
import linecache
import os
import re
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from types import BuiltinFunctionType, CodeType, FrameType, MethodType, ModuleType

import numpy as np

_ENGINE = os.path.dirname(os.path.dirname(__file__))
_INSIDE = (os.path.dirname(np.__file__) + os.sep, _ENGINE + os.sep)
_INSTALLED = tuple(sysconfig.get_path(name) + os.sep for name in ("purelib", "platlib"))
_PACKAGES = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")
_STANDARD = (sysconfig.get_path("stdlib") + os.sep, "<string>", "<frozen ")


# By identity, never by hash: hashing a code object reads the whole of it.
_known: dict[int, CodeType] = {}


def is_inside(code: CodeType) -> bool:
    """Whether a code object is NumPy's or tapenb's own."""
    if id(code) in _known:
        return True
    if not code.co_filename.startswith(_INSIDE):
        return False
    _known[id(code)] = code
    return True


@dataclass(eq=False, slots=True)
class Site:
    """One activation of a function of the user's: its code and the call that led there."""

    code: CodeType
    """What was running."""
    caller: Site | None
    """The activation that called it; None for the cell itself."""
    offset: int
    """The instruction of the caller that made the call."""


class Tracker:
    """Finds the nearest frame outside NumPy and tapenb, and remembers the chain of calls to it.

    Attributes
    ----------
    chains : bool
        Whether chains are wanted: in a recording that nobody but the engine looks at they are not.
    """

    __slots__ = ("_chain", "_depths", "_known_from", "_known_place", "chains", "frame", "site")

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Let go of all frames, and of what they hold."""
        self.frame: FrameType | None = None
        self.site: Site | None = None
        self.chains: bool = True
        self._chain: list[tuple[FrameType, Site]] = []
        # Where in the chain a frame may be, by identity.
        self._depths: dict[int, int] = {}
        self._known_from: FrameType | None = None
        self._known_place: tuple[Site | None, int] = (None, 0)

    @contextmanager
    def known_from(self, frame: FrameType) -> Iterator[None]:
        """While a frame of the engine's runs, climb to it and no further: it is a sweep's."""
        before = self._known_from, self._known_place
        self._known_from, self._known_place = frame, self.place(frame)
        try:
            yield
        finally:
            self._known_from, self._known_place = before

    def place(self, frame: FrameType | None) -> tuple[Site | None, int]:
        """The user's activation at or above `frame`, and the instruction that it is at."""
        known = self._known_from
        while frame is not None:
            if frame is known:
                return self._known_place
            if id(frame.f_code) not in _known and not is_inside(frame.f_code):
                break
            frame = frame.f_back
        if frame is None:
            return None, 0
        if frame is not self.frame:
            if self.chains:
                self._enter(frame)
            else:
                self.frame, self.site = frame, Site(frame.f_code, None, 0)
        return self.site, frame.f_lasti

    def _enter(self, frame: FrameType) -> None:
        chain = self._chain
        entered: list[FrameType] = []
        above: FrameType | None = frame
        while above is not None:
            depth = self._depths.get(id(above), 0)
            if 0 < depth <= len(chain) and chain[depth - 1][0] is above:
                break
            if not is_inside(above.f_code):
                entered.append(above)
                if above.f_code.co_name == "<module>":
                    above = None
                    break
            above = above.f_back
        del chain[0 if above is None else depth :]
        for each in reversed(entered):
            caller, site = chain[-1] if chain else (None, None)
            offset = 0 if caller is None else caller.f_lasti
            chain.append((each, Site(each.f_code, site, offset)))
            self._depths[id(each)] = len(chain)
        self.frame, self.site = chain[-1]


Position = tuple[int | None, int | None, int | None, int | None]
"""The first and the last line of an instruction, and its columns there, in bytes."""


@lru_cache(maxsize=256)
def _positions(code: CodeType) -> list[Position]:
    found = list(code.co_positions())
    by = _indentation(code, found)

    def right(column: int | None) -> int | None:
        return None if column is None else column + by

    return [(line, last, right(start), right(end)) for line, last, start, end in found]


def _indentation(code: CodeType, positions: list[Position]) -> int:
    """By how much a text is indented in its file, but was not as it was compiled.

    So are the cells of a marimo app that is run. No instruction begins in an indentation; and where
    all of them end and begin between words, the text is that of the code.
    """
    texts = [line.encode() for line in linecache.getlines(code.co_filename)]
    spans = [
        (texts[line - 1], start, texts[last - 1], end)
        for line, last, start, end in positions
        if None not in (line, last, start, end) and 0 < line <= last <= len(texts) and start != end
    ]
    by = max((len(a) - len(a.lstrip()) - start for a, start, _, _ in spans), default=0)
    if by <= 0:
        return 0
    places = [place for a, start, b, end in spans for place in ((a, start + by), (b, end + by))]
    return by if not any(_WITHIN.fullmatch(a[max(0, at - 1) : at + 1]) for a, at in places) else 0


_WITHIN = re.compile(rb"\w\w")


@lru_cache(maxsize=256)
def _stores(code: CodeType) -> dict[int, str]:
    """The name, if any, that the value left by each instruction is stored to at once."""
    names: dict[int, str] = {}
    previous = None
    for instruction in dis.get_instructions(code):
        if instruction.opname.startswith("STORE_") and previous is not None:
            name = instruction.argval
            if isinstance(name, tuple):
                name = name[0]
            if isinstance(name, str) and instruction.opname != "STORE_ATTR":
                names[previous] = name
        if instruction.opname not in ("COPY", "CACHE", "EXTENDED_ARG", "NOP"):
            previous = instruction.offset
    for offset in range(2, len(units := code.co_code), 2):
        if units[offset] == _CACHE and offset - 2 in names:
            names[offset] = names[offset - 2]
    return names


def position_of(code: CodeType, offset: int) -> Position:
    """The first and last line of an instruction, and its columns there, in bytes."""
    return _positions(code)[offset // 2]


def line_of(code: CodeType, offset: int) -> int | None:
    """The line of an instruction."""
    return _positions(code)[offset // 2][0]


def source_of(code: CodeType, offset: int) -> str | None:
    """The user's text of an instruction, or None where the source is not to be had."""
    line, last, start, end = _positions(code)[offset // 2]
    if line is None or last is None or start is None or end is None:
        return None
    lines = linecache.getlines(code.co_filename)[line - 1 : last]
    if not lines:
        return None
    # Columns count bytes of UTF-8.
    raw = [text.rstrip("\n").encode() for text in lines]
    raw[-1] = raw[-1][:end]
    raw[0] = raw[0][start:]
    return "\n".join(text.decode(errors="replace") for text in raw)


def span_of(code: CodeType, offset: int) -> tuple[int, int, int] | None:
    """The line on which the text of an instruction begins, and its columns there, in characters."""
    line, last, start, end = _positions(code)[offset // 2]
    if line is None or last is None or start is None or end is None:
        return None
    raw = linecache.getline(code.co_filename, line).rstrip("\n").encode()
    until = raw[:end] if last == line else raw
    return (line, *(len(part.decode(errors="replace")) for part in (raw[:start], until)))


def whole_expression(code: CodeType, offset: int) -> int:
    """The instruction of the longest call, index or attribute that begins with an instruction's."""
    positions = _positions(code)
    start = positions[offset // 2]
    reach, found = (start[1], start[3]), offset
    for instruction in dis.get_instructions(code):
        line, last, first, end = positions[instruction.offset // 2]
        begins = (line, first) == (start[0], start[2]) and None not in (last, end)
        builds = instruction.opname.startswith(_BUILDING)
        if begins and builds and (last, end) > reach:
            reach, found = (last, end), instruction.offset
    return found


_BUILDING = ("CALL", "BINARY_SUBSCR", "LOAD_ATTR", "LOAD_METHOD")


def bound_name(code: CodeType, offset: int) -> str | None:
    """The name that the result of an instruction is bound to, if it is bound at once."""
    return _stores(code).get(offset)


def describe(code: CodeType, offset: int) -> str:
    """A place in words: ``line 3, `np.log(x)` ``."""
    line, source = line_of(code, offset), source_of(code, offset)
    text = f"line {line}"
    if source is not None:
        first = source.split("\n")[0]
        text += f", `{first}`"
    return text


def outside(frame: FrameType | None) -> FrameType | None:
    """The nearest frame at or above one that is neither NumPy's nor tapenb's."""
    while frame is not None and is_inside(frame.f_code):
        frame = frame.f_back
    return frame


_CACHE = dis.opmap.get("CACHE", 0)
"""Behind an instruction; a frame stands at the last one once Python runs what is called inline."""


def begin(code: CodeType, offset: int) -> int:
    """Where the instruction begins that a frame stands at."""
    units = code.co_code
    while units[offset] == _CACHE:
        offset -= 2
    return offset


def _instruction(code: CodeType, offset: int) -> str:
    return dis.opname[code.co_code[begin(code, offset)]]


def calls(code: CodeType, offset: int) -> bool:
    """Whether an instruction is a call."""
    return _instruction(code, offset).startswith("CALL")


def writes(code: CodeType, offset: int) -> bool:
    """Whether an instruction writes an item, as ``a[i] = x`` does."""
    return _instruction(code, offset) == "STORE_SUBSCR"


@lru_cache(maxsize=4096)
def is_foreign(file: str) -> bool:
    """Whether a file is Python's or an installed package's, wherever that was installed."""
    known = (*_INSIDE, os.path.dirname(_ENGINE) + os.sep, *_INSTALLED, *_STANDARD)
    return file.startswith(known) or any(part in file for part in _PACKAGES)


@lru_cache(maxsize=4096)
def is_foreign_module(name: str | None) -> bool:
    """Whether a module, by its name, is Python's or an installed package's."""
    # What runs as __main__ may be a notebook, whoever started it; a class may name no module.
    if name == "__main__" or not isinstance(name, str):
        return False
    file = getattr(sys.modules.get(name), "__file__", None)
    return name.partition(".")[0] in sys.stdlib_module_names if file is None else is_foreign(file)


def is_library(code: CodeType) -> bool:
    """Whether code is Python's or an installed package's, and none of the user's."""
    return is_foreign(code.co_filename)


def users_site(site: Site, offset: int) -> tuple[Site, int]:
    """The nearest activation at or above one that is no library's; else the same one."""
    nearest: Site | None = site
    at = offset
    while nearest is not None and is_library(nearest.code):
        nearest, at = nearest.caller, nearest.offset
    return (site, offset) if nearest is None else (nearest, at)


def is_importing(frame: FrameType | None) -> bool:
    """Whether a library is being imported at a frame: it is once, and half of it is of no use."""
    while frame is not None and is_library(frame.f_code):
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def users_frame(frame: FrameType | None) -> FrameType | None:
    """The nearest frame at or above one that no library's code runs in; else as `outside`."""
    nearest = frame = outside(frame)
    while frame is not None and is_library(frame.f_code):
        frame = frame.f_back
    return frame or nearest


def here(frame: FrameType | None) -> str:
    """The user's line at or above a frame, in words; and that of a package that they call."""
    nearest, frame = outside(frame), users_frame(frame)
    if nearest is None or frame is None:
        return "an unknown line"
    place = describe(frame.f_code, frame.f_lasti)
    file = nearest.f_code.co_filename
    if nearest is not frame and file.startswith(_INSTALLED):
        place += f" (line {nearest.f_lineno} of {os.path.basename(file)})"
    return place


_signs: dict[int, tuple[CodeType, dict[int, str]]] = {}


def operator_at(frame: FrameType) -> str | None:
    """The sign of the operator that a frame is at, if it is at one."""
    code = frame.f_code
    known = _signs.get(id(code))
    if known is None:
        if len(_signs) == 256:
            _signs.clear()
        signs = {
            instruction.offset: instruction.argrepr
            for instruction in dis.get_instructions(code)
            if instruction.opname in ("BINARY_OP", "COMPARE_OP")
        }
        known = _signs[id(code)] = (code, signs)
    return known[1].get(frame.f_lasti)


def expression_at(frame: FrameType) -> ast.expr | None:
    """The expression that a frame is at; None where it is none, or its text is not to be had."""
    source = source_of(frame.f_code, frame.f_lasti)
    try:
        return None if source is None else ast.parse(f"({source})", mode="eval").body
    except (SyntaxError, ValueError):
        return None


def path_of(node: ast.AST | None) -> list[str]:
    """The names of which ``a.b.c`` is made; none of another expression."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.insert(0, node.attr)
        node = node.value
    return [node.id, *names] if isinstance(node, ast.Name) else []


def called(frame: FrameType) -> BuiltinFunctionType | MethodType | type | None:
    """The function, method or class in C that a frame calls by a name, such as ``math.isfinite``.

    It has no frame of its own: who is asked for a number by it sees the call alone.
    """
    names = path_of(getattr(expression_at(frame), "func", None))
    if not names:
        return None
    scope = frame.f_builtins | frame.f_globals | frame.f_locals
    found = scope.get(names[0])
    for name in names[1:]:
        drawn = type(found).__module__.startswith("numpy.random")
        found = getattr(found, name, None) if drawn or isinstance(found, ModuleType) else None
    return found if isinstance(found, BuiltinFunctionType | MethodType | type) else None


def is_attribute(frame: FrameType) -> bool:
    """Whether a frame asks for an attribute by its name (``x.a``), not by ``hasattr(x, "a")``."""
    return _instruction(frame.f_code, frame.f_lasti) in ("LOAD_ATTR", "LOAD_METHOD")


def is_operator(frame: FrameType) -> bool:
    """Whether a frame is at an operator (``a ** x``), not at a call (``np.power(a, x)``)."""
    return operator_at(frame) is not None
