"""SciPy, as `tapenb.numpy` is NumPy: its special functions and distributions can be traced."""

from ..explicit import face

__getattr__, __dir__ = face("scipy")
