"""The noise of a plan in plain words: what is said where it is correlated over steps."""

import math

from engine.accounting.certificate import Certificate
from engine.allocation.result import Allocation
from engine.config import Sampling
from engine.decision.answer import Answer
from engine.law.correlated import LEVEL, correlation
from engine.text import formats, labels
from engine.text.i18n import Words


def sentence(answer: Answer, words: Words) -> str:
    """What kind of noise the plan takes where correlated noise was asked for; else empty."""
    if answer.question.sampling is not Sampling.BANDED:
        return ""
    found = answer.decision.recommendation
    if found.bands == 1:
        return words.say(
            "Banded noise was asked for, and independent noise serves better here: groups of "
            "people that take turns would lose more than correlation wins."
        )
    return words.say(
        "The noise is banded: each step takes back part of the noise of the {before} steps before "
        "it, and people are in {bands} groups that take turns. At the same promise it was measured "
        "to act on the loss like {share} of independent noise.",
        before=formats.exact(found.bands - 1),
        bands=formats.exact(found.bands),
        share=acting(found, words),
    )


def acting(found: Allocation, words: Words) -> str:
    """The share of independent noise at the same promise that it acts like, with its range."""
    far = correlation().far(found.doubt, level=LEVEL)
    ends = (math.exp(-far) * found.share, min(math.exp(far) * found.share, 1.0))
    low, high = (formats.percent(end, words.language) for end in ends)
    inside = formats.between(low, high, words.language)
    return formats.bracketed(formats.percent(found.share, words.language), inside, words.language)


def sampling(certificate: Certificate, words: Words) -> str:
    """How a step's batch is drawn, groups that take turns included."""
    if certificate.bands == 1:
        return labels.sampling(certificate.sampling, words)
    return words.say(
        "{groups} groups of people take turns; in its turn each person of a group joins by chance",
        groups=formats.exact(certificate.bands),
    )


def kind(certificate: Certificate, words: Words) -> str:
    """How the noises of different steps hang together, where they do."""
    return words.say(
        "Banded: correlated over {bands} steps", bands=formats.exact(certificate.bands)
    )
