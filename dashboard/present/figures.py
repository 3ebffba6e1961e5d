"""Figures of the deck: numbers in units that an axis can carry, and words for those who do not see.

The same results as on the pages, as plain series, so that PowerPoint can hold them as charts.
"""

from itertools import pairwise

import numpy as np

from dashboard.decide import charts, wording
from dashboard.roi import facts as roi_facts
from dashboard.roi import wording as roi_wording
from dashboard.ui.colours import Palette
from engine.api.decisions import PEOPLE, AttackRisk, Decision, findings
from engine.api.money import Study
from engine.api.reports import Band, Bar, Bars, Line, Lines, Mark
from engine.text import figures, formats, labels, quantities
from engine.text.i18n import Words

_POINTS = 60
_BARS = 6


def doublings(answer: Decision, words: Words, colours: Palette) -> Bars:
    """What doubling each budget buys."""
    gains = (
        ("compute", words.say("Compute ×2"), answer.doubling.compute),
        ("data", words.say("People ×2"), answer.doubling.data),
        ("epsilon", words.say("Privacy ε ×2"), answer.doubling.epsilon),
    )
    bars = tuple(
        Bar(
            name=name,
            end=100 * max(0.0, gain.value),
            text=formats.percent(max(0.0, gain.value), words.language),
            colour=colours.recommendation if key == answer.doubling.binding else colours.outside,
        )
        for key, name, gain in gains
    )
    return Bars(
        unit=words.say("Fall in loss (%)"),
        alt=charts.doublings(answer, words, colours).alt,
        heads=(words.say("Doubled budget"), words.say("Fall in loss (%)")),
        bars=bars,
    )


def frontier(answer: Decision, words: Words, colours: Palette) -> Lines:
    """Loss against compute, the usual rule beside it."""
    curve, here = answer.frontier, answer.recommendation
    low, high = charts.window(answer)
    shown = np.nonzero((curve.compute_flops >= low) & (curve.compute_flops <= high))[0]
    kept = shown[np.unique(np.linspace(0, len(shown) - 1, _POINTS).round().astype(int))]
    level = formats.percent(curve.level, words.language)
    factor = findings.stronger_rule(answer).compute_factor
    budget = here.config.compute_flops
    loss = here.cross_entropy.value
    saturation = answer.saturation
    marks = [
        Mark(
            x=budget,
            y=loss,
            text=words.say("This plan: {loss}", loss=formats.loss(loss)),
            colour=colours.recommendation,
            above=False,
        )
    ]
    if factor is not None and low <= budget * factor <= high and factor > 1:
        text = words.say("{factor} the compute", factor=labels.times(factor, words))
        marks.append(Mark(x=budget * factor, y=loss, text=text, colour=colours.rule, above=True))
    elif saturation.compute_flops and low <= saturation.compute_flops <= high:
        text = wording.saturation_label(saturation, words)
        point = {"x": saturation.compute_flops, "y": saturation.cross_entropy}
        marks.append(Mark(**point, text=text, colour=colours.outside, above=True))

    def over(values: np.ndarray) -> tuple[float, ...]:
        return tuple(map(float, values[kept]))

    shown_losses = charts.losses(answer, shown)
    lines = (
        Line(
            name=words.say("Recommended"),
            y=over(curve.best),
            colour=colours.recommendation,
            width=3.5,
        ),
        Line(
            name=words.say("Usual rule, batch tuned"),
            y=over(curve.rule_tuned),
            colour=colours.rule,
            dashed=True,
        ),
        Line(
            name=words.say("Usual rule, as practised"),
            y=over(curve.rule_practised),
            colour=colours.rule,
            dotted=True,
        ),
    )
    return Lines(
        x_title=words.say("Compute (FLOPs)"),
        y_title=labels.expected_loss(words),
        alt=charts.frontier(answer, words, colours).alt,
        x=over(curve.compute_flops),
        lines=tuple(line for line in lines if _is_seen(line, *shown_losses)),
        band=Band(
            name=words.say("{level} interval", level=level),
            low_name=words.say("{level} interval, low", level=level),
            high_name=words.say("{level} interval, high", level=level),
            low=over(curve.low),
            high=over(curve.high),
            colour=colours.recommendation,
        ),
        marks=tuple(marks),
        log_x=True,
        y_range=shown_losses,
    )


def _is_seen(line: Line, low: float, high: float) -> bool:
    """Whether any of it lies in the range: a name in the legend without a curve is a riddle."""
    return any(
        min(one, next_one) <= high and max(one, next_one) >= low
        for one, next_one in pairwise([*line.y[:1], *line.y, *line.y[-1:]])
    )


