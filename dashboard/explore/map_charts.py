"""The map of Explore: a quantity over two budgets, its lines, the ridge, arrows, this scenario.

Everything that a colour says stands in writing too: lines carry their values, what lies outside the
evidence is hatched. Each point of the map can be pointed at and clicked.
"""

import math

import numpy as np

from dashboard.answers.plane import NAMES, Plane
from dashboard.explore import wording
from dashboard.explore.layers import Layer, crossing, layer
from dashboard.ui import label_layout
from dashboard.ui.canvas import FONT, Canvas
from dashboard.ui.chart import Chart
from dashboard.ui.colours import Palette
from dashboard.ui.label_layout import Note
from engine.api.decisions import BudgetMap, Doublings
from engine.api.money import CostAssumptions, cost
from engine.config import Budget
from engine.text import figures, formats
from engine.text.i18n import Words

_PALE, _DEEP = 0.04, 0.62
_LONGEST_ARROW = 30.0
"""Pixels, for what pays most on the map."""
_LEAST_GAIN = 0.002
_HIT = 22
"""Pixels around a point that count as a click on it."""


def draw(
    found: BudgetMap,
    gains: Doublings | None,
    plane: Plane,
    quantity: str,
    budget: Budget,
    assumptions: CostAssumptions,
    words: Words,
    colours: Palette,
) -> Chart:
    """The map; ``gains`` None: without arrows."""
    canvas = Canvas(colours)
    _axis(canvas, "x", plane.x, found.x_values, words)
    _axis(canvas, "y", plane.y, found.y_values, words)
    x, y = (float(getattr(budget, NAMES[key])) for key in (plane.x, plane.y))
    canvas.label(  # first, so that no value is written over it
        x, y, words.say("This scenario"), colours.ink, ay=-40, xanchor=canvas.inward(x)
    )
    shown = layer(found, quantity, assumptions, words)
    _fill(canvas, found, shown)
    _lines(canvas, found, shown, colours.ink, "solid", words.say("Lines of equal value"))
    if quantity != "loss":
        losses = layer(found, "loss", assumptions, words)
        if quantity == "cost":
            _lines(canvas, found, losses, colours.quiet, "dot", words.say("Lines of equal loss"))
    elif plane.x == "compute":
        _iso_cost(canvas, found, assumptions, words)
    _outside(canvas, found, words)
    _ridge(canvas, found, words)
    if gains is not None:
        _arrows(canvas, gains)
    canvas.mark(x, y, "star", 19, fill=colours.paper, edge=colours.ink)
    _targets(canvas, found, plane, assumptions, words)
    canvas.legend(size=FONT - 2)
    canvas.drawing.update_layout(clickmode="event+select", hovermode="closest")
    return Chart(canvas.drawing, wording.alt(found, plane, shown.title, words))


def _axis(canvas: Canvas, axis: str, key: str, values: np.ndarray, words: Words) -> None:
    language = None if key == "compute" else words.language
    canvas.log_axis(axis, values[0], values[-1], language)
    title = wording.axis(key, words)
    canvas.drawing.update_axis(axis, title_text=title, showgrid=False)
    if key == "epsilon":
        ticks = [v for v in (0.1, 0.3, 1, 2, 4, 8, 16, 32, 64) if v >= values[0]]
        canvas.drawing.update_axis(axis, tickvals=ticks, ticktext=[formats.plain(v) for v in ticks])


def _fill(canvas: Canvas, found: BudgetMap, shown: Layer) -> None:
    hue, known = canvas.colours.recommendation, shown.z[np.isfinite(shown.z)]
    ends = (_DEEP, _PALE) if shown.better_low else (_PALE, _DEEP)
    canvas.drawing.add_contour(
        x=found.x_values,
        y=found.y_values,
        z=shown.z,
        zmin=known.min() if known.size else 0,
        zmax=known.max() if known.size else 1,
        contours={"coloring": "heatmap"},
        line={"width": 0},
        colorscale=[
            [0, canvas.colours.faint(hue, ends[0])],
            [1, canvas.colours.faint(hue, ends[1])],
        ],
        colorbar={
            # Plotly measures the ticks too narrow: an empty line keeps the title off them.
            "title": {"text": f"{shown.title}<br>\u00a0", "side": "right"},
            "tickvals": list(shown.levels),
            "ticktext": shown.texts,
            "tickfont": {"size": FONT - 2, "color": canvas.colours.quiet},
            "thickness": 12,
            "outlinewidth": 0,
        },
        hoverinfo="skip",
        showlegend=False,
        name="quantity",
    )


def _lines(
    canvas: Canvas, found: BudgetMap, shown: Layer, colour: str, dash: str, name: str
) -> None:
    """Lines of equal value, each with its value written on it."""
    if shown.levels.size < 1:
        return
    notes: list[Note] = []
    size = float(np.diff(shown.levels).min()) if shown.levels.size > 1 else 1.0
    for index, (level, text) in enumerate(zip(shown.levels, shown.texts, strict=True)):
        canvas.drawing.add_contour(
            x=found.x_values,
            y=found.y_values,
            z=shown.z,
            showscale=False,
            hoverinfo="skip",
            contours={"start": level, "end": level, "size": size, "coloring": "none"},
            line={"color": colour, "width": 1.2, "dash": dash},
            name=name,
            showlegend=False,
        )
        tries = (
            crossing(found, shown.z, float(level), index + more)
            for more in range(label_layout.TRIES)
        )
        noted = (label_layout.value(canvas, *at, text, colour) for at in tries if at is not None)
        note = next((note for note in noted if label_layout.is_free(canvas, note, notes)), None)
        if note is not None:
            notes.append(note)
    label_layout.add(canvas, notes)


