"""The pure modules of the page, run by node against what Python says."""

import atexit
import math
import random
import re
import struct
from functools import cache
from typing import Any

import numpy as np
import pytest

from tapenb.lowering.player import SEVERAL, operand_count
from tapenb.views.numbers import number

from .players import BROWSER, NODE, NodePlayer

pytestmark = pytest.mark.skipif(NODE is None, reason="no node")


@cache
def node() -> NodePlayer:
    """One process for all calls: to start one takes longer than any of them."""
    process = NodePlayer("evaluate.mjs")
    atexit.register(process.close)
    return process


def call(module: str, program: str, argument: Any) -> Any:
    """Evaluate `program` of the argument `a` and the module `m` in node."""
    uri = (BROWSER / module).as_uri()
    answer = node().ask({"module": uri, "program": program, "argument": argument})
    assert "error" not in answer, answer["error"]
    return answer["value"]


@cache
def floats() -> list[float]:
    """Of every size: any bits, decimal ones, powers, halves that are ties, neighbours of these."""
    chance = random.Random(11)
    found = [struct.unpack("<d", chance.randbytes(8))[0] for _ in range(20_000)]
    found += [float(f"{chance.uniform(-10, 10):.{n}f}") for n in range(12) for _ in range(300)]
    found += [chance.randrange(-(10**6), 10**6) / 2**k for k in range(30) for _ in range(200)]
    found += [sign * 10.0**k for k in range(-320, 309) for sign in (1, -1)]
    found += [chance.randrange(10**9, 10**11) + 0.5 for _ in range(2_000)]
    found += [99999.95, 999999.5, 9999995.0, 0.00009999995, 0.0, -0.0, 5e-324, 2.5, 0.125]
    found += [math.nextafter(v, math.inf) for v in found[-3_000:]]
    return [v for v in found if math.isfinite(v)]


@pytest.mark.parametrize("digits", [1, 3, 6, 10])
def test_numbers_are_written_as_python_writes_them(digits: int):
    values = floats()
    written = call("numbers.js", "a[0].map(v => m.plain(v, a[1]))", [values, digits])
    # Zero has no sign in a panel.
    expected = [f"{v + 0.0:.{digits}g}" for v in values]
    wrong = [x for x in zip(values, written, expected, strict=True) if x[1] != x[2]]
    assert not wrong
    assert [number(v, digits) for v in values] == expected


def test_what_is_no_finite_number():
    program = "[NaN, Infinity, -Infinity].map(v => m.shown(v)).concat(m.shown('(3,) [1, …]'))"
    assert call("numbers.js", program, None) == ["nan", "inf", "−inf", "(3,) [1, …]"]
    assert [number(v) for v in (np.nan, np.inf, -np.inf)] == ["nan", "inf", "-inf"]


# -- literals --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value", "step"),
    [
        ("2.0", 2.0, 0.1),
        ("5", 5.0, 1.0),
        ("-1.25", -1.25, 0.01),
        ("1e-3", 1e-3, 1e-3),
        ("2.50e4", 25000.0, 100.0),
        ("1_000.", 1000.0, 1.0),
        (".5", 0.5, 0.1),
        ("- 3", -3.0, 1.0),
    ],
)
def test_a_literal_says_how_far_it_moves(text: str, value: float, step: float):
    found = call("literals.js", "m.literal(a)", text)
    assert (found["value"], found["step"]) == pytest.approx((value, step), rel=1e-15)


@pytest.mark.parametrize("text", ["x", "0x10", "1j", "", "-", "e5", "1/3"])
def test_what_is_no_plain_number(text: str):
    assert call("literals.js", "m.literal(a)", text) is None


def test_steps_stay_on_the_digits_as_they_were_written():
    program = "[1, 2, -10, 100].map(n => m.stepped(m.literal(a[0]), a[1], n))"
    assert call("literals.js", program, ["2.0", 2.0]) == [2.1, 2.2, 1.0, 12.0]
    assert call("literals.js", program, ["0.30", 0.3]) == [0.31, 0.32, 0.2, 1.3]
    assert call("literals.js", program, ["1e-3", 0.001]) == [0.002, 0.003, -0.009, 0.101]


