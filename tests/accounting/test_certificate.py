"""A certificate names every part of its guarantee, and nobody changes it afterwards."""

from collections.abc import Callable
from dataclasses import FrozenInstanceError, fields

import pytest

from engine.accounting.certificate import Certificate
from engine.accounting.mechanism import Mechanism


@pytest.fixture
def certificate():
    return Certificate(
        mechanism=Mechanism.poisson(
            sampling_probability=0.01, noise_multiplier=2.0, iterations=100
        ),
        epsilon=1.5,
        delta=1e-8,
        accountant="PLD",
        privacy_unit="person",
    )


def test_its_parts_are_named(certificate):
    """ε and δ are both numbers: in the wrong order they would promise something else."""
    parts = [getattr(certificate, field.name) for field in fields(Certificate)]
    make: Callable[..., Certificate] = Certificate
    with pytest.raises(TypeError):
        make(*parts)


def test_it_stays_as_it_was_made(certificate):
    with pytest.raises(FrozenInstanceError):
        certificate.epsilon = 0.1


def test_what_is_written_is_read_again(certificate):
    assert Certificate.from_dict(certificate.to_dict()) == certificate
