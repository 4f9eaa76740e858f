"""What a line called, line by line, held against plain Python."""

import math
from pathlib import Path

import pytest

import tapenb as tn
from tapenb.autodiff.sweeps.reverse import adjoints
from tapenb.views.calls import Calls
from tapenb.views.listing import Listing, Source
from tests.views import elsewhere

TEXT = Path(__file__).read_text(encoding="utf-8").splitlines()


def rounds(x):
    total = 0.0
    for k in range(3):
        total = total + elsewhere.inner(x + k) * elsewhere.inner(x)
    return total * 2.0


def both(x):
    return elsewhere.outer(x) + elsewhere.inner(x) + (lambda y: y * y)(x)


def wrapped(x):
    w = sum(elsewhere.inner(k * x) for k in (1.0, 2.0))
    v = (elsewhere.inner(x)
         + elsewhere.inner(2 * x))  # fmt: skip
    several = [elsewhere.inner(k * x) for k in (1.0, 2.0)]
    u = elsewhere.inner(x) + sum([w, *several])
    return u * v


@pytest.fixture
def calls(request):
    function = request.param
    first = function.__code__.co_firstlineno
    last = next(n for n in range(first, len(TEXT) + 1) if not TEXT[n].strip())
    tape = tn.record(function, 0.5)
    source = Source(__file__, first, tuple(TEXT[first - 1 : last]), scope=function.__name__)
    found = Calls(tape, Listing(tape, source))
    found.shown = lambda *paths, iteration=None: [
        (
            each.path,
            each.source.lines[0],
            {
                line.number: (line.value, line.adjoint, count, below)
                for line, count, below in each.lines
            },
        )
        for each in found.unfolded(tape, adjoints(tape).nodes.get, paths, iteration)
    ]
    return found


def approx(*numbers):
    return tuple(map(pytest.approx, numbers))


@pytest.mark.parametrize("calls", [rounds], indirect=True)
def test_a_called_function_unfolds_in_the_round_that_is_shown(calls):
    assert calls.names(3) == ["inner"]
    assert calls.names(4) == []
    for k in (0, 2):
        ((path, head, lines),) = calls.shown([3], iteration=k)
        assert (path[0], head) == (3, "def inner(x):")
        # The second of two calls: 3x, then exp(3x), whose adjoint is the first one's result, twice.
        first, second = math.exp(3 * (0.5 + k)), math.exp(1.5)
        (scaled, *_, scaled_runs, below), (grown, *_, grown_runs, _) = (
            lines[n] for n in sorted(lines)
        )
        assert (scaled, grown) == approx(1.5, second)
        assert (scaled_runs, grown_runs, below) == (2, 2, [])
        assert lines[1][1] == pytest.approx(2 * first * second)
        assert lines[2][1] == pytest.approx(2 * first)


@pytest.mark.parametrize("calls", [both], indirect=True)
def test_what_that_calls_unfolds_too(calls):
    # Without a name there is no text of its own.
    assert calls.names(1) == ["outer", "inner"]
    outer, inner = calls.shown([1])
    assert [outer[1], inner[1]] == ["def outer(x):", "def inner(x):"]
    assert outer[2][1][3] == ["inner"]
    *_, deeper = calls.shown([1], [*outer[0], 1])
    assert deeper[0][:3] == (*outer[0], 1)
    # Of the call within, which has twice the argument.
    assert deeper[2][1][:2] == approx(3.0, math.exp(3.0))
    # What leads nowhere is passed over.
    assert calls.shown([7], [1, "who:3", 1], [], [1, *outer[0][1:], 9]) == []


@pytest.mark.parametrize("calls", [wrapped], indirect=True)
def test_a_function_unfolds_wherever_in_its_line_it_was_called(calls):
    assert [calls.names(number) for number in range(1, 7)] == [["inner"]] * 5 + [[]]
    for number, last, times in ((1, 1.0, 2), (2, 1.0, 2), (3, 1.0, 1), (5, 0.5, 1)):
        ((_, head, lines),) = calls.shown([number])
        assert head == "def inner(x):"
        assert [lines[n][0] for n in (1, 2)] == [
            pytest.approx(3 * last),
            pytest.approx(math.exp(3 * last)),
        ]
        assert lines[1][2] == times
