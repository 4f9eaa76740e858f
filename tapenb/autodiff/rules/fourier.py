"""Discrete Fourier transforms.

Each is linear, and its transpose is again one: the matrix of ``fft`` is symmetric (Van Loan,
*Computational Frameworks for the Fast Fourier Transform*, 1992, section 1.1). A transform over
several axes is a chain of transforms over one, and so is its transpose, in the opposite order.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..kinds.linear import Linear
from ..kinds.registry import FUNCTIONS, register_handler, register_rule
from ..tracing.apply import refuse
from ..tracing.dispatch import call_entry

Step = tuple[Callable[..., Any], int, int]
"""A transform over one axis: the function, the length of its longer side, and the axis."""

_REAL = (np.fft.rfft, np.fft.ihfft)
_TO_REAL = (np.fft.irfft, np.fft.hfft)


def _resized(a: Any, length: int, axis: int) -> Any:
    """Cut an axis, or fill it up with zeros, which is the transpose of cutting it."""
    axis = axis % a.ndim
    missing = length - a.shape[axis]
    if missing < 0:
        return a[(slice(None),) * axis + (slice(length),)]
    if missing:
        zeros = np.zeros((*a.shape[:axis], missing, *a.shape[axis + 1 :]), a.dtype)
        return np.concatenate([a, zeros], axis=axis)
    return a


def _length_of(transform: Callable[..., Any], n: int) -> int:
    """The length of the result of a transform."""
    return n // 2 + 1 if transform in _REAL else n


def _back(adjoint: Any, step: Step, length: int, norm: Any) -> Any:
    """The transpose of one transform, on an operand of this length."""
    transform, n, axis = step
    options = {"n": n, "axis": axis, "norm": norm}
    if transform in (np.fft.fft, np.fft.ifft):
        result = transform(adjoint, **options)
    elif transform in _REAL:
        whole = np.fft.fft if transform is np.fft.rfft else np.fft.ifft
        result = np.real(whole(_resized(adjoint, n, axis), **options))
    else:
        half = np.fft.ihfft if transform is np.fft.irfft else np.fft.rfft
        # All frequencies but 0 and, of an even length, the last one stand for two.
        twice = np.full(n // 2 + 1, 2.0, adjoint.dtype)
        twice[0] = 1.0
        if n % 2 == 0:
            twice[-1] = 1.0
        twice = np.expand_dims(twice, tuple(range(1, adjoint.ndim - axis % adjoint.ndim)))
        result = twice * half(adjoint, **options)
    return _resized(result, length, axis)


def _transpose(steps: Callable[..., Iterator[Step]]) -> Callable[..., Any]:
    def transpose(adjoint: Any, a: Any, *, norm: Any = None, **options: Any) -> Any:
        shape, chain = list(a.shape), []
        for step in steps(a.shape, **options):
            chain.append((step, shape[step[2]]))
            shape[step[2]] = _length_of(*step[:2])
        for step, length in reversed(chain):
            adjoint = _back(adjoint, step, length, norm)
        return adjoint

    return transpose


def _one(transform: Callable[..., Any]) -> Callable[..., Iterator[Step]]:
    """The single step of a transform over one axis."""

    def steps(shape: tuple[int, ...], n: int | None = None, axis: int = -1) -> Iterator[Step]:
        if n is None:
            n = 2 * (shape[axis] - 1) if transform in _TO_REAL else shape[axis]
        yield transform, n, axis

    return steps


def _several(transform: Callable[..., Any], axes: Any = None) -> Callable[..., Iterator[Step]]:
    """The steps of a transform over several axes, in NumPy's order."""
    default = axes

    def steps(shape: tuple[int, ...], s: Any = None, axes: Any = default) -> Iterator[Step]:
        if axes is None:
            axes = range(-(len(shape) if s is None else len(s)), 0)
        lengths = [shape[axis] for axis in axes] if s is None else list(s)
        if s is None and transform is np.fft.irfft:
            lengths[-1] = 2 * (lengths[-1] - 1)
        pairs = [
            (shape[axis] if n == -1 else n, axis) for n, axis in zip(lengths, axes, strict=True)
        ]
        last = [] if transform in (np.fft.fft, np.fft.ifft) else [(transform, *pairs.pop())]
        whole = np.fft.fft if transform in (np.fft.fft, np.fft.rfft) else np.fft.ifft
        others = [(whole, *pair) for pair in pairs]
        yield from [*others, *last] if transform is np.fft.irfft else [*last, *reversed(others)]

    return steps


for _transform in (
    np.fft.fft,
    np.fft.ifft,
    np.fft.rfft,
    np.fft.irfft,
    np.fft.hfft,
    np.fft.ihfft,
):
    register_rule(_transform, Linear(_transform, _transpose(_one(_transform))), "a")
for _transform, _flat, _whole in (
    (np.fft.fft, np.fft.fft2, np.fft.fftn),
    (np.fft.ifft, np.fft.ifft2, np.fft.ifftn),
    (np.fft.rfft, np.fft.rfft2, np.fft.rfftn),
    (np.fft.irfft, np.fft.irfft2, np.fft.irfftn),
):
    register_rule(_flat, Linear(_flat, _transpose(_several(_transform, (-2, -1)))), "a")
    register_rule(_whole, Linear(_whole, _transpose(_several(_transform))), "a")


def _unwritten(transform: Callable[..., Any]) -> Callable[..., Any]:
    """A function whose ``out=`` NumPy does not write."""

    def call(a: Any, *args: Any, out: Any = None, **options: Any) -> Any:
        frame = sys._getframe(1)
        if out is not None or len(args) > 3:
            why = "NumPy itself leaves that array as it is"
            refuse(f"np.fft.{transform.__name__} with out= is", frame, why)
        return call_entry(FUNCTIONS[transform], (a, *args), options, frame)

    return call


for _transform in (np.fft.hfft, np.fft.irfft2):
    register_handler(_transform, _unwritten(_transform), only_traced=True)
for _shift, _unshift in (
    (np.fft.fftshift, np.fft.ifftshift),
    (np.fft.ifftshift, np.fft.fftshift),
):
    register_rule(
        _shift,
        Linear(_shift, lambda adjoint, x, axes=None, back=_unshift: back(adjoint, axes)),
        "x",
    )
