"""What the presenter says beside a slide, in the words of a talk; pure.

A slide's sentence says what is so; these say how to read it, and what to answer when someone asks.
After them come the terms of the slide (:mod:`dashboard.glossary.lookup`), to be looked up in the
middle of a talk.
"""

import math

from dashboard.decide import facts
from engine.api.decisions import AttackRisk, Decision
from engine.api.money import Study
from engine.text import formats, quantities
from engine.text.i18n import N_, Words


def aside(text: str) -> tuple[str, ...]:
    """A hover's paragraphs as plain notes.

    >>> aside("**Loss L**: Uncertainty.\\n\\nOne new training.")
    ('Loss L: Uncertainty.', 'One new training.')
    """
    return tuple(paragraph.replace("**", "") for paragraph in text.split("\n\n"))


def summary(words: Words) -> str:
    """When time is short."""
    return words.say("If only one slide can be shown, let it be this one.")


def agenda(words: Words) -> str:
    """Where the rest is."""
    return words.say("Details are in the appendix, for questions.")


def gist(answer: Decision, words: Words) -> str:
    """The decision for someone who has never trained a model."""
    _, cost, *_ = facts.metrics(answer, words)
    template = N_(
        "In short: one training for {cost}, and a model that is as unsure of the next token as "
        "between {perplexity} equally likely ones."
    )
    if words.loss_unit.measure.of_bytes:
        template = N_(
            "In short: one training for {cost}, and a model that is as unsure of the next byte as "
            "between {perplexity} equally likely ones."
        )
    return words.say(
        template,
        cost=cost.value,
        perplexity=formats.plain(math.exp(answer.recommendation.cross_entropy.value)),
    )


def longest(words: Words) -> str:
    """How to read what doubling buys."""
    return words.say("If only one budget can grow, let it be the one with the longest bar.")


def rule(words: Words) -> str:
    """Why the usual rule does not serve here."""
    return words.say(
        "The usual rule, 20 tokens for each parameter, was made for training without privacy. With "
        "noise in every step another size is best."
    )


def chances(risk: AttackRisk, words: Words) -> str:
    """How to read the attacker's odds."""
    return words.say(
        "Read it as people in 1,000: without any model, guessing is right for {guessed} of them.",
        guessed=quantities.odds(risk.guessed),
    )


def paid_back(study: Study, words: Words) -> str:
    """Why payback and net present value may disagree."""
    return words.say(
        "Payback counts money as it comes; the net present value discounts it by {rate} a year. So "
        "a plan can pay back and still be worth less than doing nothing.",
        rate=formats.percent(study.table["discount_rate"].value, words.language),
    )


def from_the_top(words: Words) -> str:
    """How to read the waterfall."""
    return words.say(
        "From the top: what the model earns, then every cost, then what is left. Amounts are of "
        "today's money, means over all cases."
    )


def one_at_a_time(words: Words) -> str:
    """How to read the bars of what is not known."""
    return words.say("One figure moves at a time; all others stay at their own value.")


def gates(words: Words) -> str:
    """What makes the steps worth taking."""
    return words.say("A gate is written down before anything is measured.")


def unvalued(words: Words) -> str:
    """Why costs stand alone."""
    return words.say("No value is shown where no step to it has been measured.")


def questions(words: Words) -> str:
    """How to take questions."""
    return words.say("Invite further questions, and say which assumption each answer rests on.")


def form(words: Words) -> str:
    """Where the decision record is printed from."""
    return words.say("The form to print and stamp is among the exports.")
