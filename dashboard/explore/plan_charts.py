"""What the best plan looks like along compute: a grid of small multiples, and tokens per parameter.

Lines of different ε differ in stroke and in weight, not in colour alone; the scenario's own is
solid.
"""

import math
from typing import Any, TypedDict

import numpy as np

from dashboard.explore import wording
from dashboard.ui.canvas import FONT, Canvas
from dashboard.ui.chart import Chart
from dashboard.ui.colours import Palette
from engine.api.decisions import Decision, PlanLines
from engine.text import formats, labels
from engine.text.i18n import N_, Words

_ROWS = (
    ("model_size", N_("Model size")),
    ("batch_size", N_("Batch (people)")),
    ("iterations", N_("Iterations")),
)
_DASHES = ("dot", "solid", "dash")
_WIDTHS = (2.0, 3.5, 2.0)
_SHARES = (0.65, 1.0, 0.65)
_GAPS = (0.03, 0.05)
"""Between columns and between rows, shares of the figure."""


def grid(lines: PlanLines, words: Words, colours: Palette) -> Chart:
    """Model size, batch and iterations (rows) along compute, for a few people (columns) and ε."""
    columns = lines.data_budget.size
    drawing = Canvas(colours).drawing
    traces: list[dict[str, object]] = []
    axes: dict[str, dict[str, Any]] = {}
    for row, (name, title) in enumerate(_ROWS):
        values = getattr(lines, name)
        for column in range(columns):
            place = row * columns + column + 1
            x, y = (f"{letter}{place if place > 1 else ''}" for letter in "xy")
            for line, epsilon in enumerate(lines.epsilon):
                traces.append(
                    {
                        "type": "scatter",
                        "x": lines.compute_flops,
                        "y": values[column, line],
                        "mode": "lines",
                        "name": f"ε = {formats.plain(epsilon)}",
                        "legendgroup": str(line),
                        "showlegend": place == 1,
                        "line": _stroke(lines, line, colours),
                        "hovertemplate": "%{y:.3s}",
                        "xaxis": x,
                        "yaxis": y,
                    }
                )
            last, first = row == len(_ROWS) - 1, column == 0
            # Ticks without the ends, whose labels would run into those of the next column.
            axes[f"xaxis{x[1:]}"] = _log(lines.compute_flops, None, most=4, outward=False) | {
                "domain": _share(column, columns, _GAPS[0]),
                "anchor": y,
                "showticklabels": last,
                "title": {"text": words.say("Compute (FLOPs)") if last else ""},
            }
            axes[f"yaxis{y[1:]}"] = _log(values[np.isfinite(values)], words.language) | {
                "domain": _share(len(_ROWS) - 1 - row, len(_ROWS), _GAPS[1]),
                "anchor": x,
                "showticklabels": first,
                "title": {"text": words.say(title) if first else ""},
            }
    for axis in axes.values():
        axis |= {"gridcolor": colours.grid, "zeroline": False, "automargin": True}
        axis |= {"tickfont": {"size": FONT - 3, "color": colours.quiet}}
        axis["title"] |= {"font": {"size": FONT - 1, "color": colours.quiet}}
    layout = {n: drawing.layout[n] for n in ("font", "paper_bgcolor", "plot_bgcolor")} | axes
    layout |= {
        "annotations": [_head(lines, at, words, colours) for at in range(columns)],
        "margin": {"l": 8, "r": 16, "t": 30, "b": 8},
        "dragmode": False,
        "legend": {"orientation": "h", "y": 1.09, "yanchor": "bottom", "x": 0},
    }
    drawing.data, drawing.layout = traces, layout
    return Chart(drawing, wording.plans(lines, words))


def _share(at: int, count: int, gap: float) -> list[float]:
    width = (1 - gap * (count - 1)) / count
    return [at * (width + gap), min(at * (width + gap) + width, 1.0)]


def _head(lines: PlanLines, at: int, words: Words, colours: Palette) -> dict[str, object]:
    """The people of a column, above it."""
    start, end = _share(at, lines.data_budget.size, _GAPS[0])
    return {
        "text": labels.people(lines.data_budget[at], words),
        "x": (start + end) / 2,
        "y": 1.0,
        "xref": "paper",
        "yref": "paper",
        "xanchor": "center",
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"size": FONT, "color": colours.ink},
    }


def ratio(lines: PlanLines, answer: Decision, words: Words, colours: Palette) -> Chart:
    """Tokens per parameter along compute by ε, for the scenario's people, with 20 as reference."""
    row = int(np.argmin(np.abs(np.log(lines.data_budget / answer.budget.data_budget))))
    values = lines.tokens_per_parameter[row]
    known = np.append(values[np.isfinite(values)], wording.TOKENS_RULE)
    canvas = Canvas(colours)
    canvas.log_axis("x", lines.compute_flops[0], lines.compute_flops[-1])
    canvas.log_axis("y", known.min(), known.max(), words.language, air=(0.08, 0.08))
    for line, epsilon in enumerate(lines.epsilon):
        stroke = _stroke(lines, line, colours)
        name = f"ε = {formats.plain(epsilon)}"
        canvas.line(
            lines.compute_flops,
            values[line],
            name,
            stroke["color"],
            stroke["width"],
            stroke["dash"],
        )
        canvas.drawing.data[-1]["hovertemplate"] = "%{y:.3s}"
    ends = lines.compute_flops[[0, -1]]
    rule = np.full(2, float(wording.TOKENS_RULE))
    name = words.say("Usual rule without privacy: {rule}", rule=wording.TOKENS_RULE)
    canvas.line(ends, rule, name, colours.rule, 3, "dashdot")
    best = answer.recommendation.config
    x, y = best.compute_flops, wording.tokens_per_parameter(answer)
    canvas.mark(x, y, "star", 17, fill=colours.paper, edge=colours.ink)
    anchor = canvas.inward(x)
    canvas.label(x, y, words.say("This scenario"), colours.ink, ay=-44, xanchor=anchor)
    canvas.drawing.update_xaxes(title_text=words.say("Compute (FLOPs)"))
    canvas.drawing.update_yaxes(title_text=words.say("Tokens per parameter"))
    canvas.drawing.update_layout(legend={"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0})
    return Chart(canvas.drawing, wording.ratio(answer, words))


class _Stroke(TypedDict):
    color: str
    width: float
    dash: str


def _stroke(lines: PlanLines, line: int, colours: Palette) -> _Stroke:
    place = line + (1 if lines.epsilon.size < 3 else 0)
    return {
        "color": colours.faint(colours.recommendation, _SHARES[place]),
        "width": _WIDTHS[place],
        "dash": _DASHES[place],
    }


def _log(
    values: np.ndarray, language: str | None, most: int = 5, *, outward: bool = True
) -> dict[str, Any]:
    """A logarithmic axis with a few powers of ten, the same in every panel of a row."""
    if not values.size:
        return {"type": "log"}
    low, high = math.log10(values.min()), math.log10(values.max())
    air = 0.04 * (high - low) if outward else 0.0
    first, last = math.ceil(low - air), math.floor(high + air)
    if not outward:
        first, last = first + 1, max(last - 1, first + 1)
    step = max(1, math.ceil((last - first) / most))
    ticks = [10.0**power for power in range(first, last + 1, step)]
    texts = [formats.amount(t, language) if language else formats.scientific(t) for t in ticks]
    return {
        "type": "log",
        "range": [low - air, high + air],
        "tickvals": ticks,
        "ticktext": texts,
    }
