"""Stored panels as a page without a kernel plays them, beside the numbers stored as text."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from tests.notebooks.execute import COURSE
from tests.panel.players import NODE

PLAYER = Path(__file__).with_name("stored.mjs")
TAPE = re.compile(r'class="tapenb-tape">(.*?)</script>')
NUMBER = re.compile(r"(?<![\w(])[-−]?(?:\d+\.?\d*(?:e[+-−]?\d+)?|inf|nan)\b(?!,\))")


def stored() -> Iterator[tuple[str, dict, str]]:
    """Yield where each compact tape of the course stands, the tape, and the numbers beside it."""
    for path in sorted(COURSE.glob("*.ipynb")):
        for cell in nbformat.read(path, as_version=nbformat.NO_CONVERT).cells:
            for output in cell.get("outputs", []):
                data = output.get("data", {})
                for tape in TAPE.findall(data.get("text/html", "")):
                    yield f"{path.stem} {cell.id}", json.loads(tape), data["text/plain"]


def numbers(text: str) -> list[float]:
    return [float(number.replace("−", "-")) for number in NUMBER.findall(text)]


@pytest.mark.skipif(NODE is None, reason="no node plays the tapes; Chromium plays some like them")
def test_every_stored_tape_gives_the_numbers_that_are_stored():
    places, tapes, texts = zip(*stored(), strict=True)
    command = [NODE, "--no-warnings", str(PLAYER)]
    told = subprocess.run(command, input=json.dumps(tapes), capture_output=True, text=True)
    assert not told.stderr
    for place, state, text in zip(places, json.loads(told.stdout), texts, strict=True):
        assert not state["error"], place
        lines = dict(line.split(" = ", 1) for line in text.splitlines() if " = " in line)
        assert state["rows"], place
        for name, number in state["rows"]:
            expected = numbers(lines[name].partition(" at ")[0])
            assert numbers(number) == pytest.approx(expected, rel=1e-8), f"{place}: {name}"
        second = [lines[name] for name in lines if name.startswith("∂²")]
        if not second:  # a table, of which the text has no lines
            continue
        cells = state["matrix"]["cells"]
        upper = [cell for i, row in enumerate(cells) for cell in row[i:]]
        assert numbers(" ".join(upper)) == pytest.approx(numbers(" ".join(second)), rel=1e-8), place
