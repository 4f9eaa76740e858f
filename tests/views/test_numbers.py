import math

import numpy as np
import pytest

from tapenb.views.numbers import brief, drawn, number, value


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (11.652071455223084, "11.65207146"),
        (2.0, "2"),
        (-0.0, "0"),
        (np.float64(-0.0), "0"),
        (-1 / 3, "-0.3333333333"),
        (1.5e300, "1.5e+300"),
        (5e-324, "4.940656458e-324"),
        (math.nan, "nan"),
        (-math.inf, "-inf"),
        (np.float32(0.1), "0.1"),
        (np.float16(0.1), "0.1"),
        (np.float32(-np.inf), "-inf"),
        (7, "7"),
        (np.int8(-7), "-7"),
        (2**53, "9007199254740992"),
        (2**200, "1.606938044e+60"),
        (True, "True"),
        (np.bool(False), "False"),
        (1 + 2j, "1+2j"),
        (complex(0.5, -math.inf), "0.5-infj"),
        (np.array(3.5), "3.5"),
    ],
)
def test_number(given, text):
    assert number(given) == text


def test_at_most_the_digits_asked_for():
    assert number(math.pi, 6) == "3.14159"
    # The last bits, in which processors differ, never show.
    assert number(0.1 + 0.2) == number(0.3)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (np.arange(3.0), "(3,) [0, 1, 2]"),
        (np.arange(7), "(7,) [0, 1, 2, …, 6]"),
        (np.eye(2), "(2, 2) [[1, 0], [0, 1]]"),
        (np.zeros((0, 3)), "(0, 3) []"),
        (np.array([math.nan, -math.inf]), "(2,) [nan, -inf]"),
        (np.array([True, False]), "(2,) [True, False]"),
        (np.array(["<b>"]), "(1,) ['<b>']"),
        ((1.0, 2), "(1, 2)"),
        ("text", "'text'"),
        (object(), "object"),
        (None, "NoneType"),
    ],
)
def test_value(given, text):
    assert value(given) == text


def test_a_large_array_is_short():
    assert value(np.zeros((1000, 1000))).count("0,") < 30
    assert brief(np.zeros((1000, 1000))) == "(1000, 1000) [0, …, 0]"


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (11.652071455223084, "11.6521"),
        (np.array([0.1, 0.2]), "[0.1, 0.2]"),
        (np.arange(4) / 7, "(4,) [0, …, 0.4286]"),
        (np.zeros(0), "[]"),
        (np.float64(3), "3"),
    ],
)
def test_brief(given, text):
    assert brief(given) == text


def test_drawn_numbers_have_the_minus_sign():
    assert drawn(number(-1e-7)) == "−1e−07"
