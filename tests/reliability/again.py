"""Tests of other folders that are attacks, tried again and again."""

from __future__ import annotations

import pytest


class _Again:
    """A plugin of pytest: each test comes so many times, and what becomes of it is kept."""

    def __init__(self, times: int) -> None:
        self._times = times
        self.tried = 0
        self.lost: list[str] = []

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        metafunc.fixturenames.append("_time")
        metafunc.parametrize("_time", range(self._times))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.tried += report.when == "call"
        if report.failed or report.skipped:
            self.lost.append(f"{report.nodeid}: {report.longreprtext[-2000:]}")


def try_again(tests: list[str], times: int) -> tuple[int, list[str]]:
    """Try tests so many times each; a test that is skipped is lost, too.

    Parameters
    ----------
    tests : list of str
        As pytest names them.
    times : int

    Returns
    -------
    int
        How many were tried.
    list of str
        What was lost.
    """
    again = _Again(times)
    if times:
        options = ["-q", "-n0", "-p", "no:cacheprovider", "--no-header", "--tb=short"]
        status = pytest.main([*options, *tests], plugins=[again])
        if status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            again.lost.append(f"pytest ended with {status!r}: is there each of {tests}?")
    return again.tried, again.lost
