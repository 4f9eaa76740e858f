"""Loops that a tape unrolled are found where they are some, and nowhere else."""

import numpy as np
import pytest

import tapenb as tn
from tapenb.autodiff.tape.operation import INPUT
from tapenb.engines.loops import Constant, Loop, folded, with_index

from .loop_programs import PROGRAMS, two_rounds_back


def kind(value):
    if isinstance(value, tuple):
        return tuple(map(kind, value))
    return np.shape(value), np.asarray(value).dtype


def played(tape, parts, values, outside=None):
    """Play parts by the tape's own operations, and hold each value against the tape's."""

    def value(reference):
        if isinstance(reference, Constant):
            return reference.value
        if isinstance(reference, tuple):
            return tuple(map(value, reference))
        return values[reference] if reference in values else outside(reference)

    for part in parts:
        if isinstance(part, Loop):
            played_loop(tape, part, values, value)
            continue
        operation, operands = tape.operations[part.entry], [*map(value, part.operands)]
        if operation is INPUT:
            values[part.entry] = tape.value(part.entry)
            continue
        if len(operands) > len(tape.parents(part.entry)):
            operation = with_index(operation, operands.pop())
        values[part.entry] = operation.evaluate(operands)


def played_loop(tape, loop, values, value):
    state = [[value(each) for each in carried.initial] for carried in loop.carried]
    for carried, starts in zip(loop.carried, state, strict=True):
        # What is carried has one shape, and one dtype that the first value has, too.
        last = tape.value(carried.source)
        assert {np.shape(each) for each in starts} == {np.shape(last)}
        for each in starts:
            np.testing.assert_array_equal(np.asarray(each).astype(np.asarray(last).dtype), each)
    given = {each.slot: value(each.values) for each in loop.given}
    for each in given.values():
        assert len({*map(kind, each)}) == 1
    rounds = []
    for n in range(loop.rounds):
        inner = {each.slot: now[0] for each, now in zip(loop.carried, state, strict=True)}
        inner.update((slot, each[n]) for slot, each in given.items())
        played(tape, loop.body, inner, value)
        for each, now in zip(loop.carried, state, strict=True):
            now[:] = [*now[1:], inner[each.source]]
        rounds.append(inner)
    for entry, (source, n) in loop.places.items():
        values[entry] = rounds[n][source]


def shape_of(parts):
    """The rounds of loops, in brackets those of loops within."""
    found = []
    for part in (each for each in parts if isinstance(each, Loop)):
        within = shape_of(part.body)
        found.append(f"{part.rounds}({within})" if within else f"{part.rounds}")
    return " ".join(found)


def folds(tape):
    """The parts of a tape, which give each of its values that is read bit for bit."""
    entries = [k for k in range(len(tape)) if tape.operations[k].name != "guard"]
    guards = [tape.parents(k)[0] for k in tape.guards()]
    parts = folded(tape, entries, [tape.output, *guards])
    values = {}
    played(tape, parts, values)
    for entry in [
        tape.output,
        *(k for k in guards if k >= 0),
        *(k for k in entries if k in values),
    ]:
        np.testing.assert_array_equal(values[entry], tape.value(entry))
    return parts


@pytest.mark.parametrize(
    ("f", "at", "rounds"), PROGRAMS, ids=lambda each: getattr(each, "__name__", "")
)
def test_a_loop_is_one_body(f, at, rounds):
    tape = tn.record(lambda x: sum(f(x)) if f is two_rounds_back else f(x), at)
    assert shape_of(folds(tape)) == rounds


@pytest.mark.parametrize("seed", range(12))
def test_what_only_looks_like_a_loop_keeps_its_numbers(seed):
    rng = np.random.default_rng(seed)

    def f(x):
        # Five operations again and again, and now and then another operand or another constant.
        seen = [x, x * 0.5, x + 0.1, np.sin(x), x * x]
        for _ in range(14):
            back = [2, 1, 5, 3, 1] if rng.random() < 0.9 else rng.integers(1, 6, size=5)
            for k in range(5):
                one, other = seen[-1], seen[-back[k]]
                constant = 0.3 if rng.random() < 0.98 else 0.7
                seen.append(np.sin(one) * other if k % 2 else one * constant + other)
        return seen[-1]

    folds(tn.record(f, 0.4))


def test_inputs_are_no_rounds():
    tape = tn.record(lambda *xs: np.prod([np.sin(x) for x in xs]), *np.linspace(1, 2, 30))
    assert shape_of(folds(tape)) == "30"
