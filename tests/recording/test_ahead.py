"""Branches that sliders reach are recorded before anybody moves there: few, and seldom."""

import random
from collections.abc import Callable
from typing import Any

import pytest

from tapenb.panel.controls import controls
from tapenb.recording.ahead import Ahead
from tapenb.recording.curve import Curve
from tapenb.recording.recording import MOST_BESIDE, Recording

from ..panel.recordings import record


def ways(x: Any, y: Any) -> Any:
    """A way for each slider alone, and one that only both together reach."""
    if x > 3:
        return x * y if y > 0 else x - y * y
    return x + y if y > 0 else x / 2


def run_ahead(function: Callable[..., Any], *values: float) -> tuple[Recording, list[Any]]:
    """Record a function with all that is ahead; and where it was run for that."""
    runs: list[Any] = []

    def counted(work: Callable[[], None]) -> None:
        runs.append(work)
        work()

    recording = record(function, *values, later=counted)
    ended: list[None] = []
    Ahead(recording).run([*controls(recording).values()], lambda: ended.append(None))
    assert len(ended) == 1
    return recording, runs


def at(recording: Recording, positions: dict[str, float]) -> tuple[float, int]:
    """The value by a program that stands there, and its number."""
    (label, x), *_ = positions.items()
    (value, _, _), number = Curve(recording.programs, positions, label, x, x).at(x)
    return value, number


def test_every_branch_that_sliders_reach_is_known():
    before = record(ways, 2.0, 5.0)
    recording, runs = run_ahead(ways, 2.0, 5.0)
    assert len(runs) == 3
    assert len(recording.programs) == 4
    chance = random.Random(5)
    x, y = controls(recording).values()
    for _ in range(50):
        place = {"x": chance.uniform(x.min, x.max), "y": chance.uniform(y.min, y.max)}
        value, number = at(recording, place)
        assert number >= 0
        assert value == pytest.approx(ways(**place))
        assert (at(before, place)[1] < 0) == (place["x"] > 3 or place["y"] <= 0)
    # The point stays where it was.
    assert recording.point.positions == {"x": 2.0, "y": 5.0}
    assert recording.value == 7.0


def test_there_are_a_few_runs_and_no_more():
    recording, runs = run_ahead(lambda x: x * int(x * 7), 2.0)
    assert 1 < len(runs) <= MOST_BESIDE
    assert len(recording.beside) <= MOST_BESIDE


def test_where_the_cell_raises_it_is_tried_but_a_few_times():
    def f(x: Any, y: Any) -> Any:
        if x * y > 11 or y < 0:
            raise ValueError("none here")
        return x * y

    recording, runs = run_ahead(f, 2.0, 5.0)
    assert 1 < len(runs) <= MOST_BESIDE
    assert recording.beside == []


def test_a_slow_cell_and_one_without_branches_are_not_run():
    slow = record(ways, 2.0, 5.0, later=pytest.fail)
    slow.seconds = 2.0
    for recording in (slow, record(lambda x: abs(x) * x, 2.0, later=pytest.fail)):
        Ahead(recording).run([*controls(recording).values()], lambda: None)
        assert recording.beside == []
