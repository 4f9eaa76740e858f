"""Arguments that are merely equal to those of a recording, and what a replay has to say."""

import warnings

import numpy as np
import pytest

import tapenb as tn

from ..compiling.agreement import alike
from .test_as_a_run import heard


def read_only():
    array = np.ones(3)
    array.flags.writeable = False
    return array


def tries_to_write(x):
    try:
        x[0] = 5.0
    except ValueError:
        return np.sum(x) * 2.0
    return np.sum(x)


def twice():
    array = np.ones(3)
    return array, array


READ = np.ones(3)
CALLS = {
    "an array that cannot be written": (
        tries_to_write,
        [lambda: (read_only(),), lambda: (np.ones(3),)],
    ),
    "one array twice": (
        lambda x, y: x * (2.0 if x is y else 3.0),
        [lambda: (np.ones(3), np.ones(3)), twice],
    ),
    "one array twice, in a list": (
        lambda x: x[0] * (2.0 if x[0] is x[1] else 3.0),
        [lambda: (list(twice()),), lambda: ([np.ones(3), np.ones(3)],)],
    ),
    "an array that it reads": (
        lambda x: x * (2.0 if x is READ else 3.0),
        [lambda: (READ,), lambda: (np.ones(3),)],
    ),
    "keys that are equal": (
        lambda table: table[1] * (2.0 if next(iter(table)) is True else 3.0),
        [lambda: ({1: 2.0},), lambda: ({True: 2.0},), lambda: ({1.0: 2.0},)],
    ),
    "keys in tuples": (
        lambda table: table[1, "a"] * (2.0 if next(iter(table))[0] is True else 3.0),
        [lambda: ({(1, "a"): 2.0},), lambda: ({(True, "a"): 2.0},)],
    ),
    "keys by sign": (
        lambda table: table[0.0] * np.copysign(1.0, next(iter(table))),
        [lambda: ({0.0: 2.0},), lambda: ({-0.0: 2.0},)],
    ),
    "text that is true": (
        lambda x, of: x * (2.0 if of is True else 3.0),
        [lambda: (1.0, True), lambda: (1.0, 1)],
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_arguments_are_told_apart(name):
    f, calls = CALLS[name]
    g = tn.function(f)
    for order in (calls, calls[::-1]):
        for arguments in (each for each in order for _ in range(3)):
            alike(g(*arguments()), f(*arguments()))


@pytest.mark.parametrize(
    "transform",
    [
        tn.grad,
        tn.hessian,
        tn.value_and_grad,
        lambda f: lambda x: tn.jvp(f, (x,), (1.0,))[1],
    ],
)
@pytest.mark.parametrize(
    "f",
    [
        lambda x: x * x * x,
        lambda x: x * x * x * x + x,
        lambda x: x**3,
        lambda x: np.square(x) * x,
        lambda x: np.exp(x / 1e101) * 0.0 + x,
        lambda x: np.stack([x * x * x, x])[1],
    ],
)
def test_overflows_of_the_value_are_heard_with_derivatives_that_are_finite(transform, f):
    of = transform(f)
    compiled = tn.function(of)
    for x in (2.0, 3.0, 1e103, 1e104, 2.5):
        (found, said), (expected, expected_said) = (heard(g, np.float64(x)) for g in (compiled, of))
        assert sorted(set(said)) == sorted(set(expected_said))
        alike(found, expected)
    assert compiled.stats().replays


def test_what_a_run_warns_of_is_said_once():
    f = tn.function(lambda x: np.sum((x * (1.0 + 0j)).astype(float)))
    for _ in range(3):
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            f(np.ones(3))
        assert len(said) == 1
