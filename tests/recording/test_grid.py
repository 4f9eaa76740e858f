"""Heights over two sliders: those of the formula, and nothing after a cancel."""

import threading

import numpy as np

from tapenb.recording.grid import Grid
from tests.panel.recordings import branch, record, survey

ACROSS, UP = ("x", 0.5, 4.5), ("y", 1.0, 7.0)


def test_heights_are_those_of_the_formula():
    recording, answers = record(survey, 2.0, 5.0), []
    programs = recording.curve(*ACROSS).programs
    grid = Grid(programs, recording.point.positions, ACROSS, UP, answers.append)
    grid.join()
    assert answers == [grid]
    rows, columns = grid.heights.shape
    assert columns == grid.columns
    x, y = np.meshgrid(np.linspace(0.5, 4.5, columns), np.linspace(1, 7, rows))
    np.testing.assert_allclose(grid.heights, np.log(x) + x * y - np.sin(y))


def test_another_branch_is_a_gap_until_it_was_recorded():
    recording = record(branch, 2.0, 5.0)
    for known in (False, True):
        programs = recording.curve(*ACROSS).programs
        grid = Grid(programs, recording.point.positions, ACROSS, UP, lambda _: None)
        grid.join()
        xs = np.linspace(0.5, 4.5, grid.columns)
        assert np.isfinite(grid.heights[:, xs <= 3]).all()
        assert np.isfinite(grid.heights[:, xs > 3]).all() == known
        recording.record_beside({"x": 4.0, "y": 5.0}, lambda error: None)


def test_a_cancelled_grid_says_nothing():
    recording, answers = record(survey, 2.0, 5.0), []
    programs, begun, go = recording.curve(*ACROSS).programs, threading.Event(), threading.Event()
    at = programs[0].values_at

    def waiting(positions):
        begun.set()
        assert go.wait(60)
        return at(positions)

    programs[0].__dict__.update(numbers=None, values_at=waiting)
    grid = Grid(programs, recording.point.positions, ACROSS, UP, answers.append)
    assert begun.wait(60)
    grid.cancel()
    go.set()
    grid.join()
    assert answers == []
