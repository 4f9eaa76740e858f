"""``tn.as_torch``: a NumPy function as one operation of PyTorch's, with its derivatives."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ..autodiff.tracing.structures import flatten, rebuild, refilled
from ..autodiff.twins.substitution import call as called
from .pulled import Flat, pulled


def as_torch(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function of NumPy's as one operation of PyTorch's, which calls it on the CPU.

    ``backward()`` and ``torch.autograd.grad`` ask this library for its derivatives, to any order
    (``create_graph=True``). Any function that can be differentiated here will do.

    Parameters
    ----------
    f : callable
        Takes and returns numbers, arrays, and nested containers of them.

    Returns
    -------
    callable
        Takes tensors in the place of arrays, and returns tensors, on the device of the first one.
        What is no tensor is handed on as it is.

    Raises
    ------
    ImportError
        Where there is no PyTorch.

    Examples
    --------
    >>> import numpy as np
    >>> import tapenb as tn
    >>> f = tn.as_torch(lambda x: np.sum(np.sin(x)))  # doctest: +SKIP
    >>> x = torch.tensor([0.0, 1.0], dtype=torch.float64, requires_grad=True)  # doctest: +SKIP
    >>> f(x).backward(); x.grad  # doctest: +SKIP
    tensor([1.0000, 0.5403], dtype=torch.float64)
    """
    import torch

    def is_tensor(leaf: Any) -> bool:
        return isinstance(leaf, torch.Tensor)

    @functools.wraps(f)
    def call(*args: Any) -> Any:
        tensors = [leaf for leaf in flatten(args) if is_tensor(leaf)]
        structure: list[Any] = []

        def flat(*leaves: Any) -> tuple[Any, ...]:
            value = called(f, *refilled(args, leaves, is_tensor, called))
            structure[:] = [value]
            return tuple(flatten(value))

        found = _operation().apply(flat, *tensors)
        return rebuild(structure[0], iter(found))

    return call


@functools.cache
def _operation() -> Any:
    """PyTorch's hook: an operation whose backward pass is another one, and so on."""
    import torch

    def tensor(value: Any, like: Any) -> Any:
        # Of memory of its own: the array may be a view, or read-only.
        return torch.from_numpy(np.array(value)).to(like.device if like is not None else "cpu")

    class Operation(torch.autograd.Function):
        @staticmethod
        def forward(context: Any, function: Flat, *leaves: Any) -> Any:
            context.save_for_backward(*leaves)
            context.function = function
            found = function(*(leaf.detach().cpu().numpy().copy()[()] for leaf in leaves))
            results = tuple(tensor(each, leaves[0] if leaves else None) for each in found)
            context.counted = [each.is_floating_point() or each.is_complex() for each in results]
            flat = [each for each, c in zip(results, context.counted, strict=True) if not c]
            context.mark_non_differentiable(*flat)
            return results

        @staticmethod
        def backward(context: Any, *adjoints: Any) -> Any:
            leaves, counted, function = context.saved_tensors, context.counted, context.function
            moves = [leaf.is_floating_point() or leaf.is_complex() for leaf in leaves]
            kept = [each for each, c in zip(adjoints, counted, strict=True) if c]

            def inexact(*own: Any) -> tuple[Any, ...]:
                return tuple(r for r, c in zip(function(*own), counted, strict=True) if c)

            found = iter(Operation.apply(pulled(inexact, moves), *leaves, *kept))
            pairs = zip(leaves, moves, strict=True)
            return None, *(next(found).to(leaf.dtype) if m else None for leaf, m in pairs)

    return Operation
