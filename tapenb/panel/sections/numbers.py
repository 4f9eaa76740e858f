"""The numbers of a point: the readout, the second derivatives, the notes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...recording.point import Point
from ...recording.readout import mixed, notes, panel_matrix, rows
from ...views.numbers import drawn
from .section import Section


class Readout(Section):
    """The value and the first derivatives."""

    name = "rows"

    def at(self, point: Point, look: Mapping[str, Any]) -> list[list[str]]:
        """The name and the number of each row."""
        return [[row.name, drawn(row.text)] for row in rows(point)]


class Matrix(Section):
    """The second derivatives."""

    name = "matrix"

    def at(self, point: Point, look: Mapping[str, Any]) -> dict[str, Any] | None:
        """Their names, and the numbers row by row."""
        second, _ = panel_matrix(point, len(self.subject.sliders))
        if second is None:
            return None
        cells = [list(map(drawn, row)) for row in second.cells]
        return {"names": second.names, "cells": cells, "alone": _alone(point, second.names)}


def _alone(point: Point, names: list[str]) -> str:
    """What the second derivative is called where there is one only, which needs no table."""
    return mixed(point, names[0], names[0]) if len(names) == 1 else ""


class Notes(Section):
    """What else there is to say."""

    name = "notes"

    def at(self, point: Point, look: Mapping[str, Any]) -> list[str]:
        """A sentence each."""
        return notes(point)
