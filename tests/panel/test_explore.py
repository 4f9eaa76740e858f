"""The panel of a function: arguments as `interact` has them, numbers of closed formulas."""

import cProfile
import math
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from ipywidgets import fixed

import tapenb as tn
from tests.magic.notebook import close_shell, open_notebook
from tests.panel.hands import move


def wave(x, y=(0.0, 4.0, 0.5), *, w=None, sign=1):
    total = np.log(x) + x * y - np.sin(y)
    if w is not None:
        total = total + np.sum(w**2)
    return sign * total


def power(x, n=3):
    y = 1.0
    for _ in range(n):
        y = y * x
    return y


def pieces(x):
    return x * x if x < 3 else 5 * x


@pytest.fixture
def explore():
    made = []

    def explore_(*args, **kwargs):
        made.append(tn.explore(*args, **kwargs))
        return made[-1]

    yield explore_
    for each in made:
        each.panel.close()


def test_arguments_are_those_of_interact(explore):
    t = explore(wave, x=2, w=np.array([1.0, 3.0]), sign=fixed(1))
    sliders = t.panel.sliders
    assert list(sliders) == ["x", "y", "w[0]", "w[1]"]
    assert (sliders["y"].value, sliders["y"].max, sliders["y"].step) == (2.0, 4.0, 0.5)
    assert t.value == pytest.approx(math.log(2) + 4 - math.sin(2) + 10)
    assert t.gradient["x"] == pytest.approx(0.5 + 2)
    np.testing.assert_allclose(t.gradient["w"], [2, 6])
    assert t.hessian["x", "y"] == pytest.approx(1.0)
    # As the t of a cell: it follows its sliders, and answers at other inputs.
    sliders["x"].value = 3.5
    assert t.gradient["x"] == pytest.approx(1 / 3.5 + 2)
    assert t(x=4.0).gradient["x"] == pytest.approx(0.25 + 2)
    assert "wave = " in t.panel.text


def test_counts_have_sliders_of_whole_numbers(explore):
    t = explore(power, x=2)
    assert t.panel.sliders["n"].integer
    assert "n" not in t.gradient
    assert (t.value, t.gradient["x"]) == (8.0, 12.0)
    t.panel.sliders["n"].value = 4
    assert (t.value, t.gradient["x"]) == (16.0, 32.0)


def test_another_way_through_the_function_calls_it_anew(explore):
    t = explore(pieces, x=(0, 8))
    assert (t.value, t.gradient["x"]) == (20.0, 5.0)
    t.panel.sliders["x"].value = 2.5
    assert (t.value, t.gradient["x"]) == (6.25, 5.0)
    assert t.panel.state["error"] == ""


def test_the_listing_is_the_function_s_source(explore):
    t = explore(wave, x=2.0)
    assert t.panel.listing["lines"][1] == "    total = np.log(x) + x * y - np.sin(y)"
    t.panel.set_state({"look": {"listing": {"open": True}}})
    lines = {each["number"]: each["value"] for each in t.panel.state["listing"]["lines"]}
    assert lines[1] == pytest.approx(math.log(2) + 4 - math.sin(2))


def test_what_is_wrong_is_said(explore):
    with pytest.raises(TypeError, match="x"):
        explore(wave)
    with pytest.raises(TypeError, match="no_such"):
        explore(wave, x=1.0, no_such=2.0)
    with pytest.raises(ValueError, match=r"y=\(4, 1\) is no range: give \(low, high\)"):
        explore(wave, x=1.0, y=(4, 1))
    with pytest.raises(tn.TapeError, match="does not depend on any of x"):
        explore(lambda x: 3.0, x=1.0)


def test_a_script_saves_a_picture_and_a_page(explore, tmp_path: Path):
    t = explore(wave, x=2.0)
    t.save(tmp_path / "panel.svg")
    picture = ElementTree.parse(tmp_path / "panel.svg").getroot()
    texts = [text.strip() for text in picture.itertext() if text.strip()]
    assert texts[0] == f"wave = {math.log(2) + 4 - math.sin(2):.10g} at x = 2, y = 2, sign = 1"
    assert "np.log(x)" in texts
    t.save(tmp_path / "panel.html")
    assert (tmp_path / "panel.html").read_text().startswith("<!doctype html>")
    with pytest.raises(ValueError, match=re.escape("ends in .html, .md or .svg")):
        t.save(tmp_path / "panel.png")


