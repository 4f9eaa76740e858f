"""What every test shares: kernels import this tree, and the browser comes last."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parent


def pytest_configure(config: pytest.Config) -> None:
    """Make kernels and servers that tests start import the same tapenb as the tests do."""
    path = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    os.environ["PYTHONPATH"] = os.pathsep.join(path)
    # nbval reads this from the working directory; pytest may run in another one.
    config.option.nbval_sanitize_with = str(ROOT / config.option.nbval_sanitize_with)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the browser tests last: they are slow, and Playwright keeps its event loop running."""
    items.sort(key=lambda item: ROOT / "tests" / "browser" in item.path.parents)


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the root of the repository."""
    return ROOT
