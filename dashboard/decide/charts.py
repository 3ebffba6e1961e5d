"""Engine results as Plotly figures, each with a sentence that says the same without eyes.

Colours carry one meaning (:mod:`dashboard.ui.colours`). Figures are small: a frontier of at
most a few hundred points, a map of at most 40 × 40 cells. Axes are logarithmic wherever a
budget runs along.
"""

import math

import numpy as np

from dashboard.decide import wording
from dashboard.ui import label_room
from dashboard.ui.canvas import FONT, Canvas, two_lines
from dashboard.ui.chart import Chart
from dashboard.ui.colours import Palette
from engine.api.decisions import Decision, Support, WiggleRoom, findings
from engine.text import formats, labels
from engine.text.i18n import Words

_MAP_CELLS = 40
_CEILING = 10
"""Times the tolerance: what is worse than this gets the palest colour."""
_VISIBLE_FACTOR = 1.05
"""Least saving that is drawn as a gap."""
_AIR, _LABEL_AIR = 0.08, 0.24
"""Room around the map, as shares of its span; the second where a label stands beyond the edge."""
_PLOT = (470.0, 290.0)
"""Pixels of the plot of :func:`frontier` beside another chart."""
_NEAR = 0.2
"""Share of the map's height within which a label would leave it."""


def frontier(answer: Decision, words: Words, colours: Palette) -> Chart:
    """Loss against compute: the recommendation, saturation, the rule, and the saving between."""
    curve, here = answer.frontier, answer.recommendation.cross_entropy
    low, high = window(answer)
    shown = (curve.compute_flops >= low) & (curve.compute_flops <= high)
    x = curve.compute_flops[shown]
    canvas = Canvas(colours)
    canvas.log_axis("x", low, high)
    level = formats.percent(curve.level, words.language)
    outside = answer.extrapolation.support is Support.OUTSIDE
    name = words.say("{level} interval", level=level)
    if outside:
        name = words.say("{level} interval, extrapolated", level=level)
    canvas.band(x, curve.low[shown], curve.high[shown], name, hatched=outside)
    name = words.say("Usual rule, as practised")
    canvas.line(x, curve.rule_practised[shown], name, colours.rule, 2.5, "dot")
    name = words.say("Usual rule, batch tuned")
    canvas.line(x, curve.rule_tuned[shown], name, colours.rule, 3, "dashdot")
    name = words.say("Recommended")
    canvas.line(x, curve.best[shown], name, colours.recommendation, 4, "solid")
    canvas.drawing.update_xaxes(title_text=words.say("Compute (FLOPs)"))
    canvas.drawing.update_yaxes(title_text=labels.expected_loss(words), range=losses(answer, shown))
    saving = _saving(canvas, answer, words)
    saturation = _saturation(canvas, answer, words)
    _this_plan(canvas, answer, words)
    for said in (saving, saturation):  # once all marks stand, which no label may hide
        if said is not None:
            label_room.label(canvas, *said, plot=_PLOT, strong=said is saving)
    canvas.legend(traceorder="reversed")
    alt = words.say(
        "Loss against compute. This plan: {loss} at {compute} FLOPs. {saturation} {saving}",
        loss=wording.loss(here, words),
        compute=formats.scientific(answer.recommendation.config.compute_flops),
        saturation=wording.saturation_sentence(answer.saturation, words),
        saving=wording.saving(answer, words),
    )
    return Chart(canvas.drawing, alt)


def _this_plan(canvas: Canvas, answer: Decision, words: Words) -> None:
    here, colours = answer.recommendation.cross_entropy, canvas.colours
    at = (answer.recommendation.config.compute_flops, here.value)
    colour = colours.recommendation
    canvas.mark(*at, "circle", 17, fill=colour, edge=colours.paper, error=here)
    text = words.say("This plan: {loss}", loss=formats.loss(here.value))
    left = canvas.place("x", at[0]) < 0.35
    canvas.label(
        *at, text, colour, ax=40 if left else -40, ay=56, xanchor="left" if left else "right"
    )


_Said = tuple[float, float, str, str]
"""A place, what stands there, and its colour."""


def _saturation(canvas: Canvas, answer: Decision, words: Words) -> _Said | None:
    """Its mark, and the label that it gets."""
    point, colour = answer.saturation, canvas.colours.recommendation
    if point.compute_flops is None:
        return None
    at = (point.compute_flops, point.cross_entropy)
    canvas.mark(*at, "line-ns-open", 22, fill=colour, edge=colour)
    tolerance = formats.percent(point.tolerance, words.language)
    return *at, two_lines(wording.saturation_label(point, words), tolerance), colour