def test_without_anywidget_it_says_what_is_missing():
    program = (
        "import sys; sys.modules['anywidget'] = None\nimport tapenb as tn\n"
        "try: tn.explore(abs, x=1.0)\nexcept ModuleNotFoundError as error: print(error)"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (
        answer.stdout.strip() == "tapenb.explore needs anywidget: python -m pip install anywidget"
    )


def slow(x, fast=True):
    while not fast:
        pass
    return x * x


def test_what_is_fixed_is_no_switch(explore):
    t = explore(slow, x=2.0, fast=fixed(True))
    assert (list(t.panel.sliders), t.value) == (["x"], 4.0)


def test_a_switch_is_a_switch_and_a_call_without_end_is_ended(explore, monkeypatch):
    monkeypatch.setattr("tapenb.panel.explore.SECONDS", 0.3)
    t = explore(slow, x=2.0)
    assert [each["label"] for each in t.panel.inputs if each["boolean"]] == ["fast"]
    t.panel.sliders["fast"].value = 0
    assert "slow ran for more than 0.3 s" in t.panel.state["error"]
    t.panel.sliders["fast"].value = 1
    t.panel.sliders["x"].value = 3.0
    assert (t.value, t.panel.state["error"]) == (9.0, "")


def test_a_function_is_called_again_when_no_cell_runs():
    book = open_notebook()
    try:
        book.run(
            "import tapenb as tn, threading\ncalls = []\ndef f(x):\n    calls.append(1)\n"
            "    return x*x if x < 5 else 5*x\nt = tn.explore(f, x=3.0)\nt.value"
        )
        book.run(
            "def move(): t.panel.sliders['x'].value = 6.0\n"
            "moving = threading.Thread(target=move)\n"
            "before = len(calls); moving.start(); moving.join(); meanwhile = len(calls), t.value"
        )
        names = book.names
        assert names["meanwhile"] == (names["before"], 9.0)
        assert (len(names["calls"]), names["t"].value) == (names["before"] + 1, 30.0)
        names["t"].panel.close()
    finally:
        close_shell(book.shell)


def bent(x, bend, times="once"):
    return bend(x) * (2 if times == "twice" else 1)


def test_lists_of_functions_and_of_texts_are_choices(explore):
    t = explore(bent, x=0.5, bend=[np.sin, np.tanh], times=["once", "twice"])
    bend, times = (t.panel.sliders[name] for name in ("bend", "times"))
    assert (bend.choices, times.choices) == (["sin", "tanh"], ["once", "twice"])
    assert t.value == pytest.approx(math.sin(0.5))
    bend.value = 1
    assert t.value == pytest.approx(math.tanh(0.5))
    # There is no third one, and no range that grows.
    t.panel.set_state({"position": {"view": "v", "moves": {"times": [1, 7]}}})
    assert (times.value, times.max) == (1, 1)
    assert t.gradient["x"] == pytest.approx(2 / math.cosh(0.5) ** 2)


def test_a_function_without_its_values_says_how_to_give_them():
    def rosen(x, y):
        return (1 - x) ** 2 + 100 * (y - x**2) ** 2

    for wrong in ((), (1.0,), (1.0, 2.0, 3.0)):
        with pytest.raises(TypeError, match=r"explore\(rosen, x=2\.0, y=\(0, 10\)\)"):
            tn.explore(rosen, *wrong)
    with pytest.raises(TypeError, match="multiple values for argument 'x'"):
        tn.explore(rosen, 1.0, x=2.0, y=2.0)


def test_values_may_be_given_in_their_order(explore):
    t = explore(lambda x, y: x * y, 3.0, y=(0, 10))
    assert t.gradient == {"x": 5.0, "y": 3.0}
    assert explore(lambda x, y: x * y, 3.0, (0, 10)).gradient == t.gradient


def test_parameters_of_every_kind(explore):
    def power(x, /, n=2.0, *more, **by_name):
        return x**n * by_name.get("scale", 1.0)

    t = explore(power, 3.0, scale=2.0)
    assert (t.value, t.gradient["x"], t.gradient["scale"]) == (18.0, 12.0, 9.0)
    assert t(x=4.0).value == 32.0
    with pytest.raises(TypeError, match=r"needs a name, which what \*more takes has not"):
        explore(power, 3.0, 2.0, 1.0)
    with pytest.raises(TypeError, match=r"in their order, explore\(power, 2.0"):
        explore(power, x=3.0)


def filled(x, y):
    a = np.zeros(3)
    a[0] = x * y
    b = a[1:]
    b += x
    y = x
    return a.sum() * y


def bound_anew(x):
    x = x * 2
    a = x * x
    return a * x


def test_outputs_are_what_variables_hold_when_the_function_returns(explore):
    t = explore(filled, x=2.0, y=3.0)
    held = {"a": [6, 2, 2], "b": [2, 2], "filled": 20}
    assert sorted(t.panel.state["output"]["choices"]) == list(held)
    for name, value in held.items():
        t.panel.set_state({"look": {**t.panel.look, "output": {"of": name}}})
        np.testing.assert_array_equal(t.value, value)
    assert sorted(explore(bound_anew, x=2.0).panel.state["output"]["choices"]) == [
        "a",
        "bound_anew",
    ]


def heard(x):
    with np.errstate(all="raise"):
        try:
            return np.log(x - 3) if x < 9 else 7.0
        except FloatingPointError:
            return x * 10


def hearing():
    errstate = np.errstate

    def f(x):
        try:
            with errstate(all="raise"):
                return np.log(x - 3)
        except FloatingPointError:
            return x * 10 if x < 9 else aside

    if f is None:
        aside = 0.0  # which stays without a value
    return f


def test_a_function_is_called_where_it_hears_of_errors_and_may_be_constant(explore):
    assert explore(lambda f, self: f * self, f=2.0, self=3.0)(self=4.0).value == 8.0
    assert explore(np.sin, 0.5).value == math.sin(0.5)
    assert explore(tn.grad(lambda x, k: k * x**3), x=2.0, k=5.0).gradient["x"] == 60.0
    with pytest.raises(tn.TapeError, match="no argument of f is a number"):
        explore(lambda p: p["a"], p={"a": 1.0})
    assert explore(lambda x, bits: x * (bits & 6), x=2.0, bits=13).value == 8.0
    t = explore(hearing(), x=4.0)
    move(t.panel, x=2.0)
    assert t.value == 20.0
    t = explore(heard, x=4.0)
    for x, value, slope in ((2.0, 20.0, 10.0), (5.0, math.log(2), 0.5), (9.5, 7.0, 0.0)):
        t.panel.sliders["x"].max = 10.0
        t.panel.sliders["x"].value = x
        assert (t.panel.state["error"], t.panel.state["stale"]) == ("", False)
        assert (t.value, t.gradient["x"]) == pytest.approx((value, slope))


def test_another_way_is_not_taken_with_what_the_function_reads_since(explore):
    factor = [2.0]
    t = explore(lambda x: factor[0] * x if x < 3 else x, x=2.0)
    factor[0] = 5.0
    move(t.panel, x=1.0)
    assert t.value == 2.0
    move(t.panel, x=3.5)
    assert "is another by now" in t.panel.state["error"]
    factor[0] = 2.0
    move(t.panel, x=3.25)
    assert t.value == 3.25
    assert not any("not watched" in note for note in t.panel.state["notes"])


def test_a_profiler_in_c_goes_on(explore):
    with cProfile.Profile() as profile:
        t = explore(pieces, x=2.0)
        math.hypot(3.0, 4.0)
    assert (t.value, t.gradient["x"]) == (4.0, 4.0)
    assert any("hypot" in str(each.code) for each in profile.getstats())


def test_what_cannot_be_watched_is_said(explore):
    factor = [2.0]

    def printed(x):
        print(x)
        return factor[0] * x if x < 3 else x

    t = explore(printed, x=2.0)
    for x in (1.0, 4.0):
        move(t.panel, x=x)
        (note,) = [note for note in t.panel.state["notes"] if "not watched" in note]
        assert "print(x)" in note
        assert "call explore again" in note

    def counted(x):
        factor[0] += 1.0
        return factor[0] * x if x < 3 else factor[0]

    t = explore(counted, x=2.0)
    move(t.panel, x=4.0)
    assert any("counted itself changes what it reads" in note for note in t.panel.state["notes"])
    # What has one way alone is recorded once.
    assert not explore(lambda x: print() or factor[0] * x, x=2.0).point.notes
