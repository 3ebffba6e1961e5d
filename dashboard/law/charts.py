"""The law against its runs: parity, residuals along each input, where runs and question lie.

Teal is what was measured, its 20 % the scatter that the hold-outs found, indigo today's plan, and
hatched grey what no run covers. Beyond :data:`_MOST` points every k-th is drawn.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dashboard.law import wording
from dashboard.run_card import facts as run_facts
from dashboard.ui import label_room
from dashboard.ui.canvas import Canvas
from dashboard.ui.chart import Chart
from dashboard.ui.colours import Palette
from engine.api.decisions import Decision, fitted
from engine.api.laws import Inspection, Profile, Rows
from engine.interval import FloatArray
from engine.text import bounds, formats
from engine.text.i18n import N_, Words
from engine.text.law_profile import profiled

_MOST = 2000
_PLOT = (350.0, 300.0)
"""Pixels of the plot of one of the two maps."""
_AIR = (0.08, 0.08)
_WORST = 3.0
"""Of a profile: what fits worse than that many thresholds is not drawn."""
_QUIET = 3.0
"""Runs without noise stand at the least noise measured over this: a log axis has no zero."""


@dataclass(frozen=True, kw_only=True)
class Input:
    """An input of the law, and how an axis names it."""

    name: str
    title: str


SIZE = Input(name="model_size", title=N_("Model size (parameters)"))
STEPS = Input(name="iterations", title=N_("Iterations (steps)"))
NOISE = Input(name="noise_batch_ratio", title=N_("Noise-batch ratio σ/B"))
INPUTS = (SIZE, STEPS, NOISE)


@dataclass(frozen=True, kw_only=True)
class Points:
    """The rows that are drawn, in every chart the same: each says what it is, and whose."""

    of: int
    """All rows."""
    every: int
    """Of them the first is drawn and each so many after it."""
    texts: list[str]
    runs: list[str]
    """Identifiers, a row each."""


def points(rows: Rows, names: Mapping[str, str], words: Words) -> Points:
    """The rows of a law that its charts draw; ``names`` are those of runs by identifier."""
    every = max(1, -(-rows.measured.size // _MOST))
    runs = list(rows.runs[::every])
    return Points(
        of=rows.measured.size, every=every, texts=_hover(rows, every, runs, names, words), runs=runs
    )


def parity(
    evidence: fitted.FittedEvidence,
    inspection: Inspection,
    shown: Points,
    words: Words,
    colours: Palette,
) -> Chart:
    """Fitted against measured loss of every row."""
    rows, canvas = inspection.rows, Canvas(colours)
    ends = np.array(
        [min(rows.measured.min(), rows.fitted.min()), max(rows.measured.max(), rows.fitted.max())]
    )
    room = 0.05 * (ends[1] - ends[0])
    ends = ends + np.array([-room, room])
    scatter = evidence.fit.scatter
    name = words.say(
        "Scatter of runs left out (± {share})", share=formats.percent(scatter, words.language)
    )
    line = np.linspace(ends[0], ends[1], 20)
    canvas.band(
        line, line * np.exp(-scatter), line * np.exp(scatter), name, hatched=False,
        hue=colours.evidence,
    )  # fmt: skip
    canvas.line(ends, ends, words.say("As measured"), colours.quiet, 2, "dash")
    _points(canvas, rows.measured, rows.fitted, shown)
    unit = words.field(words.loss_unit.measure)
    canvas.drawing.update_xaxes(title_text=words.say("Measured loss ({unit})", unit=unit))
    canvas.drawing.update_yaxes(
        title_text=words.say("Fitted loss ({unit})", unit=unit), range=ends.tolist()
    )
    canvas.drawing.update_xaxes(range=ends.tolist())
    canvas.legend()
    return Chart(canvas.drawing, wording.parity(inspection, words))


def profile(
    found: Profile, title: str, show: Callable[[float], str], words: Words, colours: Palette
) -> Chart:
    """How much worse the law fits where one number is held, up to somewhat beyond the threshold."""
    canvas = Canvas(colours)
    shown = found.rise <= _WORST
    values, rise = found.held[shown], found.rise[shown]
    canvas.drawing.add_scatter(
        x=values,
        y=rise,
        mode="lines+markers",
        line={"color": colours.evidence, "width": 2},
        marker={"color": colours.evidence, "size": 7},
        customdata=[show(float(value)) for value in values],
        hovertemplate="%{customdata}<br>%{y:.2f}<extra></extra>",
        showlegend=False,
    )
    ends = np.clip([found.interval.low, found.interval.high], values[0], values[-1])
    canvas.drawing.add_scatter(
        x=ends,
        y=np.zeros(2),
        mode="lines",
        line={"color": colours.evidence, "width": 8},
        hoverinfo="skip",
        showlegend=False,
    )
    canvas.drawing.add_line_across("y", 1.0, {"color": colours.ink, "width": 1, "dash": "dash"})
    canvas.drawing.add_line_across(
        "x", found.estimate, {"color": colours.recommendation, "width": 2}
    )
    ticks = np.linspace(values[0], values[-1], 5)
    canvas.drawing.update_xaxes(
        title_text=title,
        tickmode="array",
        tickvals=ticks,
        ticktext=[show(float(tick)) for tick in ticks],
    )
    canvas.drawing.update_yaxes(
        title_text=words.say("How much worse it fits (1: threshold)"), range=[-0.1, _WORST]
    )
    return Chart(canvas.drawing, profiled(found, words, name=words.say("The number"), show=show))


def residuals(
    evidence: fitted.FittedEvidence,
    inspection: Inspection,
    shown: Points,
    along: Input,
    words: Words,
    colours: Palette,
) -> Chart:
    """What the law misses of each row, in per cent of the loss, along one input."""
    rows, canvas = inspection.rows, Canvas(colours)
    x, missed = _shown(rows, along), 100 * rows.residual
    low, high = float(x.min()), float(x.max())
    canvas.log_axis("x", low, high, _language(along, words), air=_AIR)
    start, end = (10.0**power for power in canvas.drawing.layout["xaxis"]["range"])
    scatter, across = 100 * evidence.fit.scatter, np.array([start, end])
    canvas.band(
        across, np.full(2, -scatter), np.full(2, scatter), "scatter", hatched=False,
        hue=colours.evidence,
    )  # fmt: skip
    canvas.line(across, np.zeros(2), "0", colours.quiet, 2, "dash")
    _points(canvas, x, missed, shown)
    most = 1.15 * max(float(abs(missed).max()), scatter)
    canvas.drawing.update_xaxes(title_text=words.say(along.title))
    canvas.drawing.update_yaxes(
        title_text=words.say("Measured above fitted (%)"), range=[-most, most]
    )
    canvas.drawing.update_layout(showlegend=False)
    slope = float(np.polyfit(np.log10(x), missed, 1)[0]) if high > low else 0.0
    alt = words.say(
        "Residuals along {name}: {slope}% of the loss per factor of ten; the largest is {worst}%.",
        name=words.say(along.title),
        slope=formats.plain(slope, 2),
        worst=formats.plain(float(abs(missed).max()), 2),
    )
    return Chart(canvas.drawing, alt)


def coverage(
    inspection: Inspection,
    shown: Points,
    decision: Decision | None,
    up: Input,
    words: Words,
    colours: Palette,
) -> Chart:
    """The runs over model size and one other input, with today's plan."""
    rows, canvas = inspection.rows, Canvas(colours)
    x, y = _shown(rows, SIZE), _shown(rows, up)
    plan = None if decision is None else _plan(decision, up, rows)
    ends = {
        name: [float(f(values)) for f in (np.min, np.max)] for name, values in (("x", x), ("y", y))
    }
    for name, (low, high) in ends.items():
        at = low if plan is None else plan[name]
        canvas.log_axis(
            name, min(low, at), max(high, at), _language(SIZE if name == "x" else up, words),
            air=(0.15, 0.2),
        )  # fmt: skip
    _outside(canvas, ends)
    _points(canvas, x, y, shown)
    said = words.say("No plan for today's question.")
    if plan is not None and decision is not None:
        reach = bounds.reach(decision.extrapolation.reach, words)
        text = words.say("Today's plan: {reach}", reach=reach)
        colour = colours.recommendation
        canvas.mark(plan["x"], plan["y"], "diamond", 16, fill=colour, edge=colours.paper)
        below = canvas.place("y", plan["y"]) > 0.5
        label_room.label(canvas, plan["x"], plan["y"], text, colour, plot=_PLOT, below=below)
        said = wording.today(decision, words)
    canvas.drawing.update_xaxes(title_text=words.say(SIZE.title), showgrid=False)
    canvas.drawing.update_yaxes(title_text=words.say(up.title), showgrid=False)
    canvas.drawing.update_layout(showlegend=False)
    alt = words.say(
        "Where the runs lie: {x} from {x_low} to {x_high}, {y} from {y_low} to {y_high}. {plan}",
        x=words.say(SIZE.title),
        x_low=formats.amount(ends["x"][0], words.language),
        x_high=formats.amount(ends["x"][1], words.language),
        y=words.say(up.title),
        y_low=_amount(ends["y"][0], up, words),
        y_high=_amount(ends["y"][1], up, words),
        plan=said,
    )
    return Chart(canvas.drawing, alt)


