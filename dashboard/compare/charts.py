"""Frontiers of several scenarios in one figure: loss against compute, each with its own stroke."""

import math
from html import escape

import numpy as np

from dashboard.compare.side import Side
from dashboard.decide import wording
from dashboard.ui.canvas import Canvas
from dashboard.ui.chart import Chart
from dashboard.ui.colours import Palette
from engine.text import formats, labels
from engine.text.i18n import Words

_STROKES = ("solid", "dash", "dot", "dashdot")
_MARKS = ("circle", "diamond", "square", "triangle-up")
MOST = len(_STROKES)
"""Scenarios that one figure can tell apart without colours."""


def drawn(sides: list[Side]) -> list[Side]:
    """The scenarios that one axis of losses can show: those with a plan, in the first one's
    unit."""
    answered = [each for each in sides if each.answer is not None]
    return [each for each in answered if each.unit == answered[0].unit][:MOST]


def frontiers(sides: list[Side], words: Words, colours: Palette) -> Chart:
    """The best loss along compute under each scenario's people and ε, with its own budget marked;
    scenarios whose loss is in another unit than the first's are left out."""
    shown = [(each.name, each.answer.decision) for each in drawn(sides) if each.answer is not None]
    canvas = Canvas(colours)
    budgets = [plan.recommendation.config.compute_flops for _, plan in shown]
    limits = [plan.saturation.compute_flops or 0.0 for _, plan in shown]
    low, high = min(budgets) / 300, max(*budgets, *limits) * 30
    canvas.log_axis("x", low, high)
    hues = (colours.recommendation, colours.ink, colours.evidence, colours.outside)
    losses = []
    for number, (name_of, plan) in enumerate(shown):
        curve, hue = plan.frontier, hues[number]
        inside = (curve.compute_flops >= low) & (curve.compute_flops <= high)
        x, y = curve.compute_flops[inside], curve.best[inside]
        if number == 0:
            name = words.say("{level} interval", level=formats.percent(curve.level, words.language))
            canvas.band(x, curve.low[inside], curve.high[inside], name, hatched=False)
        canvas.line(x, y, escape(name_of), hue, 4 if number == 0 else 3, _STROKES[number])
        losses.append(y)
    heights = [plan.recommendation.cross_entropy.value for _, plan in shown]
    ranks = np.argsort(np.argsort(heights))  # The lowest has its label below, the others above.
    for number, (name_of, plan) in enumerate(shown):
        best = plan.recommendation
        at = (best.config.compute_flops, best.cross_entropy.value)
        canvas.mark(*at, _MARKS[number], 15, fill=hues[number], edge=colours.paper)
        text = f"{escape(name_of)}: {formats.loss(at[1])}"
        canvas.label(
            *at,
            text,
            hues[number],
            ay=-30 - 26 * int(ranks[number]) if ranks[number] else 44,
            xanchor=canvas.inward(at[0]),
        )
    every = np.concatenate(losses)
    span = max(float(np.ptp(every)), 0.1)
    canvas.drawing.update_xaxes(title_text=words.say("Compute (FLOPs)"))
    canvas.drawing.update_yaxes(
        title_text=labels.expected_loss(words),
        range=[max(0.0, float(every.min()) - 0.25 * span), float(every.max()) + 0.25 * span],
    )
    canvas.drawing.update_layout(legend={"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0})
    listed = "; ".join(
        f"{name_of}: {wording.loss(plan.recommendation.cross_entropy, words)}"
        for name_of, plan in shown
        if math.isfinite(plan.recommendation.cross_entropy.value)
    )
    return Chart(
        canvas.drawing, words.say("Loss against compute by scenario. {listed}.", listed=listed)
    )
