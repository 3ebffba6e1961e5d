"""Learning curves over one another, on logarithmic axes."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from dashboard.ui.canvas import Canvas
from dashboard.ui.chart import Chart
from dashboard.ui.colours import Palette
from engine.text import formats
from engine.text.i18n import Words

MOST_POINTS = 1_000
"""Of a curve that is drawn; of a longer one every k-th point and the last."""
Curve = Sequence[tuple[int, float]]


class Named(NamedTuple):
    """A run's curve, with what the run is called."""

    run_id: str
    name: str
    curve: Curve


def curves(named: Sequence[Named], words: Words, colours: Palette) -> Chart | None:
    """Loss over iterations of a run or two; None where neither recorded any. The ``customdata`` of
    each point is the run's id."""
    shown = [(one, _drawn(one.curve)) for one in named]
    shown = [(one, points) for one, points in shown if len(points)]
    if not shown:
        return None
    canvas = Canvas(colours)
    together = np.concatenate([points for _, points in shown])
    low, high = together.min(axis=0), together.max(axis=0)
    canvas.log_axis("x", low[0], high[0], words.language, air=(0.03, 0.03))
    canvas.log_axis("y", low[1], high[1], air=(0.05, 0.05))
    ticks = canvas.drawing.layout["yaxis"]["tickvals"]
    canvas.drawing.update_yaxes(ticktext=[formats.plain(tick, 2) for tick in ticks])
    looks = ((colours.evidence, "solid"), (colours.recommendation, "dash"))
    for (one, points), (colour, dash) in zip(shown, looks, strict=False):
        name = formats.in_chart(one.name)
        canvas.line(points[:, 0], points[:, 1], name, colour, 3, dash)
        canvas.drawing.data[-1].update(
            mode="lines+markers",  # only marks can be clicked
            marker={"size": 4, "color": colour},
            customdata=[one.run_id] * len(points),
            meta=[name],
            hovertemplate="%{meta[0]}<br>%{x:,}: %{y:.3f}<extra></extra>",
        )
    canvas.drawing.update_xaxes(title_text=words.say("Iterations (steps)"))
    canvas.drawing.update_yaxes(title_text=words.say("Loss (nats)"))
    canvas.drawing.update_layout(showlegend=len(shown) > 1)
    canvas.legend()
    return Chart(canvas.drawing, _said(shown, words))


def thinned(named: Sequence[Named]) -> bool:
    """Whether a curve has more points than are drawn."""
    return any(len(one.curve) > MOST_POINTS for one in named)


def _drawn(curve: Curve) -> np.ndarray:
    """(n, 2): iterations and losses that a logarithm takes, thinned."""
    points = np.array([point for point in curve if point[0] > 0 and point[1] > 0], dtype=float)
    step = max(1, -(-len(points) // MOST_POINTS))
    return np.concatenate([points[:-1:step], points[-1:]]) if len(points) else points


def _said(shown: Sequence[tuple[Named, np.ndarray]], words: Words) -> str:
    parts = [
        words.say(
            "{run} falls from {first} to {last} nats in {steps} steps",
            run=one.name,
            first=formats.loss(points[0, 1]),
            last=formats.loss(points[-1, 1]),
            steps=formats.count(points[-1, 0], words.language),
        )
        for one, points in shown
    ]
    return words.say("Learning curves: {curves}.", curves="; ".join(parts))
