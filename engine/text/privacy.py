"""The promised ε and its noise as printed: rounded up, since more noise keeps the promise."""

from engine.accounting.certificate import Certificate
from engine.text import formats

_DIGITS = 4


def promised_epsilon(certificate: Certificate) -> str:
    """The certified ε, rounded up."""
    return formats.plain(formats.rounded(certificate.epsilon, _DIGITS, up=True), _DIGITS)


def noise(certificate: Certificate) -> str:
    """The certified σ, rounded up."""
    return formats.plain(formats.rounded(certificate.noise_multiplier, _DIGITS, up=True), _DIGITS)
