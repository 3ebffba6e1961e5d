"""The promise in words: ε and its noise rounded up, and what a δ allows."""

from engine.accounting.certificate import Certificate
from engine.accounting.domain import (
    SMALLEST_NOISE_MULTIPLIER,
    people_published_whole,
    proposed_delta,
)
from engine.config import FEW_PEOPLE
from engine.text import formats, labels
from engine.text.i18n import Words

DIGITS = 4
"""Significant figures of a promised ε and of its noise."""
_AS_ASKED = 0.99
"""A certified ε is rounded up from a little below the one asked for; less than this is another."""


def upper(epsilon: float) -> str:
    """A certified ε, rounded up."""
    return formats.plain(formats.rounded(epsilon, DIGITS, up=True), DIGITS)


def promised_epsilon(certificate: Certificate) -> str:
    """The certified ε, rounded up."""
    return upper(certificate.epsilon)


def stricter(asked: float, certificate: Certificate | None) -> bool:
    """Whether clearly less is certified than the ε that was asked for."""
    return certificate is not None and certificate.epsilon < _AS_ASKED * asked


def bound(asked: float, certificate: Certificate | None, words: Words) -> str:
    """The ε that a plan is said to keep: what was asked for; what is certified where that is
    clearly less."""
    if certificate is None or not stricter(asked, certificate):
        return formats.plain(asked)
    return words.say(
        "{certified} ({asked} asked for)",
        certified=promised_epsilon(certificate),
        asked=formats.plain(asked),
    )


def why_stricter(asked: float, certificate: Certificate, words: Words) -> str:
    """Why less is certified than was asked for; empty where it is not."""
    if not stricter(asked, certificate):
        return ""
    return words.say(
        "That is stricter than the ε = {asked} asked for: no plan takes less noise than σ = "
        "{least}.",
        asked=formats.plain(asked),
        least=formats.plain(SMALLEST_NOISE_MULTIPLIER),
    )


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
