"""What a recorded cell answers, at its point and elsewhere, and the panels that follow it."""

import gc
import math

import ipywidgets
import numpy as np
import pytest
from scipy import stats

from tapenb.magic import session

from .notebook import SURVEY


def test_the_recording_follows_its_panel_and_names_keep_the_run(notebook):
    notebook.run(SURVEY)
    t = notebook.names["t"]
    t.panel.sliders["x"].value = 3.0
    assert t.gradient["x"] == 1 / 3.0 + 5.0
    assert notebook.names["x"] == 2.0
    assert t(x=2.0).value == 11.652071455223084
    t.panel.sliders["x"].value = 2.0
    assert t.value == 11.652071455223084


def test_picked_elements_stay_where_they_were_while_the_text_is_the_same(notebook):
    cell = "%%tape -o t\nv = np.linspace(0.0, 1.0, 20)\ns = np.sum(v**2)\n"
    notebook.run(cell, cell_id="a")
    panel = notebook.names["t"].panel
    for pick in ("v[3]", "v along its gradient"):
        panel.look = {**panel.look, "vector": {"pick": pick}}
    panel.sliders["v[3]"].value = 0.25
    notebook.run(cell, cell_id="a")
    panel = notebook.names["t"].panel
    assert list(panel.sliders) == ["v[3]"]  # a line would begin elsewhere
    assert panel.sliders["v[3]"].value == 0.25
    v = np.where(np.arange(20) == 3, 0.25, np.linspace(0.0, 1.0, 20))
    assert notebook.names["t"].value == pytest.approx(np.sum(v**2))


def test_sliders_stay_where_they_were_while_the_text_is_the_same(notebook):
    notebook.run(SURVEY, cell_id="a")
    notebook.names["t"].panel.sliders["x"].value = 3.0
    notebook.run(SURVEY, cell_id="a")
    assert notebook.names["t"].panel.sliders["x"].value == 3.0
    assert notebook.names["t"].gradient["x"] == 1 / 3.0 + 5.0
    notebook.run(SURVEY, cell_id="b")
    assert notebook.names["t"].panel.sliders["x"].value == 2.0
    notebook.run(SURVEY.replace("np.sin(y)", "np.cos(y)"), cell_id="a")
    assert notebook.names["t"].panel.sliders["x"].value == 2.0


def test_running_a_cell_twenty_times_leaves_one_panel_and_flat_memory(notebook):
    def widgets():
        gc.collect()
        return len(ipywidgets.widgets.widget._instances)

    def tracked():
        gc.collect()
        return len(gc.get_objects())

    for _ in range(3):
        notebook.run(SURVEY, cell_id="a")
    models, objects = widgets(), tracked()
    for _ in range(20):
        notebook.run(SURVEY, cell_id="a")
    assert widgets() == models
    assert tracked() - objects < 20 * 40


def test_of_many_panels_the_oldest_keep_their_picture_and_lose_their_life(notebook, monkeypatch):
    monkeypatch.setattr(session, "MOST_PANELS", 3)
    first = models = None
    for number in range(8):
        # As a notebook without ids of cells runs an edited cell.
        notebook.run(SURVEY.replace("5.0", f"{number}.0"))
        first = first or notebook.names["t"].panel
        gc.collect()
        found = len(ipywidgets.widgets.widget._instances)
        if number < 3:
            models = found
        assert found <= models
        if number == 3:
            retired = notebook.displayed[0]
    assert first.comm is None
    assert "y = 0" in retired["text/plain"]
    assert "<img" in retired["text/html"]
    # A recording whose panel has ended answers as ever.
    assert notebook.names["t"](x=3.0, y=1.0).gradient["x"] == 1 / 3.0 + 1.0


def test_forward_mode_gives_the_same_numbers_and_shows_tangents(notebook):
    notebook.run("w = np.array([1.0, 2.0])")
    body = "x = 2.0\nz = np.sum(np.sin(w) * x**3)\n"
    notebook.run("%%tape -o reverse\n" + body)
    notebook.run("%%tape --mode forward -o forward\n" + body)
    reverse, forward = notebook.names["reverse"], notebook.names["forward"]
    for name in ("x", "w"):
        np.testing.assert_allclose(forward.gradient[name], reverse.gradient[name])
        for other in ("x", "w"):
            np.testing.assert_allclose(
                forward.hessian[name, other], reverse.hessian[name, other], atol=1e-12
            )
    notebook.run("%%tape --mode forward -o t\nx = 2.0\ny = 5.0\nz = np.log(x) + x*y - np.sin(y)\n")
    t = notebook.names["t"]
    # The survey's Table 2: the tangents along x.
    tangents = [float(t.point.adjoints.get(entry.index, 0.0)) for entry in t.tape]
    assert tangents == [1.0, 0.0, 0.5, 5.0, 5.5, 0.0, 5.5]
    assert any("tangents" in note for note in t.point.notes)


def test_a_recording_shows_its_numbers(notebook):
    notebook.run(SURVEY)
    notebook.run("t")
    shown = notebook.printed + str(notebook.displayed)
    assert "z = 11.65207146 at x = 2, y = 5" in shown
    assert "0x" not in shown


def test_the_panel_says_where_a_derivative_stopped_being_finite(notebook):
    notebook.run("%%tape -o t\nx = 4.0\nu = x*2\ny = np.sqrt(u) + u\n")
    t = notebook.names["t"]
    assert not any("finite" in note for note in t.point.notes)
    point = t(x=0.0)
    assert np.isinf(point.gradient["x"])
    assert [n for n in point.notes if "finite" in n] == [
        "The derivative is not finite from here on: line 4, `np.sqrt(u)`, at 0."
    ]


