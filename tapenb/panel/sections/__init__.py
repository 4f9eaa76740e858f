"""The sections of the panel: each a class here, a module and a style sheet in the browser."""

from .check import Check
from .compare import Compare
from .listing import Listing
from .numbers import Matrix, Notes, Readout
from .orders import Orders
from .output import Output
from .plot import Plot
from .section import Section, Subject
from .surface import Surface
from .trace import Trace
from .vector import Vector

__all__ = [
    "SECTIONS",
    "Check",
    "Compare",
    "Listing",
    "Orders",
    "Output",
    "Plot",
    "Section",
    "Subject",
    "Surface",
    "Trace",
    "Vector",
]

SECTIONS: dict[str, type[Section]] = {
    each.name: each
    for each in (
        Output,
        Readout,
        Matrix,
        Notes,
        Vector,
        Plot,
        Surface,
        Orders,
        Trace,
        Listing,
        Check,
        Compare,
    )
}
"""By the key of what each one sends."""
