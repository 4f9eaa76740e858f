"""Linear algebra: solving equations, inverses, determinants, decompositions and norms.

All rules hold for stacks of matrices, and for complex ones. Derivatives are those of what NumPy
computes: ``eigh``, ``eigvalsh`` and ``cholesky`` read one triangle of their operand, so that the
other has derivative zero. The vectors of a repeated eigenvalue or singular value have no
derivative; it comes out as nan. A singular value of 0 has derivative 0, as ``abs`` has there, and
so has the norm of zeros.
"""

from . import determinants, equations, factors, norms, spectra  # noqa: F401  they register rules
