"""Which process runs which test.

A run has as many processes as there are cores to use, and one more for the browser: its tests wait
for others most of the time, and Playwright's event loop stays open where it was once begun, which
other tests could not live with: they come before it. Cells of a notebook stay together, in their
order.
"""

import os
import zlib
from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling

BROWSER = "tests/browser"
MOST = 8  # each process collects everything anew
# Single tests that take longest: begun last, one of them would leave the other processes idle.
LONG = (
    "tests/reliability/",
    "tests/autodiff/test_differential.py",
    "tests/benchmarks/test_works.py",
)


def workers(config: pytest.Config) -> int:
    """Return how many processes a run is worth; none where the only one is this."""
    here = Path(config.invocation_params.dir)
    asked = [argument.partition("::") for argument in config.args]
    if config.option.collectonly or config.option.capture == "no" or all(at for _, at, _ in asked):
        return 0
    browser = config.rootpath / BROWSER
    paths = [(here / path).resolve() for path, _, _ in asked]
    if all(path.is_relative_to(browser) for path in paths):
        return 0
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return min(cores, MOST) + any(browser.is_relative_to(path) for path in paths)


class Scheduling(LoadScopeScheduling):
    """Notebooks as a whole, the browser's tests first on one worker, the rest in portions.

    The largest portions come first, after the few single tests that take long.

    A worker that has nothing else left helps with the browser's tests.
    """

    _browsers: object = None
    _is_sorted = False

    def schedule(self) -> None:
        """Begin, or go on with a worker that has come."""
        if self.collection is None and len(self.nodes) > 1:
            self._browsers = self.nodes[-1]
        super().schedule()

    def _split_scope(self, nodeid: str) -> str:
        path, _, test = nodeid.partition("::")
        if path.endswith(".ipynb"):
            return path
        # A few portions of each test's cases: neither thousands nor one that is long.
        return f"{path}::{test.partition('[')[0]} {zlib.crc32(nodeid.encode()) % 4}"

    def _assign_work_unit(self, node: object) -> None:
        if not self._is_sorted:  # xdist has sorted the scopes by how many tests they have
            self._is_sorted = True
            for scope in [each for each in self.workqueue if each.startswith(LONG)]:
                self.workqueue.move_to_end(scope, last=False)
        first = node is self._browsers
        waiting = self._browser_tests()
        for scope in reversed(waiting) if first else waiting:
            self.workqueue.move_to_end(scope, last=not first)
        super()._assign_work_unit(node)

    def _reschedule(self, node: object) -> None:
        if node is not self._browsers or self._browser_tests():
            super()._reschedule(node)
        elif not node.shutting_down:
            node.shutdown()  # when it has done what it has

    def _browser_tests(self) -> list[str]:
        return [scope for scope in self.workqueue if scope.startswith(BROWSER)]
