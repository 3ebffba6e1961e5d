"""Where an answer ends: reach in words, and figures of which only a bound is known."""

from engine.allocation.result import Baseline, Reach, Saturation, Word
from engine.text import formats, labels
from engine.text.i18n import N_, Words

_REACH = {
    Word.MEASURED: N_("measured"),
    Word.NEAR: N_("near what was measured"),
    Word.EXTRAPOLATED: N_("extrapolated"),
    Word.UNKNOWN: N_("unknown"),
}


def reach(found: Reach, words: Words) -> str:
    """How far question and answer lie from the runs, in a word or two."""
    return words.say(_REACH[found.word])


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


def rule(other: Baseline, words: Words) -> str:
    """What can be said of a rule whose need for compute lies beyond the evidence."""
    if other.factor.low is None:
        return words.say("beyond what the evidence can compare")
    return words.say(
        "at least {factor}, as far as the evidence goes",
        factor=labels.times(other.factor.low, words),
    )


def saturation(point: Saturation, words: Words) -> str:
    """FLOPs up to which compute pays, or the least that this can be."""
    if point.compute_flops is not None:
        return formats.scientific(point.compute_flops, 2)
    least = point.compute.low or 0.0
    return words.say("at least {flops}; unknown beyond", flops=formats.scientific(least, 2))


def saturation_range(point: Saturation, words: Words) -> str:
    """The range of it, FLOPs; open above where too many draws go on beyond the search."""
    low = formats.scientific(point.compute.low or 0.0, 2)
    if point.compute.high is None:
        return words.say("{flops} or more", flops=low)
    return formats.between(low, formats.scientific(point.compute.high, 2), words.language)
