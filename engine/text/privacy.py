"""The promise in words: ε and its noise rounded up, and what a δ allows."""

from engine.accounting.certificate import Certificate
from engine.accounting.domain import people_published_whole, proposed_delta
from engine.config import FEW_PEOPLE
from engine.text import formats, labels
from engine.text.i18n import Words

DIGITS = 4
"""Significant figures of a promised ε and of its noise."""


def upper(epsilon: float) -> str:
    """A certified ε, rounded up."""
    return formats.plain(formats.rounded(epsilon, DIGITS, up=True), DIGITS)


def promised_epsilon(certificate: Certificate) -> str:
    """The certified ε, rounded up."""
    return upper(certificate.epsilon)


def noise(certificate: Certificate) -> str:
    """The certified σ, rounded up."""
    return formats.plain(formats.rounded(certificate.noise_multiplier, DIGITS, up=True), DIGITS)


def published_whole(data_budget: float, delta: float, words: Words, *, unit: str = "person") -> str:
    """What a δ of 1/N or more allows, in a sentence; empty where δ is smaller. ``unit``: what N
    counts."""
    whole = people_published_whole(data_budget, delta)
    if not whole:
        return ""
    return words.say(
        "δ = {delta} allows the data of {people} to be published whole: with {all}, choose a δ of "
        "at most {proposed}.",
        delta=formats.scientific(delta),
        people=labels.units(whole, unit, words),
        all=labels.units(data_budget, unit, words),
        proposed=formats.scientific(proposed_delta(data_budget)),
    )


def few_people(data_budget: float, words: Words, *, unit: str = "person") -> str:
    """What so few people, or documents, can show; empty where they are enough."""
    if data_budget >= FEW_PEOPLE:
        return ""
    return words.say(
        "With {people} a training under privacy can show that the way from data to model works, "
        "and little of what a larger one would learn: the noise is shared by too few.",
        people=labels.units(data_budget, unit, words),
    )