def test_a_recording_asked_from_within_another(notebook):
    notebook.run("%%tape -o t\nx = 4.0\nz = x*2 if x > 3 else x*5\n")
    notebook.run("%%tape -o u\ny = 3.0\nw = y * t(x=1.0).value\n")
    assert notebook.names["u"].gradient["y"] == 5.0
    assert notebook.names["t"].value == 8.0


def test_what_is_not_given_stays_where_it_was(notebook):
    notebook.run("%%tape -o t\nx = 2.0\ny = 5.0\nz = x*y*y\n")
    t = notebook.names["t"]
    for _ in range(2):
        assert t.numbers(x=3.0) == (75.0, (25.0, 30.0), ((0.0, 10.0), (10.0, 6.0)))
        assert t.at({"y": 1.0}).numbers == (2.0, (1.0, 4.0), ((0.0, 2.0), (2.0, 4.0)))
        assert t.at({}).numbers == (50.0, (25.0, 20.0), ((0.0, 10.0), (10.0, 4.0)))
        assert t.numbers(x=3, y=np.float64(1.0)) == t.numbers(x=3.0, y=1.0)
        with pytest.raises(TypeError, match="'w' is no input; the inputs are x, y"):
            t.numbers(x=3.0, y=1.0, w=2.0)


def test_a_loop_of_thousands_of_entries_is_compiled(notebook):
    loop = "s = 0.0\nfor k in range(500):\n    s = s*x + np.sin(y)\n"
    notebook.run(f"%%tape -o t --static\nx = 0.5\ny = 2.0\n{loop}")
    point = notebook.names["t"].at({"x": 0.75, "y": 1.0})
    assert "swept" not in vars(point)
    # sin(y) (1 + x + ... + x^499), of which the end is lost in rounding: sin(y) / (1 - x)
    value, gradient, hessian = point.numbers
    assert value == pytest.approx(4 * math.sin(1.0), rel=1e-12)
    assert gradient == pytest.approx((16 * math.sin(1.0), 4 * math.cos(1.0)), rel=1e-12)
    assert hessian[0] == pytest.approx((128 * math.sin(1.0), 16 * math.cos(1.0)), rel=1e-12)
    assert hessian[1] == pytest.approx((16 * math.cos(1.0), -4 * math.sin(1.0)), rel=1e-12)


@pytest.mark.parametrize("cell", ["x = 1.5\ny = x**2", "x = [1.0, 1.0]\ny = x[0]*x[1]"])
def test_a_point_stays_where_it_was_asked(notebook, cell):
    notebook.run(f"%%tape -o t\n{cell}")
    t = notebook.names["t"]
    positions = {"x": 2.0} if cell[4] == "1" else {"x[0]": 2.0}
    point = t.at(positions)
    positions.update(dict.fromkeys(positions, 9.0))
    assert set(point.positions.values()) <= {2.0, 1.0}
    assert np.ravel(point.tape.value(0))[0] == 2.0


def test_a_cell_without_inputs_is_where_it_is(notebook):
    notebook.run("%%tape -o t\nx = np.ones(len('ab'))\ny = np.sum(x**2)")
    t = notebook.names["t"]
    assert t().value == t.at({}).value == 2.0
    assert t.numbers() == (2.0, (), ())


@pytest.mark.parametrize(
    ("program", "at", "elsewhere"),
    [
        ("stats.expon.logpdf(x)", 2.0, [-1.0, 0.0, np.nan]),
        ("stats.uniform.cdf(x)", 0.4, [-1.0, 1.5, np.nan]),
        ("stats.pareto.sf(x, 2.4)", 2.0, [-1.0, 0.5]),
        ("stats.pareto.logsf(x, 2.4)", 2.0, [-1.0, 0.5]),
        ("stats.norm.cdf(0.3, 0.0, x)", 2.0, [-1.0, 0.0]),
        ("stats.gamma.logpdf(0.6, x)", 2.0, [-0.5, 0.0]),
        ("stats.gamma.pdf(x, 1.0)", 2.0, [-0.5, 0.0]),
        ("stats.gumbel_r.ppf(x)", 0.4, [-0.5, 1.5]),
    ],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_many_points_outside_of_a_support_are_those_of_scipy(notebook, program, at, elsewhere):
    notebook.run("from scipy import stats")
    notebook.run(f"%%tape -o t\nx = {at}\nz = {program}*1.0")
    expected = eval(program, {"stats": stats, "x": np.array(elsewhere)})
    found = notebook.names["t"].many(x=elsewhere).value
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_a_quantile_beyond_all_is_refused_elsewhere_too(notebook):
    notebook.run("%%tape -o t\nx = 0.5\nz = np.quantile([1.0, 2.0, 4.0], x)")
    for away in (-0.1, 1.1):
        with pytest.raises(ValueError, match="range"):
            notebook.names["t"](x=away)
    assert notebook.names["t"](x=0.75).value == 3.0
    weighted = "np.quantile([1.0, x], 0.5, weights=[x, 1.0], method='inverted_cdf')"
    notebook.run(f"%%tape -o t\nx = 0.5\nz = {weighted}")
    with pytest.raises(ValueError, match="negative"):
        notebook.names["t"](x=-0.1)


def test_what_is_inserted_has_second_derivatives(notebook):
    notebook.run("%%tape -o t\nx = 2.0\nz = np.insert([x, 1.0], 1, x**3)[1]")
    assert notebook.names["t"](x=3.0).hessian["x", "x"] == 18.0