@pytest.mark.parametrize(
    ("text", "value", "again"),
    [
        ("2.0", 1.7, "1.7"),
        ("2.0", 3.0, "3.0"),
        ("2.0", 1.725, "1.725"),
        ("5", 6.0, "6"),
        ("1e-3", 0.004, "4e-3"),
        ("1.5e3", 1600.0, "1.6e3"),
        ("1e-3", 0.0, "0"),
        ("-1.25", 0.5, "0.50"),
    ],
)
def test_a_moved_literal_keeps_its_form_and_is_exact(text: str, value: float, again: str):
    written = call("literals.js", "m.rewritten(m.literal(a[0]), a[1])", [text, value])
    assert written == again
    assert float(written) == value


def test_a_line_is_copied_with_its_numbers():
    places = [{"start": 5, "end": 8, "text": "0.75"}, {"start": 10, "end": 13, "text": "-2"}]
    line = call("literals.js", "m.replaced(a[0], a[1])", ["w = [0.5, 1.0]  # two", places])
    assert line == "w = [0.75, -2]  # two"


# -- bars ------------------------------------------------------------------------------------------


def lengths(sizes: list[float | None]) -> tuple[list[float], str]:
    made = "(s => [a.map(x => x === null ? null : s.length(x)), s.words])(m.scale(a))"
    return tuple(call("bars.js", made, sizes))


def test_bars_are_linear_where_that_shows_all():
    assert lengths([2.0, -10.0, None, 0.0, 5.0]) == ([0.2, 1.0, None, 0.0, 0.5], "10")
    assert lengths([0.0, None]) == ([0.0, None], "0")


def test_bars_are_logarithmic_over_decades():
    found, words = lengths([1e-2, -1.0, 100.0])
    assert found == pytest.approx([0.2, 0.6, 1.0])
    assert words == "100 (logarithmic, from 0.001)"
    # What is far below the scale has no bar, and no bar is longer than the whole.
    found, _ = lengths([1e-300, 1.0, 1e5])
    assert found[0] == 0.0
    assert max(found) <= 1.0


def test_ticks_and_ranges():
    assert call("axes.js", "m.ticks(a[0], a[1], a[2])", [-2, 6, 5]) == [-2, 0, 2, 4, 6]
    for low, high, texts in (
        (1.25e93, 2.25e93, ["1.5e93", "2e93"]),
        (9.94e-11, 9.96e-11, ["9.94e−11", "9.945e−11", "9.95e−11", "9.955e−11", "9.96e−11"]),
        (0, 1.1e-5, ["0", "5e−6", "1e−5"]),
        (-3e5, 0, ["−3e5", "−2e5", "−1e5", "0"]),
    ):
        assert call("axes.js", "m.ticks(...a, 4).map(m.tidy)", [low, high]) == texts
    low, high = call("axes.js", "m.range(new Float64Array(a), 0.5)", [0, 1, 1e9, 0.5] * 30)
    assert low < 0 < 1 < high


# -- curves ----------------------------------------------------------------------------------------


def pieces(rows: list[list[float]], marks: list[dict], column: int = 1) -> list[tuple]:
    """Draw a curve; what JSON has no word for goes as null."""
    text = "m.pieces(a[0].map(r => r.map(v => v === null ? NaN : v)), a[1], a[2])"
    found = call("curves.js", text, [rows, marks, column])
    return [(piece["own"], piece["points"]) for piece in found]


def mark(x: float, kind: str, left: float | None, right: float | None) -> dict:
    return {"x": x, "kind": kind, "left": left, "right": right, "text": ""}


def test_a_pole_is_not_joined_with_or_without_its_mark():
    xs = [-2.0, -1.0, 1.0, 2.0]
    rows = [[x, 1 / x, -1 / x**2, 2 / x**3, 0] for x in xs]
    assert pieces(rows, []) == [(True, [[-2, -0.5], [-1, -1]]), (True, [[1, 1], [2, 0.5]])]
    marked = pieces(rows, [mark(0.0, "pole", -1.7e308, 1.7e308)])
    assert [points[-1] for _, points in marked] == [[0, -1.7e308], [2, 0.5]]
    assert marked[1][1][0] == [0, 1.7e308]


