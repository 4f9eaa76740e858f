"""Threads of the user's that run: what they work on is not taken back under their hands."""

from __future__ import annotations

import dis
import sys
import threading
from collections.abc import Iterable
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from ..autodiff.reach import walk
from ..autodiff.tape.provenance import is_library
from ..recording.named import code_names, reachable
from .containers import own_places
from .effects import StateLost

_SAFE = (bool, int, float, complex, str, bytes, tuple, frozenset, type(None), type, ModuleType)
_SAFE += (BuiltinFunctionType, FunctionType, MethodType, np.generic, np.ufunc)
_BINDING = frozenset({"DELETE_GLOBAL", "DELETE_NAME", "STORE_GLOBAL", "STORE_NAME"})


def check_threads(namespace: dict[str, Any], names: Iterable[str], lines: dict[str, int]) -> None:
    """Refuse to wind back what another thread that runs works on, too.

    Raises
    ------
    StateLost
    """
    theirs, bound = _worked_on(namespace)
    if not theirs and not bound:
        return
    for name in sorted(set(names)):
        own = [namespace[name]] if name in namespace else []
        if name in bound or any(id(value) in theirs for value, _ in walk(own, own_places)):
            place = f"line {lines[name]}" if name in lines else "what this cell calls"
            raise StateLost(
                f"{place} names `{name}`, which a thread that runs works on, too, so the cell does "
                "not run again to this point, and the numbers there are not known. Wait for the "
                "thread, or let it work on a copy."
            )


def _worked_on(namespace: dict[str, Any]) -> tuple[dict[int, Any], set[str]]:
    """What can change that threads of the user's come to, by identity; and names that they bind.

    A cell runs on the main thread: then none runs again.
    """
    codes: list[CodeType] = []
    values: list[Any] = []
    frames = sys._current_frames()
    for thread in threading.enumerate():
        if thread in (threading.current_thread(), threading.main_thread()):
            continue
        held = list(vars(thread).values())
        begun = [_code_of(each) for each in held if _code_of(each) is not None]
        values += held if begun else []
        codes += begun
        frame = frames.get(thread.ident)
        while frame is not None:
            if not is_library(frame.f_code):
                codes.append(frame.f_code)
                if frame.f_locals is not frame.f_globals:
                    values += frame.f_locals.values()
                if frame.f_globals is not namespace:
                    names = code_names(frame.f_code) & frame.f_globals.keys()
                    values += [frame.f_globals[name] for name in names]
            frame = frame.f_back
    reached, _ = reachable(namespace, {name for code in codes for name in code_names(code)})
    values += [namespace[name] for name in reached]
    codes += [each.__code__ for each in values if type(each) is FunctionType]
    bound = {
        each.argval
        for code in codes
        for each in dis.get_instructions(code)
        if each.opname in _BINDING
    }
    found = {id(each): each for each, _ in walk(values, own_places)}
    return {key: each for key, each in found.items() if not issubclass(type(each), _SAFE)}, bound


def _code_of(value: Any) -> CodeType | None:
    """The code of a function or method of the user's."""
    code = getattr(value, "__code__", None) if type(value) in (FunctionType, MethodType) else None
    return None if code is None or is_library(code) else code
