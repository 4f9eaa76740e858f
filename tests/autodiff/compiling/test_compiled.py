"""Compiled tapes against the runs that they stand for, over every sample of every rule."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import tapenb as tn
from tapenb.autodiff.compiling import blocks
from tapenb.autodiff.compiling.compiled import compile_tape
from tapenb.autodiff.compiling.emit import Emitter
from tapenb.autodiff.compiling.replay import GuardFailed

from ..rules.each import check_each, each_function
from ..rules.samples import P, Q, Sample
from ..rules.samples_mathematics import Twin
from ..test_differential import POINTS, PROGRAMS, run, stays_off_tips
from .agreement import alike, moved, ones


def is_run(sample):
    """Whether a sample is rightly run at each call: it looks at memory, or at who calls."""
    return sample.kwargs.get("order") in ("A", "K") or type(sample) is Twin


def stood_on_tips(stats):
    """Whether derivatives were sought beside the point, as they are each time."""
    return any("at a tip" in reason for reason in stats.reasons)


def check(sample):
    """Value and derivatives of two replays: at the point, and at one beside it."""
    f = sample.of

    def slopes(*point):
        value, pullback = tn.vjp(f, *point)
        return value, pullback(ones(value))

    stats = check_calls(slopes, sample.point)
    assert stats.replays or is_run(sample) or stood_on_tips(stats), stats


def check_calls(f, point):
    """Whether replays are the run at a point, and at one beside it."""
    compiled = tn.function(f)
    for at, times in ((point, 2), (tuple(map(moved, point)), 1)):
        try:
            expected = f(*at)
        except tn.TapeError:
            raise
        except Exception as error:
            with pytest.raises(type(error)):
                compiled(*at)
            continue
        for _ in range(times):
            alike(compiled(*at), expected)
    return compiled.stats()


def size(sample):
    """How many numbers are handed in."""
    return sum(map(np.size, sample.operands))


@each_function()
def test_a_compiled_function_and_its_derivatives_are_those_of_the_run(samples, monkeypatch):
    with np.errstate(all="ignore"):
        check_each(samples, check)
        # A value alone is kept for no sweep, and may be computed in other places.
        check_each(samples[:1], lambda sample: check_calls(sample.of, sample.point))
        monkeypatch.setattr(blocks, "_LONG", 2)
        check_each([max(samples, key=size)], check)


@pytest.mark.parametrize(("right", "wrong"), [("cos(", "sin("), (" * ", " + ")])
def test_a_broken_program_is_noticed(right, wrong, monkeypatch):
    sample = Sample(lambda p, q: np.sin(p) * q, "broken", (P[:3], Q[:3]))
    check(sample)
    write, broken = Emitter.body, []

    def break_(self):
        lines = write(self)
        broken.append(any(right in line for line in lines))
        return [line.replace(right, wrong) for line in lines]

    monkeypatch.setattr(Emitter, "body", break_)
    with pytest.raises(AssertionError):
        check(sample)
    assert any(broken)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(PROGRAMS, POINTS, st.booleans())
def test_random_programs(program, points, as_if_long):
    """Value, gradient and the product of Hessian and vector; half of them in blocks."""
    with pytest.MonkeyPatch.context() as patch:
        if as_if_long:
            patch.setattr(blocks, "_LONG", 2)
        replays_as_run(program, *points)


def replays_as_run(program, x, v):
    """Whether a program's derivatives are replayed as they are run."""
    points = x, x + 1e-3 * v, x - 1e-3 * v
    for point in points:
        stays_off_tips(program, point)

    def derivatives(p):
        def f(p):
            return run(program, np, p)

        return tn.value_and_grad(f)(p), tn.hvp(f, (p,), (v,))

    compiled = tn.function(derivatives)
    compiled(x)
    assume(not stood_on_tips(compiled.stats()))
    for point in points:
        (value, gradient), curvature = derivatives(point)
        for _ in range(2):
            (again, slope), curve = compiled(point)
            scale = 1.0 + np.max(np.abs(gradient))
            np.testing.assert_allclose(again, value, rtol=1e-12, atol=1e-13)
            np.testing.assert_allclose(slope, gradient, rtol=1e-9, atol=1e-12 * scale)
            scale += np.max(np.abs(curvature))
            np.testing.assert_allclose(curve, curvature, rtol=1e-7, atol=1e-10 * scale)
    stats = compiled.stats()
    assert stats.replays >= 3 or stood_on_tips(stats), stats


