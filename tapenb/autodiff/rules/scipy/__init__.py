"""SciPy: rules of its modules, made when users have imported these, which are never imported here.

SciPy's functions ask for plain arrays, so they are recorded where twins stand for them: in a cell,
and in the user's own functions while these are recorded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import (
    distance,
    fft,
    integrate,
    interpolate,
    linalg,
    ndimage,
    optimize,
    signal,
    stats,
)

MODULES: dict[str, Callable[[], Any]] = {
    "scipy.interpolate": interpolate.register,
    "scipy.linalg": linalg.register,
    "scipy.fft": fft.register,
    "scipy.integrate": integrate.register,
    "scipy.ndimage": ndimage.register,
    "scipy.optimize": optimize.register,
    "scipy.signal": signal.register,
    "scipy.spatial.distance": distance.register,
    "scipy.stats": stats.register,
}
"""What makes the rules of a module, by its name, and gives twins that are no functions."""
