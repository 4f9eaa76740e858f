"""Notebooks that were saved and are opened again: trusted and not, with a kernel and without."""

from __future__ import annotations

from tests.reliability.again import try_again

TITLE = "saved notebooks opened again, trusted and untrusted, with a new kernel and without"
TESTS = [
    "tests/browser/test_lost_kernel.py::test_saved_and_opened_again_with_another_kernel",
    "tests/browser/test_stored_output.py::test_an_untrusted_notebook_shows_the_picture",
    "tests/browser/test_stored_output.py::test_nbconvert_s_page_is_live_offline",
    "tests/browser/test_stored_output.py::test_nbconvert_without_scripts_shows_the_picture",
]
COUNT, SHORT = 2 * len(TESTS), 0  # they are tests of their folder


def attack(count: int, seed: int) -> tuple[int, list[str]]:
    """Try each so many times, with nothing left of one in the next."""
    del seed
    return try_again(TESTS, count // len(TESTS))