def test_inputs_may_have_the_names_of_what_a_program_refers_to():
    tape = tn.record(lambda x: x * x.numpy(), 4.0)
    for name in ("x", "answer", "ask", "same_answer"):
        compiled = compile_tape(tape, {0: name}, [tape.output])
        assert compiled(4.0) == (16.0,)
        with pytest.raises(GuardFailed):
            compiled(5.0)


@pytest.mark.parametrize(
    "f", [np.array, lambda x: np.array(x)[()] * x, lambda x: np.asarray(x)[None] ** 2]
)
def test_a_number_that_becomes_an_array_without_axes(f):
    program = tn.export(f, 0.5)
    alike(program(0.75), f(0.75))


def test_a_checkpoint_of_a_lambda():
    f = tn.function(tn.grad(tn.checkpoint(lambda x: np.sin(x) * x)))
    for x in (1.0, 2.0, 3.0):
        assert f(x) == pytest.approx(math.cos(x) * x + math.sin(x), rel=1e-14)


# -- floating-point errors -------------------------------------------------------------------------

SIZES = [3, 100_000]


def far(size):
    """Points of which one is so far off that its square overflows."""
    x = np.linspace(0.5, 2.0, size)
    x[1] = 1e200
    return x


@pytest.mark.parametrize("size", SIZES)
def test_what_a_sweep_overflows_in_is_no_error_of_the_users(size):
    slope = tn.function(tn.grad(lambda x: np.sum(np.arctan(x))))
    with np.errstate(all="raise", under="ignore"):
        for _ in range(3):
            found = slope(far(size))
    with np.errstate(over="ignore"):
        np.testing.assert_allclose(found, 1.0 / (1.0 + far(size) ** 2), rtol=1e-14)
    assert slope.stats().replays == 2


def test_what_a_sweep_of_numbers_overflows_in_is_no_error_of_the_users():
    slope = tn.function(tn.grad(np.arctan))
    with np.errstate(all="raise", under="ignore"):
        assert [slope(x) for x in (1.0, np.float64(1.0), 1e200, np.float64(1e200))][2:] == [0.0] * 2
    assert slope.stats().replays == 2


@pytest.mark.parametrize("size", SIZES)
def test_after_a_sweep_the_users_errors_are_heard_again(size):
    slope = tn.grad(lambda x: np.sum(np.arctan(x)))
    angles = tn.function(lambda x: np.arctan(1.0 / slope(x)))
    near = np.linspace(0.5, 2.0, size)
    with np.errstate(all="raise", under="ignore"):
        for _ in range(3):
            np.testing.assert_allclose(angles(near), np.arctan(1.0 + near**2), rtol=1e-14)
        assert angles.stats().replays == 2
        with pytest.raises(FloatingPointError, match="divide"):
            angles(far(size))
        assert np.geterr()["divide"] == "raise"
    assert angles.stats().replays == 2


# -- tips ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "tip"),
    [
        (lambda x: np.maximum(abs(x), 2.0) * x, 2.0),
        (lambda x: np.sqrt(x) ** 3, 0.0),
        (lambda x: np.sin(x) * x if x > 0.5 else np.sin(0.5) * x, 0.5),
        (lambda x: np.sign(x - 1.0) * np.hypot(x, 1.0), 1.0),
    ],
)
def test_tips_of_numbers_are_asked_for_without_numpy(f, tip):
    slopes = tn.function(tn.value_and_grad(f))
    for x in (1.5, 1.25, 1.75):
        alike(slopes(x), tn.value_and_grad(f)(x))
    assert slopes.stats().replays == 2
    assert "np." not in slopes.source()
    assert "stands_on_tip" not in slopes.source()
    alike(slopes(tip), tn.value_and_grad(f)(tip))
    assert slopes.stats().replays == 2


def test_a_whole_power_has_no_tip_to_ask_for():
    for x in (1.5, np.array([1.5, 0.5])):
        slope = tn.function(tn.grad(lambda x: np.sum(x**2 + np.power(x, 3.0))))
        slope(x)
        assert "Changed" not in slope.source()
        assert not np.any(slope(0.0 * x))
        assert slope.stats().replays == 1
