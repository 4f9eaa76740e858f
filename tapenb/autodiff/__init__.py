"""The engine: tapes, sweeps and rules. It imports NumPy and nothing of Jupyter."""

from . import dispatch, operators  # noqa: F401  they give traced values NumPy's and Python's calls
from .rules import (  # noqa: F401  they register their rules
    accumulating,
    contractions,
    fourier,
    indexing,
    linear_algebra,
    manipulation,
    mathematics,
    polynomials,
    reductions,
    selecting,
    shaping,
    sorting,
    statistics,
    ufunc_methods,
)
