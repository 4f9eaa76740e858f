"""Numbers of cells whose arrays are small: compiled as those of scalar cells are.

Values are those of NumPy alone, derivatives those of differences.
"""

import math
import threading

import numpy as np
import pytest

from tapenb.autodiff.compiling.replay import Replay
from tapenb.recording import program as program_module
from tapenb.recording.recording import NeedsRecording

from ..panel.recordings import record

_DATA = np.random.default_rng(3)
_W, _V = _DATA.standard_normal((6, 3)), _DATA.standard_normal((3, 6))


def neuron(w, b):
    return np.tanh(w @ np.array([1.0, 2.0]) + b)


def neuron_of_floats(w1, w2, b):
    return np.tanh(np.array([w1, w2]) @ np.array([1.0, 2.0]) + b)


def softmax(v):
    e = np.exp(v - np.max(v))
    return e / np.sum(e)


def network(u):
    z = _V @ np.tanh(_W @ u)
    return np.log(np.sum(np.exp(z))) - z[0]


def ordered(v):
    s = np.sort(v)
    return s @ np.array([1.0, 4.0, 9.0, 16.0]) + s[0] * s[2] + np.median(v) ** 2


def solved(a, b):
    return np.sum(np.linalg.solve(a, b) ** 2)


def rectified(v, b):
    return np.sum(np.where((v > 0) & (v < 3), v * v, 0.1 * v) * b)


def loop(x, y):
    state = np.array([x, y])
    for _ in range(5):
        state = state + 0.1 * np.array([state[1], -np.sin(state[0])])
    return state[0] * state[1]


PROGRAMS = {
    "neuron": (neuron, np.array([0.5, -1.0]), 0.1),
    "neuron of floats": (neuron_of_floats, 0.5, -1.0, 0.1),
    "softmax": (softmax, np.array([0.5, -1.0, 0.1])),
    "network": (network, np.array([0.3, -0.2, 0.5])),
    "ordered": (ordered, np.array([0.5, -1.0, 0.1, 2.0])),
    "solved": (solved, np.array([[2.0, 0.3], [0.1, 1.5]]), np.array([1.0, -2.0])),
    "rectified": (rectified, np.array([0.5, -1.0, 4.0]), 2.0),
    "loop": (loop, 1.0, 0.5),
}


def slopes(function, values):
    """The derivatives of the summed result by each element, in one row, from differences."""
    flat = np.concatenate([np.ravel(value) for value in values])
    shapes = [np.shape(value) for value in values]

    def at(flat):
        ends = np.cumsum([int(np.prod(shape)) for shape in shapes])[:-1]
        parts = [p.reshape(s)[()] for p, s in zip(np.split(flat, ends), shapes, strict=True)]
        return np.ravel(function(*parts))

    step = 1e-5
    rows = [(at(flat + e) - at(flat - e)) / (2 * step) for e in step * np.eye(flat.size)]
    return np.array(rows).sum(axis=1)


@pytest.mark.parametrize("name", PROGRAMS)
def test_numbers_elsewhere(name):
    function, *values = PROGRAMS[name]
    recording = record(function, *values)
    names = function.__code__.co_varnames[: len(values)]
    moved = [value * 1.01 + 0.003 for value in values]
    value, gradient, hessian = recording.numbers(**dict(zip(names, moved, strict=True)))
    assert recording.source(), "it is not compiled"
    np.testing.assert_allclose(value, function(*moved), rtol=1e-13)
    assert np.shape(value) == np.shape(function(*moved))
    assert [np.shape(part) for part in gradient] == [np.shape(value) for value in values]
    row = np.concatenate([np.ravel(part) for part in gradient])
    np.testing.assert_allclose(row, slopes(function, moved), atol=1e-8)
    shape = [[np.shape(a) + np.shape(b) for b in values] for a in values]
    assert [[np.shape(block) for block in row] for row in hessian] == shape
    for k, row in enumerate(hessian):

        def gradient_by(*values, k=k):
            return recording.numbers(**dict(zip(names, values, strict=True)))[1][k]

        sums = np.concatenate(
            [np.sum(b, axis=tuple(range(np.ndim(values[k])))).ravel() for b in row]
        )
        np.testing.assert_allclose(sums, slopes(gradient_by, moved), atol=1e-7)


