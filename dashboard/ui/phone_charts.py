"""Charts for a phone: the same figure with smaller type, words broken into lines, overlapping
values left out.

Pure. Plotly lays a figure out in the browser, where nothing of ours runs, so it is drawn for the
width of common phones: positions and widths of words are estimates
(:mod:`dashboard.ui.label_text`).
Whether someone uses a phone is what the browser says of itself, before it has told its width
(:mod:`dashboard.ui.window`).

>>> is_phone("Mozilla/5.0 (Linux; Android 15; K) AppleWebKit/537.36 Chrome/140 Mobile Safari")
True
"""

import copy
import math
import re

import plotly.graph_objects as go

from dashboard.ui.label_layout import Box, overlap
from dashboard.ui.label_text import em, wrap

WIDTH = 330
"""Pixels for a figure on the narrowest phones in common use (360 wide)."""
_TYPE, _SMALL = 12, 11
_NAMES = 8.5
"""Most em of a bar's name in one line."""
_TICKS = 5
_ENTRY = 19
"""Pixels of height for a line of the legend."""
_BESIDE_BARS, _ALONE = 0.36, 0.55
"""Most of the plot's width that a line of words takes."""
_LEADING, _BETWEEN, _AROUND = 1.3, 4, 130
"""Lines over each other, pixels between two names, and over and under the bars."""
_HEAD = 12
"""Pixels around an arrow for its head."""
_SIDE = 40
"""Pixels beside the plot where an axis carries numbers."""
_SPARE = 1.06
"""Widths of words are estimates: what a line is given over its own."""
_TAGS = re.compile(r"<[^>]+>")


def is_phone(agent: str | None) -> bool:
    """Whether a User-Agent header is a phone's: they all say "Mobi" (MDN's advice)."""
    return "Mobi" in (agent or "")


def narrowed(figure: go.Figure, height: int) -> tuple[go.Figure, int]:
    """A copy of the figure for a phone, and its height in pixels."""
    figure = copy.deepcopy(figure)
    layout = figure.layout
    layout.font.size = _TYPE
    layout.margin.update(l=4, r=8)
    layout.legend.font.size = _TYPE
    _axes(figure)
    _colour_bars(figure)
    names, plot = _categories(figure), WIDTH - _names(figure)
    height = max(height, _height_of(names))
    notes = [copy.deepcopy(note) for note in layout.annotations]
    for note in notes:
        _smaller(note)
        usual = (_BESIDE_BARS if names else _ALONE) * plot
        note.text = _broken(note, max(usual, _beside(note, figure, plot)))
        note.align = note.xanchor if note.xanchor in ("left", "right") else None
    layout.annotations = _apart(figure, notes, plot, height)
    _room(figure, plot)
    entries = sum(trace.showlegend is not False and bool(trace.name) for trace in figure.data)
    return figure, height + (_ENTRY * entries if layout.showlegend is not False else 0)


