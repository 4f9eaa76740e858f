"""Compact tapes: every sample of every rule, with its sweeps, in the page's player or refused.

The numbers are held against those of the engine, whose own are held against mpmath, differences and
formulas elsewhere.
"""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from tapenb.autodiff.compiling.plan import Plan
from tapenb.autodiff.compiling.simplify import simplified
from tapenb.autodiff.sweeps.forward import forward
from tapenb.autodiff.sweeps.reverse import reverse
from tapenb.autodiff.tape.tape import CURRENT, Tape
from tapenb.autodiff.tracing.apply import independent
from tapenb.autodiff.tracing.state import index_of, is_active, plain, reference_of
from tapenb.lowering.compact import Compact
from tapenb.lowering.lowering import lower
from tapenb.lowering.number import constants, inputs, registers_of
from tapenb.lowering.player import Player
from tapenb.lowering.registers import NotLowered, Registers

from ..autodiff.compiling.agreement import moved, ones
from ..autodiff.rules.each import check_each, each_function
from ..autodiff.rules.samples import SAMPLES, name_of
from ..panel.players import NODE, NodePlayer, numbers

pytestmark = pytest.mark.skipif(NODE is None, reason="no node; Chromium plays some of them")


@pytest.fixture(scope="module")
def node():
    process = NodePlayer()
    yield process
    process.close()


def is_double(sample):
    """Whether a sample has no narrow and no wide numbers, which no page has."""
    dtypes = [
        np.asarray(each).dtype for each in sample.operands if not isinstance(each, list | str)
    ]
    return all((d.kind, d.itemsize) in {("f", 8), ("c", 16)} for d in dtypes if d.kind in "fc")


def recorded(function, point):
    """A tape of a call, its gradient and a second derivative, with what is read of it by label."""
    tape = Tape()
    token = CURRENT.set(tape)
    try:
        given = [independent(tape, value) for value in point]
        entries = [index_of(value) for value in given]
        result = function(*given)
        results = list(result) if type(result) in (tuple, list) else [result]
        active = {reference_of(tape, r, True): ones(plain(r)) for r in results if is_active(r)}
        adjoints = reverse(tape, active, entries, record=True) if active else {}
        slopes = [adjoints[entry] for entry in entries if adjoints.get(entry) is not None]
        targets = [reference_of(tape, each, True) for each in slopes if is_active(each)]
        tangents = forward(tape, _directions(tape, entries), targets, record=True)
        second = [tangents[each] for each in targets if tangents.get(each) is not None]
        read = {}
        for group, values in (("value", results), ("slope", slopes), ("second", second)):
            for k, value in enumerate(values):
                reference = reference_of(tape, value, True) if is_active(value) else None
                read[f"{group}/{k}"] = reference, plain(value)
    finally:
        CURRENT.reset(token)
        tape.close()
    return tape, entries, read


def _directions(tape, entries):
    values = {entry: np.asarray(tape.value(entry)) for entry in entries}
    return {
        entry: np.cos(np.arange(value.size)).reshape(value.shape).astype(value.dtype)[()]
        for entry, value in values.items()
        if value.dtype.kind in "fc"
    }


def reals(value):
    """All numbers of a value, of complex ones both parts."""
    flat = np.asarray(value).reshape(-1)
    return (flat.astype(complex).view(float) if flat.dtype.kind == "c" else flat).astype(float)


def lowered(function, point):
    """The compact tape of a call, held against the engine as an export is."""
    return lowered_of(*recorded(function, point))