def test_the_point_of_a_slider_and_that_of_an_array_are_one():
    recording = record(*PROGRAMS["neuron"])
    point = recording.at({"w[0]": 0.7, "w[1]": -0.9, "b": 0.2})
    again = recording(w=np.array([0.7, -0.9]), b=0.2)
    assert point.value == again.value
    expected = np.tanh(np.array([0.7, -0.9]) @ np.array([1.0, 2.0]) + 0.2)
    np.testing.assert_allclose(point.value, expected, rtol=1e-15)
    np.testing.assert_array_equal(point.gradient["w"], again.gradient["w"])
    assert point.hessian["w", "b"].shape == (2,)


def test_another_kind_of_array_is_none_of_theirs():
    recording = record(*PROGRAMS["neuron"])
    whole = recording.numbers(w=np.array([1, 2]), b=0.5)
    assert whole[0] == np.tanh(np.array([1.0, 2.0]) @ np.array([1.0, 2.0]) + 0.5)
    with pytest.raises(ValueError, match="w has shape"):
        recording.numbers(w=np.zeros(3), b=0.5)


def test_a_decision_of_the_cell_is_a_guard():
    def cell(v):
        return np.sum(v * v) if v[0] < v[1] else np.sum(v)

    recording = record(cell, np.array([1.0, 2.0]))
    recording._run_again = None
    assert recording.numbers(v=np.array([1.5, 2.0]))[0] == 1.5**2 + 4.0
    with pytest.raises(NeedsRecording):
        recording.at({"v[0]": 3.0, "v[1]": 2.0})


def test_what_is_not_finite_is_left_to_numpy():
    def cell(v):
        return np.sum(np.log(v) * np.array([0.0, 1.0]))

    recording = record(cell, np.array([1.0, 2.0]))
    with np.errstate(all="ignore"):
        value, _, _ = recording.numbers(v=np.array([0.0, 2.0]))
    assert np.isnan(value)
    value, gradient, _ = recording.numbers(v=np.array([3.0, 4.0]))
    assert value == np.log(4.0)
    np.testing.assert_array_equal(gradient[0], [0.0, 0.25])


def test_long_arrays_are_not_lowered():
    recording = record(lambda x: np.sum(np.sin(np.linspace(0.0, x, 5000))), 1.0)
    recording.numbers(x=2.0)
    assert recording.source() == ""


def test_a_long_sum_in_a_sweep_is_no_deep_call():
    def f(a):
        y = a * 1.0
        for _ in range(600):
            y = np.sin(y) + a
        return y

    recording = record(f, 0.5)
    h = 1e-6
    slope = (f(0.6 + h) - f(0.6 - h)) / (2 * h)
    assert recording.at({"a": 0.6}).gradient["a"] == pytest.approx(slope, rel=1e-6)


def test_a_long_program_is_compiled_beside_once_it_is_asked_again(monkeypatch):
    def repeated(x):
        y = x
        for _ in range(10):
            y = np.sin(y) + x * 0.5
        return y

    monkeypatch.setattr(program_module, "SOON", 50)
    recording = record(repeated, 0.7)
    program = recording.point.program
    first = recording.at({"x": 0.8})
    assert not program.is_answered_soon
    recording.at({"x": 0.9})
    for thread in threading.enumerate():
        if thread.name == "tapenb-numbers":
            thread.join()
    assert program.is_answered_soon
    again = recording.at({"x": 0.8})
    monkeypatch.setattr(Replay, "__call__", None)  # no other way
    y, (slope,), ((second,),) = again.numbers
    z, dz, ddz = 0.8, 1.0, 0.0
    for _ in range(10):
        z, dz, ddz = (
            math.sin(z) + 0.4,
            math.cos(z) * dz + 0.5,
            math.cos(z) * ddz - math.sin(z) * dz * dz,
        )
    for numbers in (first.numbers, (y, (slope,), ((second,),))):
        assert numbers[0] == pytest.approx(z, rel=1e-14)
        assert numbers[1][0] == pytest.approx(dz, rel=1e-13)
        assert numbers[2][0][0] == pytest.approx(ddz, rel=1e-12)
