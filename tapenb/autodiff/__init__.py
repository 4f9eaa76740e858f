"""The engine: tapes, sweeps and rules. It imports NumPy and nothing of Jupyter."""

from .tracing import dispatch, operators  # noqa: F401  traced values answer NumPy and Python

# The rules of operators come first, which other rules build on.
# isort: split
from .rules import (  # noqa: F401  they register their rules
    cumulative,
    einsum,
    floating_and_complex,
    fourier,
    indexing,
    joining_and_padding,
    linear_algebra,
    polynomials,
    reshaping,
    selecting,
    sorting,
    statistics,
    sums_and_extrema,
    ufunc_methods,
)
