"""``scipy.fft``, as `tapenb.numpy` is NumPy."""

from ..explicit import face

__getattr__, __dir__ = face("scipy.fft")
