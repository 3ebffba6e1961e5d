"""Figures of the ROI page: from value to NPV, cash over time, what it hangs on, stages.

Indigo is what the recommendation earns, grey what it costs; no colour says good or bad. Amounts
stand at the bars, so that nothing needs hovering.
"""

import numpy as np

from dashboard.roi import facts, wording
from dashboard.ui.canvas import FONT, Canvas
from dashboard.ui.chart import Chart
from dashboard.ui.colours import Palette
from dashboard.ui.label_text import em, wrap
from engine.api.money import StagedPlan, Study
from engine.interval import FloatArray
from engine.text import figures, formats
from engine.text.i18n import Words

_BARS = 10
"""Bars of a tornado: what moves the NPV less hardly matters."""
_BESIDE = FONT - 3
"""Size of the values at the ends of a tornado's bars."""
_PLOT = 420
"""Pixels of the narrowest plot that they must fit beside its names; phones
have figures of their own."""
_GAP = 10
"""Pixels around such a value."""
_HALF = 360
"""Pixels of the narrowest figure that stands beside another one, names included."""
_NAME = 9.0
"""Most em of a bar's name in one line of such a figure."""
_ROUND = (0.8, 1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)
"""Steps of an axis of money: so near each other that one of two neighbours gives enough amounts."""
_LEAST = 3
"""Amounts along an axis of money."""
_FEW = 4
"""Most steps between amounts along its axis: there is room for no more."""
_MOST_BESIDE = 0.7
"""Share of such a figure's plot that an amount beside a bar may take."""


def waterfall(study: Study, words: Words, colours: Palette) -> Chart:
    """From value over the costs to the NPV, mean present values."""
    steps = facts.steps(study, words)
    names = [name for name, _ in steps] + [figures.name("npv", words)]
    values = [value for _, value in steps]
    npv = sum(values)
    starts = np.cumsum([0.0, *values])[: len(values)]
    canvas = Canvas(colours)
    drawing = canvas.drawing
    drawing.add_bar(
        y=names,
        x=[*values, npv],
        base=[*starts, 0.0],
        orientation="h",
        width=0.62,
        marker={
            "color": [
                *(colours.recommendation if v >= 0 else colours.outside for v in values),
                colours.recommendation,
            ]
        },
        hoverinfo="skip",
        name="waterfall",
    )
    lowest = min(0.0, *np.cumsum(values), npv)
    broken = [wrap(name, _NAME) for name in names]
    plot = _HALF - FONT * max(em(line) for lines in broken for line in lines) - 2 * _GAP
    highest = 0.0
    for name, value, start in zip(names, [*values, npv], [*starts, 0.0], strict=True):
        end, text = max(start, start + value, 0.0), figures.part(value, words)
        canvas.amount(end, name, text)
        taken = min((FONT * em(text) + 2 * _GAP) / plot, _MOST_BESIDE)
        highest = max(highest, lowest + (end - lowest) / (1 - taken))
    _money_axis(canvas, "x", lowest, highest, words, most=_FEW)
    drawing.update_xaxes(tickfont={"size": FONT - 4}, tickangle=0)
    drawing.update_yaxes(
        autorange="reversed",
        showgrid=False,
        tickfont={"size": FONT},
        tickmode="array",
        tickvals=names,
        ticktext=["<br>".join(lines) for lines in broken],
    )
    drawing.update_layout(showlegend=False)
    listed = "; ".join(
        f"{n}: {figures.part(v, words)}" for n, v in zip(names, [*values, npv], strict=True)
    )
    return Chart(drawing, words.say("From value to net present value. {listed}.", listed=listed))


