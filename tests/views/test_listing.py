"""The listing: which line computed what, and how often.

Expected numbers are those of plain Python, run beside it.
"""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import tapenb as tn
from tapenb.autodiff.sweeps.reverse import adjoints
from tapenb.views.listing import Handle, Line, Listing, Source

TEXT = Path(__file__).read_text(encoding="utf-8").splitlines()


def listed(function: Callable[..., object], *values: object) -> tuple[Listing, dict[str, int]]:
    """A listing of a function of this file, and the numbers of its lines by their text."""
    code = function.__code__
    last = next(n for n in range(code.co_firstlineno, len(TEXT) + 1) if not TEXT[n].strip())
    lines = tuple(TEXT[code.co_firstlineno - 1 : last])
    tape = tn.record(function, *values)
    source = Source(__file__, code.co_firstlineno, lines, scope=function.__name__)
    listing = Listing(tape, source)
    listing.tape = tape
    return listing, {line.strip(): number for number, line in enumerate(lines)}


def at(listing: Listing, iteration: int | None = None) -> dict[int, Line]:
    swept = adjoints(listing.tape).nodes
    lines = listing.lines(listing.tape, swept.get, iteration)
    return {line.number: line for line in lines}


def straight(x, y):
    a = np.log(x)
    b = x * y
    return a + b - np.sin(y)


def loop(x):
    y = x * 0.5
    for _ in range(5):
        z = np.sin(y)
        y = z + x
    return y * 2.0


def short_loop(x):
    for _ in range(7): x = np.cos(x)  # fmt: skip  # noqa: E701  one line
    return x


def swept(x):
    for _ in range(3):
        with tn.GradientTape() as tape:
            tape.watch(x)
            y = np.sin(x) * x * x
        x = tape.gradient(y, x)
    return tn.grad(straight, argnums=1)(2.0, x)


def inner(x):
    x = x * 3.0
    return np.exp(x)


def calls(x):
    total = 0.0
    for _ in range(3):
        total = total + inner(x) * inner(x)
    return total


def repeated_call(x):
    for _ in range(4): x = damped(x)  # fmt: skip  # noqa: E701  one line
    return x


def damped(x):
    return np.tanh(x) * 0.5


def gathered(x):
    for _ in range(3):
        x = sum([x, 0.5 * x, x]) / 4
        y = (np.sin(x)
             + np.cos(x)
             + math.prod([x, x, x]))  # fmt: skip
    return y


def branches(x):
    for n in range(6):
        if n % 3 == 0:
            x = x * x
        x = x + 1.0
    return x


def unused(x):
    other = np.exp(x)  # noqa: F841  a line that nothing reads
    return x * 2.0


def test_each_line_has_its_value_and_adjoint():
    listing, number = listed(straight, 2.0, 5.0)
    lines = at(listing)
    assert lines[number["a = np.log(x)"]].value == pytest.approx(np.log(2.0))
    assert lines[number["b = x * y"]].value == 10.0
    assert lines[number["return a + b - np.sin(y)"]].value == pytest.approx(11.65207146)
    assert [line.adjoint for line in lines.values()] == [1.0, 1.0, 1.0]
    assert listing.iterations == 1


def test_a_line_of_a_loop_ends_with_its_last_run():
    listing, number = listed(loop, 2.0)
    z_line, y_line = number["z = np.sin(y)"], number["y = z + x"]
    assert (listing.counts[z_line], listing.counts[y_line], listing.iterations) == (5, 5, 5)
    y, seen = 1.0, []
    for _ in range(5):
        z = np.sin(y)
        y = z + 2.0
        seen.append((z, y))
    for iteration, (z, y) in enumerate(seen):
        lines = at(listing, iteration)
        assert (lines[z_line].value, lines[y_line].value) == pytest.approx((z, y))
    assert at(listing)[y_line] == at(listing, 4)[y_line]
    # What stands after the loop has not run yet in its first iteration; what is before it has.
    assert number["return y * 2.0"] not in at(listing, 0)
    assert at(listing, 0)[number["y = x * 0.5"]].value == 1.0


