"""Counts of what a page does not play: ``python -m tests.lowering.refused``."""

import json
from collections import Counter
from pathlib import Path

import numpy as np

from tapenb.lowering.registers import NotLowered

from ..autodiff.rules.samples import SAMPLES, name_of
from .test_lowering import is_double, lowered

TABLE = Path(__file__).parent / "refused.json"


def is_real(sample):
    """Whether all operands are real."""
    return not any(np.iscomplexobj(each) for each in sample.operands)


def of_numpy(sample):
    """Whether NumPy has the function, or the engine does for it."""
    return not str(getattr(sample.function, "__module__", "")).startswith("scipy") and (
        not isinstance(sample.function, np.ufunc) or hasattr(np, sample.function.__name__)
    )


def count():
    """How many samples each function has that are refused, and the shares that are played."""
    refused, tried, played = Counter(), Counter(), Counter()
    for sample in filter(is_double, SAMPLES):
        group = "SciPy" if not of_numpy(sample) else "real" if is_real(sample) else "complex"
        try:
            with np.errstate(all="ignore"):
                lowered(sample.of, sample.point)
            played[group] += 1
        except NotLowered as reason:
            refused[name_of(sample.function)] += 1
            if str(reason).endswith(("dtype float32", "dtype float16")):
                group = "narrow"
        tried[group] += 1
    shares = {group: [played[group], number] for group, number in sorted(tried.items())}
    return {"played, of all": shares, "refused": dict(sorted(refused.items()))}


if __name__ == "__main__":
    TABLE.write_text(json.dumps(count(), indent=1) + "\n")
    print(*json.loads(TABLE.read_text())["played, of all"].items(), sep="\n")
