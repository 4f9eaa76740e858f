"""Arrays of records, objects or text: a tape cannot follow a number into them, and says so."""

import numpy as np
import pytest

import tapenb as tn
from tests.magic.notebook import close_shell, open_notebook

RECORD = [("a", float)]
MADE = {
    "array": lambda x, dtype: np.array([x, x], dtype=dtype),
    "asarray": lambda x, dtype: np.asarray(x, dtype=dtype),
    "fromiter": lambda x, dtype: np.fromiter([x, x], dtype=dtype),
    "full": lambda x, dtype: np.full(2, x, dtype=dtype),
    "full_like": lambda x, dtype: np.full_like(np.zeros(2), x, dtype=dtype),
    "astype": lambda x, dtype: (x * np.ones(2)).astype(dtype),
    "require": lambda x, dtype: np.require(x * np.ones(2), dtype=dtype),
    "masked": lambda x, dtype: np.ma.array([x, x], dtype=dtype),
}


@pytest.mark.parametrize("dtype", [RECORD, "V8", object, "U20", "S20"], ids=str)
@pytest.mark.parametrize("make", MADE.values(), ids=MADE)
def test_a_number_that_goes_into_one_is_refused_with_its_line(make, dtype):
    with pytest.raises(tn.TapeError, match=r"line \d+, `.*an array of (records|objects|text)"):
        tn.grad(lambda x: x + (make(x, dtype) is None))(0.7)


def test_rows_of_records_and_a_sum_of_objects_are_refused():
    with pytest.raises(tn.TapeError, match="array of records"):
        tn.grad(lambda x: x + len(np.array([(x, 1)], dtype=[("a", float), ("b", int)])))(0.7)
    with pytest.raises(tn.TapeError, match="dtype="):
        tn.grad(lambda x: np.sum(np.array([x, x]), dtype=object) + x)(0.7)


@pytest.mark.parametrize(
    "like", [np.zeros(2), np.zeros(2, int), [0.0, 0.0], np.zeros(2, np.float32)], ids=repr
)
def test_full_like_of_a_plain_array_gives_what_numpy_gives(like):
    x = 2.75
    found = tn.value_and_grad(lambda x: np.full_like(like, x).sum() + x)(x)
    whole = np.asarray(like).dtype.kind == "i"
    assert found == ((2 * 2 + x, 1.0) if whole else (3 * x, 3.0))


@pytest.fixture(scope="module")
def book():
    book = open_notebook()
    yield book
    close_shell(book.shell)


def test_records_beside_the_output_are_those_that_numpy_makes(book):
    lines = [
        "a = np.array([(x, 1)], dtype=[('a', float), ('b', int)])",
        "b = np.full(2, x, dtype=[('a', float)])",
        "c = np.empty(1, dtype=[('a', float)]); c['a'] = x",
        "d = np.rec.array([(x, 1)], dtype=[('a', float), ('b', int)])",
        "e = np.array([x, 1.0], dtype=str), np.array([x], dtype=object), np.full(1, x, 'U9')",
    ]
    book.run("x = 0.7\n" + "\n".join(lines))
    plain = {name: repr(book.names[name]) for name in "abcde"}
    book.run("\n".join(["%%tape --no-graph --no-plot -o t", "x = 0.7", *lines, "print(a)", "x**2"]))
    assert book.printed.startswith("[(0.7, 1)]\n")
    assert {name: repr(book.names[name]) for name in "abcde"} == plain
    assert book.names["t"].gradient["x"] == 1.4


@pytest.mark.parametrize(
    "lines",
    [
        "a = np.full(2, x, dtype=[('a', float)]); y = a['a'].sum() + x",
        "a = np.array([(x, 1)], dtype=[('a', float), ('b', int)]); y = a['a'][0] + x",
        "a = np.zeros(2, dtype=[('a', float)]); a['a'] = x; y = a['a'].sum() + x",
        "a = np.full(2, x, dtype=object); y = a.sum() + x",
        "a = np.full_like(np.zeros(2), x, dtype='U9'); y = float(a[0]) + x",
    ],
)
def test_records_that_reach_the_output_are_refused(book, lines):
    with pytest.raises(tn.TapeError, match="line 3"):
        book.run(f"%%tape --no-graph --no-plot\nx = 0.7\n{lines}")
