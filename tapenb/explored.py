"""The public name of the panel for functions; what it needs is imported when it is called."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .recording.recording import Recording


# Long: most of it is the documentation, and the arguments are those of a cell's line.
def explore(
    f: Callable[..., Any],
    /,
    *in_order: Any,
    order: int = 2,
    mode: str = "reverse",
    graph: bool = True,
    plot: bool = True,
    table: bool = False,
    **arguments: Any,
) -> Recording:
    """Show the panel of ``%%tape`` for a function: sliders, graph, curve and live derivatives.

    The arguments are those of ipywidgets' ``interact``: a number is where its slider begins,
    ``(0, 10)`` is a range and ``(0, 10, 0.5)`` one with a step, both from their middle, ``True`` is
    a switch, and a list of texts or of functions, ``[np.sin, np.tanh]``, is a choice. An array, or
    a list of numbers, has a slider for each of up to eight elements. A parameter of the function
    that is left out takes its default in the same way. Anything else, and what is wrapped in
    ``ipywidgets.fixed``, is handed on as it is.

    Parameters
    ----------
    f : callable
        Takes numbers or arrays, returns a number or an array. It is called anew where a
        slider makes it take another way; then it may not change anything outside of itself.
    *in_order : number, tuple, bool, list, array_like or object
        In the order of the function's parameters.
    order : {0, 1, 2}, optional
        The highest derivative.
    mode : {"reverse", "forward"}, optional
    graph, plot, table : bool, optional
        Whether to show the graph, the curve along one slider, and the trace table.
    **arguments : number, tuple, bool, list, array_like or object
        By the names of the function's parameters.

    Returns
    -------
    Recording
        As ``t`` of ``%%tape -o t``: ``t.value``, ``t.gradient["x"]``, ``t.hessian["x", "y"]``,
        ``t.tape``, ``t.panel``, ``t(x=3.0)``; and ``t.save("panel.svg")``, which a script can do.

    Raises
    ------
    TypeError
        Where the function needs an argument that is not given, or takes none of that name.
    ValueError
        For a range that is none.
    TapeError
        Where the output does not depend on any input, or the tape cannot follow the function.
    ModuleNotFoundError
        Without anywidget, which the panel is made with.

    Examples
    --------
    >>> import numpy as np
    >>> import tapenb as tn
    >>> def f(x, y):
    ...     return np.log(x) + x * y - np.sin(y)
    >>> t = tn.explore(f, x=2.0, y=(0, 10))
    >>> float(t.gradient["x"])
    5.5
    >>> t.panel.sliders["y"]
    <slider y: value=5.0, min=0.0, max=10.0, step=0.1>

    The same in the order of its parameters:

    >>> bool(tn.explore(f, 2.0, (0, 10)).value == t.value)
    True
    """
    try:
        from .panel.explore import explored
    except ModuleNotFoundError as error:
        message = f"tapenb.explore needs {error.name}: python -m pip install {error.name}"
        raise ModuleNotFoundError(message, name=error.name) from error
    shown = {"graph": graph, "plot": plot, "table": table}
    return explored(f, in_order, arguments, order=order, mode=mode, **shown)
