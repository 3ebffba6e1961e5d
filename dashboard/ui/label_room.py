"""Where a label with a leader stands so that it hides least of what a chart has drawn.

Pure. Plotly lays a figure out in the browser, so widths are estimates for the size of plot that is
given. Whatever must not be hidden is drawn first; labels are put on the chart one after another.
"""

import itertools
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from dashboard.ui.canvas import FONT, Canvas
from dashboard.ui.label_layout import Box, overlap
from dashboard.ui.label_text import em
from engine.interval import FloatArray

Size = tuple[float, float]

_BOLD, _LEADING, _PAD = 1.06, 1.35, 4.0
_EVERY = 5.0
"""Pixels between the points by which a line is known."""
_AWAY = (44, 76, 108, 140)
"""Pixels from a point to the middle of its label, the nearest first."""
_MARK, _CLASH = 20, 1000
"""What hiding a mark, and standing on another label or outside the plot, weigh in points."""
_TAGS = re.compile(r"<[^>]+>")


def label(
    canvas: Canvas,
    x: float,
    y: float,
    text: str,
    colour: str,
    *,
    plot: Size,
    below: bool = False,
    strong: bool = True,
) -> None:
    """Put ``text`` where it hides least of lines, marks and labels; where all is equal, near its
    point, above it or ``below``. Both axes must have their ranges."""
    at = _pixels(canvas, np.array([x]), np.array([y]), plot)[0]
    size = _size(text, strong)
    drawn, marks = _drawn(canvas, plot), _marks(canvas, plot)
    labels = list(_labels(canvas, plot))

    def hidden(place: tuple[int, str]) -> float:
        box = _box((float(at[0]), float(at[1])), size, *place)
        clashes = sum(overlap(box, other) for other in labels) + _outside(box, plot)
        return _CLASH * clashes + _MARK * _within(marks, box) + _within(drawn, box)

    signs = (1, -1) if below else (-1, 1)
    first = canvas.inward(x)
    anchors = [first, *(one for one in ("center", "left", "right") if one != first)]
    places = [(sign * away, anchor) for away in _AWAY for sign in signs for anchor in anchors]
    ay, anchor = min(places, key=hidden)
    canvas.label(x, y, text, colour, ay=ay, xanchor=anchor, strong=strong)


def _size(text: str, strong: bool) -> Size:
    lines = [_TAGS.sub("", line) for line in text.split("<br>")]
    wide = max(map(em, lines)) * (FONT + 1) * (_BOLD if strong else 1.0)
    return wide + 2 * _PAD, len(lines) * (FONT + 1) * _LEADING + _PAD


def _box(at: tuple[float, float], size: Size, ay: float, anchor: str, ax: float = 0.0) -> Box:
    (x, y), (wide, high) = at, size
    shift = {"left": wide / 2, "right": -wide / 2}.get(anchor, 0.0)
    return x + ax + shift, y - ay, wide, high


def _outside(box: Box, plot: Size) -> bool:
    x, y, wide, high = box
    return not (wide / 2 <= x <= plot[0] - wide / 2 and high / 2 <= y <= plot[1] - high / 2)


def _within(points: FloatArray, box: Box) -> int:
    x, y, wide, high = box
    inside = (abs(points[:, 0] - x) < wide / 2) & (abs(points[:, 1] - y) < high / 2)
    return int(inside.sum())


def _pixels(canvas: Canvas, x: FloatArray, y: FloatArray, plot: Size) -> FloatArray:
    """Places on the plot from its lower left corner: (n, 2); what is no number is left out."""
    columns = []
    for name, values, length in (("x", x, plot[0]), ("y", y, plot[1])):
        axis = canvas.drawing.layout[f"{name}axis"]
        start, end = axis["range"]
        with np.errstate(divide="ignore", invalid="ignore"):
            scaled = np.log10(values) if axis.get("type") == "log" else values
        columns.append((scaled - start) / (end - start) * length)
    found = np.column_stack(columns)
    return found[np.isfinite(found).all(axis=1)]


def _traces(canvas: Canvas, mode: str) -> Iterator[Mapping[str, Any]]:
    """Lines or markers; an area that is filled lies under all labels."""
    for trace in canvas.drawing.data:
        if trace.get("mode") == mode and not trace.get("fill"):
            yield trace


def _ends(trace: Mapping[str, Any]) -> tuple[FloatArray, FloatArray]:
    return np.asarray(trace["x"], float), np.asarray(trace["y"], float)


def _drawn(canvas: Canvas, plot: Size) -> FloatArray:
    """Points along all lines, so many pixels apart."""
    found = [np.empty((0, 2))]
    for trace in _traces(canvas, "lines"):
        corners = _pixels(canvas, *_ends(trace), plot)
        for one, other in itertools.pairwise(corners):
            count = max(2, math.ceil(float(np.hypot(*(other - one))) / _EVERY))
            found.append(np.linspace(one, other, min(count, 1000), endpoint=False))
    return np.concatenate(found)


def _marks(canvas: Canvas, plot: Size) -> FloatArray:
    found = [_pixels(canvas, *_ends(trace), plot) for trace in _traces(canvas, "markers")]
    return np.concatenate([np.empty((0, 2)), *found])


def _labels(canvas: Canvas, plot: Size) -> Iterator[Box]:
    """Boxes of the labels that stand already."""
    layout = canvas.drawing.layout
    for note in layout.get("annotations", ()):
        places = []
        for name, length in zip("xy", plot, strict=True):
            start, end = layout[f"{name}axis"]["range"]
            places.append((note[name] - start) / (end - start) * length)
        size = _size(note["text"], note["text"].startswith("<b>"))
        yield _box(
            (places[0], places[1]),
            size,
            note.get("ay", 0),
            note.get("xanchor", ""),
            note.get("ax", 0),
        )
