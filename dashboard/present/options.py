"""The scenarios that were chosen on Compare as options A, B, C of deck and record, and the steps of
the net present value from one to the next.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from dashboard.compare import wording as compare_wording
from dashboard.ui.colours import Palette
from engine.api.decisions import Answer, Bridge
from engine.api.reports import Bar, Bars, Slide, Table
from engine.text import figures, formats, labels, quantities
from engine.text.i18n import Words

_BARS = 8
"""Steps of a figure; what is smaller is one bar together."""


@dataclass(frozen=True, kw_only=True)
class Option:
    """A scenario with its letter, its name and its answer, and the way to it from the option
    before: None for the first, and where a value is not known."""

    letter: str
    name: str
    answer: Answer
    bridge: Bridge | None = None


def table(options: tuple[Option, ...], words: Words) -> Table:
    """The options side by side, a column each, figures as on every page: few columns, so that they
    can be read from the end of the room."""
    answers = [option.answer for option in options]
    budgets = [answer.question.budget for answer in answers]
    losses = [answer.decision.recommendation.cross_entropy.value for answer in answers]

    def row(name: str, cells: Iterable[str]) -> tuple[str, ...]:
        return (name, *cells)

    return Table(
        title=words.say("Options under comparison"),
        heads=row(
            words.say("Figure"),
            (words.say("{letter}: {name}", letter=one.letter, name=one.name) for one in options),
        ),
        rows=(
            row(words.say("People"), (labels.people(one.data_budget, words) for one in budgets)),
            row(words.say("Privacy ε"), (formats.plain(one.epsilon) for one in budgets)),
            row(words.say("Expected loss"), map(formats.loss, losses)),
            row(
                quantities.label("cash_to_approve", words),
                (quantities.text("cash_to_approve", answer, words) for answer in answers),
            ),
            row(
                figures.name("npv", words),
                (quantities.with_range("npv", "npv_range", answer, words) for answer in answers),
            ),
            row(
                figures.name("probability", words),
                (quantities.text("probability", answer, words) for answer in answers),
            ),
        ),
    )


def slides(options: tuple[Option, ...], words: Words, colours: Palette) -> tuple[Slide, ...]:
    """The table with the option that is worth most as its message, then a bridge for each further
    option."""
    if len(options) < 2:
        return ()
    shown = [Slide(key="alternatives", title=_best(options, words), table=table(options, words))]
    for first, second in pairwise(options):
        if second.bridge is not None and second.bridge.steps:
            shown.append(
                Slide(
                    key=f"bridge_{second.letter}",
                    title=_message(first, second, second.bridge, words),
                    figure=_figure(first, second, second.bridge, words, colours),
                )
            )
    return tuple(shown)


def _best(options: tuple[Option, ...], words: Words) -> str:
    worth = {
        option.letter: option.answer.study.appraisal.npv.value
        for option in options
        if option.answer.study is not None
    }
    if len(worth) < len(options):
        return words.say("These are the options; what one of them is worth is not known.")
    best = max(worth, key=worth.__getitem__)
    return words.say(
        "Of these options {letter} has the highest net present value, {npv}.",
        letter=best,
        npv=figures.money(worth[best], words),
    )


def _name(assumptions: tuple[str, ...], words: Words) -> str:
    return words.listed(compare_wording.assumption(each, words) for each in assumptions)


def _message(first: Option, second: Option, found: Bridge, words: Words) -> str:
    main = max(found.steps, key=lambda step: abs(step.amount))
    return words.say(
        "From option {first} to option {second} the net present value goes from {start} to {end}; "
        "most of it by this: {assumption}.",
        first=first.letter,
        second=second.letter,
        start=figures.money(found.start, words),
        end=figures.money(found.end, words),
        assumption=_name(main.assumptions, words),
    )


def _figure(first: Option, second: Option, found: Bridge, words: Words, colours: Palette) -> Bars:
    """Both ends from zero, every step where the one before ended."""
    places = range(len(found.steps))
    ranked = sorted(places, key=lambda place: abs(found.steps[place].amount), reverse=True)
    few = set(ranked[:_BARS] if len(ranked) > _BARS + 1 else ranked)
    steps = [
        (_name(step.assumptions, words), step.amount)
        for place, step in enumerate(found.steps)
        if place in few
    ]
    if len(few) < len(ranked):
        rest = sum(step.amount for place, step in enumerate(found.steps) if place not in few)
        steps.append((words.say("Other"), rest))
    reach = [found.start, found.end, *(amount for _, amount in steps)]
    one, unit = figures.axis_unit(max(map(abs, reach)), words)

    def end(option: Option, amount: float) -> Bar:
        name = words.say("Option {letter}", letter=option.letter)
        text = figures.money(amount, words)
        return Bar(name=name, end=amount / one, text=text, colour=colours.recommendation)

    bars, before = [end(first, found.start)], found.start
    for name, amount in steps:
        sign = "+" if amount > 0 else ""
        bars.append(
            Bar(
                name=name,
                start=before / one,
                end=(before + amount) / one,
                text=f"{sign}{figures.money(amount, words)}",
                colour=colours.outside,
            )
        )
        before += amount
    bars.append(end(second, found.end))
    listed = "; ".join(f"{bar.name}: {bar.text}" for bar in bars)
    return Bars(
        unit=unit,
        alt=words.say("Steps of the net present value. {listed}.", listed=listed),
        heads=(words.say("Figure"), words.say("From"), words.say("To")),
        bars=tuple(bars),
    )
