"""Noise correlated over b steps with b groups taking turns: against dp_accounting's PLD built here
by hand, against plain matrices, and what is refused."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from dp_accounting.pld.privacy_loss_distribution import from_gaussian_mechanism

from engine.accounting.accountant import certified_epsilon, certify, group_epsilon, lower_epsilon
from engine.accounting.certificate import Certificate
from engine.accounting.mechanism import Mechanism, mechanism_of
from engine.accounting.search import noise_multiplier
from engine.accounting.strategy import strategy
from engine.accounting.training_epsilon import Training, epsilon_of
from engine.config import NeighbouringRelation, Sampling
from engine.errors import InputError

ASKED: dict[str, Any] = {
    "noise_multiplier": 1.5,
    "batch_size": 256,
    "iterations": 500,
    "data_budget": 20_000,
    "delta": 1e-6,
}


def drawn(seed):
    """A question that people ask: log-uniform sizes, ε between 0.2 and 20."""
    rng = np.random.default_rng(seed)
    bands = int(2 ** rng.integers(1, 7))
    people = int(10 ** rng.uniform(4, 7))
    batch = int(max(1, people / bands * 10 ** rng.uniform(-2.5, 0)))
    steps = int(bands * 10 ** rng.uniform(0.3, 3)) + int(rng.integers(bands))
    delta = 10 ** rng.uniform(-8, -5)
    sigma = noise_multiplier(
        data_budget=people // bands,
        batch_size=batch,
        iterations=math.ceil(steps / bands),
        epsilon=10 ** rng.uniform(-0.7, 1.3),
        delta=delta,
    )
    return Training(
        noise_multiplier=max(float(sigma), 0.4),
        batch_size=batch,
        iterations=steps,
        data_budget=people,
        delta=delta,
        bands=bands,
    )


def theirs(asked, steps, *, pessimistic):
    """dp_accounting alone: ``steps`` Poisson-subsampled Gaussians with b·B/N, rounded up."""
    q = asked.batch_size / math.floor(asked.data_budget / asked.bands)
    spread = q * math.sqrt(math.expm1(min(1 / asked.noise_multiplier**2, 20)))
    step = from_gaussian_mechanism(
        asked.noise_multiplier,
        sampling_prob=q,
        pessimistic_estimate=pessimistic,
        value_discretization_interval=min(max(spread / 15, 1e-4), 2e-2),
    )
    return step.self_compose(steps).get_epsilon_for_delta(asked.delta)


def agrees(seed):
    asked = drawn(seed)
    found = epsilon_of(asked)
    turns = math.ceil(asked.iterations / asked.bands)
    assert (found.bands, found.compositions) == (asked.bands, turns)
    above = theirs(asked, turns, pessimistic=True)
    # Their lower estimate is below the truth, so the certificate may not lie under it.
    assert found.certified >= theirs(asked, turns, pessimistic=False) - 1e-9
    assert found.certified == pytest.approx(above, rel=0.02, abs=2e-3)
    assert found.lower <= theirs(asked, asked.iterations // asked.bands, pessimistic=True) + 1e-9


@pytest.mark.parametrize("seed", range(10))
def test_certificates_are_those_of_a_distribution_composed_by_hand(seed):
    agrees(seed)


@pytest.mark.exhaustive
@pytest.mark.parametrize("seed", range(10, 110))
def test_a_hundred_more_of_them(seed):
    agrees(seed)


@pytest.mark.parametrize(("bands", "steps"), [(4, 12), (4, 14), (5, 5), (3, 10)])
def test_full_batches_have_the_sensitivity_of_the_matrix(bands, steps):
    """A person who joins every turn of a group changes C·G by C·x, x one in each such step."""
    c = strategy(bands=bands, iterations=steps)
    C = sum(np.diag(np.full(steps - k, c[k]), -k) for k in range(bands))
    moved = [np.linalg.norm(C @ (np.arange(steps) % bands == group)) for group in range(bands)]
    sigma = 2.0
    mechanism = mechanism_of(1000, 1000 // bands, steps, sigma, Sampling.POISSON, bands)
    assert mechanism.sampling_probability == 1
    assert mechanism.gaussian_mu is not None
    assert max(moved) / sigma <= mechanism.gaussian_mu * (1 + 1e-12)
    if steps % bands == 0:
        assert max(moved) / sigma == pytest.approx(mechanism.gaussian_mu)
    else:
        whole = replace(mechanism, compositions=steps // bands)
        assert whole.gaussian_mu is not None
        assert whole.gaussian_mu <= max(moved) / sigma * (1 + 1e-12), "the lower bound's"


def test_one_band_is_independent_noise():
    one = Training(**ASKED, bands=1).mechanism
    assert one == Training(**ASKED).mechanism
    assert one.bands == 1 and one.compositions == 500


def test_rounding_is_on_the_safe_side():
    """20,000 people in 16 groups hold 1,250; 20,015 people too; 501 steps are a turn more."""
    odd = Training(**{**ASKED, "data_budget": 20_015, "iterations": 501}, bands=16).mechanism
    assert odd.sampling_probability == 256 / 1250 > 16 * 256 / 20_015
    assert odd.compositions == 32
    assert mechanism_of(20_015, 256, 501, 1.5, Sampling.POISSON, 16) == odd


def test_the_certificate_holds_its_epsilon_and_is_written_whole():
    found = certify(
        data_budget=20_000,
        batch_size=256,
        iterations=500,
        epsilon=3.0,
        delta=1e-6,
        sampling=Sampling.POISSON,
        bands=16,
    )
    assert found.bands == 16
    assert (found.compositions, found.sampling_probability) == (32, 256 / 1250)
    assert 2.9 < found.epsilon <= 3.0
    again = epsilon_of(Training(**{**ASKED, "noise_multiplier": found.noise_multiplier}, bands=16))
    assert again.certified <= 3.0
    assert Certificate.from_dict(found.to_dict()) == found
    assert found.to_dict()["bands"] == 16


def test_steps_of_it_are_turns():
    mechanism = Training(**ASKED, bands=16).mechanism
    assert [mechanism.after(steps).compositions for steps in (1, 16, 17, 500)] == [1, 1, 2, 32]
    spent = [certified_epsilon(mechanism.after(steps), 1e-6)[0] for steps in (16, 17)]
    assert spent[0] < spent[1]
    with pytest.raises(ValueError, match="participations"):
        Mechanism.deterministic(noise_multiplier=1.0, participations=3).after(2)


def test_people_of_several_groups_have_no_bound():
    mechanism = Training(**ASKED, bands=16).mechanism
    assert group_epsilon(mechanism, 1e-6, 2) is None
    assert group_epsilon(mechanism, 1e-6, 1) == certified_epsilon(mechanism, 1e-6)[0]


@pytest.mark.parametrize("relation", list(NeighbouringRelation))
def test_every_relation_has_a_bound(relation):
    found = epsilon_of(Training(**ASKED, relation=relation, bands=16))
    assert found.relation is relation and 0 < found.lower <= found.certified
    usual = epsilon_of(Training(**ASKED, bands=16)).certified
    replaced = relation is NeighbouringRelation.REPLACE
    assert (found.certified > 1.2 * usual) if replaced else (found.certified == usual)


def test_the_lower_bound_counts_whole_turns():
    """With 16 of 17 steps of the second turn missing, nobody is sure to be in it whole."""
    asked = Training(**{**ASKED, "iterations": 17}, bands=16)
    whole = replace(asked.mechanism, compositions=1)
    assert epsilon_of(asked).lower == lower_epsilon(whole, 1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bands": 79}, "Expected groups of at least the 256 people of a batch"),
        ({"bands": 0}, "Expected 1 to 500 bands"),
        ({"bands": 501}, "Expected 1 to 500 bands"),
        ({"bands": 2.5}, "Expected a whole number for bands"),
        ({"bands": 4, "sampling": Sampling.DETERMINISTIC}, "under deterministic sampling"),
        ({"bands": 4, "sampling": Sampling.TRUNCATED_POISSON}, "under truncated-poisson sampling"),
        (
            {"bands": 4, "sampling": Sampling.WITHOUT_REPLACEMENT},
            "under without-replacement sampling",
        ),
    ],
)
def test_what_has_no_bound_is_refused(change, message):
    with pytest.raises(InputError, match=message):
        epsilon_of(Training(**{**ASKED, **change}))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sampling": Sampling.BEST}, "under best sampling"),
        ({"bands": 40, "batch_size": 600}, "Expected groups of at least the 600 people"),
        ({"bands": 1025, "batch_size": 1, "iterations": 9_000}, "Expected 1 to 1024 bands"),
        ({"bands": 300, "batch_size": 1}, "Expected groups of at least 100 people"),
        ({"bands": 0}, "Expected 1 to 500 bands"),
    ],
)
def test_no_noise_is_certified_for_it_either(change, message):
    asked: dict[str, Any] = {
        "data_budget": 20_000,
        "batch_size": 256,
        "iterations": 500,
        "epsilon": 3.0,
        "delta": 1e-6,
        "sampling": Sampling.POISSON,
        "bands": 16,
    }
    with pytest.raises(InputError, match=message):
        certify(**{**asked, **change})
