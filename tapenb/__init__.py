"""tapenb: see the derivatives of a notebook cell of ordinary NumPy.

``%load_ext tapenb`` and ``%%tape`` on top of a cell show its graph, sliders and live derivatives.
The engine is here too, with TensorFlow's names (`GradientTape`, `Variable`, `constant`) and JAX's
(`grad`, `jacobian`, `hessian`, `jvp`, `vjp`, `hvp`, `stop_gradient`). Everything is imported when
it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from threading import RLock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .autodiff.faces.check_grads import check_grads
    from .autodiff.faces.custom import checkpoint, custom_gradient
    from .autodiff.faces.function import function
    from .autodiff.faces.functional import (
        derivative,
        grad,
        hessian,
        hvp,
        jacobian,
        jvp,
        kinks,
        not_finite,
        record,
        stop_gradient,
        value_and_grad,
        vjp,
    )
    from .autodiff.faces.gradient_tape import GradientTape
    from .autodiff.faces.implicit import implicit
    from .autodiff.faces.variable import Variable, constant
    from .autodiff.tape.operation import TapeError
    from .autodiff.tape.tape import Tape
    from .engines.as_jax import as_jax
    from .engines.as_torch import as_torch
    from .engines.exported import export
    from .engines.loading import load
    from .engines.to_jax import to_jax
    from .engines.vmap import vmap
    from .explored import explore

__version__ = "0.1.0"

_importing = RLock()

_HOME = {
    "GradientTape": "autodiff.faces.gradient_tape",
    "Tape": "autodiff.tape.tape",
    "TapeError": "autodiff.tape.operation",
    "Variable": "autodiff.faces.variable",
    "as_jax": "engines.as_jax",
    "as_torch": "engines.as_torch",
    "check_grads": "autodiff.faces.check_grads",
    "checkpoint": "autodiff.faces.custom",
    "constant": "autodiff.faces.variable",
    "custom_gradient": "autodiff.faces.custom",
    "derivative": "autodiff.faces.functional",
    "explore": "explored",
    "export": "engines.exported",
    "function": "autodiff.faces.function",
    "grad": "autodiff.faces.functional",
    "hessian": "autodiff.faces.functional",
    "hvp": "autodiff.faces.functional",
    "implicit": "autodiff.faces.implicit",
    "jacobian": "autodiff.faces.functional",
    "jvp": "autodiff.faces.functional",
    "kinks": "autodiff.faces.functional",
    "load": "engines.loading",
    "not_finite": "autodiff.faces.functional",
    "record": "autodiff.faces.functional",
    "stop_gradient": "autodiff.faces.functional",
    "to_jax": "engines.to_jax",
    "value_and_grad": "autodiff.faces.functional",
    "vjp": "autodiff.faces.functional",
    "vmap": "engines.vmap",
}

__all__ = [
    "GradientTape",
    "Tape",
    "TapeError",
    "Variable",
    "as_jax",
    "as_torch",
    "check_grads",
    "checkpoint",
    "constant",
    "custom_gradient",
    "derivative",
    "explore",
    "export",
    "function",
    "grad",
    "hessian",
    "hvp",
    "implicit",
    "jacobian",
    "jvp",
    "kinks",
    "load",
    "not_finite",
    "record",
    "stop_gradient",
    "to_jax",
    "value_and_grad",
    "vjp",
    "vmap",
]


def __getattr__(name: str) -> Any:
    if name in ("numpy", "scipy"):
        return import_module(f"{__name__}.{name}")
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # A thread that finds a package half imported by another one does not wait for the rest of it.
    with _importing:
        value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def load_ipython_extension(shell: Any) -> None:
    """Register ``%%tape`` and ``%tape``.

    Parameters
    ----------
    shell : InteractiveShell
        The notebook's.

    Examples
    --------
    ``%load_ext tapenb`` in a cell calls it.
    """
    from .magic import load

    load(shell)
