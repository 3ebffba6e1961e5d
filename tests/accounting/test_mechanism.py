"""One value holds what a training's privacy rests on, and other accountants understand it."""

from dataclasses import replace

import numpy as np
import pytest
from dp_accounting.pld import PLDAccountant
from dp_accounting.rdp import RdpAccountant

from engine.accounting.accountant import certified_epsilon
from engine.accounting.certificate import Certificate
from engine.accounting.gaussian import gaussian_delta
from engine.accounting.mechanism import Mechanism, mechanism_of
from engine.accounting.tradeoff import subsampled_delta
from engine.config import NeighbouringRelation, Sampling
from engine.errors import InputError

POISSON = Mechanism.poisson(sampling_probability=0.1, noise_multiplier=2.0, iterations=50)
FIXED = Mechanism.deterministic(noise_multiplier=4.0, participations=9)
CERTIFICATE = Certificate(
    mechanism=POISSON, epsilon=2.5, delta=1e-6, accountant="PLD", privacy_unit="person"
)


@pytest.mark.parametrize("mechanism", [POISSON, FIXED])
def test_its_event_means_the_same_to_dp_accounting(mechanism):
    bound, _ = certified_epsilon(mechanism, 1e-6)
    theirs = PLDAccountant().compose(mechanism.event()).get_epsilon(1e-6)
    assert theirs == pytest.approx(bound, rel=2e-3)
    assert RdpAccountant().compose(mechanism.event()).get_epsilon(1e-6) >= bound


def test_its_profile_is_that_of_its_sampling():
    epsilons = np.array([0.0, 0.5, 2.0])
    assert POISSON.profile(epsilons).tolist() == subsampled_delta(0.1, 2.0, 50, epsilons).tolist()
    assert FIXED.profile(epsilons).tolist() == gaussian_delta(epsilons, 0.75).tolist()
    assert POISSON.gaussian_mu is None
    assert FIXED.gaussian_mu == 0.75


def test_each_sampling_has_its_relation_and_its_compositions():
    poisson = mechanism_of(1_000, 900, 2, 1.5, Sampling.POISSON)
    assert poisson.neighbouring_relation is NeighbouringRelation.ADD_REMOVE
    assert (poisson.sampling_probability, poisson.compositions) == (0.9, 2)
    fixed = mechanism_of(1_000, 900, 2, 1.5, Sampling.DETERMINISTIC)
    assert fixed.neighbouring_relation is NeighbouringRelation.ZERO_OUT
    assert (fixed.sampling_probability, fixed.compositions) == (1.0, 2)
    assert fixed.noise_multiplier == poisson.noise_multiplier == 1.5


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"sampling_probability": 0.0}, InputError),
        ({"sampling_probability": 1.001}, InputError),
        ({"noise_multiplier": 0.0}, InputError),
        ({"noise_multiplier": float("inf")}, InputError),
        ({"compositions": 0}, InputError),
        ({"clipping_norm": 0.0}, ValueError),
        ({"clipping_norm": float("nan")}, ValueError),
        ({"sampling": Sampling.BEST}, ValueError),
    ],
)
def test_what_no_training_can_be_is_refused(change, error):
    with pytest.raises(error):
        replace(POISSON, **change)


CUT = mechanism_of(1_000, 900, 2, 1.5, Sampling.TRUNCATED_POISSON)


@pytest.mark.parametrize("largest", [-1, 0, 1_001])
def test_a_batch_is_cut_between_one_and_everybody(largest):
    for border in (1, 1_000):
        replace(CUT, largest_batch=border)
    with pytest.raises(InputError, match=f"between 1 and the 1000 people, got {largest}"):
        replace(CUT, largest_batch=largest)


def test_bands_are_at_least_one():
    assert replace(POISSON, bands=2).bands == 2
    for wrong in (0, -3):
        with pytest.raises(InputError, match=f"Expected at least 1 band, got {wrong}"):
            replace(POISSON, bands=wrong)


def test_full_batches_are_one_gaussian_unless_they_are_cut():
    full = replace(CUT, sampling_probability=1.0, largest_batch=1_000)
    assert full.gaussian_mu == pytest.approx(2**0.5 / 1.5)
    assert replace(full, largest_batch=999).gaussian_mu is None
    poisson = replace(POISSON, sampling_probability=1.0, largest_batch=0)
    assert poisson.gaussian_mu == pytest.approx(50**0.5 / 2)
    # Whoever is not drawn gives the place to another one.
    drawn = replace(full, sampling=Sampling.WITHOUT_REPLACEMENT, largest_batch=0)
    replaced = replace(poisson, neighbouring_relation=NeighbouringRelation.REPLACE)
    assert drawn.gaussian_mu == pytest.approx(2 * 2**0.5 / 1.5)
    assert replaced.gaussian_mu == pytest.approx(2 * 50**0.5 / 2)


def test_the_borders_are_trainings():
    least = replace(POISSON, sampling_probability=1.0, compositions=1, noise_multiplier=0.5)
    assert least.gaussian_mu == 2.0


def test_a_certificate_is_written_as_it_always_was():
    """Plans on disk are found by a hash of these keys and values."""
    written = CERTIFICATE.to_dict()
    assert written == {
        "noise_multiplier": 2.0,
        "epsilon": 2.5,
        "delta": 1e-6,
        "accountant": "PLD",
        "sampling": "poisson",
        "neighbouring_relation": "add-or-remove-one",
        "privacy_unit": "person",
        "sampling_probability": 0.1,
        "compositions": 50,
    }
    assert Certificate.from_dict(written) == CERTIFICATE
    clipped = Certificate.from_dict(written, clipping_norm=0.5)
    assert clipped.mechanism == replace(POISSON, clipping_norm=0.5)