def test_the_adjoints_of_a_loop_shrink_as_the_product_of_its_slopes():
    listing, number = listed(loop, 2.0)
    values, slopes = listing.series(listing.tape, adjoints(listing.tape).nodes.get)[
        number["y = z + x"]
    ]
    expected = [2.0]
    for y in values[-2::-1]:
        expected.insert(0, expected[0] * np.cos(y))
    assert slopes == pytest.approx(expected)


@pytest.mark.parametrize(
    ("function", "text", "count"),
    [
        (swept, "x = tape.gradient(y, x)", 3),
        (swept, "return tn.grad(straight, argnums=1)(2.0, x)", 1),
        (
            short_loop,
            "for _ in range(7): x = np.cos(x)  # fmt: skip  # noqa: E701  one line",
            7,
        ),
        (calls, "total = total + inner(x) * inner(x)", 3),
        (
            repeated_call,
            "for _ in range(4): x = damped(x)  # fmt: skip  # noqa: E701  one line",
            4,
        ),
        (branches, "x = x * x", 2),
        (branches, "x = x + 1.0", 6),
    ],
)
def test_how_often_a_line_ran(function: Callable[..., object], text: str, count: int):
    listing, number = listed(function, 0.5)
    assert listing.counts[number[text]] == count


def test_a_line_that_ran_less_often_keeps_what_it_last_computed():
    listing, number = listed(branches, 0.5)
    line = number["x = x * x"]
    first, second = 0.25, (0.25 + 3.0) ** 2
    assert [at(listing, n)[line].value for n in range(6)] == [first] * 3 + [second] * 3


def test_what_the_output_does_not_depend_on_has_no_adjoint():
    listing, number = listed(unused, 1.0)
    line = at(listing)[number["other = np.exp(x)  # noqa: F841  a line that nothing reads"]]
    assert line.value == pytest.approx(np.e)
    assert line.adjoint is None


def test_an_input_stands_on_the_line_of_its_number():
    tape = tn.record(straight, 2.0, 5.0)
    handles = (Handle("x", 0, 4, 7), Handle("y", 1, 4, 7))
    source = Source("nowhere", 1, ("x = 2.0", "y = 5.0"), handles)
    lines = Listing(tape, source).lines(tape, adjoints(tape).nodes.get)
    assert [(line.value, line.adjoint) for line in lines] == [
        (2.0, 5.5),
        (5.0, pytest.approx(1.716337815)),
    ]


def test_arrays_are_summed_up_and_nan_has_no_bar():
    with np.errstate(all="ignore"):
        listing, _ = listed(straight, np.array([1.0, -2.0]), np.array([3.0, 4.0]))
        lines = list(at(listing).values())
    assert lines[0].value == "[0, nan]"
    assert lines[0].sizes[0] is None
    assert lines[1].value == "[3, −8]"
    assert lines[1].sizes == (-8.0, 1.0)


def test_a_series_is_bounded():
    def many(x):
        for _ in range(5000):
            x = np.sin(x)
        return x

    tape = tn.record(many, 1.0)
    code = many.__code__
    source = Source(__file__, code.co_firstlineno, ("",) * 4, scope="many")
    listing = Listing(tape, source)
    assert listing.iterations == 5000
    values, slopes = listing.series(tape, adjoints(tape).nodes.get)[2]
    assert len(values) == len(slopes) < 100
    # The first and the last run are among them.
    assert values[0] == pytest.approx(np.sin(1.0))
    assert values[-1] == tape.value(tape.output)


def test_a_sum_and_a_line_that_is_broken_are_no_rounds():
    listing, number = listed(gathered, 0.8)
    y = number["y = (np.sin(x)"]
    assert set(listing.counts.values()) == {listing.iterations} == {3}
    for k in range(3):
        x = 0.8 * 0.625 ** (k + 1)
        expected = math.sin(x) + math.cos(x) + x**3
        assert at(listing, k)[y].value == pytest.approx(expected)