def _saving(canvas: Canvas, answer: Decision, words: Words) -> _Said | None:
    """The gap to the rule, and the label that it gets."""
    factor, colours = findings.stronger_rule(answer).compute_factor, canvas.colours
    if factor is None or factor < _VISIBLE_FACTOR:
        return None
    here = answer.recommendation.config.compute_flops
    level = answer.recommendation.cross_entropy.value
    canvas.gap(here, here * factor, level)
    canvas.mark(here * factor, level, "circle", 13, fill=colours.rule, edge=colours.paper)
    text = words.say("{factor} the compute", factor=labels.times(factor, words))
    return here * factor, level, text, colours.ink


def doublings(answer: Decision, words: Words, colours: Palette) -> Chart:
    """What doubling each budget buys, with whiskers; the one that binds in full colour."""
    gains = {
        "epsilon": (words.say("Privacy ε ×2"), answer.doubling.epsilon),
        "data": (words.say("People ×2"), answer.doubling.data),
        "compute": (words.say("Compute ×2"), answer.doubling.compute),
    }
    full, pale = colours.recommendation, colours.faint(colours.recommendation, 0.45)
    names = [name for name, _ in gains.values()]
    lows, values, highs = (
        np.array([100 * max(0.0, getattr(gain, end)) for _, gain in gains.values()])
        for end in ("low", "value", "high")
    )
    texts = [formats.percent(value / 100, words.language) for value in values]
    canvas = Canvas(colours)
    drawing = canvas.drawing
    drawing.add_bar(
        x=values,
        y=names,
        orientation="h",
        width=0.5,
        marker=canvas.bars(
            [full if key == answer.doubling.binding else pale for key in gains], full
        ),
        error_x={
            "type": "data",
            "array": np.maximum(highs - values, 0),
            "arrayminus": np.maximum(values - lows, 0),
            "color": colours.ink,
            "thickness": 2,
            "width": 7,
        },
        hoverinfo="skip",
    )
    furthest = max(highs.max(), values.max(), 0.1)
    for name, text, value, high in zip(names, texts, values, highs, strict=True):
        drawing.add_annotation(
            x=max(high, value) + 0.03 * furthest,
            y=name,
            text=f"<b>{text}</b>",
            xanchor="left",
            showarrow=False,
            font={"size": FONT + 4, "color": colours.ink},
        )
    drawing.update_xaxes(
        range=[0, furthest * 1.8], title_text=words.say("Fall in loss (%)"), nticks=5
    )
    drawing.update_yaxes(tickfont={"size": FONT}, showgrid=False, ticklabelstandoff=8)
    drawing.update_layout(showlegend=False)
    listed = "; ".join(f"{n}: {t}" for n, t in zip(reversed(names), reversed(texts), strict=True))
    alt = words.say("Fall in loss from doubling one budget. {listed}.", listed=listed)
    return Chart(drawing, alt)


