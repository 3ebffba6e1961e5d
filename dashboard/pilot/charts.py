"""Figures of the Pilot page: the training inside its prediction, and both arms at the end.

Measured points are teal, the recommendation's lines and intervals indigo and round, the rule's
orange and square, so that the arms differ in shape as well.
"""

from collections.abc import Sequence

import numpy as np

from dashboard.answers.expected import Expected
from dashboard.pilot import labels as pilot_labels
from dashboard.pilot import provenance, wording
from dashboard.ui.canvas import Canvas
from dashboard.ui.chart import Chart
from dashboard.ui.colours import Palette
from engine.api.pilots import Arm, PilotPlan, TrainingResult, Transfer, Verdict
from engine.config import FLOPS_PER_PARAMETER_AND_TOKEN
from engine.interval import Interval
from engine.text import formats, labels
from engine.text.i18n import Words

_FIRST = 32
"""Iteration of the first evaluation."""
_BESIDE = 1.13
"""Factor in compute by which a prediction stands to the right of what was measured."""
_VISIBLE_FACTOR = 1.05
"""Least saving that is drawn as a gap."""
_SYMBOLS = {"recommended": "circle", "rule": "square"}
Points = Sequence[tuple[float, float]]


def watch(
    arm: Arm,
    curve: Points,
    earlier: Sequence[Points],
    expected: Expected | None,
    words: Words,
    colours: Palette,
    *,
    transfer: Transfer | None = None,
) -> Chart:
    """Held-out loss by iteration with the frozen interval at the planned end."""
    canvas, end = Canvas(colours), arm.settings.config.iterations
    canvas.log_axis("x", min(_FIRST, end / 2), end, words.language, air=(0.02, 0.12))
    hue = _hue(arm.name, colours)
    if expected is not None:
        _expected(canvas, expected, hue, words)
    for points in earlier:
        _curve(canvas, points, words.say("Earlier trainings"), colours.outside, 2)
    _curve(canvas, curve, words.say("Measured"), colours.evidence, 4, symbol=_SYMBOLS[arm.name])
    if arm.predicted is not None:
        _interval(canvas, end, arm.predicted, hue)
        inside = formats.between(
            formats.loss(arm.predicted.low), formats.loss(arm.predicted.high), words.language
        )
        text = words.say("Predicted: {range}", range=inside)
        if transfer is not None:
            text = words.say("Predicted, transferred: {range}", range=inside)
        canvas.label(end, arm.predicted.value, text, hue, ax=-30, ay=-60, xanchor="right")
    canvas.drawing.update_xaxes(title_text=words.say("Iterations (steps)"))
    canvas.drawing.update_yaxes(
        title_text=words.say("Held-out loss ({unit})", unit=words.field(words.loss_unit.measure))
    )
    canvas.legend()
    alt = words.say(
        "Held-out loss by iteration. Last measured: {loss}. Predicted at the end: {predicted}.",
        loss=formats.loss(curve[-1][1]) if curve else "–",
        predicted=wording.interval(arm.predicted, words),
    )
    origin = None if arm.predicted is None else provenance.predicted_from(transfer, words)
    return Chart(canvas.drawing, words.joined([alt, origin]))


