"""A replay held against the run that it stands for."""

import numpy as np


def alike(value, expected):
    """The same type, shape and dtype, and the same numbers to a few units in the last place."""
    if isinstance(expected, tuple | list):
        assert type(value) is type(expected)
        for one, other in zip(value, expected, strict=True):
            alike(one, other)
        return
    assert type(value) is type(expected)
    one, other = np.asarray(value), np.asarray(expected)
    assert one.shape == other.shape
    assert one.dtype == other.dtype
    single = other.dtype.itemsize < (16 if other.dtype.kind == "c" else 8)
    size = np.max(np.abs(other[np.isfinite(other)]), initial=0.0) if other.dtype.kind in "fc" else 0
    np.testing.assert_allclose(
        one, other, rtol=1e-4 if single else 1e-12, atol=float(size) * (1e-5 if single else 1e-13)
    )


def moved(value):
    """A nearby point of the same type."""
    if isinstance(value, np.ndarray) and value.dtype.kind in "fc":
        return value + (0.001 * np.cos(np.arange(value.size))).reshape(value.shape).astype(
            value.dtype
        )
    return type(value)(value * 1.001) if isinstance(value, float | np.floating) else value


def ones(value):
    """An adjoint of ones for a value that may be traced, or several."""
    if type(value) in (tuple, list):
        return tuple(map(ones, value))
    dtype = np.result_type(value)
    return np.ones(np.shape(value), dtype if dtype.kind in "fc" else float)
