"""Repeated eigenvalues and singular values.

Each of them alone has a kink there; they share equally, as ties in a sort do. What treats them
alike, a function of the matrix that is symmetric in them, is smooth. Its second derivative holds
how the slope f'(w) of each changes with it (Daleckii and Krein; Lewis and Sendov, "Twice
differentiable spectral functions", 2001): that is asked of the tape between w and its adjoint.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...kinds.registry import register_rule
from ...kinds.rule import Parts, fit
from ...sweeps.expressed import General
from ...sweeps.forward import forward
from ...sweeps.ladder import Flows
from ...sweeps.local import pull
from ...tape.primitives import primitive
from ...tracing.state import (
    is_active,
    is_traced,
    plain,
    reference_of,
    tape_of,
)
from .stacks import adjoined, column, conjugate, decide, diagonal, hermitian, real, row


def groups(w: np.ndarray) -> np.ndarray:
    """A number for each group of values, in order, that are equal but for rounding."""
    noise = 8 * w.shape[-1] * np.finfo(w.dtype).eps * np.max(np.abs(w), axis=-1, initial=0.0)
    apart = np.abs(np.diff(w, axis=-1)) > np.expand_dims(noise, -1)
    return np.cumsum(np.concatenate([np.zeros((*w.shape[:-1], 1), bool), apart], -1), axis=-1)


def _same(labels: np.ndarray) -> np.ndarray:
    """Which pairs belong to one group."""
    return labels[..., :, None] == labels[..., None, :]


def _distinct(labels: np.ndarray) -> bool:
    """Whether every group has one member."""
    return labels.size == 0 or bool(np.all(labels[..., -1] == labels.shape[-1] - 1))


def _has_zero(values: np.ndarray) -> bool:
    return bool(np.any(values == 0.0))


def any_equal(values: np.ndarray) -> bool:
    """Whether some values are equal, or 0, but for rounding."""
    ends = np.concatenate([np.zeros((*values.shape[:-1], 1)), np.sort(np.abs(values))], axis=-1)
    return not (_distinct(groups(values)) and _distinct(groups(ends)))


def shared(changes: Any, labels: np.ndarray) -> Any:
    """For each value the mean over its group."""
    if _distinct(labels):
        return changes
    same = _same(labels)
    return _sums((same / same.sum(-1, keepdims=True)).astype(changes.dtype), changes)


def _slopes(seeded: Callable[[np.ndarray], dict[int, Any]], adjoint: Any, labels: Any) -> Any:
    """How the adjoint of a repeated value changes with that value, less than with its like.

    Where a group is not treated alike the function has a kink there, and its members share: it is
    the mean of what each of them gives.
    """
    if not is_active(adjoint):
        return np.zeros(labels.shape)
    means = shared(plain(adjoint), labels)
    unlike = np.abs(plain(adjoint) - means) > 1e-8 * np.max(np.abs(means), initial=0.0)
    same, tape = _same(labels).astype(means.dtype), tape_of(adjoint)
    target = reference_of(tape, adjoint, True)
    # Of alike ones the first tells of all, and what other groups add to it and its like is equal.
    firsts = np.argmax(same, axis=-1) == np.arange(labels.shape[-1])
    masks = np.eye(labels.shape[-1], dtype=bool) if unlike.any() else [firsts]
    total: Any = 0.0
    for mask in masks:
        mask = np.broadcast_to(mask, labels.shape).astype(means.dtype)
        flows = Flows(edges=None)
        found = forward(tape, seeded(mask), [target], record=True, flows=flows).get(target)
        if found is None:
            continue
        own = _sums(same, found * mask)
        rest = (_sums(same, found) - own) / np.maximum(same.sum(-1) - 1.0, 1.0)
        total = total + np.where(_sums(same, mask) > 0.0, own - rest, 0.0)
    count = same.sum(-1) if len(masks) > 1 else 1.0
    return np.broadcast_to(total / count, labels.shape)


def _sums(same: np.ndarray, values: Any) -> Any:
    """For each value the sum over its group."""
    return (same @ column(values))[..., 0]


def _quotients(w: Any, adjoint: Any, slopes: Any, labels: np.ndarray) -> Any:
    """Differences of the adjoint over those of the values, in their limit where these are equal."""
    same = _same(labels)
    gaps = np.where(same, 1.0, row(w) - column(w))
    return np.where(same, column(slopes), (row(adjoint) - column(adjoint)) / gaps)


def _on_diagonal(values: Any) -> Any:
    return np.where(np.eye(values.shape[-1], dtype=bool), column(values), 0.0)


@primitive
def _from_eigenvalues(h: Any, adjoint: Any, slopes: Any, *, labels: np.ndarray) -> Any:
    """The adjoint of a Hermitian matrix from that of its eigenvalues."""
    v = np.linalg.eigh(h)[1]
    return conjugate((v * row(adjoint)) @ adjoined(v))


def _along_eigenvectors(tangents: Any, result: Any, operands: Any, *, labels: np.ndarray) -> Any:
    (dh, change, _), (h, adjoint, slopes) = tangents, operands
    w, v = np.linalg.eigh(h)
    turned = adjoined(v) @ dh @ v
    turned = turned - _on_diagonal(shared(real(diagonal(turned)), labels))
    inner = _quotients(w, adjoint, slopes, labels) * turned + _on_diagonal(change)
    return conjugate(v @ inner @ adjoined(v))


@primitive
def _from_singular_values(a: Any, adjoint: Any, slopes: Any, *, labels: np.ndarray) -> Any:
    """The adjoint of a matrix from that of its singular values."""
    u, _, vh = np.linalg.svd(a, full_matrices=False)
    return conjugate((u * row(adjoint)) @ vh)


def _along_singular_vectors(
    tangents: Any, result: Any, operands: Any, *, labels: np.ndarray
) -> Any:
    (da, change, _), (a, adjoint, slopes) = tangents, operands
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    v, none = adjoined(vh), s == 0.0
    inner = adjoined(u) @ da @ v
    even, odd = 0.5 * (inner + adjoined(inner)), 0.5 * (inner - adjoined(inner))
    kept = np.where(none, 0.0, shared(real(diagonal(inner)), labels))
    even = _quotients(s, adjoint, slopes, labels) * (even - _on_diagonal(kept))
    pairs = row(none) & column(none)
    sums = np.where(pairs, 1.0, row(s) + column(s))
    odd = np.where(pairs, column(slopes), (row(adjoint) + column(adjoint)) / sums) * odd
    ratios = row(np.where(none, slopes, adjoint / np.where(none, 1.0, s)))
    left, right = u @ inner, inner @ vh
    return conjugate(
        u @ (even + odd + _on_diagonal(change)) @ vh
        + ((da @ v - left) * ratios) @ vh
        + (u * ratios) @ (adjoined(u) @ da - right)
    )


register_rule(_from_eigenvalues, General(_along_eigenvectors))
register_rule(_from_singular_values, General(_along_singular_vectors))


class Spectral(General):
    """The rule of eigenvalues or singular values, alone or beside their vectors.

    Parameters
    ----------
    tangent
        As for General.
    back
        ``back(operand, values, adjoint, slopes, labels, **params)``: the adjoint of the matrix from
        that of its values, of which some may be equal.
    number
        Which of several results the values are.
    """

    def __init__(
        self, tangent: Callable[..., Any], back: Callable[..., Any], number: int = 0
    ) -> None:
        super().__init__(tangent)
        self.back = back
        self.number = number

    def tip(self, result: Any, *_: Any, **__: Any) -> bool:
        """Whether some of the values are equal: each alone has a tip there."""
        return any_equal(result[self.number] if isinstance(result, tuple) else result)

    def vjp(self, adjoint, result, operands, operation, wanted):
        values, part = result, adjoint
        if isinstance(adjoint, Parts) and set(adjoint) == {self.number}:
            values, part = result[self.number], adjoint[self.number]
        if not is_traced(values) or isinstance(part, Parts) or operation.params.get("hermitian"):
            return super().vjp(adjoint, result, operands, operation, wanted)
        labels = decide(values, groups)
        if _distinct(labels) and not decide(values, _has_zero):
            return super().vjp(adjoint, result, operands, operation, wanted)
        tape = tape_of(values)
        entry = reference_of(tape, values, True)
        if isinstance(adjoint, Parts):
            (entry,) = tape.parents(entry)

        def seeded(mask: np.ndarray) -> dict[int, Any]:
            return {entry: Parts({self.number: mask}) if isinstance(adjoint, Parts) else mask}

        slopes = _slopes(seeded, part, labels)
        params = {key: v for key, v in operation.params.items() if key == "UPLO"}
        found = self.back(operands[0], values, part, slopes, labels, **params)
        return [fit(found, operands[0])]


def back_from_eigenvalues(
    a: Any, w: Any, adjoint: Any, slopes: Any, labels: np.ndarray, UPLO: str = "L"
) -> Any:
    """The adjoint of a matrix from that of its eigenvalues, of which some may be equal."""
    h = hermitian(a, UPLO)
    whole = _from_eigenvalues(h, shared(adjoint, labels), slopes, labels=labels)
    return pull(lambda a: hermitian(a, UPLO), [a], whole, [True], beside=[h])[0]


def back_from_singular_values(a: Any, s: Any, adjoint: Any, slopes: Any, labels: np.ndarray) -> Any:
    """The adjoint of a matrix from that of its singular values, of which some may be equal."""
    adjoint = shared(np.where(s == 0.0, 0.0 * adjoint, adjoint), labels)
    return _from_singular_values(a, adjoint, slopes, labels=labels)
