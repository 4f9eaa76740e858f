"""Counts of what JAX has of the functions with rules: ``python -m tests.engines.jax_names``.

Of each function one sample in double precision: each operation is held against NumPy's at the
sample, and a derivative along a direction, by JAX, against ours.
"""

from collections.abc import Iterator

import numpy as np

import tapenb as tn
from tapenb.autodiff.kinds.registry import RULES
from tapenb.autodiff.tape.operation import TapeError

from ..autodiff.rules.samples import SAMPLES, Sample, name_of
from ..autodiff.rules.samples_mathematics import Twin


def chosen() -> Iterator[Sample]:
    """Yield a sample of each function, of floating-point operands; twins are of many operations."""
    seen = set()
    for sample in SAMPLES:
        point = [np.asarray(each) for each in sample.point]
        wide = all(each.dtype == float and each.size > 1 for each in point)
        own = sample.function in RULES and not isinstance(sample, Twin)
        if point and wide and own and sample.function not in seen:
            seen.add(sample.function)
            yield sample


def compare(sample: Sample) -> str:
    """Say what JAX computes of a sample: its report.

    Raises
    ------
    TapeError
        Where it has not the function.
    AssertionError
        Where it has another derivative.
    """
    import jax

    f, point = of_numbers(sample), sample.point
    program = tn.to_jax(f, *point)
    along = tuple(np.cos(np.arange(np.size(each))).reshape(np.shape(each)) for each in point)
    _, wanted = tn.jvp(f, point, along)
    _, found = jax.jvp(program, tuple(map(jax.numpy.asarray, point)), along)
    np.testing.assert_allclose(
        found, wanted, rtol=1e-6, atol=1e-8, err_msg=name_of(sample.function)
    )
    return program.report


def of_numbers(sample: Sample):
    """The sample's call as one floating-point array of its first result."""

    def f(*point):
        result = sample.of(*point)
        result = result[0] if isinstance(result, tuple | list) else result
        return result * 1.0

    return f


def count() -> tuple[int, int, list[str]]:
    """How many functions JAX has, of how many, and which derivatives are others."""
    has, tried, other = 0, 0, []
    for sample in chosen():
        tried += 1
        try:
            compare(sample)
            has += 1
        except TapeError:
            continue
        except (AssertionError, NotImplementedError) as error:
            other.append(f"{name_of(sample.function)}: {error}")
    return has, tried, other


if __name__ == "__main__":
    import jax

    jax.config.update("jax_enable_x64", True)
    with np.errstate(all="ignore"):
        number, of, others = count()
    print(f"JAX has {number} of {of} functions", *others, sep="\n")
