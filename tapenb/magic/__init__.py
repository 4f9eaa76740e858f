"""``%%tape`` and ``%tape``: what ``%load_ext tapenb`` gives a notebook."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from IPython.core.magic import Magics, cell_magic, line_magic, magics_class

from ..recording.idle import Idle
from ..views.layout import warm_up

if TYPE_CHECKING:
    from .session import Session

__all__ = ["TapeMagics", "load"]


@magics_class
class TapeMagics(Magics):
    """The magics, and the panels that belong to the cells of this notebook."""

    def __init__(self, shell: Any) -> None:
        super().__init__(shell)
        self._idle = Idle.of(shell)

    @cell_magic
    def tape(self, line: str, cell: str) -> None:
        """Record this cell, and show its graph, sliders and derivatives.

        Inputs are the numbers that the cell names: a number given at top level (``x = 2.0``), and
        numbers, short lists and arrays of floats of the notebook that the cell reads. The output is
        the last expression, or else the name that was assigned last.

        ::

            %%tape                        everything as described
            %%tape x y                    only x and y are inputs
            %%tape x=2.0 y=(0, 10)        x has this value; the slider of y runs from 0 to 10
            %%tape y=(0, 10, 0.5)         ... in steps of 0.5
            %%tape --of w                 w is the output
            %%tape --order 1              no second derivatives (0: values only)
            %%tape --mode forward         tangents in place of adjoints
            %%tape --table                also the trace table
            %%tape --no-graph --no-plot   without the graph, without the plot
            %%tape --static               text and picture only, no sliders
            %%tape --live                 keep what moves it without a kernel, however large
            %%tape --play mine            play the sweep yourself: the list ``mine`` says what is
                                          handed along each edge; the graph has blanks for the
                                          others, and the next one is asked for
            %%tape --memory 90%           a long recording may take so much of the free memory
            %%tape -o t                   bind the recording: t.value, t.gradient["x"],
                                          t.hessian["x", "y"], t.tape, t.panel, t(x=3.0)

        What a cell computes is bit for bit what it computes without ``%%tape``. Not kept are the
        compensated ``sum`` of floats of Python 3.12 and later, traced floats as keys of a cache or
        beside equal ones, arrays of objects, and what asks C code for the exact type of a traced
        value (``float.hex(x)``; ``type(x) is float`` and ``isinstance`` hold).
        """
        self._session.tape(line, cell, expression=False)

    @line_magic("tape")
    def tape_line(self, line: str) -> None:
        """Record one expression of names that the notebook has: ``%tape x**3 + y``.

        Options come first: ``%tape --order 1 x**3 + y``.
        """
        self._session.tape(line, "", expression=True)

    @cached_property
    def _session(self) -> Session:
        # The engine is imported when the first cell is recorded.
        from .session import Session

        return Session(self.shell, self._idle)


def load(shell: Any) -> None:
    """Register the magics and warm up the layout engine.

    Parameters
    ----------
    shell : InteractiveShell
    """
    if "tape" in shell.magics_manager.magics["cell"]:
        return
    shell.register_magics(TapeMagics(shell))
    warm_up()