def _axes(figure: go.Figure) -> None:
    along = list(figure.select_xaxes())
    for place, axis in enumerate(along):
        axis.update(tickfont_size=_SMALL, title_font_size=_TYPE, tickangle=0)
        if len(along) > 1 and place % 3 != 1:  # One title for the columns of a grid.
            axis.title.text = None
        if axis.tickvals is not None:
            _thin(axis, _TICKS if len(along) == 1 else _TICKS // 2)
    for axis in figure.select_yaxes():
        axis.update(tickfont_size=_SMALL, title_font_size=_TYPE)
    if names := _categories(figure):
        lines = ["<br>".join(wrap(name, _NAMES)) for name in names]
        figure.update_yaxes(tickmode="array", tickvals=names, ticktext=lines)


def _thin(axis: go.layout.XAxis | go.contour.ColorBar, most: float) -> None:
    """Keep every second tick, or every third, and so on, until there are few enough."""
    step = max(1, math.ceil(len(axis.tickvals) / max(most, 1)))
    texts = axis.ticktext or axis.tickvals
    axis.update(tickvals=list(axis.tickvals)[::step], ticktext=list(texts)[::step])


def _categories(figure: go.Figure) -> list[str]:
    """Names of horizontal bars, each once."""
    names: dict[str, None] = {}
    for trace in figure.data:
        if trace.type == "bar" and trace.y is not None:
            names |= {name: None for name in trace.y if isinstance(name, str)}
    return list(names)


def _names(figure: go.Figure) -> float:
    """Pixels that names or numbers take beside the plot."""
    if figure.layout.yaxis.visible is False:
        return 0.0
    names = _categories(figure)
    lines = [em(line) for name in names for line in wrap(name, _NAMES)]
    return max(lines) * _SMALL + 14 if lines else _SIDE


def _height_of(names: list[str]) -> int:
    """Pixels in which names of several lines stand over each other without touching."""
    most = max((len(wrap(name, _NAMES)) for name in names), default=0)
    return math.ceil(len(names) * (most * _SMALL * _LEADING + _BETWEEN)) + _AROUND if most else 0


def _colour_bars(figure: go.Figure) -> None:
    """Place it under the plot, which takes the whole width."""
    for trace in figure.data:
        if trace.type == "contour" and trace.showscale is not False:
            trace.colorbar.update(
                orientation="h", x=0.5, xanchor="center", y=-0.22, yanchor="top", len=1.0,
                thickness=10, title_side="top", title_font_size=_TYPE, tickfont_size=_SMALL,
            )  # fmt: skip
            if trace.colorbar.tickvals is not None:
                _thin(trace.colorbar, _TICKS + 1)


def _smaller(note: go.layout.Annotation) -> None:
    note.font.size = min(note.font.size or _TYPE, _TYPE if note.showarrow is False else _TYPE + 1)


def _broken(note: go.layout.Annotation, width: float) -> str:
    """The words in lines of at most that width, bold where they were; a gap becomes a line."""
    text = (note.text or "").replace("  ", "<br>") if note.xref != "paper" else note.text or ""
    return "<br>".join(_wrapped(line, width / note.font.size) for line in text.split("<br>"))


def _beside(note: go.layout.Annotation, figure: go.Figure, plot: float) -> float:
    """Pixels from where words begin to the end of a plot of stages, which has no axis of names; 0
    in other plots."""
    axis = figure.layout.xaxis
    if figure.layout.yaxis.visible is not False or note.xanchor != "left" or axis.range is None:
        return 0.0
    low, high = axis.range
    room = (high - float(note.x)) / (high - low) * plot - abs(note.xshift or 0) - 8
    return float(room / _SPARE)


def _wrapped(line: str, most: float) -> str:
    """One line in several of at most so many em; one that is bold in part stays."""
    bold = re.fullmatch(r"<b>([^<]*)</b>", line)
    plain = bold[1] if bold else line
    if _TAGS.search(plain):
        return line
    lines = "<br>".join(wrap(plain, most))
    return f"<b>{lines}</b>" if bold else lines


def _size(note: go.layout.Annotation) -> tuple[float, float]:
    """Width and height of the words, in pixels."""
    lines = [_TAGS.sub("", line) for line in (note.text or "").split("<br>")]
    return max(map(em, lines)) * note.font.size * _SPARE, len(lines) * note.font.size * 1.3


def _room(figure: go.Figure, plot: float) -> None:
    """Widen a horizontal axis until the words beside bars and points end within it."""
    axis = figure.layout.xaxis
    if axis.range is None or not (_categories(figure) or figure.layout.yaxis.visible is False):
        return
    low, high = first, last = axis.range
    for _ in range(8):  # A wider axis moves what is on it: a few rounds settle.
        for note in figure.layout.annotations:
            width = (_size(note)[0] + abs(note.xshift or 0) + 4) / plot
            place, span = float(note.x), high - low
            if note.xanchor == "left" and place + width * span > high and width < 0.9:
                high = low + (place - low) / (1 - width)
            elif note.xanchor == "right" and place - width * span < low and width < 0.9:
                low = high - (high - place) / (1 - width)
            low, high = max(low, 2 * first - last), min(high, 2 * last - first)
    axis.range = [low, high]
    if axis.ticktext is not None:
        inside = [
            text for at, text in zip(axis.tickvals, axis.ticktext, strict=True) if low <= at <= high
        ]
        widest = max((em(_TAGS.sub("", text)) for text in inside), default=1) * _SMALL + 10
        shown = (axis.tickvals[-1] - axis.tickvals[0]) / (high - low) * plot
        _thin(axis, 1 + shown // widest)


def _apart(
    figure: go.Figure, notes: list[go.layout.Annotation], plot: float, height: float
) -> list[go.layout.Annotation]:
    """Remove the values on a map's lines that would overlap, and arrows that would run into those
    that stay; leaders stay."""
    x, y = figure.layout.xaxis.range, figure.layout.yaxis.range
    if x is None or y is None:
        return notes
    kept: list[go.layout.Annotation] = []
    arrows: list[go.layout.Annotation] = []
    taken: list[Box] = []
    for note in sorted(notes, key=lambda note: note.showarrow is False):
        number = all(isinstance(place, int | float) for place in (note.x, note.y))
        if not note.text and number and note.xref != "paper":
            arrows.append(note)
            continue
        if not note.text or not number or note.xref == "paper":
            kept.append(note)
            continue
        wide, high = _size(note)
        left = (note.x - x[0]) / (x[1] - x[0]) * plot
        top = (note.y - y[0]) / (y[1] - y[0]) * 0.7 * height - (note.ay or 0)
        box = (left, top, wide, high)
        overlaps = any(overlap(box, other) for other in taken)
        written = note.bgcolor is not None and note.showarrow is False and not note.xanchor
        if not (written and overlaps):
            kept.append(note)
            taken.append(box)
    for arrow in arrows:
        left = (arrow.x - x[0]) / (x[1] - x[0]) * plot
        top = (arrow.y - y[0]) / (y[1] - y[0]) * 0.7 * height
        box = (left, top, abs(arrow.ax or 0) + _HEAD, abs(arrow.ay or 0) + _HEAD)
        if not any(overlap(box, other) for other in taken):
            kept.append(arrow)
    return kept
