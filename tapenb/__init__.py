"""tapenb: see the derivatives of a notebook cell of ordinary NumPy.

``%load_ext tapenb`` and ``%%tape`` on top of a cell show its graph, sliders and live derivatives.
The engine is here too, with TensorFlow's names (`GradientTape`, `Variable`, `constant`) and JAX's
(`grad`, `jacobian`, `hessian`, `jvp`, `vjp`, `hvp`, `stop_gradient`). Everything is imported when
it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .autodiff.checks import check_grads
    from .autodiff.compiling import function
    from .autodiff.custom import checkpoint, custom_gradient
    from .autodiff.functional import (
        derivative,
        grad,
        hessian,
        hvp,
        jacobian,
        jvp,
        not_finite,
        record,
        stop_gradient,
        value_and_grad,
        vjp,
    )
    from .autodiff.gradient_tape import GradientTape
    from .autodiff.tape import Tape, TapeError
    from .autodiff.variable import Variable, constant

__version__ = "0.1.0"

_HOME = {
    "GradientTape": "gradient_tape",
    "Tape": "tape",
    "TapeError": "tape",
    "Variable": "variable",
    "check_grads": "checks",
    "checkpoint": "custom",
    "constant": "variable",
    "custom_gradient": "custom",
    "derivative": "functional",
    "function": "compiling",
    "grad": "functional",
    "hessian": "functional",
    "hvp": "functional",
    "jacobian": "functional",
    "jvp": "functional",
    "not_finite": "functional",
    "record": "functional",
    "stop_gradient": "functional",
    "value_and_grad": "functional",
    "vjp": "functional",
}

__all__ = [
    "GradientTape",
    "Tape",
    "TapeError",
    "Variable",
    "check_grads",
    "checkpoint",
    "constant",
    "custom_gradient",
    "derivative",
    "function",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "not_finite",
    "record",
    "stop_gradient",
    "value_and_grad",
    "vjp",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.autodiff.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def load_ipython_extension(shell: Any) -> None:
    """Register ``%%tape`` and ``%tape``: what ``%load_ext tapenb`` calls."""
    from .magic import load

    load(shell)
