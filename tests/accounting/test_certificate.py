"""A certificate names every part of its guarantee, and nobody changes it afterwards."""

import pkgutil
from collections.abc import Callable
from dataclasses import FrozenInstanceError, fields, is_dataclass, replace
from importlib import import_module
from typing import Any

import pytest

import engine.accounting
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


def test_bands_are_written_where_there_are_any(certificate):
    assert "bands" not in certificate.to_dict()
    banded = replace(certificate, mechanism=replace(certificate.mechanism, bands=2))
    assert banded.to_dict()["bands"] == 2
    assert Certificate.from_dict(banded.to_dict()) == banded


def test_values_of_the_package_are_frozen_and_named():
    """A promise that anybody could change afterwards, or whose fields could be swapped, is none."""
    found: list[Any] = []
    for module in pkgutil.iter_modules(engine.accounting.__path__):
        members = vars(import_module(f"engine.accounting.{module.name}"))
        found += [
            each
            for each in members.values()
            if is_dataclass(each) and each.__module__ == f"engine.accounting.{module.name}"
        ]
    assert len(found) >= 10
    for each in found:
        parameters = each.__dataclass_params__
        assert parameters.frozen and all(field.kw_only for field in fields(each)), each
