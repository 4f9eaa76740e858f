"""Cells at tips: derivatives are limits where the cell is smooth, else a convention, named."""

import numpy as np
import pytest

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # NumPy's own, at tips

PAIR = "v = np.array({0})\n"
SMOOTH = {
    "norm": (PAIR.format("[0.0, 0.0]") + "z = np.linalg.norm(v)**2", "v", 0.0, 2 * np.eye(2)),
    "hypot": (PAIR.format("[0.0, 0.0]") + "z = np.hypot(v[0], v[1])**2", "v", 0.0, 2 * np.eye(2)),
    "abs": ("x = 0.0\nz = np.abs(x)**2", "x", 0.0, 2.0),
    "python": ("x = 0.0\nz = abs(x)**2", "x", 0.0, 2.0),
    "huber": (
        "r = 0.0\nz = np.where(abs(r) <= 1, .5*abs(r)**2, abs(r) - .5)",
        *("r", 0.0, 1.0),
    ),
    "std": (
        PAIR.format("[2.0, 2.0]") + "z = np.std(v)**2",
        *("v", 0.0, np.array([[0.5, -0.5], [-0.5, 0.5]])),
    ),
    "ptp": (
        PAIR.format("[1.0, 1.0]") + "z = np.ptp(v)**2",
        *("v", 0.0, 2 * np.array([[1.0, -1.0], [-1.0, 1.0]])),
    ),
    "relu": ("x = 0.0\nz = np.maximum(x, 0)**2 + np.minimum(x, 0)**2", "x", 0.0, 2.0),
    "polar": (
        PAIR.format("[0.0, 0.0]") + "z = np.hypot(v[0], v[1])*np.cos(np.arctan2(v[1], v[0]))",
        *("v", [1.0, 0.0], np.zeros((2, 2))),
    ),
    "sign": ("x = 0.0\nz = np.sign(x)*np.abs(x)", "x", 1.0, 0.0),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_a_cell_that_is_smooth_has_the_limits_and_no_note(notebook, name):
    cell, of, gradient, hessian = SMOOTH[name]
    notebook.run("%%tape -o t\n" + cell)
    t = notebook.names["t"]
    shape = np.shape(t.gradient[of])
    np.testing.assert_allclose(t.gradient[of], np.broadcast_to(gradient, shape), atol=1e-9)
    np.testing.assert_allclose(t.hessian[of, of], hessian, rtol=1e-8, atol=1e-8)
    assert not any("convention" in note for note in t.point.notes)


TIPS = {
    "abs": (
        "z = np.abs(x)",
        0.0,
        "`np.abs(x)` has a tip here (-1.0 on one side, 1.0 on the other)",
    ),
    "relu": ("z = np.maximum(x, 0)", 0.5, "by convention the derivative is 0.5"),
    "jump": ("z = np.sign(x)", 0.0, "`np.sign(x)` jumps here"),
}


@pytest.mark.parametrize("name", TIPS)
def test_a_convention_is_named_in_a_note_of_the_panel(notebook, name):
    cell, given, words = TIPS[name]
    notebook.run("%%tape -o t\nx = 0.0\n" + cell)
    t = notebook.names["t"]
    assert float(t.gradient["x"]) == given
    assert any(words in note for note in t.point.notes), t.point.notes
