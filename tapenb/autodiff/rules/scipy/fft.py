"""``scipy.fft``: what NumPy has, too; SciPy computes the values."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from ...kinds.registry import register_rule
from ...sweeps.expressed import Composite
from .kinds import only_given

_NAMES = (
    *("fft", "ifft", "rfft", "irfft", "hfft", "ihfft"),
    *("fft2", "ifft2", "rfft2", "irfft2", "fftn", "ifftn", "rfftn", "irfftn"),
    *("fftshift", "ifftshift"),
)


_REAL = ("dct", "idct", "dst", "idst")


def _linear(function: Any) -> Any:
    """A transform as the matrix that it makes of unit vectors."""

    def expression(
        x: Any, type: int = 2, n: Any = None, axis: int = -1, norm: Any = None, **options: Any
    ) -> Any:
        kept = {key: value for key, value in options.items() if key == "orthogonalize"}
        matrix = function(np.eye(x.shape[axis]), type, n, 0, norm, **kept)
        return np.moveaxis(np.tensordot(matrix, x, ([1], [axis])), 0, axis)

    return expression


def _along_several(one: Any) -> Any:
    """A real transform along several axes, one after the other."""

    def expression(
        x: Any, type: int = 2, s: Any = None, axes: Any = None, norm: Any = None, **options: Any
    ) -> Any:
        lengths = None if s is None else list(np.atleast_1d(s))
        if axes is None:
            axes = range(x.ndim) if lengths is None else range(-len(lengths), 0)
        axes = [int(axis) for axis in np.atleast_1d(axes)]
        for axis, n in zip(axes, lengths or [None] * len(axes), strict=True):
            x = one(x, type, n, axis, norm, **options)
        return x

    return expression


def register() -> None:
    """Make the rules, once the module has been imported."""
    module = sys.modules["scipy.fft"]
    for name in _NAMES:
        numpys = getattr(np.fft, name)

        def expression(x: Any, numpys: Any = numpys, **options: Any) -> Any:
            known = ("n", "axis", "norm", "s", "axes")
            given = {key: value for key, value in options.items() if key in known}
            if given.get("s") is not None and given.get("axes") is None:
                given["axes"] = tuple(range(-len(given["s"]), 0))
            return numpys(x, **given)

        function = getattr(module, name)
        register_rule(function, Composite(expression), "x", call=only_given(function))
    for name in _REAL:
        function = getattr(module, name)
        rule = Composite(_linear(function))
        register_rule(function, rule, "x", call=only_given(function))
        several = getattr(module, f"{name}n")
        rule = Composite(_along_several(_linear(function)))
        register_rule(several, rule, "x", call=only_given(several))