def lowered_of(tape, entries, read):
    plan = Plan(
        tape, [reference for reference, _ in read.values() if reference is not None], simplified
    )
    plan.count()
    code = Registers(200_000)
    known = {entry: inputs(code, tape.value(entry)) for entry in entries}
    of = lower(plan, code, known)
    shown = {
        label: constants(code, value) if reference is None else of(reference)
        for label, (reference, value) in read.items()
    }
    wanted = [each for part in shown.values() for each in registers_of(part)]
    found = Player(code.code, wanted).at(
        [number for entry in entries for number in reals(tape.value(entry))]
    )
    if not agree(found, [value for _, value in read.values()]):
        raise NotLowered("what a page would compute is not what the kernel computes")
    return Compact(code, shown, first=[label for label in shown if label.startswith("value")])


def agree(found, expected):
    """Whether numbers are right to 1e-11 of the largest."""
    wanted = np.concatenate([np.zeros(0), *map(reals, expected)])
    size = np.max(np.abs(wanted[np.isfinite(wanted)]), initial=1e-300)
    return len(found) == len(wanted) and np.allclose(
        found, wanted, rtol=1e-11, atol=1e-11 * size, equal_nan=True
    )


REFUSED = json.loads((Path(__file__).parent / "refused.json").read_text())["refused"]
"""Of functions of which not every sample is played: how many are not."""


@each_function([sample for sample in SAMPLES if is_double(sample)])
def test_samples_are_played_right_or_refused(samples, node):
    refused = []

    def check(sample):
        of, points = sample.of, [sample.point, tuple(map(moved, sample.point))]
        tape, entries, here = recorded(of, sample.point)
        try:
            compact = lowered_of(tape, entries, here)
        except NotLowered as reason:
            refused.append(f"{sample.label}: {reason}")
            return
        asked = [[_encoded(x) for value in point for x in reals(value)] for point in points]
        answers = node.ask({"tape": compact.as_json(), "points": asked})
        assert type(answers) is list, answers
        at, beside = answers
        assert "failed" not in at, "a guard fails at the recorded point"
        assert agree(numbers(at), [value for _, value in here.values()])
        if "failed" not in beside:
            _, _, there = recorded(of, points[1])
            assert agree(numbers(beside), [value for _, value in there.values()])

    with np.errstate(all="ignore"):
        check_each(samples, check)
    assert len(refused) <= REFUSED.get(name_of(samples[0].function), 0), refused


def _encoded(x):
    return x if math.isfinite(x) else repr(x)


def test_a_wrong_instruction_is_noticed(node):
    tape = lowered(lambda x, y: np.log(x) * y, (2.0, 3.0)).as_json()
    right = node.ask({"tape": tape, "points": [[2.5, 3.0]]})[0]
    assert numbers(right["value"]) == [pytest.approx(3.0 * math.log(2.5), rel=1e-15)]
    tape["operations"][tape["operations"].index("log")] = "exp"
    assert numbers(node.ask({"tape": tape, "points": [[2.5, 3.0]]})[0]) != numbers(right)


@pytest.mark.parametrize(
    ("change", "said"),
    [({"version": 99}, "version 99"), ({"operations": ["wonder"]}, "an operation wonder")],
)
def test_what_a_player_does_not_know_it_refuses(change, said, node):
    tape = lowered(lambda x: np.sin(x), (2.0,)).as_json() | change
    assert said in node.ask({"tape": tape, "points": [[1.0]]})["error"]


def test_a_branch_is_a_guard_with_a_number(node):
    tape = lowered(lambda x: x * 2 if x > 1 else x * 3, (2.0,)).as_json()
    there, beyond = node.ask({"tape": tape, "points": [[1.5], [0.5]]})
    assert numbers(there["value"]) == [3.0]
    assert beyond == {"failed": 0}


def test_instructions_are_shared_and_folded():
    code = json.dumps(lowered(lambda x: np.exp(x) + np.exp(x) * (2.0 + 3.0), (1.0,)).as_json())
    assert code.count('"exp"') == 1


def test_python_s_own_errors_are_guards(node):
    tape = lowered(lambda x: 1.0 / x, (2.0,)).as_json()
    assert "failed" in node.ask({"tape": tape, "points": [[0.0]]})[0]
