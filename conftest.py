"""What every test shares: processes, kernels that import this tree, the browser last."""

import builtins
import gc
import os
import signal
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from nbval.kernel import RunningKernel

from tapenb.autodiff.faces.function import Function
from tapenb.magic import effects
from tests import parallel
from tests.notebooks import kernels, lessons

ROOT = Path(__file__).parent
ABSENT = ROOT / "tests" / "absent"
# Sphinx's docstrings are read where it can be imported.
collect_ignore_glob = [f"{ABSENT}/*", *([] if find_spec("sphinx") else ["tapenb/sphinx/*"])]


def pytest_configure(config: pytest.Config) -> None:
    """Make processes that tests start import the same tapenb as the tests do, and soon."""
    path = [str(ABSENT), str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    os.environ["PYTHONPATH"] = os.pathsep.join(path)
    # The first of them compiles the package for all; else each would anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    # nbval reads this from the working directory; pytest may run in another one.
    config.option.nbval_sanitize_with = str(ROOT / config.option.nbval_sanitize_with)
    RunningKernel.execute_cell_input = _execute_as_a_person_does
    kernels.share()
    lessons.extend()
    # What a shell starts in its background ignores an interrupt, and hands that down: a cell that a
    # test interrupts would run until memory ends it.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # No test depends on a clock: one that stands still drops no replay for taking too long.
    Function.clock = staticmethod(lambda: 0.0)
    settings.register_profile(
        "any pace", deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    settings.load_profile("any pace")


def _execute_as_a_person_does(
    kernel: RunningKernel, source: str, allow_stdin: bool | None = None
) -> str:
    # nbval leaves cells out of the history, and there IPython overlooks a closing semicolon.
    return kernel.kc.execute(source, allow_stdin=bool(allow_stdin), stop_on_error=False)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Choose the number of processes, unless the environment does."""
    return None if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ else parallel.workers(config)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Callable) -> parallel.Scheduling:
    """Choose which process runs which test."""
    return parallel.Scheduling(config, log)


def pytest_collection_finish() -> None:
    """Leave what was collected out of every later search for garbage."""
    gc.freeze()
    # Before a cell runs again it counts them, which takes longer than most cells.
    effects.get_freeze_count = lambda: True


def pytest_sessionfinish() -> None:
    """End the kernel that exercises shared."""
    kernels.stop()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the browser tests last: they are slow, and Playwright keeps its event loop running."""
    items.sort(key=lambda item: item.nodeid.startswith(parallel.BROWSER))


def pytest_runtest_teardown() -> None:
    """Forget the last value of a doctest: where builtins have a `_`, IPython binds none."""
    vars(builtins).pop("_", None)


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the root of the repository."""
    return ROOT


@pytest.fixture(scope="module", autouse=True)
def _what_came_before_is_no_garbage() -> None:
    """Leave what other modules made out of these searches, too: they grew to seconds each."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _no_replay_is_broken(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail where what was compiled is no program: the function is run instead, right but slow."""
    count, broken = Function._count, []

    def heard(self: Function, reason: str) -> None:
        if reason.startswith("a replay raised ") and not reason.endswith(" TypeError"):
            broken.append(reason)
        count(self, reason)

    monkeypatch.setattr(Function, "_count", heard)
    yield
    assert not broken