def test_a_curve_ends_at_its_marks():
    rows = [[x, y, 1.0, 0.0, n] for x, y, n in [(0, 0, 0), (1, 1, 0), (2, 5, 1), (3, 6, 1)]]
    assert pieces(rows, [mark(1.5, "jump", 1.5, 4.5)]) == [
        (True, [[0, 0], [1, 1], [1.5, 1.5]]),
        (False, [[1.5, 4.5], [2, 5], [3, 6]]),
    ]
    gap = [[0, None, None, None, 0], [1, 1.0, 0.5, 0.0, 0], [2, 1.5, 0.5, 0.0, 0]]
    assert pieces(gap, [mark(0.5, "edge", None, 0.75)]) == [(True, [[0.5, 0.75], [1, 1], [2, 1.5]])]
    # A slope beyond a kink is another one.
    bent = [[0, 1, -1, 0, 0], [1, 0, -1, 0, 0], [2, 1, 1, 0, 0], [3, 2, 1, 0, 0]]
    kink = mark(1.0, "kink", 0.0, 0.0)
    assert pieces(bent, [kink])[0][1] == [[0, 1], [1, 0], [1, 0], [2, 1], [3, 2]]
    assert len(pieces(bent, [kink], 2)) == 1


def test_steps_stay_on_the_grid_of_their_slider():
    program = "m.snapped(a[0], {from: 0.01, to: 6, step: 0.01})"
    assert [call("curves.js", program, [x]) for x in (2.0049, -3.0, 7.0)] == [2.0, 0.01, 6.0]


def test_newton_s_next_points():
    found = call("curves.js", "m.newton(a)", {"at": 2, "value": 3, "slope": 4, "curvature": 8})
    assert found == [{"x": 1.25, "y": 0, "kind": "root"}, {"x": 1.5, "y": 2, "kind": "extremum"}]
    flat = {"at": 2, "value": 3, "slope": 0, "curvature": None}
    assert call("curves.js", "m.newton(a)", flat) == []


# -- contours --------------------------------------------------------------------------------------


def test_contours_lie_on_their_level():
    """Those of x² + 2 y², by linear pieces: as near as these follow it."""
    columns, rows = 41, 31
    x, y = np.meshgrid(np.linspace(-2, 2, columns), np.linspace(-1.5, 1.5, rows))
    heights = (x**2 + 2 * y**2).reshape(-1)
    program = "m.contour(new Float64Array(a[0]), a[1], 1.4321)"
    found = np.array(call("contours.js", program, [heights.tolist(), columns]))
    assert len(found) > 60
    at = found * [4 / (columns - 1), 3 / (rows - 1)] + [-2, -1.5]
    np.testing.assert_allclose((at**2) @ [1, 2], 1.4321, atol=0.01)
    # They are one closed line: each end is that of another piece.
    ends = np.round(found.reshape(-1, 2), 9)
    assert (np.unique(ends, axis=0, return_counts=True)[1] == 2).all()


def test_contours_leave_out_gaps_and_cliffs_and_part_saddles():
    call_ = lambda heights, level, cliff="Infinity": call(  # noqa: E731  short
        "contours.js",
        f"m.contour(new Float64Array(a.map(v => v ?? NaN)), 2, {level}, {cliff})",
        heights,
    )
    assert call_([0, 1, None, 1], 0.5) == []
    assert call_([-1e6, 1e6, -1e6, 1e6], 0.0, 10) == []
    assert call_([0, 1, 0, 1], 0.5) == [[[0.5, 0], [0.5, 1]]]
    # The middle of this saddle is high, then low: its two high corners belong together, or not.
    high = call_([1, 0, 0.2, 1], 0.5)
    low = call_([1, 0, 0.2, 1], 0.9)
    together = lambda pieces: any(a[1] == 0 and b[0] == 1 for a, b in map(sorted, pieces))  # noqa: E731  short
    assert len(high) == len(low) == 2
    assert together(high)
    assert not together(low)


