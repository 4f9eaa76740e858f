"""``numpy.ma``: masked arrays of traced values are refused, with the way around them."""

from __future__ import annotations

import sys
from typing import Any

from ..tracing.apply import refuse
from ..tracing.stand_in import StandIn
from ..tracing.structures import any_active

__all__ = ["register"]


class _Refusing(StandIn):
    """A function or class of NumPy's for masked arrays, as it is while something records."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if any_active([args, kwargs]):
            why = (
                "a masked array keeps its numbers where the tape does not see them. Use x[~mask], "
                "or np.where(mask, 0.0, x)"
            )
            refuse(f"np.ma.{self._real.__name__} of a traced value is", sys._getframe(1), why)
        return self._real(*args, **kwargs)


def register() -> tuple[dict[Any, Any], dict[Any, Any], dict[Any, Any]]:
    """Twins by name, and nothing else."""
    module = sys.modules["numpy.ma"]
    named = {name: getattr(module, name) for name in module.__all__}
    twins = {
        name: _Refusing(value)
        for name, value in named.items()
        if callable(value)
        and hasattr(value, "__name__")
        and value.__module__.startswith("numpy.ma")
    }
    return twins, {}, {}
