"""The engine: tapes, sweeps and rules. It imports NumPy and nothing of Jupyter."""

from .rules import matmul, ufuncs  # noqa: F401  they register rules, which others build on

# isort: split
from .rules import (  # noqa: F401  they register theirs
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
    special,
    statistics,
    sums_and_extrema,
    ufunc_methods,
)
from .tracing.operators import learn_rules

learn_rules()
