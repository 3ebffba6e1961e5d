"""The promised ε and its noise as printed: rounded up, since more noise keeps the promise."""

from engine.accounting.certificate import Certificate
from engine.text import formats

DIGITS = 4
"""Significant figures of a promised ε and of its noise."""


def promised_epsilon(certificate: Certificate) -> str:
    """The certified ε, rounded up."""
    return formats.plain(formats.rounded(certificate.epsilon, DIGITS, up=True), DIGITS)


def noise(certificate: Certificate) -> str:
    """The certified σ, rounded up."""
    return formats.plain(formats.rounded(certificate.noise_multiplier, DIGITS, up=True), DIGITS)
