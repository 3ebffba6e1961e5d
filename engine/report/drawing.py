"""A figure as strokes, areas, dots and words on a plane, the same for page and print.

Coordinates are in the unit of ``width`` and ``height``, with y downwards. Colours are ``#RRGGBB``
or a role that the medium fills in: ink, quiet, grid, paper. Text widths are estimates
(:mod:`engine.report.measure`), so words get some room.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

from engine.report.deck import Band, Bars, Figure, Line, Lines, Mark
from engine.report.measure import em, wrap
from engine.report.scales import Scale, log_scale, straight_scale

INK, QUIET, GRID, PAPER = "ink", "quiet", "grid", "paper"
_BAR = 0.62
"""Share of a row that its bar fills."""
_NAMES = 0.36
"""Most of the width that names may take."""


@dataclass(frozen=True, kw_only=True)
class Stroke:
    points: tuple[tuple[float, float], ...]
    colour: str
    width: float
    dashed: bool = False
    dotted: bool = False


@dataclass(frozen=True, kw_only=True)
class Area:
    points: tuple[tuple[float, float], ...]
    colour: str
    opacity: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Dot:
    x: float
    y: float
    radius: float
    colour: str


@dataclass(frozen=True, kw_only=True)
class Label:
    """Text whose baseline starts, is centred or ends at (x, y)."""

    x: float
    y: float
    text: str
    size: float
    colour: str
    anchor: str = "start"
    bold: bool = False


Primitive = Stroke | Area | Dot | Label


def drawn(figure: Figure, width: float, height: float, size: float) -> list[Primitive]:
    """Everything to draw, in order; ``size`` is that of the type."""
    if isinstance(figure, Bars):
        return _bars(figure, width, height, size)
    return _lines(figure, width, height, size)


def natural_height(figure: Figure, size: float) -> float:
    """More than this would only make bars clumsy; curves take all they get."""
    if isinstance(figure, Bars):
        return (4.6 * len(figure.bars) + 2.9) * size
    return math.inf


def _bars(figure: Bars, width: float, height: float, size: float) -> list[Primitive]:
    names = [wrap(bar.name, _NAMES * width / size) for bar in figure.bars]
    left = max(em(line) for lines in names for line in lines) * size + 0.8 * size
    right = width - max(em(bar.text) for bar in figure.bars) * size - 1.2 * size
    bottom = height - 2.9 * size
    ends = [end for bar in figure.bars for end in (bar.start, bar.end)]
    scale = straight_scale(min(0.0, *ends), max(0.0, *ends), left, right, ticks=4)
    row = bottom / len(figure.bars)
    shapes = _vertical_grid(scale, 0.0, bottom, size)
    shapes.append(
        Label(
            x=(left + right) / 2,
            y=height - 0.4 * size,
            text=figure.unit,
            size=size,
            colour=QUIET,
            anchor="middle",
        )
    )
    for place, (bar, lines) in enumerate(zip(figure.bars, names, strict=True)):
        middle, half = (place + 0.5) * row, _BAR * row / 2
        low, high = sorted((scale.at(bar.start), scale.at(bar.end)))
        high = max(high, low + 1.0)  # What is tiny still shows.
        shapes.append(Area(points=_box(low, middle - half, high, middle + half), colour=bar.colour))
        first = middle + 0.35 * size - 0.6 * size * (len(lines) - 1)
        shapes += [
            Label(
                x=left - 0.6 * size,
                y=first + 1.2 * size * n,
                text=line,
                size=size,
                colour=INK,
                anchor="end",
            )
            for n, line in enumerate(lines)
        ]
        at = max(high, scale.at(0.0))
        shapes.append(
            Label(
                x=at + 0.45 * size,
                y=middle + 0.35 * size,
                text=bar.text,
                size=size,
                colour=INK,
                bold=True,
            )
        )
    zero = scale.at(0.0)
    shapes.append(Stroke(points=((zero, 0.0), (zero, bottom)), colour=QUIET, width=0.08 * size))
    return shapes


def _lines(figure: Lines, width: float, height: float, size: float) -> list[Primitive]:
    low, high = figure.shown
    legend, used = _legend(figure, width, size)
    top, bottom = used + 1.9 * size, height - 3.1 * size
    upright = straight_scale(low, high, bottom, top, ticks=5, tight=True)
    left = max(em(text) for _, text in upright.ticks) * size + 0.8 * size
    right = width - 1.5 * size
    make = log_scale if figure.log_x else straight_scale
    along = make(min(figure.x), max(figure.x), left, right, ticks=7, tight=True)
    shapes: list[Primitive] = [*legend, *_vertical_grid(along, top, bottom, size)]
    for y, text in upright.ticks:
        at = upright.at(y)
        shapes.append(Stroke(points=((left, at), (right, at)), colour=GRID, width=0.06 * size))
        shapes.append(
            Label(
                x=left - 0.5 * size,
                y=at + 0.35 * size,
                text=text,
                size=size,
                colour=QUIET,
                anchor="end",
            )
        )
    shapes.append(Label(x=0.0, y=used + 0.9 * size, text=figure.y_title, size=size, colour=QUIET))
    shapes.append(
        Label(
            x=(left + right) / 2,
            y=height - 0.4 * size,
            text=figure.x_title,
            size=size,
            colour=QUIET,
            anchor="middle",
        )
    )
    if low < 0 < high:
        zero = upright.at(0.0)
        shapes.append(Stroke(points=((left, zero), (right, zero)), colour=QUIET, width=0.1 * size))
    band = figure.band
    edge = [(along.at(x), _clamped(upright, y, low, high)) for x, y in _finite(figure.x, band.high)]
    back = [(along.at(x), _clamped(upright, y, low, high)) for x, y in _finite(figure.x, band.low)]
    shapes.append(Area(points=(*edge, *reversed(back)), colour=band.colour, opacity=0.2))
    for side in (edge, back):  # Seen also where a hue at 20 % is not: in grey print.
        shapes.append(
            Stroke(points=tuple(side), colour=band.colour, width=0.07 * size, dotted=True)
        )
    for line in figure.lines:
        for piece in _inside(_finite(figure.x, line.y), low, high):
            points = tuple((along.at(x), upright.at(y)) for x, y in piece)
            shapes.append(_stroke(line, points, size))
    for mark in figure.marks:
        shapes += _marked(mark, along.at(mark.x), upright.at(mark.y), (left, right), size)
    return shapes


def _legend(figure: Lines, width: float, size: float) -> tuple[list[Primitive], float]:
    """Swatches with names in rows, and the height they take."""
    shapes: list[Primitive] = []
    x, y = 0.0, 0.8 * size
    entries: list[Line | Band] = [*figure.lines, figure.band]
    for entry in entries:
        needed = (em(entry.name) + 3.6) * size
        if x and x + needed > width:
            x, y = 0.0, y + 1.5 * size
        if isinstance(entry, Band):
            box = _box(x, y - 0.6 * size, x + 1.8 * size, y + 0.2 * size)
            shapes.append(Area(points=box, colour=entry.colour, opacity=0.2))
        else:
            ends = ((x, y - 0.3 * size), (x + 1.8 * size, y - 0.3 * size))
            shapes.append(_stroke(entry, ends, size))
        shapes.append(Label(x=x + 2.2 * size, y=y, text=entry.name, size=size, colour=INK))
        x += needed
    return shapes, y + 0.5 * size


def _stroke(line: Line, points: tuple[tuple[float, float], ...], size: float) -> Stroke:
    """``points`` in the looks of ``line``."""
    return Stroke(
        points=points,
        colour=line.colour,
        dashed=line.dashed,
        dotted=line.dotted,
        width=line.width * size / 16,
    )


def _marked(
    mark: Mark, x: float, y: float, sides: tuple[float, float], size: float
) -> list[Primitive]:
    """A dot with its word on a veil, inward of both sides."""
    place = (x - sides[0]) / (sides[1] - sides[0])
    anchor = "start" if place < 0.3 else "end" if place > 0.7 else "middle"
    base = y - 1.1 * size if mark.above else y + 1.9 * size
    long = em(mark.text) * size * 1.04
    start = {"start": x, "middle": x - long / 2, "end": x - long}[anchor]
    veil = _box(start - 0.2 * size, base - size, start + long + 0.2 * size, base + 0.35 * size)
    return [
        Area(points=veil, colour=PAPER, opacity=0.8),
        Dot(x=x, y=y, radius=0.45 * size, colour=mark.colour),
        Label(x=x, y=base, text=mark.text, size=size, colour=INK, anchor=anchor, bold=True),
    ]


def _vertical_grid(scale: Scale, top: float, bottom: float, size: float) -> list[Primitive]:
    """Lines with their values under them; a value that would touch the one before is left out."""
    shapes: list[Primitive] = []
    used = -math.inf
    for value, text in scale.ticks:
        x, half = scale.at(value), em(text) * size / 2
        shapes.append(Stroke(points=((x, top), (x, bottom)), colour=GRID, width=0.06 * size))
        if x - half < used:
            continue
        used = x + half + 0.4 * size
        shapes.append(
            Label(x=x, y=bottom + 1.2 * size, text=text, size=size, colour=QUIET, anchor="middle")
        )
    return shapes


def _box(left: float, top: float, right: float, bottom: float) -> tuple[tuple[float, float], ...]:
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def _finite(x: tuple[float, ...], y: tuple[float, ...]) -> list[tuple[float, float]]:
    return [(a, b) for a, b in zip(x, y, strict=True) if math.isfinite(b)]


def _clamped(scale: Scale, y: float, low: float, high: float) -> float:
    return scale.at(min(max(y, low), high))


def _inside(
    points: list[tuple[float, float]], low: float, high: float
) -> list[list[tuple[float, float]]]:
    """The pieces of a curve inside the range, cut where it leaves."""
    pieces: list[list[tuple[float, float]]] = []
    for (x0, y0), (x1, y1) in pairwise(points):
        if max(y0, y1) < low or min(y0, y1) > high:
            continue
        ends = [_cut(x0, y0, x1, y1, low, high), _cut(x1, y1, x0, y0, low, high)]
        if pieces and pieces[-1][-1] == ends[0]:
            pieces[-1].append(ends[1])
        else:
            pieces.append(ends)
    return pieces


def _cut(x: float, y: float, x1: float, y1: float, low: float, high: float) -> tuple[float, float]:
    """(x, y), or where the way to (x1, y1) enters the range."""
    if low <= y <= high:
        return x, y
    edge = low if y < low else high
    return x + (x1 - x) * (edge - y) / (y1 - y), edge
