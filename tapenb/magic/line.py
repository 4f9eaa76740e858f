"""The line of ``%%tape``: names, settings and options."""

from __future__ import annotations

import ast
import builtins
import math
import re
from collections.abc import Collection, Set
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np

from ..recording.recording import Recording
from .cell import is_numeric
from .constants import is_float


class LineError(ValueError):
    """An error in the line: it says what is wrong, and what would be right."""


@dataclass
class Options:
    """The options that the line asks for."""

    names: list[str] = field(default_factory=list)
    """Inputs listed by name: if there are any, they are the only ones."""
    values: dict[str, Any] = field(default_factory=dict)
    """Inputs that were given a value."""
    spans: dict[str, tuple[float, ...]] = field(default_factory=dict)
    """Inputs that were given a range: minimum, maximum, and perhaps a step."""
    mentioned: set[str] = field(default_factory=set)
    """The names that values and ranges are computed of."""
    of: str | None = None
    """The name of the output."""
    order: int = 2
    mode: str = "reverse"
    output: str | None = None
    """The name to bind the recording to."""
    play: str | None = None
    """The name of a list of deposits: the user plays the sweep, and no panel is shown."""
    table: bool = False
    graph: bool = True
    plot: bool = True
    static: bool = False
    live: bool = False
    memory: float = 0.5
    """The share of free memory that a recording may take."""


_SWITCHES = {
    "--table": ("table", True),
    "--no-graph": ("graph", False),
    "--no-plot": ("plot", False),
    "--static": ("static", True),
    "--live": ("live", True),
}
_CHOICES = {
    "--order": ("order", {"0": 0, "1": 1, "2": 2}),
    "--mode": ("mode", {"reverse": "reverse", "forward": "forward"}),
    "--memory": ("memory", {f"{share}%": share / 100 for share in range(10, 100, 10)}),
}
_NAMES = {"--of": "of", "-o": "output", "--play": "play"}
_NAME = re.compile(r"[^\W\d]\w*")
_INPUT = re.compile(r'[^\W\d]\w*(\.[^\W\d]\w*|\["\w+"\])?')
"""``x``, ``p.a`` or ``p["a"]``."""


def _words(line: str) -> list[str]:
    """Split at spaces that stand outside of brackets."""
    words, depth, start = [], 0, None
    for at, letter in enumerate(line):
        depth += (letter in "([{") - (letter in ")]}")
        if letter.isspace() and depth == 0:
            if start is not None:
                words.append(line[start:at])
            start = None
        elif start is None:
            start = at
    if start is not None:
        words.append(line[start:])
    return words


def parse_line(
    line: str, namespace: dict[str, Any], *, expression: bool = False
) -> tuple[Options, str]:
    """Read the line of a magic.

    Parameters
    ----------
    line : str
    namespace : dict
        In which the values of settings are computed (``y=(0, 2*np.pi)``).
    expression : bool
        Whether the line ends with an expression, as that of ``%tape`` does.

    Returns
    -------
    Options
    str
        The expression.

    Raises
    ------
    LineError

    Examples
    --------
    >>> options, _ = parse_line("x y=(0, 10) --order 1 -o t", {})
    >>> options.names, options.spans, options.order, options.output
    (['x'], {'y': (0, 10)}, 1, 't')
    """
    options = Options()
    words, rest = _words(line), line.strip()

    def taken() -> str:
        nonlocal rest
        rest = rest.removeprefix(words[0]).lstrip()
        return words.pop(0)

    while words:
        word = words[0]
        if expression and not (word.startswith("--") or word in _NAMES or _is_mistyped(rest)):
            break  # which may begin with a minus
        taken()
        word, equals, given = word.partition("=") if word.startswith("--") else (word, "", "")
        if word in _SWITCHES:
            name, value = _SWITCHES[word]
            setattr(options, name, value)
        elif word in _CHOICES or word in _NAMES:
            if not equals:
                if not words:
                    raise LineError(f"{word} needs a value after it")
                given = taken()
            _choose(options, word, given)
        elif word.startswith("-"):
            known = ", ".join([*_SWITCHES, *_CHOICES, *_NAMES])
            raise LineError(f"there is no option {word}; there are {known}")
        else:
            _setting(options, word, namespace)
    return options, rest


def _is_mistyped(rest: str) -> bool:
    """Whether what is left begins as an option and its name would, and is no expression."""
    if not re.match(r"-[^\W\d]\s+\w", rest):
        return False
    try:
        ast.parse(rest, mode="eval")
    except SyntaxError:
        return True
    return False


def _choose(options: Options, word: str, given: str) -> None:
    if word in _NAMES:
        if not _NAME.fullmatch(given):
            raise LineError(f"{word} takes a name, not {given!r}")
        setattr(options, _NAMES[word], given)
        return
    name, choices = _CHOICES[word]
    if given not in choices:
        raise LineError(f"{word} takes {' or '.join(choices)}, not {given!r}")
    setattr(options, name, choices[given])


def _setting(options: Options, word: str, namespace: dict[str, Any]) -> None:
    name, equals, text = word.partition("=")
    name = name.strip().replace("'", '"')
    if not _INPUT.fullmatch(name):
        raise LineError(
            f"{word!r} is neither a name nor a setting; write x, x=2.0, x=(0, 10) or x=(0, 10, 0.1)"
        )
    if not equals:
        options.names.append(name)
        return
    try:
        code = compile(text, "%%tape", "eval")
        value = eval(code, {"inf": math.inf, "nan": math.nan, **namespace})
    except Exception as error:
        raise LineError(f"the value of {name} cannot be read: {error}") from error
    found = ast.walk(ast.parse(text.strip(), mode="eval"))
    options.mentioned.update(node.id for node in found if isinstance(node, ast.Name))
    if not isinstance(value, tuple):
        if not is_numeric(value):
            raise LineError(f"{name} takes a number or an array of floats, not {text}")
        if not np.all(np.isfinite(np.asarray(value, float))):
            raise LineError(f"{name} takes finite numbers, not {text}")
        options.values[name] = value
        return
    if len(value) not in (2, 3) or not all(isinstance(part, int | float) for part in value):
        raise LineError(f"a range is {name}=(minimum, maximum) or with a step as a third number")
    if not (all(map(is_finite, value)) and is_finite(value[1] - value[0])):
        raise LineError(f"a range has finite ends, and so is what lies between, not {name}={text}")
    if value[0] >= value[1] or (len(value) == 3 and value[2] <= 0):
        raise LineError(
            f"the range of {name} runs from a smaller to a larger number, with a step > 0"
        )
    options.spans[name] = value


def refuse_output(
    options: Options, namespace: dict[str, Any], bound: Collection[str], read: Set[str]
) -> None:
    """Refuse a name for the recording that the cell or its line needs, or that is no user's own.

    Raises
    ------
    LineError
    """
    name = options.output
    now = namespace.get(name)
    used = {*read, *options.mentioned, options.of, options.play, *dir(builtins)}
    replaces = name in used or isinstance(now, ModuleType)
    if name and (name in bound or (replaces and not isinstance(now, Recording))):
        raise LineError(f"-o {name} would replace what is called so; choose another name")


def is_finite(value: float) -> bool:
    """Whether a number is finite as a float; an integer may be too large for one."""
    return is_float(value) and math.isfinite(value)
