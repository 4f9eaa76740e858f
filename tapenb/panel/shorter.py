"""A script in fewer letters: its own names, where no property is called so, become short ones.

One word is one name in all of the script, so that no scope needs to be known: a word that stands
anywhere for a property, or is not declared, stays as it is.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import count
from string import ascii_letters

__all__ = ["shorter"]

_TOKEN = re.compile(r"[A-Za-z_$][\w$]*|\d[\w.]*|=>|\.\.\.|\?\.|\S")
_WORD = re.compile(r"[A-Za-z_$][\w$]*")
# What a brace stands behind where it opens an object, or a pattern of one.
_BEFORE_OBJECT = frozenset([*"(,=:[?&|", "return", "...", "const", "let", "default"])
_KEYWORDS = frozenset(
    "async await break case catch const continue default delete do else export false finally for "
    "from function get if in let new null of return set static switch this throw true try typeof "
    "undefined void while".split()
)
_GLOBALS = frozenset("CSS Image Math addEventListener document history location window".split())


def shorter(pieces: Iterable[tuple[bool, str]]) -> str:
    """Write a script anew.

    Parameters
    ----------
    pieces : iterable of (bool, str)
        Its text, in which strings, templates and regular expressions are marked.
    """
    pieces = list(pieces)
    tokens = [
        token for literal, text in pieces for token in ([""] if literal else _TOKEN.findall(text))
    ]
    words = Counter(token for token in tokens if _WORD.fullmatch(token))
    own = _declared(tokens) - _properties(tokens) - _KEYWORDS - _GLOBALS
    names = (name for name in _names() if name not in words and name not in _KEYWORDS)
    by_gain = sorted(own, key=lambda word: (-words[word], word))
    short = {word: next(names) for word in by_gain if len(word) > 1}
    short = {word: name for word, name in short.items() if len(name) < len(word)}

    def written(found: re.Match[str]) -> str:
        return short.get(found[0], found[0])

    return "".join(text if literal else _WORD.sub(written, text) for literal, text in pieces)


def _names() -> Iterator[str]:
    yield from ascii_letters
    for number in count():
        for letter in ascii_letters:
            yield f"{letter}{number}"


def _properties(tokens: list[str]) -> set[str]:
    """Words that stand for a property anywhere, or may."""
    found, inside = set(), []
    for before, token, after in zip(["", *tokens], tokens, [*tokens[1:], ""], strict=False):
        if token in tuple("([{"):
            inside.append(token == "{" and before in _BEFORE_OBJECT)
        elif token in tuple(")]}"):
            inside.pop()
        elif (
            before in (".", "?.")
            or (before in tuple("{,") and after == ":")
            or (inside and inside[-1] and before in ("{", ",", "get", "set", "async"))
        ):
            found.add(token)
    return found


def _declared(tokens: list[str]) -> set[str]:
    """Words that are declared anywhere: by const, let, function, or as parameters."""
    found, opened = set(), []
    declaring = -1
    for k, token in enumerate(tokens):
        before, after = tokens[k - 1], tokens[k + 1] if k + 1 < len(tokens) else ""
        if token in tuple("([{"):
            opened.append(k)
        elif token in tuple(")]}"):
            begin = opened.pop()
            if after == "=>" or (token == ")" and tokens[begin - 2] == "function"):
                found |= {
                    x
                    for b, x in zip(tokens[begin:k], tokens[begin + 1 : k], strict=False)
                    if b in ("(", ",", "...")
                }
        if token in ("const", "let"):
            declaring = len(opened)
        elif token in (";", "of", "in") and len(opened) <= declaring:
            declaring = -1
        elif (
            before in ("const", "let", "function")
            or after == "=>"
            or (before == "," and after == "=" and len(opened) == declaring)
        ):
            found.add(token)
    return {word for word in found if _WORD.fullmatch(word)}
