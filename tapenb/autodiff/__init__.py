"""The engine: tapes, sweeps and rules. It imports NumPy and nothing of Jupyter."""

from .rules import indexing, reductions, selecting, shaping  # noqa: F401  they register their rules