def odds(risk: AttackRisk, words: Words, colours: Palette) -> Bars:
    """Right guesses of the best attacker, with the model and without it."""
    pairs = (
        (words.say("With this model"), risk.found, colours.recommendation),
        (words.say("Without it"), risk.guessed, colours.outside),
    )
    bars = tuple(
        Bar(name=name, end=found, text=quantities.odds(found), colour=colour)
        for name, found, colour in pairs
    )
    unit = words.say("Right guesses in {people}", people=formats.exact(PEOPLE))
    return Bars(
        unit=unit, alt=roi_wording.odds(risk, words), heads=(words.say("Attacker"), unit), bars=bars
    )


def cash(study: Study, words: Words, colours: Palette) -> Lines:
    """Cumulative cash with its band."""
    band = study.appraisal.cash
    one, unit = figures.axis_unit(
        float(max(np.abs(band.low).max(), np.abs(band.high).max())), words
    )
    every = max(1, len(band.months) // _POINTS)
    kept = np.arange(0, len(band.months), every)

    def over(values: np.ndarray) -> tuple[float, ...]:
        return tuple(float(v) / one for v in values[kept])

    level = formats.percent(band.level, words.language)
    time = study.appraisal.payback_months
    marks: tuple[Mark, ...] = ()
    if time.value <= band.months[-1]:
        payback = figures.months(time.value, words)
        marks = (
            Mark(
                x=float(time.value),
                y=0.0,
                text=words.say("Pays back: {payback}", payback=payback),
                colour=colours.recommendation,
                above=True,
            ),
        )
    return Lines(
        x_title=words.say("Months from now"),
        y_title=words.say("Cash so far ({unit})", unit=unit),
        alt=words.say(
            "Cumulative cash over {months} months: it ends at {end}. {headline}",
            months=formats.plain(band.months[-1]),
            end=roi_wording.interval(band.mean[-1], band.low[-1], band.high[-1], words),
            headline=roi_wording.headline(study, words),
        ),
        x=tuple(map(float, band.months[kept])),
        lines=(
            Line(
                name=words.say("Mean"), y=over(band.mean), colour=colours.recommendation, width=3.5
            ),
        ),
        band=Band(
            name=words.say("{level} interval", level=level),
            low_name=words.say("{level} interval, low", level=level),
            high_name=words.say("{level} interval, high", level=level),
            low=over(band.low),
            high=over(band.high),
            colour=colours.recommendation,
        ),
        marks=marks,
    )


def waterfall(study: Study, words: Words, colours: Palette) -> Bars:
    """From value over the costs to the NPV; each bar starts where the last one ended."""
    steps = roi_facts.steps(study, words)
    npv = sum(amount for _, amount in steps)
    one, unit = figures.axis_unit(max(abs(amount) for _, amount in steps), words)
    bars, start = [], 0.0
    for name, amount in steps:
        colour = colours.recommendation if amount >= 0 else colours.outside
        bars.append(
            Bar(
                name=name,
                start=start / one,
                end=(start + amount) / one,
                text=figures.part(amount, words),
                colour=colour,
            )
        )
        start += amount
    total = figures.money(npv, words)
    name = figures.name("npv", words)
    bars.append(Bar(name=name, end=npv / one, text=total, colour=colours.recommendation))
    listed = "; ".join(f"{bar.name}: {bar.text}" for bar in bars)
    return Bars(
        unit=unit,
        alt=words.say("From value to net present value. {listed}.", listed=listed),
        heads=_span_heads(words),
        bars=tuple(bars),
    )


def tornado(study: Study, words: Words, colours: Palette) -> Bars:
    """NPV between both ends of each unknown, the widest first."""
    shown = study.tornado[:_BARS]
    spans = [sorted((bar.npv_at_low, bar.npv_at_high)) for bar in shown]
    one, unit = figures.axis_unit(max(abs(end) for span in spans for end in span), words)
    bars = tuple(
        Bar(
            name=figures.name(bar.name, words),
            start=low / one,
            end=high / one,
            text=figures.money_range(low, high, words),
            colour=colours.recommendation if place == 0 else colours.outside,
        )
        for place, (bar, (low, high)) in enumerate(zip(shown, spans, strict=True))
    )
    listed = "; ".join(f"{bar.name}: {bar.text}" for bar in bars[:5])
    npv = figures.name("npv", words)
    return Bars(
        unit=words.say("{name} ({unit})", name=npv, unit=unit),
        alt=words.say("What moves the net present value most. {listed}.", listed=listed),
        heads=_span_heads(words),
        bars=bars,
    )


def _span_heads(words: Words) -> tuple[str, str, str]:
    return words.say("Figure"), words.say("From"), words.say("To")
