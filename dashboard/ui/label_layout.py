"""Where values are written on the lines of a map; a value that would overlap another one is left
out.

Pure. Plotly lays a figure out in the browser, so widths are estimates for a window of half a
desktop.
"""

import math
from typing import Any

from dashboard.ui.canvas import FONT, Canvas
from engine.api.reports import em

Note = dict[str, Any]
"""An annotation of Plotly's, which has no types."""

_PLOT = (560.0, 330.0)
"""Width and height of the plot in pixels, in a window of half a desktop."""
_LINE, TRIES = 22.0, 4
"""Height of a written value in pixels, and how many places on its line are tried for it."""


def value(canvas: Canvas, x: float, y: float, text: str, colour: str) -> Note:
    """A value on a line, as an annotation."""
    return {
        "x": math.log10(x),
        "y": math.log10(y),
        "text": text,
        "showarrow": False,
        "font": {"size": FONT - 2, "color": colour},
        "bgcolor": canvas.colours.faint(canvas.colours.paper, 0.75),
        "borderpad": 1,
    }


def is_free(canvas: Canvas, note: Note, others: list[Note]) -> bool:
    """Whether a value overlaps none of those that are written already."""
    there = [a for a in canvas.drawing.layout["annotations"] if a["text"]] + others
    spans = [canvas.drawing.layout[f"{axis}axis"]["range"] for axis in "xy"]
    across, down = (
        pixels / (end - start) for pixels, (start, end) in zip(_PLOT, spans, strict=True)
    )
    return all(
        abs(note["x"] - other["x"]) * across > (_width(note) + _width(other)) / 2
        or abs(note["y"] - other["y"]) * down > _LINE
        for other in there
    )


def _width(note: Note) -> float:
    """Width of a value in pixels."""
    return em(note["text"]) * note["font"]["size"] + 6


def add(canvas: Canvas, notes: list[Note]) -> None:
    for note in notes:
        canvas.drawing.add_annotation(**note)
