"""What a cell can have put traced values into is looked through whole, and numbers cost nothing."""

import numpy as np

from tapenb.autodiff.reach import places, walk
from tapenb.magic.containers import containers


def test_the_last_of_very_many_lists_is_found():
    many = [[] for _ in range(200_100)]
    assert sum(1 for _ in containers([many])) == len(many) + 1


def test_plain_numbers_are_not_gone_through():
    met = []

    def enter(value):
        met.append(value)
        return places(value)

    numbers = {key: float(key) for key in range(1000)}
    assert len(list(walk([numbers, list(numbers.values())], enter))) == len(met) == 2


def test_masked_arrays_are_numpys_own_after_each_cell(notebook):
    for data in ("v * x", "[1.0, 2.0]"):  # the second time there are no more twins than before
        notebook.run(
            "%%tape --no-graph --no-plot -o t\nx = 2.0\nv = np.array([0.5, 1.5])\n"
            f"w = np.ma.masked_array({data}, mask=[0, 1])\n(v * x * w).sum()"
        )
        assert type(notebook.names.pop("w")) is np.ma.MaskedArray


def test_a_tuple_of_a_class_with_arguments_of_its_own_stays_what_it_is(notebook):
    notebook.run(
        "class Point(tuple):\n    def __new__(cls, *parts): return super().__new__(cls, parts)"
    )
    notebook.run(
        "%%tape --no-graph --no-plot\nx = 2.0\np = Point(x, 3.0)\np.unit = [x]\nz = p[0]*p[1]"
    )
    p = notebook.names["p"]
    assert (type(p).__name__, tuple(p), p.unit) == ("Point", (2.0, 3.0), [2.0])
    assert [type(each) for each in (*p, *p.unit)] == [float] * 3
