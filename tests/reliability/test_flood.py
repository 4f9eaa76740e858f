"""The short form of the floods: nothing lost, and no cell stuck behind them."""

from collections.abc import Iterator

import numpy as np
import pytest

from .flood import CELLS, flood
from .kernel import Kernel, running


@pytest.fixture(scope="module")
def kernel() -> Iterator[Kernel]:
    with running() as kernel:
        yield kernel


@pytest.mark.parametrize("cell", CELLS)
def test_the_newest_of_a_thousand_moves_is_shown_at_rest(kernel: Kernel, cell: str):
    found = flood(kernel, cell, 1000)
    assert found["status"] == "ok"
    state = found["state"]
    assert state["error"] == ""
    x, y = found["right"]["x"], found["right"].get("y", 1.0)
    if cell == "hub":
        for _ in range(40):
            y = np.sin(y) * x
        right = y
    else:
        right = {"survey": np.log(x) + x * y - np.sin(y), "branch": x * y if x > 3 else x / y}[cell]
    assert float(state["rows"][0][1].replace("−", "-")) == pytest.approx(right, rel=1e-8)
    # Busy and idle of each move, and its numbers for few of them.
    assert found["messages"] < 1000 * 2 * 1.5