def _iso_cost(canvas: Canvas, found: BudgetMap, assumptions: CostAssumptions, words: Words) -> None:
    one = cost(1.0, assumptions).jpy / (words.jpy_per_usd or 1.0)  # in the currency shown
    low, high = found.x_values[[0, -1]]
    if one <= 0:
        return
    powers = range(math.ceil(math.log10(low * one)), math.floor(math.log10(high * one)) + 1)
    notes: list[Note] = []
    for number, power in enumerate(power for power in powers if power >= 3):
        at = 10.0**power / one
        canvas.drawing.add_scatter(
            x=[at, at],
            y=found.y_values[[0, -1]],
            mode="lines",
            line={"color": canvas.colours.quiet, "width": 1, "dash": "dot"},
            hoverinfo="skip",
            name=words.say("Lines of equal cost"),
            showlegend=number == 0,
        )
        text = figures.money(figures.jpy(10.0**power, words), words)
        note = label_layout.value(canvas, at, float(found.y_values[1]), text, canvas.colours.quiet)
        if label_layout.is_free(canvas, note, notes):
            notes.append(note)
    label_layout.add(canvas, notes)


def _outside(canvas: Canvas, found: BudgetMap, words: Words) -> None:
    """Cells far from what was measured: grey, with a stroke through each."""
    if not found.outside.any():
        return
    colours = canvas.colours
    canvas.drawing.add_heatmap(
        x=found.x_values,
        y=found.y_values,
        z=np.where(found.outside, 1.0, np.nan),
        colorscale=[
            [0, colours.faint(colours.outside, 0.35)],
            [1, colours.faint(colours.outside, 0.35)],
        ],
        showscale=False,
        hoverinfo="skip",
        name="outside",
    )
    half = [np.log10(v[1:] / v[:-1]).min() / 2 for v in (found.x_values, found.y_values)]
    x: list[float | None] = []
    y: list[float | None] = []
    for row, column in zip(*np.nonzero(found.outside), strict=True):
        for shift in (-0.5, 0.5):
            for end in (-1, 1):
                x.append(found.x_values[column] * 10 ** ((shift + end * 0.45) * half[0]))
                y.append(found.y_values[row] * 10 ** (end * 0.9 * half[1]))
            x.append(None)
            y.append(None)
    canvas.drawing.add_scatter(
        x=x,
        y=y,
        mode="lines",
        line={"color": colours.outside, "width": 1},
        hoverinfo="skip",
        name=words.say("Far from what was measured"),
    )


def _ridge(canvas: Canvas, found: BudgetMap, words: Words) -> None:
    x, y = found.ridge
    canvas.drawing.add_scatter(
        x=x,
        y=y,
        mode="lines",
        line={"color": canvas.colours.ink, "width": 4, "dash": "dash"},
        hoverinfo="skip",
        name=wording.ridge_name(found, words),
    )


def _arrows(canvas: Canvas, gains: Doublings) -> None:
    longest = max(gains.along_x.max(initial=0), gains.along_y.max(initial=0))
    if not np.isfinite(longest) or longest < _LEAST_GAIN:
        return
    drawn = []
    for x, y, right, up in zip(gains.x, gains.y, gains.along_x, gains.along_y, strict=True):
        length = math.hypot(right, up)
        if not math.isfinite(length) or length < _LEAST_GAIN:
            continue
        dx, dy = (_LONGEST_ARROW * gain / longest for gain in (right, up))
        arrow: Note = {
            "x": math.log10(x),
            "y": math.log10(y),
            "ax": -dx,
            "ay": dy,
            "xshift": dx / 2,
            "yshift": dy / 2,
            "text": "",
            "arrowhead": 3,
            "arrowsize": 0.9,
            "arrowwidth": 1.6,
            "arrowcolor": canvas.colours.ink,
            "name": "arrow",
        }
        if label_layout.is_free(canvas, arrow, []):
            drawn.append(arrow)
    label_layout.add(canvas, drawn)


def _targets(
    canvas: Canvas, found: BudgetMap, plane: Plane, assumptions: CostAssumptions, words: Words
) -> None:
    """What the pointer meets: every point of the map, unseen, with its sentence."""
    x, y = np.meshgrid(found.x_values, found.y_values)
    texts = wording.points(found, plane, assumptions, words)
    canvas.drawing.add_scatter(
        x=x.ravel(),
        y=y.ravel(),
        mode="markers",
        marker={"size": _HIT, "color": canvas.colours.ink, "opacity": 0},
        selected={"marker": {"opacity": 0}},
        unselected={"marker": {"opacity": 0}},
        text=texts,
        hovertemplate="%{text}<extra></extra>",
        showlegend=False,
        name="targets",
    )