def _plan(decision: Decision, up: Input, rows: Rows) -> dict[str, float]:
    best = decision.recommendation
    y = best.noise_batch_ratio if up is NOISE else best.config.iterations
    noisy = rows.noise_batch_ratio[rows.noise_batch_ratio > 0]
    if up is NOISE and noisy.size:
        y = max(y, float(noisy.min()) / _QUIET)
    return {"x": float(best.config.model_size), "y": float(y)}


def _outside(canvas: Canvas, ends: dict[str, list[float]]) -> None:
    """Hatched grey over the plot, and paper over the ranges that the runs cover."""
    grey, paper = canvas.colours.outside, canvas.colours.paper
    layout = canvas.drawing.layout
    window = {name: [10.0**v for v in layout[f"{name}axis"]["range"]] for name in ("x", "y")}
    for corners, hatched in ((window, True), (ends, False)):
        (left, right), (low, high) = corners["x"], corners["y"]
        canvas.drawing.add_scatter(
            x=[left, right, right, left, left],
            y=[low, low, high, high, low],
            mode="lines",
            fill="toself",
            hoverinfo="skip",
            line={"width": 0 if hatched else 1, "color": grey, "dash": "dot"},
            fillcolor=canvas.colours.faint(grey, 0.05) if hatched else paper,
        )
        if hatched:
            canvas.hatch(0.4, 0.05)


