"""Where an answer ends: reach in words, and figures of which only a bound is known."""

from collections.abc import Callable

from engine.allocation.result import Baseline, Reach, Saturation, Word
from engine.interval import Range
from engine.text import formats, labels
from engine.text.i18n import N_, Words

_REACH = {
    Word.MEASURED: N_("measured"),
    Word.NEAR: N_("near what was measured"),
    Word.EXTRAPOLATED: N_("extrapolated"),
    Word.UNKNOWN: N_("unknown"),
}


def reach_word(word: Word, words: Words) -> str:
    """How far something lies from what was measured, in a word."""
    return words.say(_REACH[word])


def reach(found: Reach, words: Words) -> str:
    """How far question and answer lie from the runs, in a word or two."""
    return reach_word(found.word, words)


def where(found: Reach, words: Words) -> str:
    """The same with the distance, and in what it lies most."""
    if found.word is Word.MEASURED:
        return reach(found, words)
    return words.say(
        "{word}: about {factor} from the nearest run, most in {name}",
        word=reach(found, words),
        factor=labels.distance(found.distance, words),
        name=words.field(found.farthest),
    )


def factor(other: Baseline, words: Words) -> str | None:
    """How much compute a rule needs, as a multiple or a bound of one; None: nothing is known."""
    needed = other.factor
    if needed.value is not None:
        return labels.times(needed.value, words)
    if needed.low is not None:
        return words.say("at least {amount}", amount=labels.times(needed.low, words))
    if needed.high is not None:
        return words.say("at most {amount}", amount=labels.times(needed.high, words))
    return None


def short_factor(other: Baseline, words: Words) -> str | None:
    """The same where little room is left: a sign in place of words."""
    needed = other.factor
    signs = (("", needed.value), ("≥ ", needed.low), ("≤ ", needed.high))
    found = (sign + labels.times(end, words) for sign, end in signs if end is not None)
    return next(found, None)


def rule(other: Baseline, words: Words) -> str:
    """The same, with where the knowledge ends."""
    found = factor(other, words)
    if found is None:
        return words.say("unknown: beyond what the evidence can compare")
    if other.factor.value is not None:
        return found
    return words.say("{bound}, as far as the evidence goes", bound=found)


def saturation(point: Saturation, words: Words) -> str:
    """FLOPs up to which compute pays, or the least that this can be."""
    found = least_saturation(point, words)
    if point.compute_flops is not None:
        return found
    return words.say("{bound}; unknown beyond", bound=found)


def least_saturation(point: Saturation, words: Words) -> str:
    """The same, without what lies beyond."""
    if point.compute_flops is not None:
        return formats.scientific(point.compute_flops, 2)
    return words.say("at least {amount}", amount=formats.scientific(point.compute.low or 0.0, 2))


def short_saturation(point: Saturation) -> str:
    """The same where little room is left: a sign in place of words."""
    if point.compute_flops is not None:
        return formats.scientific(point.compute_flops, 2)
    return f"≥ {formats.scientific(point.compute.low or 0.0, 2)}"


def whole(found: Range, words: Words) -> str | None:
    """:func:`span` of what comes whole: people, steps, parameters."""
    return span(found, lambda end: formats.amount(round(end), words.language), words)


def span(found: Range, shown: Callable[[float], str], words: Words) -> str | None:
    """Both ends of a range, or the one that is known; None: neither is."""
    low, high = (None if end is None else shown(end) for end in (found.low, found.high))
    if low is not None and high is not None:
        return formats.between(low, high, words.language)
    if low is not None:
        return words.say("at least {amount}", amount=low)
    return None if high is None else words.say("at most {amount}", amount=high)