def test_eigenvalues_and_newton_s_step_are_numpy_s():
    chance = random.Random(5)
    for _ in range(4):
        a, b, d, p, q = (chance.uniform(-3, 3) for _ in range(5))
        found = call("contours.js", "m.eigen(a[0], a[1], a[2])", [a, b, d])
        matrix = np.array([[a, b], [b, d]])
        assert found["values"] == pytest.approx(np.linalg.eigvalsh(matrix)[::-1])
        direction = np.array([math.cos(found["angle"]), math.sin(found["angle"])])
        np.testing.assert_allclose(matrix @ direction, found["values"][0] * direction, atol=1e-12)
        step = call("contours.js", "m.newtonStep(a[0], a[1])", [[p, q], [a, b, d]])
        assert step == pytest.approx(np.linalg.solve(matrix, [-p, -q]))
    assert call("contours.js", "m.newtonStep([1, 2], [1, 1, 1])", None) is None


# -- what a page asks for --------------------------------------------------------------------------


def test_what_is_asked_while_the_cell_is_to_run_is_asked_again():
    program = """(() => {
      let due;
      globalThis.window = { setTimeout: (f) => { due = f; return 1; } };
      const sent = [], t = { tape: { tape: 1 }, curve: { beyond: 4 }, state: { stale: false } };
      const page = m.asks({ get: (name) => t[name], send: (what) => sent.push(what.want) });
      const idle = () => { due = undefined; page.later(); due?.(); return sent.length; };
      const found = [idle(), idle()];
      for (const stale of [true, false]) { t.state = { stale }; found.push(idle()); }
      // It is to run again before the page is idle.
      t.curve = { beyond: 5 };
      page.later();
      t.state = { stale: true };
      due();
      found.push(sent.length);
      t.state = { stale: false };
      found.push(idle(), idle());
      delete globalThis.window;
      return found;
    })()"""
    assert call("asks.js", program, None) == [1, 1, 1, 2, 2, 3, 3]


def test_a_slider_that_is_moved_on_and_on_puts_it_off_for_a_second_at_most():
    program = """(() => {
      let now = 10, due, at;
      const clock = performance;
      const be = { configurable: true };
      const clocks = (value) => Object.defineProperty(globalThis, "performance", { value, ...be });
      clocks({ now: () => now });
      globalThis.window = { setTimeout: (f, after) => { [due, at] = [f, now + after]; return 1; } };
      const sent = [], t = { tape: {}, curve: {}, state: { stale: false } };
      const page = m.asks({ get: (name) => t[name], send: () => sent.push(now) });
      for (; now < 3000; now += 50) { page.later(); if (now + 50 > at) { now = at; due(); } }
      clocks(clock);
      delete globalThis.window;
      return sent;
    })()"""
    first = call("asks.js", program, None)[0]
    assert first == 1010


# -- what sliders are moved by ---------------------------------------------------------------------


def test_moves_are_undone_and_done_again():
    program = """(() => {
      let h = { past: [], future: [], at: 0 };
      const seen = [], see = () => seen.push(h.past[h.past.length - 1].x);
      for (const [x, now] of a) { h = m.remembered(h, { x }, now); }
      see(); h = m.undone(h); see(); h = m.undone(h); see(); h = m.undone(h); see();
      h = m.redone(h); see(); h = m.remembered(h, { x: 9 }, 9000); see();
      h = m.redone(h); see(); h = m.undone(h); see();
      return seen;
    })()"""
    # 1 and 2 are within a moment of each other: one move.
    moves = [[0, 0], [1, 1000], [2, 1100], [2, 1200], [3, 5000]]
    assert call("history.js", program, moves) == [3, 2, 0, 0, 2, 9, 9, 2]


def test_a_slider_plays_once_again_or_there_and_back():
    program = """(() => {
      let part = 0, way = 1, ended = false; const seen = [];
      for (let k = 0; k < 6 && !ended; k++) {
        ({ part, way, ended } = m.advanced(part, way, 0.4, a)); seen.push(part);
      }
      return seen;
    })()"""
    assert call("history.js", program, "once") == [0.4, 0.8, 1]
    assert call("history.js", program, "loop") == pytest.approx([0.4, 0.8, 0, 0.4, 0.8, 0])
    assert call("history.js", program, "back") == pytest.approx([0.4, 0.8, 1, 0.6, 0.2, 0])


