"""The engine: tapes, sweeps and rules. It imports NumPy and nothing of Jupyter."""

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
    special,
    statistics,
    sums_and_extrema,
    ufunc_methods,
    ufuncs,
)
from .tracing import traced  # noqa: F401  its types name themselves
from .tracing.operators import learn_rules

learn_rules()
