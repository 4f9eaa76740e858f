"""A tape that is played again and again: the same, bit for bit, as one that is recorded there."""

import numpy as np
import pytest

import tapenb as tn
from tapenb.autodiff.compiling.replay import GuardFailed, Replay
from tapenb.autodiff.sweeps.reverse import reverse
from tapenb.autodiff.tape.tape import CURRENT


def caught(x):
    try:
        return x * np.linalg.inv(np.zeros((2, 2)) * x)[0, 0]
    except np.linalg.LinAlgError:
        return 3 * x


FUNCTIONS = {
    "Python's numbers": lambda x: x * x / 3 - 2 * x**3,
    # The sweep compares them, of which NumPy's truth comes.
    "Python's numbers, compared": lambda x: x**x,
    "numbers": lambda x: np.sin(x) * x + np.float32(0.1) * np.exp(-x),
    "of many": lambda x: np.sum(np.concatenate([[x], [2 * x], [x * x]]) ** 2),
    "asked": lambda x: x * x if x > 1 and x < 9 else np.exp(x),
    "caught": caught,
    "truths": lambda x: np.where(np.isfinite(x) & (x > 2), x, x * x) * (x > 0),
}


def swept(function, x):
    tape = tn.record(function, x).copy()
    token = CURRENT.set(tape)
    try:
        reverse(tape, {tape.output: np.float64(1.0)}, [0], record=True)
    finally:
        CURRENT.reset(token)
    tape.close()
    return tape


@pytest.mark.parametrize("name", FUNCTIONS)
def test_it_is_what_would_be_recorded(name):
    function = FUNCTIONS[name]
    again = Replay(swept(function, 1.5))
    for x in (1.7, 3.25, 1.7):
        played, recorded = again({0: x}), swept(function, x)
        assert list(map(type, played.values)) == list(map(type, recorded.values))
        for one, other in zip(played.values, recorded.values, strict=True):
            assert one is other or np.asarray(one).tobytes() == np.asarray(other).tobytes()


def test_where_another_program_would_run_it_ends():
    tape = swept(FUNCTIONS["asked"], 1.5)
    (first, _) = tape.guards()
    again = Replay(tape)
    with pytest.raises(GuardFailed) as failed:
        again({0: 0.5})
    assert failed.value.entry == first
    roots = swept(lambda x: np.linalg.eigvals(np.array([[1.0, x], [1.0, 1.0]]))[0].real, 2.0)
    with pytest.raises(GuardFailed):
        Replay(roots)({0: -2.0})
    assert again({0: 2.0}).value(tape.output) == 4.0


def test_what_raises_elsewhere_ends_it():
    tape = tn.record(lambda x: 1 / x, 2.0)
    with pytest.raises(GuardFailed) as failed:
        Replay(tape)({0: 0.0})
    assert isinstance(failed.value.__cause__, ZeroDivisionError)
    logarithm = tn.record(lambda x: np.log(x), 2.0)
    with pytest.raises(GuardFailed):
        Replay(logarithm)({0: 0.0}, strict=len(logarithm))
    assert Replay(logarithm)({0: 0.0}).value(1) == -np.inf
