"""The user's text, made fit for one line of a picture or table."""

from __future__ import annotations

import re
import unicodedata


def one_line(text: str) -> str:
    r"""The text on one line, with nothing in it that XML or a terminal cannot show.

    Examples
    --------
    >>> one_line("np.sum(\n    x)")
    'np.sum( x)'
    """
    text = re.sub(r"\s+", " ", text).strip()
    # Control and format characters, surrogates and the like reorder or break what is around them.
    return "".join("�" if unicodedata.category(c).startswith("C") else c for c in text)


def shorten(text: str, width: int) -> str:
    """The text on one line of at most `width` characters, with "…" for what is left out.

    Examples
    --------
    >>> shorten("np.log(x) + x*y - np.sin(y)", 20)
    'np.log(x) +…p.sin(y)'
    """
    text = one_line(text)
    if len(text) <= width:
        return text
    head = (width - 1) * 3 // 5
    return text[:head].rstrip() + "…" + text[len(text) - (width - 1 - head) :].lstrip()


def is_name(text: str) -> bool:
    """Whether a text is a name, or that of a derivative by names: ``∂z/∂x``."""
    return text.isidentifier() or text.startswith("∂")


def columns(text: str) -> int:
    """How many columns of a fixed-width font a text takes."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return len(text) + wide - sum(unicodedata.combining(c) > 0 for c in text)


def subscript(number: int) -> str:
    """An integer in subscript figures.

    Examples
    --------
    >>> subscript(-10)
    '₋₁₀'
    """
    return str(number).translate(str.maketrans("-0123456789", "₋₀₁₂₃₄₅₆₇₈₉"))
