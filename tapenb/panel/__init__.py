"""The live panel: sliders, numbers, graph and plot in one widget."""

from .live import Panel
from .picture import Static, static

__all__ = ["Panel", "Static", "static"]