def wiggle_room(answer: Decision, words: Words, colours: Palette) -> Chart:
    """Excess loss on model size × batch size, with the tolerance as a contour."""
    room, best = answer.wiggle_room, answer.recommendation.config
    ceiling = 100 * _CEILING * room.tolerance
    rows, columns = (_worth_showing(room, axis) for axis in (1, 0))
    model, batch = room.model_size[rows], room.batch_size[columns]
    excess = 100 * room.excess[np.ix_(rows, columns)]
    canvas = Canvas(colours)
    canvas.log_axis("x", batch.min(), batch.max(), words.language, air=(_AIR, _AIR))
    canvas.log_axis("y", model.min(), model.max(), words.language, air=(_AIR, _AIR))
    size = findings.smaller_model(answer)
    low = size is not None and canvas.place("y", size) < _NEAR
    high = canvas.place("y", best.model_size) > 1 - _NEAR
    air = (_LABEL_AIR if low else _AIR, _LABEL_AIR if high else _AIR)
    canvas.log_axis("y", model.min(), model.max(), words.language, air=air)
    canvas.drawing.add_contour(
        x=batch,
        y=model,
        z=np.minimum(excess, ceiling),
        zmin=0,
        zmax=ceiling,
        contours={"coloring": "heatmap"},
        line={"width": 0},
        colorscale=[
            [0, colours.recommendation],
            [0.1, colours.faint(colours.recommendation, 0.6)],
            [1, colours.faint(colours.recommendation, 0.04)],
        ],
        colorbar={
            "title": {"text": words.say("Above the best (%)"), "side": "right"},
            "tickfont": {"size": FONT - 1, "color": colours.quiet},
            "thickness": 12,
            "outlinewidth": 0,
        },
        customdata=_hover(excess, room.iterations[np.ix_(rows, columns)], words),
        hovertemplate="%{customdata}<extra></extra>",
    )
    limit = 100 * room.tolerance
    canvas.drawing.add_contour(
        x=batch,
        y=model,
        z=excess,
        showscale=False,
        hoverinfo="skip",
        name="tolerance",
        contours={"start": limit, "end": limit, "size": limit, "coloring": "none"},
        line={"color": colours.ink, "width": 3},
    )
    if size is not None:
        tolerance = formats.percent(room.tolerance, words.language)
        small = _within(room, size)
        canvas.mark(*small, "diamond", 14, fill=colours.paper, edge=colours.ink)
        text = words.say("Smallest within {tolerance}", tolerance=tolerance)
        canvas.label(
            *small, text, colours.ink, ay=40, xanchor=canvas.inward(small[0]), strong=False
        )
    at = (best.batch_size, best.model_size)
    canvas.mark(*at, "star", 18, fill=colours.paper, edge=colours.ink)
    anchor = canvas.inward(best.batch_size)
    canvas.label(*at, words.say("This plan"), colours.ink, ay=-40, xanchor=anchor)
    canvas.drawing.update_xaxes(title_text=words.say("Batch size (people)"), showgrid=False)
    canvas.drawing.update_yaxes(title_text=words.say("Model size (parameters)"), showgrid=False)
    canvas.drawing.update_layout(showlegend=False)
    return Chart(canvas.drawing, wording.wiggle(answer, words))


def window(answer: Decision) -> tuple[float, float]:
    """The compute worth showing: this budget, saturation and the rule's crossing, with air."""
    curve, here = answer.frontier.compute_flops, answer.recommendation.config.compute_flops
    factor = findings.stronger_rule(answer).compute_factor or 1.0
    points = (here, answer.saturation.compute_flops or here, here * factor)
    low = min(max(curve[0], min(points) / 300), min(points) / 3)
    return low, max(min(curve[-1], max(points) * 30), max(points) * 3)


def losses(answer: Decision, shown: np.ndarray) -> tuple[float, float]:
    """Range of the loss axis: the band, and room below for a label."""
    here = answer.recommendation.cross_entropy
    top = max(answer.frontier.high[shown].max(), here.high)
    bottom = min(answer.frontier.low[shown].min(), here.low)
    rule = answer.frontier.rule_tuned[shown]
    if np.isfinite(rule).any():  # Show the rule's plateau, however high, without flattening ours.
        top = max(top, min(1.02 * float(np.nanmin(rule)), 2 * top - bottom))
    return max(0.0, float(bottom - 0.3 * (top - bottom))), float(top + 0.08 * (top - bottom))


def _worth_showing(room: WiggleRoom, axis: int) -> np.ndarray:
    """Indices along one side of the map that hold a fair plan, and one more on either side."""
    fair = np.asarray((room.excess <= _CEILING * room.tolerance).any(axis=axis))
    hits = np.nonzero(fair)[0] if fair.any() else np.arange(len(fair))
    first, last = max(0, hits[0] - 1), min(len(fair) - 1, hits[-1] + 1)
    cells = min(last - first + 1, _MAP_CELLS)
    return np.unique(np.linspace(first, last, cells).round().astype(int))


def _hover(excess: np.ndarray, steps: np.ndarray, words: Words) -> list[list[str]]:
    """One sentence a cell."""

    def sentence(above: float, step: float) -> str:
        if math.isnan(above):
            return ""
        return words.say(
            "{steps}, {above} above the best",
            steps=labels.steps(max(1.0, step), words),
            above=formats.percent(above / 100, words.language),
        )

    return [
        [sentence(above, step) for above, step in zip(*row, strict=True)]
        for row in zip(excess, steps, strict=True)
    ]


def _within(room: WiggleRoom, model_size: float) -> tuple[float, float]:
    """Batch and model size of the best plan with a model of this size."""
    row = int(np.argmin(np.abs(room.model_size - model_size)))
    excess = np.where(np.isnan(room.excess[row]), np.inf, room.excess[row])
    return float(room.batch_size[int(np.argmin(excess))]), float(room.model_size[row])
