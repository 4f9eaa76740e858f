"""Arrows point downward, no circle, nothing long without a reason: what `tests.structure` measures.

What is listed here as an exception may go, and may not grow.
"""

import textwrap

import pytest

from tests.structure import LONG_FUNCTION, LONG_MODULE, House, here, report

# By their own names, so that they may move.
LONG_MODULES = {
    "functional",
}


@pytest.fixture(scope="module")
def house():
    return here()


def test_imports_point_downward(house):
    assert not house.climbing()


def test_no_circle(house):
    assert not house.circles(rooms=False)
    assert not house.circles(rooms=True)


def test_no_module_reaches_into_another_s_underscored_names(house):
    assert not house.borrowed()


def test_a_long_function_says_why(house):
    assert not [name for _, name, excused in house.long_functions() if not excused]


def test_no_module_is_long(house):
    long = [name for _, name in house.long_modules()]
    assert not [name for name in long if name.rpartition(".")[2] not in LONG_MODULES]


# -- the measures themselves -----------------------------------------------------------------------


def made(**modules):
    """A house of two rooms, with these texts for some of its modules."""
    sources = {
        "tapenb": "",
        "tapenb.views": "",
        "tapenb.views.graph": "",
        "tapenb.magic": "",
        "tapenb.magic.cell": "from ..views import graph",
    }
    names = {name.rpartition(".")[2]: name for name in sources}
    return House(sources | {names[key]: textwrap.dedent(text) for key, text in modules.items()})


def test_a_sound_house():
    house = made()
    assert house.arrows() == {("magic", "views"): 1}
    assert not any([house.climbing(), house.borrowed(), house.circles(rooms=True)])


@pytest.mark.parametrize(
    "text",
    [
        "from tapenb.magic.cell import run",
        "import tapenb.magic.cell",
        "from ..magic import cell",
        "def show():\n    from ..magic.cell import run",
    ],
)
def test_an_import_that_climbs_is_seen(text):
    house = made(graph=text)
    (climbing,) = house.climbing()
    assert (climbing.module, climbing.source) == ("tapenb.views.graph", "tapenb.magic.cell")
    assert house.circles(rooms=True) == [["magic", "views"]]
    assert house.circles(rooms=False) == [["tapenb.magic.cell", "tapenb.views.graph"]]


def test_what_only_type_checkers_import_counts_for_nothing():
    house = made(
        graph="from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import tapenb.magic"
    )
    assert not house.climbing()


@pytest.mark.parametrize(
    "text", ["from ..views.graph import _draw", "from ..views import graph\ngraph._draw()"]
)
def test_a_borrowed_name_is_seen(text):
    (borrowed,) = made(cell=text).borrowed()
    assert (borrowed.source, borrowed.name) == ("tapenb.views.graph", "_draw")


@pytest.mark.parametrize("reason", ["", "    # Long: one table.\n"])
def test_a_long_function_is_seen(reason):
    body = "    x = 1\n" * LONG_FUNCTION
    house = made(graph=f"class Graph:\n  def draw(self):\n{reason}{body}")
    ((_, name, excused),) = house.long_functions()
    assert name == "views.graph: Graph.draw"
    assert excused == bool(reason)
    assert not made(graph="def draw():\n" + "    x = 1\n" * (LONG_FUNCTION - 1)).long_functions()


def test_a_long_module_is_seen():
    assert made(graph="\n" * (LONG_MODULE + 1)).long_modules()
    assert not made(graph="\n" * LONG_MODULE).long_modules()


def test_a_report_has_a_column_for_each_revision():
    lines = list(report({"then": made(), "now": made(graph="\n\n")}, arrows=True))
    assert lines[0].split() == ["then", "now"]
    assert next(line.split() for line in lines if line.startswith("views")) == (
        ["views", "2", "0", "2", "2"]
    )