def test_positions_of_a_logarithmic_slider():
    program = "[m.positionAt(a, 0), m.positionAt(a, 0.5), m.positionAt(a, 1), m.partOf(a, 0.1)]"
    log = {"min": 1e-3, "max": 1e3, "step": 1e-3, "log": True}
    assert call("history.js", program, log) == pytest.approx([1e-3, 1.0, 1e3, 1 / 3])
    straight = {"min": -2, "max": 2, "step": 0.1}
    assert call("history.js", program, straight) == pytest.approx([-2, 0, 2, 2.1 / 4])


def test_a_curve_is_heard_from_end_to_end_with_a_click_at_each_mark():
    marks = [{"x": x} for x in (-1.0, 1.0, 10.0, 100.0, 101.0)]
    program = "[m.clicks(a, {from: 1, to: 100, log: true}), m.clicks(a, {from: -1, to: 99})]"
    log, linear = call("hear.js", program, marks)
    assert log == pytest.approx([0, 0.5, 1])
    assert linear == pytest.approx([0, 0.02, 0.11])
    # Twice the height is the same interval at the start and at the end; a gap is silent.
    rows = [[1.0, 0.0], [10.0, 1.0], [90.0, None], [100.0, 2.0]]
    program = "m.tones(a.map((row) => row.map((x) => x ?? NaN)), 1, 5, true)"
    low, same, middle, also, high = call("hear.js", program, rows)
    assert (low, middle) == (same, also)
    assert middle / low == pytest.approx(high / middle)
    gap = call("hear.js", "m.tones([[0, 1], [1, NaN], [2, 2]], 1, 3)", None)
    assert gap[1] == 0 < gap[0] < gap[2]


def test_a_logarithmic_axis_is_even_in_its_decades():
    whole = {"from": 1e-6, "to": 1e-2, "step": 1e-6, "log": True}
    place, further = call("curves.js", "[m.placeAt(0.25, a), m.further(1e-4, 75, a)]", whole)
    assert (place, further) == (pytest.approx(1e-5), 1e-3)
    program = "[m.partOn(1e-4, [1e-6, 1e-2], true), m.decades(2e-6, a, 9), m.decades(1e-6, a, 2)]"
    part, ticks, fewer = call("axes.js", program, 1e-2)
    assert part == pytest.approx(0.5)
    assert (ticks, fewer) == ([1e-5, 1e-4, 1e-3, 1e-2], [1e-6, 1e-4, 1e-2])


@pytest.mark.parametrize(
    ("text", "most", "first"),
    [
        ("3.14159e−05−3.87848e−10j", 20, "3.14159e−05…"),
        ("3.14159e−05−3.87848e−10j", 24, "3.14159e−05−3.87848e−10j"),
        ("−1.23457e−05", 8, "−1.23457e−05"),
        ("[1.5e−05, −2.25, 3]", 12, "[1.5e−05, …"),
        ("−inf+nanj", 6, "−inf…"),
    ],
)
def test_a_number_that_is_drawn_is_never_cut(text: str, most: int, first: str):
    assert call("numbers.js", "m.firstParts(...a)", [text, most]) == first


def test_every_operation_of_a_player_stands_in_the_page_on_the_format():
    """Those of the page's player, and of NumPy's as far as it has a table of them."""
    tables = "elementary", "further", "special", "row"
    modules = [f"{'rows' if name == 'row' else name}.js" for name in tables]
    known = {"add", "subtract", "multiply", "divide", "negative", "select"}
    for module, name in zip(modules, tables, strict=True):
        known.update(call(module, f"Object.keys(m.{name}Functions)", None))
    text = (BROWSER.parents[2] / "docs" / "compact-tape.md").read_text(encoding="utf-8")
    table = text.partition("| operands | operations |")[2].partition("\n\n")[0]
    told = re.findall(r"`(\w+)`", table)
    assert sorted(told) == sorted(known)
    assert known >= SEVERAL.keys()
    for name in known - SEVERAL.keys():
        assert operand_count(name) in (1, 2, 3)
