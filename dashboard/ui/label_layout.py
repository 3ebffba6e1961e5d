"""Where values are written on the lines of a map; a value that would overlap another one is left
out.

Pure. Plotly lays a figure out in the browser, so widths are estimates for a window of half a
desktop.
"""

import math
import re
from typing import Any

from dashboard.ui.canvas import FONT, Canvas
from dashboard.ui.label_text import em

Note = dict[str, Any]
"""An annotation of Plotly's, which has no types."""
Box = tuple[float, float, float, float]
"""Centre, width and height in pixels."""

_PLOT = (430.0, 330.0)
"""Width and height of the plot in pixels, in a window of half a desktop."""
_LINE, TRIES = 22.0, 4
"""Height of a written value in pixels, and how many places on its line are tried for it."""

_HEAD, _BOLD = 8.0, 1.06
"""Pixels that an arrow's head takes beyond its line; how much wider bold words are."""
_TAGS = re.compile(r"<[^>]+>")


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
    """Whether a value, or an arrow, overlaps nothing that is written already."""
    there = [a for a in canvas.drawing.layout["annotations"] if a["text"]] + others
    one = _box(canvas, note)
    return not any(overlap(one, _box(canvas, other)) for other in there)


def _box(canvas: Canvas, note: Note) -> Box:
    """Of the words, or of an arrow about its place."""
    spans = [canvas.drawing.layout[f"{axis}axis"]["range"] for axis in "xy"]
    across, down = (
        pixels / (end - start) for pixels, (start, end) in zip(_PLOT, spans, strict=True)
    )
    x, y = note["x"] * across, note["y"] * down
    tail_x, tail_y = note.get("ax") or 0.0, note.get("ay") or 0.0
    if not note["text"]:
        return x, y, abs(tail_x) + _HEAD, abs(tail_y) + _HEAD
    wide = _width(note)
    shift = {"left": wide / 2, "right": -wide / 2}.get(note.get("xanchor") or "", 0.0)
    return x + tail_x + shift, y - tail_y, wide, _LINE


def overlap(one: Box, other: Box) -> bool:
    """Whether two boxes have a place in common."""
    return (
        abs(one[0] - other[0]) <= (one[2] + other[2]) / 2
        and abs(one[1] - other[1]) <= (one[3] + other[3]) / 2
    )


def _width(note: Note) -> float:
    """Width of words in pixels."""
    bold = _BOLD if "<b>" in note["text"] else 1.0
    return bold * em(_TAGS.sub("", note["text"])) * note["font"]["size"] + 6


def add(canvas: Canvas, notes: list[Note]) -> None:
    for note in notes:
        canvas.drawing.add_annotation(**note)
