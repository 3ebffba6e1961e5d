"""More learning for the same ε: what correlated noise would buy, in words."""

import math

from engine.allocation.result import Word
from engine.decision.correlated import Banded, More
from engine.interval import Interval
from engine.roi.appraise import NO_MONEY
from engine.text import bounds, figures, formats, labels
from engine.text.i18n import Words

_NOTHING = 1.05
"""Worth so many times the people or less is called nothing."""


def finding(found: More, words: Words) -> str:
    """What the best number of bands would buy, or that it buys nothing and why; and how far that
    lies from what was measured."""
    said = _gain(found, words) if buys(found) else _nothing(found, words)
    return words.joined([said, _where(found.best, found, words)])


def within(found: More, bands: int, worth: Interval | None, words: Words) -> str:
    """The same, and its worth, of a plan whose noise is correlated over ``bands`` steps already:
    it says of itself how far it lies from what was measured, and its figures count it."""
    if bands != found.best.bands or not buys(found):
        said = _gain(found, words) if buys(found) else _nothing(found, words)
        return words.joined([said, money(found, worth, words)])
    best = found.best
    said = words.say(
        "This plan takes noise correlated over {bands} steps. By a coarse search with and without "
        "it, that brings the loss from {before} to {after} at the same ε, as independent noise "
        "would with {people}.",
        **_change(found),
        people=_people(best, found.searched, words),
    )
    if worth is None or figures.is_no_money(worth):
        return words.joined([said, money(found, worth, words)])
    counted = words.say(
        "In money that is {value} ({inside}), which the net present value counts already: the "
        "range is what was measured of correlation, the law's own errors move both plans alike.",
        value=figures.money(worth.value, words),
        inside=figures.money_range(worth.low, worth.high, words),
    )
    return words.joined([said, counted])


def buys(found: More) -> bool:
    """Whether correlation is worth some people, by more than is called nothing."""
    return found.best.people.value > _NOTHING


def money(found: More, worth: Interval | None, words: Words) -> str:
    """What the best number of bands adds to the net present value; "" where no loss has a value."""
    if worth is None:
        return ""
    if figures.is_no_money(worth):
        return words.say(
            "In money it changes less than {amount}.",
            amount=figures.money(NO_MONEY, words),
        )
    inside = figures.money_range(worth.low, worth.high, words)
    ends = {figures.money(end, words) for end in (worth.low, worth.value, worth.high)}
    if len(ends) == 1:
        return words.say(
            "In money it changes the net present value by {value}, whatever correlation does: at "
            "such a loss the value no longer hangs on it.",
            value=ends.pop(),
        )
    if worth.low <= 0.0 or not buys(found):
        return words.say(
            "In money it may add {inside} to the net present value, as far as was measured what "
            "correlation does: no reason to choose it yet.",
            inside=inside,
        )
    return words.say(
        "In money it would add {value} ({inside}) to the net present value: the range is what was "
        "measured of correlation, the law's own errors move both plans alike.",
        value=figures.money(worth.value, words),
        inside=inside,
    )


def moved(found: More, words: Words) -> str:
    """Where the best number of bands would move the plan, beside the plans that are as good; of a
    correlation that :func:`buys` something. Both losses are the search's, not the certified
    plan's."""
    best = found.best
    config, language = best.config, words.language
    said = words.say(
        "With noise correlated over {bands} steps the best plan would lie elsewhere: a model of "
        "{size} parameters, {steps} on batches of {people}, with a loss of {after} in place of "
        "{before}.",
        **_change(found),
        size=formats.amount(config.model_size, language),
        steps=labels.steps(config.iterations, words),
        people=labels.people(config.batch_size, words),
    )
    if best.reach is not Word.UNKNOWN:
        return said
    return words.joined(
        [said, words.say("Too far from what was measured of correlation to be recommended.")]
    )


def _change(found: More) -> dict[str, str]:
    """The best number of bands, and the losses without and with it."""
    return {
        "bands": formats.exact(found.best.bands),
        "before": formats.loss(found.independent.cross_entropy.value),
        "after": formats.loss(found.best.cross_entropy.value),
    }


