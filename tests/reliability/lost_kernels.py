"""Kernels that restart, end, are busy or cannot be reached, under a panel in a browser."""

from __future__ import annotations

from tests.reliability.again import try_again

TITLE = "restarts, ends and lost connections of kernels, in JupyterLab and Notebook 7"
TESTS = [
    "tests/browser/test_lost_kernel.py::test_the_page_answers_when_the_kernel_is_gone",
    "tests/browser/test_lost_kernel.py::test_the_page_answers_while_the_connection_is_lost",
    "tests/browser/test_lost_kernel.py::test_the_page_answers_while_the_kernel_is_busy",
    "tests/browser/test_lost_kernel.py::test_without_a_kernel_the_page_has_the_branches_that_sliders_reach",
]
COUNT, SHORT = 2 * len(TESTS), 0  # they are tests of their folder


def attack(count: int, seed: int) -> tuple[int, list[str]]:
    """Try each so many times, with nothing left of one in the next."""
    del seed
    return try_again(TESTS, count // len(TESTS))
