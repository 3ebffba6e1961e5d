"""Learning curves over one another, on logarithmic axes; and any two columns of an answer."""

from collections.abc import Sequence

import numpy as np

from dashboard.ui.canvas import Canvas
from dashboard.ui.chart import Chart
from dashboard.ui.colours import Palette
from engine.api.runs import Rows
from engine.text import formats
from engine.text.i18n import Words

MOST_POINTS = 1_000
"""Of a curve that is drawn; of a longer one every k-th point and the last."""
Curve = Sequence[tuple[int, float]]


def curves(named: Sequence[tuple[str, Curve]], words: Words, colours: Palette) -> Chart | None:
    """Loss over iterations of a run or two; None where neither recorded any."""
    shown = [(name, _drawn(curve)) for name, curve in named]
    shown = [(name, points) for name, points in shown if len(points)]
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
    for (name, points), (colour, dash) in zip(shown, looks, strict=False):
        canvas.line(points[:, 0], points[:, 1], formats.literally(name), colour, 3, dash)
    canvas.drawing.update_xaxes(title_text=words.say("Iterations (steps)"))
    canvas.drawing.update_yaxes(title_text=words.say("Loss (nats)"))
    canvas.drawing.update_layout(showlegend=len(shown) > 1)
    canvas.legend()
    return Chart(canvas.drawing, _said(shown, words))


def thinned(named: Sequence[tuple[str, Curve]]) -> bool:
    """Whether a curve has more points than are drawn."""
    return any(len(curve) > MOST_POINTS for _, curve in named)


def points(
    found: Rows, across: str, up: str, words: Words, colours: Palette, *, is_log: bool
) -> Chart | None:
    """Two columns of numbers, a mark a row; None where no row has both. On logarithmic axes rows
    at or below zero are left out, as a gap in the count that the text says."""
    cells = dict(zip(found.columns, found.cells, strict=True))
    pairs = np.array(
        [
            (x, y)
            for x, y in zip(cells[across], cells[up], strict=True)
            if x is not None and y is not None
        ],
        dtype=float,
    ).reshape(-1, 2)
    pairs = pairs[np.isfinite(pairs).all(axis=1) & (~np.array(is_log) | (pairs > 0).all(axis=1))]
    if not len(pairs):
        return None
    canvas = Canvas(colours)
    if is_log:
        low, high = pairs.min(axis=0), pairs.max(axis=0)
        canvas.log_axis("x", low[0], high[0], words.language, air=(0.03, 0.03))
        canvas.log_axis("y", low[1], high[1], words.language, air=(0.05, 0.05))
    canvas.drawing.add_scatter(
        x=pairs[:, 0],
        y=pairs[:, 1],
        mode="markers",
        marker={"color": colours.evidence, "size": 7},
        hovertemplate="%{x:.4g}<br>%{y:.4g}<extra></extra>",
    )
    canvas.drawing.update_xaxes(title_text=formats.literally(across))
    canvas.drawing.update_yaxes(title_text=formats.literally(up))
    said = words.say(
        "{up} over {across}: {drawn} of {rows} rows, from {low} to {high}.",
        up=up,
        across=across,
        drawn=formats.exact(len(pairs)),
        rows=formats.exact(len(found)),
        low=f"{pairs[:, 1].min():.4g}",
        high=f"{pairs[:, 1].max():.4g}",
    )
    return Chart(canvas.drawing, said)


def _drawn(curve: Curve) -> np.ndarray:
    """(n, 2): iterations and losses that a logarithm takes, thinned."""
    points = np.array([point for point in curve if point[0] > 0 and point[1] > 0], dtype=float)
    step = max(1, -(-len(points) // MOST_POINTS))
    return np.concatenate([points[:-1:step], points[-1:]]) if len(points) else points


def _said(shown: Sequence[tuple[str, np.ndarray]], words: Words) -> str:
    parts = [
        words.say(
            "{run} falls from {first} to {last} nats in {steps} steps",
            run=name,
            first=formats.loss(points[0, 1]),
            last=formats.loss(points[-1, 1]),
            steps=formats.count(points[-1, 0], words.language),
        )
        for name, points in shown
    ]
    return words.say("Learning curves: {curves}.", curves="; ".join(parts))
