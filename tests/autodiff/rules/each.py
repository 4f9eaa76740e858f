"""One test for each function that has a rule, over all of its samples.

A test of its own for every sample would be 40,000, and most of their time pytest's.
"""

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from .samples import SAMPLES, Sample, name_of


def each_function(
    samples: Iterable[Sample] = SAMPLES,
) -> Callable[[Callable[..., None]], pytest.MarkDecorator]:
    """Make of a test of `samples` one for every function that has any."""
    groups: dict[Any, list[Sample]] = {}
    for sample in samples:
        groups.setdefault(sample.function, []).append(sample)
    return pytest.mark.parametrize("samples", groups.values(), ids=map(name_of, groups))


def check_each(samples: Iterable[Sample], check: Callable[[Sample], None]) -> None:
    """Check every sample, and say of all that fail which they are."""
    failures = []
    for sample in samples:
        try:
            check(sample)
        except (Exception, pytest.fail.Exception) as error:
            error.add_note(f"Sample: {name_of(sample.function)}: {sample.label}")
            failures.append(error)
    if failures:
        labels = ", ".join(error.__notes__[-1].partition(": ")[2] for error in failures)
        raise BaseExceptionGroup(f"{len(failures)} of {len(samples)} samples: {labels}", failures)