def result(
    plan: PilotPlan,
    results: Sequence[TrainingResult],
    found: Verdict,
    words: Words,
    colours: Palette,
) -> Chart:
    """Loss by compute of both arms, their intervals at the ends, the saving between."""
    canvas = Canvas(colours)
    curves = {arm.name: _by_compute(arm, results) for arm in plan.arms}
    ends = {arm.arm: (_last(curves[arm.arm]), arm.cross_entropy) for arm in found.arms}
    computes = [x for points in curves.values() for curve in points for x, _ in curve]
    canvas.log_axis("x", min(computes), max(computes), air=(0.03, 0.16))
    for arm in plan.arms:
        name, hue = pilot_labels.arm(arm.name, words), _hue(arm.name, colours)
        for number, points in enumerate(curves[arm.name]):
            _curve(canvas, points, name, hue, 3, symbol=_SYMBOLS[arm.name], named=number == 0)
    for arm in plan.arms:
        x, loss = ends[arm.name]
        if arm.predicted is not None:
            _interval(canvas, x * _BESIDE, arm.predicted, _hue(arm.name, colours))
            name = pilot_labels.arm(arm.name, words)
            said = (
                words.say("{arm}: predicted", arm=name)
                if found.transfer is None
                else words.say("{arm}: predicted, transferred", arm=name)
            )
            canvas.drawing.data[-1].update(name=said, showlegend=True)
        canvas.mark(
            x, loss, _SYMBOLS[arm.name], 14, fill=colours.evidence, edge=_hue(arm.name, colours)
        )
    _saving(canvas, found, ends, words)
    canvas.drawing.update_xaxes(title_text=words.say("Compute (FLOPs)"))
    canvas.drawing.update_yaxes(
        title_text=words.say("Held-out loss ({unit})", unit=words.field(words.loss_unit.measure))
    )
    canvas.legend()
    listed = "; ".join(
        f"{pilot_labels.arm(name, words)}: {formats.loss(loss)}" for name, (_, loss) in ends.items()
    )
    alt = words.say(
        "Held-out loss by compute. At the end: {listed}. {verdict}",
        listed=listed,
        verdict=wording.verdict(found, words),
    )
    return Chart(canvas.drawing, alt)


def _hue(arm: str, colours: Palette) -> str:
    return colours.rule if arm == "rule" else colours.recommendation


def _expected(canvas: Canvas, expected: Expected, hue: str, words: Words) -> None:
    x = expected.iterations
    name = words.say("Range the law expects")
    canvas.band(x, expected.low, expected.high, name, hatched=False, hue=hue)
    canvas.line(x, expected.value, words.say("The law expects"), hue, 2, "dot")


def _curve(
    canvas: Canvas,
    points: Points,
    name: str,
    colour: str,
    width: float,
    *,
    symbol: str | None = None,
    named: bool = True,
) -> None:
    canvas.line(
        np.array([x for x, _ in points]),
        np.array([y for _, y in points]),
        name,
        colour,
        width,
        "solid",
    )
    canvas.drawing.data[-1].update(showlegend=named, legendgroup=name)
    if symbol:
        canvas.drawing.data[-1].update(
            mode="lines+markers",
            marker={"symbol": symbol, "size": 8, "color": canvas.colours.evidence},
        )


def _interval(canvas: Canvas, x: float, predicted: Interval, hue: str) -> None:
    """The frozen interval as a thick bar, its value as an open diamond."""
    canvas.mark(
        x,
        predicted.value,
        "diamond",
        11,
        fill=canvas.colours.paper,
        edge=hue,
        error=predicted,
    )
    canvas.drawing.data[-1]["error_y"] |= {"color": hue, "thickness": 6}


def _by_compute(arm: Arm, results: Sequence[TrainingResult]) -> list[Points]:
    config = arm.settings.config
    step = (
        FLOPS_PER_PARAMETER_AND_TOKEN
        * config.model_size
        * config.batch_size
        * config.sequence_length
    )
    return [
        [(step * iteration, loss) for iteration, loss in result.curve]
        for result in results
        if result.arm == arm.name and result.curve
    ]


def _last(curves: list[Points]) -> float:
    return max(curve[-1][0] for curve in curves)


def _saving(
    canvas: Canvas,
    found: Verdict,
    ends: dict[str, tuple[float, float]],
    words: Words,
) -> None:
    """From where the better arm was as good to the end of the other, at that one's loss."""
    saving = found.saving
    if saving is None or max(saving.factor, 1 / saving.factor) < _VISIBLE_FACTOR:
        return
    ours, rule = ends["recommended"], ends["rule"]
    x, level = rule if saving.factor >= 1 else ours
    factor = max(saving.factor, 1 / saving.factor)
    canvas.gap(x / factor, x, level)
    text = words.say("{factor} the compute", factor=labels.times(factor, words))
    if found.is_weak:
        text = words.say("{factor} (no test)", factor=text)
    canvas.label(x / factor**0.5, level, text, canvas.colours.ink, ay=-34, xanchor="center")