def _points(canvas: Canvas, x: FloatArray, y: FloatArray, shown: Points) -> None:
    canvas.drawing.add_scatter(
        x=x[:: shown.every],
        y=y[:: shown.every],
        mode="markers",
        showlegend=False,
        name="runs",
        marker={
            "size": 9 if x.size < 100 else 7,
            "color": canvas.colours.evidence,
            "opacity": 0.85,
            "line": {"width": 1, "color": canvas.colours.paper},
        },
        customdata=shown.runs,
        hovertext=shown.texts,
        hovertemplate="%{hovertext}<extra></extra>",
    )


def _hover(
    rows: Rows, every: int, runs: Sequence[str], names: Mapping[str, str], words: Words
) -> list[str]:
    parts = zip(
        runs, rows.model_size[::every], rows.iterations[::every], rows.noise_batch_ratio[::every],
        rows.measured[::every], rows.fitted[::every], strict=True,
    )  # fmt: skip
    return [
        words.say(
            "<b>{run}</b><br>{size} parameters, {steps} steps, σ/B {noise}<br>"
            "measured {measured}, fitted {fitted}",
            run=formats.in_chart(run_facts.called(run, names)),
            size=formats.amount(size, words.language),
            steps=formats.count(steps, words.language),
            noise=formats.scientific(noise) if noise else "0",
            measured=formats.loss(measured),
            fitted=formats.loss(said),
        )
        for run, size, steps, noise, measured, said in parts
    ]


def _shown(rows: Rows, along: Input) -> FloatArray:
    values: FloatArray = getattr(rows, along.name)
    positive = values[values > 0]
    if positive.size == values.size or not positive.size:
        return np.maximum(values, 1e-12)
    return np.maximum(values, positive.min() / _QUIET)


def _language(along: Input, words: Words) -> str | None:
    """Amounts are named (万, M); a ratio is written as a power of ten."""
    return None if along is NOISE else words.language


def _amount(value: float, along: Input, words: Words) -> str:
    return formats.scientific(value) if along is NOISE else formats.amount(value, words.language)