def _gain(found: More, words: Words) -> str:
    best = found.best
    return words.say(
        "Noise correlated over {bands} steps would bring the loss from {before} to {after} at the "
        "same ε, as independent noise would with {people}.",
        **_change(found),
        people=_people(best, found.searched, words),
    )


def _nothing(found: More, words: Words) -> str:
    best = found.best
    if math.isinf(best.people.high):
        return words.say(
            "Noise correlated over steps would buy next to nothing here: worth {people}. Batches "
            "are so large a share of the people that groups which take turns lose as much as "
            "correlation wins.",
            people=_people(best, found.searched, words),
        )
    return words.say(
        "Noise correlated over steps would buy next to nothing here: at best as much as {most} "
        "times the people. Batches are so large a share of the people that groups which take turns "
        "lose as much as correlation wins.",
        most=formats.plain(best.people.high, 2),
    )


def _people(choice: Banded, searched: float, words: Words) -> str:
    if math.isinf(choice.people.value):
        return words.say("more than {n} times the people", n=formats.plain(searched, 2))
    return words.say("{n} times the people", n=_times(choice, searched, words))


def _times(choice: Banded, searched: float, words: Words) -> str:
    low, value, high = (
        None if math.isinf(factor) else formats.plain(factor, 2)
        for factor in (choice.people.low, choice.people.value, choice.people.high)
    )
    if value is None:
        return f"> {formats.plain(searched, 2)}"
    if high is None:
        inside = words.say("{low} or more", low=low or value)
    else:
        inside = formats.between(low or value, high, words.language)
    return formats.bracketed(value, inside, words.language)


def _where(best: Banded, found: More, words: Words) -> str:
    sizes = sorted(cell.model_size for cell in found.measured.cells)
    facts = {
        "least": formats.amount(sizes[0], words.language),
        "most": formats.amount(sizes[-1], words.language),
        "steps": formats.exact(found.measured.iterations),
        "distance": labels.distance(best.distance, words),
    }
    if best.reach is Word.UNKNOWN:
        return words.say(
            "What correlation does to a loss was measured on models of {least} to {most} "
            "parameters over {steps} steps, too far from this plan ({distance}) to say that it "
            "holds here: a lead to try, not a reason to decide.",
            **facts,
        )
    return words.say(
        "What correlation does to a loss was measured on models of {least} to {most} parameters "
        "over {steps} steps; this plan lies {distance} from them.",
        **facts,
    )


def columns(found: More, words: Words) -> dict[str, list[str]]:
    """A row for each number of bands, independent noise first."""
    rows = [_row(choice, found, words) for choice in (found.independent, *found.choices)]
    heads = (
        words.say("Noise correlated over"),
        words.say("Parameters"),
        words.say("Batch (people)"),
        words.say("Steps"),
        words.say("Acts like so much of the noise"),
        words.say("Predicted loss"),
        words.say("Worth in people"),
        words.say("Memory of past noise"),
        words.say("Evidence"),
    )
    return {head: list(column) for head, column in zip(heads, zip(*rows, strict=True), strict=True)}


def _row(choice: Banded, found: More, words: Words) -> tuple[str, ...]:
    config, share = choice.config, choice.share
    one = choice.bands == 1
    inside = formats.between(
        formats.plain(share.low, 2), formats.plain(share.high, 2), words.language
    )
    return (
        words.say("one step: independent")
        if one
        else words.count("{n} step", "{n} steps", choice.bands, formats.exact(choice.bands)),
        formats.amount(config.model_size, words.language),
        formats.amount(config.batch_size, words.language),
        formats.amount(config.iterations, words.language),
        "1" if one else formats.bracketed(formats.plain(share.value, 2), inside, words.language),
        formats.loss(choice.cross_entropy.value),
        "1" if one else _times(choice, found.searched, words),
        "—" if one else f"{formats.plain(choice.past_bytes / 1e9, 2)} GB",
        "—" if one else bounds.reach_word(choice.reach, words),
    )


def limits(words: Words) -> str:
    """What the comparison rests on."""
    return words.say(
        "Each row is the best plan at the same compute, people and ε, from a coarse grid and with "
        "estimated noise. Groups of people take turns: who is in which group is drawn for each "
        "person alone. Learning rates have to be found anew."
    )
