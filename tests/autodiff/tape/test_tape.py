"""A tape is a value: what a user finds on it, and what tapes of the same entries share."""

import pydoc

import numpy as np

import tapenb as tn
from tapenb.autodiff.tape.tape import Tape


def made():
    return tn.record(lambda x, y: np.log(x) + x * y - np.sin(y), 2.0, 5.0)


def test_a_user_finds_what_is_documented():
    names = dir(made())
    assert len(names) < 20
    for name in names:
        assert pydoc.getdoc(getattr(Tape, name)) or Tape.__slots__[name]
    assert {"graph", "table", "source", "latex", "inputs", "output", "value"} <= set(names)


def test_nothing_of_the_recording_is_left():
    assert made().session is None


def test_a_copy_grows_by_itself():
    tape = made()
    twin = tape.copy()
    twin.append_input(1.0)
    twin.append_constant(2.0)
    assert (len(tape), len(twin)) == (7, 8)
    assert len(tape.constants) == len(twin.constants) - 1


def test_the_first_entries_are_those_of_the_tape():
    tape = made()
    part = tape.first(3)
    assert [entry.operation for entry in part] == ["input", "input", "log"]
    assert [entry.source for entry in part] == [entry.source for entry in tape][:3]


def test_an_adopted_tape_is_found_again():
    outer, tape = Tape(), made()
    outer.append_input(1.0)
    outer.append_constant(1.0)
    outer.adopt(tape)
    assert [e.value for e in outer][1:] == [e.value for e in tape]
    for index, entry in enumerate(tape):
        where, moved = tape.resolve(index)
        assert where is outer
        assert outer.value(moved) == entry.value
        parents = [tape.value(parent) for parent in tape.parents(index)]
        assert [outer.value(parent) for parent in outer.parents(moved)] == parents