def cash(study: Study, words: Words, colours: Palette) -> Chart:
    """Cumulative cash with its band, and where it crosses zero."""
    band = study.appraisal.cash
    canvas = Canvas(colours)
    level = formats.percent(band.level, words.language)
    name = words.say("{level} interval", level=level)
    canvas.band(band.months, band.low, band.high, name, hatched=False)
    name = words.say("Mean")
    canvas.line(band.months, band.mean, name, colours.recommendation, 4, "solid")
    canvas.drawing.data[-1] |= {"hoverinfo": "skip", "hovertemplate": None}
    canvas.drawing.add_line_across("y", 0, {"color": colours.quiet, "width": 1.5})
    time = study.appraisal.payback_months
    low, high = float(band.low.min()), float(band.high.max())
    if np.isfinite(time.value):
        end = min(time.high, float(band.months[-1]))
        canvas.gap(time.low, end, 0.0)
        canvas.mark(time.value, 0.0, "circle", 15, fill=colours.recommendation, edge=colours.paper)
        text = words.say("Pays back: {payback} (median)", payback=figures.months(time.value, words))
        late = time.value > band.months[-1] / 2
        canvas.label(
            time.value, 0.0, text, colours.ink, ay=-90, ax=-50, xanchor="right" if late else "auto"
        )
    _money_axis(canvas, "y", low, high, words)
    canvas.drawing.update_xaxes(
        title_text=words.say("Months from now"), dtick=12, range=[0, band.months[-1]]
    )
    canvas.drawing.update_layout(legend={"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0})
    alt = words.say(
        "Cumulative cash over {months} months: it ends at {end}. {headline}",
        months=formats.plain(band.months[-1]),
        end=wording.interval(band.mean[-1], band.low[-1], band.high[-1], words),
        headline=wording.headline(study, words),
    )
    return Chart(canvas.drawing, alt)


def tornado(study: Study, words: Words, colours: Palette) -> Chart:
    """NPV at both ends of each figure's range, the widest first."""
    bars = study.tornado[:_BARS]
    central = study.appraisal.central_npv
    canvas = Canvas(colours)
    drawing = canvas.drawing
    names = [figures.name(bar.name, words) for bar in bars]
    for end, share in (("low", 0.45), ("high", 1.0)):
        ends = np.array([getattr(bar, f"npv_at_{end}") for bar in bars])
        drawing.add_bar(
            y=names,
            x=ends - central,
            base=central,
            orientation="h",
            width=0.62,
            marker=canvas.bars(
                colours.faint(colours.recommendation, share), colours.recommendation
            ),
            hoverinfo="skip",
            name=words.say("At its low end") if end == "low" else words.say("At its high end"),
        )
    beside = []
    for bar, name in zip(bars, names, strict=True):
        both = sorted([(bar.npv_at_low, bar.low), (bar.npv_at_high, bar.high)])
        for (x, value), anchor in zip(both, ("right", "left"), strict=True):
            text = figures.figure(bar.name, value, words)
            beside.append((x, text, anchor))
            drawing.add_annotation(
                x=x,
                y=name,
                text=text,
                xanchor=anchor,
                showarrow=False,
                xshift=-4 if anchor == "right" else 4,
                bgcolor=colours.paper,
                font={"size": _BESIDE, "color": colours.quiet},
            )
    drawing.add_line_across("x", 0, {"color": colours.ink, "width": 2, "dash": "dot"})
    _money_axis(canvas, "x", *_with_room(beside, central), words)
    drawing.update_xaxes(title_text=figures.name("npv", words), tickangle=0)
    drawing.update_yaxes(autorange="reversed", showgrid=False, tickfont={"size": FONT - 2})
    drawing.update_layout(
        barmode="overlay", legend={"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0}
    )
    spans = [sorted((bar.npv_at_low, bar.npv_at_high)) for bar in bars[:5]]
    listed = "; ".join(
        f"{name}: {figures.money_range(low, high, words)}"
        for name, (low, high) in zip(names[:5], spans, strict=True)
    )
    return Chart(
        drawing, words.say("What moves the net present value most. {listed}.", listed=listed)
    )


def _with_room(beside: list[tuple[float, str, str]], central: float) -> tuple[float, float]:
    """The span of an axis on which the texts beside bars end within it,
    (place, text, anchor) each."""
    places = [x for x, _, _ in beside] or [central]
    low, high = min(places), max(places)
    high = high if high > low else low + (abs(central) or 1.0)
    for _ in range(8):  # a wider span moves what stands on it: a few rounds settle
        unit = (high - low) / _PLOT
        widths = [unit * (_BESIDE * em(text) + _GAP) for _, text, _ in beside]
        ends = [
            x + width if side == "left" else x - width
            for (x, _, side), width in zip(beside, widths, strict=True)
        ]
        low, high = min([low, *ends]), max([high, *ends])
    return low, high


def stages(study: Study, words: Words, colours: Palette) -> Chart:
    """Pilot, limited, full on a line of months, with each gate's number and chance."""
    plan, table = study.staged, study.table
    first, second = plan.gates
    launch, end = table["launch_months"].value, 12 * table["horizon_years"].value
    canvas = Canvas(colours)
    drawing = canvas.drawing
    spans = (
        (words.say("Pilot stage"), 0.0, first.month, 0.25),
        (words.say("Training and limited launch"), first.month, second.month, 0.55),
        (words.say("Full use"), second.month, end, 1.0),
    )
    for row, (name, start, stop, share) in enumerate(spans):
        drawing.add_bar(
            x=[stop - start],
            y=[2 - row],
            base=start,
            orientation="h",
            width=0.5,
            name=name,
            marker=canvas.bars(
                colours.faint(colours.recommendation, share), colours.recommendation
            ),
            hoverinfo="skip",
        )
    texts = (
        words.say("Pilot: {price}", price=figures.money(plan.pilot.price, words)),
        words.say(
            "Gate 1: {gate} ({chance})",
            gate=wording.gate(first, words),
            chance=figures.chance(first.passed, words),
        ),
        _limited(plan, launch, words),
        words.say(
            "Gate 2: {gate} ({chance})",
            gate=wording.gate(second, words),
            chance=figures.chance(second.passed, words),
        ),
        words.say(
            "Full use: reached with {chance} probability",
            chance=figures.chance(plan.full_probability, words),
        ),
    )
    places = (
        (first.month, 2.0),
        (first.month, 1.5),
        (second.month, 1.0),
        (second.month, 0.5),
        (second.month, 0.0),
    )
    for text, (x, y) in zip(texts, places, strict=True):
        gate = text in (texts[1], texts[3])
        if gate:
            canvas.mark(x, y, "diamond", 15, fill=colours.paper, edge=colours.ink)
        inside = text is texts[4]
        drawing.add_annotation(
            x=x,
            y=y,
            text=f"<b>{text}</b>" if gate else text,
            xanchor="left",
            showarrow=False,
            xshift=14,
            bgcolor=colours.recommendation if inside else None,
            font={"size": FONT, "color": colours.paper if inside else colours.ink},
        )
    drawing.update_xaxes(title_text=words.say("Months from now"), range=[-1, end], dtick=12)
    drawing.update_yaxes(visible=False, range=[-0.45, 2.45])
    drawing.update_layout(showlegend=False, barmode="overlay")
    return Chart(drawing, " ".join(f"{text}." for text in texts))


def _limited(plan: StagedPlan, launch: float, words: Words) -> str:
    """The limited launch and what is spent by its end; nothing is where no pilot leads there."""
    share, month = formats.percent(plan.limited_share, words.language), formats.plain(launch)
    spent = plan.gates[1].spent_before
    if spent <= 0:
        return words.say(
            "Limited to {share} of users from month {launch}", share=share, launch=month
        )
    return words.say(
        "Limited to {share} of users from month {launch}; {spent} spent by then",
        share=share,
        launch=month,
        spent=figures.money(spent, words),
    )


def _money_axis(
    canvas: Canvas, axis: str, low: float, high: float, words: Words, *, most: int = 6
) -> None:
    """Round amounts along an axis of money: at least three, and ``most`` steps between them."""
    one = figures.jpy(1.0, words)
    width = max(high - low, one)
    scale = one * 10.0 ** np.floor(np.log10(width / one / most))
    few = next(k for k, m in enumerate(_ROUND) if k and width / (scale * m) <= most)
    ticks = _multiples(scale * _ROUND[few], low, high)
    if len(ticks) < _LEAST:
        ticks = _multiples(scale * _ROUND[few - 1], low, high)
    canvas.drawing.update_axis(
        axis,
        range=[low - 0.02 * width, high + 0.02 * width],
        tickmode="array",
        tickvals=list(ticks),
        ticktext=[figures.money(tick, words) if tick else "0" for tick in ticks],
    )


def _multiples(step: float, low: float, high: float) -> FloatArray:
    """All between two amounts, both included."""
    return np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step
