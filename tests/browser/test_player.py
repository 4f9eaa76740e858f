"""The player of compact tapes in Chromium itself, and its special functions."""

import mpmath as mp
import numpy as np
import pytest

from tapenb.lowering.registers import NotLowered

from ..autodiff.rules.samples import SAMPLES
from ..lowering.test_lowering import agree, is_double, lowered, reals, recorded
from ..panel.players import ChromiumPlayer, numbers
from ..panel.test_special import REFERENCE

SOME = [sample for sample in SAMPLES if is_double(sample)][::23]


@pytest.fixture
def player(page):
    return ChromiumPlayer(page)


def test_samples_in_chromium(player):
    played = 0
    with np.errstate(all="ignore"):
        for sample in SOME:
            try:
                tape = lowered(sample.of, sample.point).as_json()
            except NotLowered:
                continue
            point = [float(x) for value in sample.point for x in reals(value)]
            if not np.all(np.isfinite(point)):
                continue
            (answer,) = player.ask({"tape": tape, "points": [point]})
            _, _, read = recorded(sample.of, sample.point)
            assert agree(numbers(answer), [value for _, value in read.values()]), sample.label
            played += 1
    assert played > 100


def test_special_functions_in_chromium(player):
    for name, (function, low, high) in REFERENCE.items():
        xs = np.linspace(max(low, 1e-3), min(high, 30.0), 40).tolist()
        found = player.ask({"name": name, "operands": [[x] for x in xs]})
        with mp.workdps(60):
            expected = [float(function(mp.mpf(x))) for x in xs]
        numbers_found = [float(x) for x in found]
        np.testing.assert_allclose(numbers_found, expected, rtol=3e-14, err_msg=name)
