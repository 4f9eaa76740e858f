"""What goes to the browser: small, on its own, and without a way for text to become code."""

import re
from pathlib import Path

import pytest

from tapenb import panel

HERE = Path(panel.__file__).parent
SCRIPT = (HERE / "panel.js").read_text(encoding="utf-8")
STYLE = (HERE / "panel.css").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "word",
    ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"],
)
def test_text_never_becomes_code(word: str):
    assert word not in SCRIPT


def test_nothing_comes_from_elsewhere():
    namespaces = {"http://www.w3.org/2000/svg"}
    assert set(re.findall(r"https?://[^\"'\s)]+", SCRIPT + STYLE)) <= namespaces
    assert not re.search(
        r"\b(import|fetch|XMLHttpRequest|@import|url)\b\s*\(?[\"'(]", SCRIPT + STYLE
    )


def test_every_element_that_takes_keys_keeps_them_from_the_notebook():
    # The attribute counts on the focusable element itself only.
    assert SCRIPT.count("...KEYS") + SCRIPT.count(", KEYS)") >= 5
    assert '"data-lm-suppress-shortcuts": "true"' in SCRIPT


def test_the_assets_are_small():
    assert len(SCRIPT) + len(STYLE) < 32_000
