"""A tape as a program: played again at new inputs, entry by entry or as one Python function."""

from .compiled import Compiled, compile_tape
from .function import Function, function
from .replaying import GuardFailed, replay, same_answer
from .scalars import is_taken
from .source import INFIX

__all__ = [
    "INFIX",
    "Compiled",
    "Function",
    "GuardFailed",
    "compile_tape",
    "function",
    "is_taken",
    "replay",
    "same_answer",
]
