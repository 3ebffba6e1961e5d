"""The certificate: never above the target, never below the truth, and
not wastefully far from it."""

import math
from typing import Any

import numpy as np
import pytest
from dp_accounting.pld import privacy_loss_distribution

from engine.accounting import accountant as module
from engine.accounting.accountant import (
    GAUSSIAN,
    PLD,
    certified_epsilon,
    certify,
    group_epsilon,
    lower_epsilon,
)
from engine.accounting.gaussian import gaussian_delta
from engine.accounting.mechanism import Mechanism
from engine.accounting.profile import subsampled_epsilon
from engine.accounting.search import noise_multiplier
from engine.accounting.step import LatticeLoss
from engine.config import NeighbouringRelation, Sampling
from engine.errors import InputError

QUESTION: dict[str, Any] = {
    "data_budget": 10_000_000,
    "batch_size": 220_000,
    "iterations": 11_000,
    "epsilon": 4.0,
    "delta": 1e-8,
}


@pytest.mark.slow
@pytest.mark.parametrize(
    "change",
    [
        {},
        {"epsilon": 0.1},
        {"epsilon": 64.0},
        {"batch_size": 10_000_000, "iterations": 1_000},
        {"data_budget": 100_000, "batch_size": 510, "iterations": 1_800, "epsilon": 1.0},
        pytest.param(
            {"data_budget": 10**9, "batch_size": 10**6, "epsilon": 2.0, "delta": 1e-10},
            marks=pytest.mark.exhaustive,
        ),
        {"batch_size": 100, "iterations": 100_000},
        {"batch_size": 1, "iterations": 1},
    ],
)
def test_the_promise_is_kept_and_is_tight(change):
    asked = {**QUESTION, **change}
    found = certify(**asked, sampling=Sampling.POISSON)
    searched = float(noise_multiplier(**asked))
    assert found.epsilon <= asked["epsilon"]
    assert searched * 0.999 <= found.noise_multiplier <= searched * 1.015
    assert found.neighbouring_relation is NeighbouringRelation.ADD_REMOVE
    assert found.sampling_probability == asked["batch_size"] / asked["data_budget"]
    assert found.compositions == asked["iterations"]
    assert found.delta == asked["delta"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("q", "sigma", "steps", "delta"),
    [
        (0.022, 6.0, 11_000, 1e-8),
        (1e-3, 0.9, 12_000, 1e-8),
        (1e-4, 0.7, 1_000, 1e-6),
        (0.5, 2.0, 10, 1e-5),
        # Here dp_accounting's own composition says 2.105 where the truth is 2.132.
        (0.3, 300.0, 100_000, 1e-12),
        (1e-3, 30.0, 1_000_000, 1e-12),
    ],
)
def test_the_bound_lies_above_the_truth_and_near_it(q, sigma, steps, delta):
    mechanism = Mechanism.poisson(sampling_probability=q, noise_multiplier=sigma, iterations=steps)
    truth = subsampled_epsilon(q, sigma, steps, [delta])[0]
    bound, accountant = certified_epsilon(mechanism, delta)
    # The near-exact accountant is itself uncertain by about 1e-4.
    assert truth * (1 - 2e-4) <= bound <= truth * 1.001
    assert accountant == PLD


@pytest.mark.parametrize(
    ("q", "sigma", "steps", "delta"),
    [
        # Once certified as 0.1 to 0.25, hundreds of times too much.
        (4e-10, 0.43, 1_484, 1e-12),
        (4e-10, 0.43, 1_484, 1e-11),
        (1e-10, 0.45, 100_000, 1e-12),
    ],
)
def test_where_hardly_anybody_takes_part_the_bound_is_small(q, sigma, steps, delta):
    mechanism = Mechanism.poisson(sampling_probability=q, noise_multiplier=sigma, iterations=steps)
    truth = subsampled_epsilon(q, sigma, steps, [delta])[0]
    assert truth < 0.01
    assert certified_epsilon(mechanism, delta)[0] <= 0.0102


@pytest.mark.parametrize(
    ("q", "sigma", "steps", "delta"),
    [(0.01, 1.0, 1_000, 1e-6), (0.5, 2.0, 10, 1e-5), (1e-3, 0.6, 500, 1e-7)],
)
def test_dp_accounting_lies_between_the_bounds(q, sigma, steps, delta):
    mechanism = Mechanism.poisson(sampling_probability=q, noise_multiplier=sigma, iterations=steps)
    theirs = (
        privacy_loss_distribution.from_gaussian_mechanism(
            sigma, sampling_prob=q, value_discretization_interval=2e-4
        )
        .self_compose(steps)
        .get_epsilon_for_delta(delta)
    )
    above, below = certified_epsilon(mechanism, delta)[0], lower_epsilon(mechanism, delta)
    # Theirs is rounded up on its own lattice.
    assert below <= theirs <= above * 1.002
    assert above <= theirs * 1.002
    assert above * 0.99 <= below <= above


def test_a_person_in_two_units_has_the_epsilon_of_a_group():
    """The default plan, and one person in two of its units: 8.64 and not 3.99."""
    mechanism = Mechanism.poisson(
        sampling_probability=0.0266, noise_multiplier=3.5638, iterations=8_683
    )
    assert certified_epsilon(mechanism, 1e-8)[0] == pytest.approx(3.99, abs=0.01)
    assert group_epsilon(mechanism, 1e-8, 2) == pytest.approx(8.64, abs=0.01)


def test_a_group_of_one_is_a_person():
    mechanism = Mechanism.poisson(sampling_probability=0.1, noise_multiplier=2.0, iterations=20)
    assert group_epsilon(mechanism, 1e-6, 1) == pytest.approx(certified_epsilon(mechanism, 1e-6)[0])


def test_fixed_batches_of_a_group_add_up():
    fixed = Mechanism.deterministic(noise_multiplier=4.0, participations=4)
    twice = Mechanism.deterministic(noise_multiplier=2.0, participations=4)
    assert group_epsilon(fixed, 1e-6, 2) == certified_epsilon(twice, 1e-6)[0]
    assert certified_epsilon(twice, 1e-6)[1] == GAUSSIAN


def test_no_group_is_promised_where_no_bound_is_known():
    replaced = Mechanism(
        sampling=Sampling.POISSON,
        neighbouring_relation=NeighbouringRelation.REPLACE,
        sampling_probability=0.1,
        noise_multiplier=2.0,
        compositions=20,
    )
    assert group_epsilon(replaced, 1e-6, 2) is None


def test_fixed_batches_have_the_closed_form():
    found = certify(**QUESTION, sampling=Sampling.DETERMINISTIC)
    participations = math.ceil(11_000 * 220_000 / 10_000_000)
    assert found.compositions == participations
    assert found.sampling_probability == 1.0
    assert found.neighbouring_relation is NeighbouringRelation.ZERO_OUT
    exact = gaussian_delta(found.epsilon, math.sqrt(participations) / found.noise_multiplier)
    assert float(exact) <= 1e-8
    assert found.epsilon == pytest.approx(4.0, rel=2e-3)


def test_best_takes_the_scheme_that_needs_less_noise():
    asked = {**QUESTION, "batch_size": 10_000_000, "iterations": 10, "epsilon": 2.0}
    best = certify(**asked, sampling=Sampling.BEST)
    each = [certify(**asked, sampling=s) for s in (Sampling.POISSON, Sampling.DETERMINISTIC)]
    assert best.noise_multiplier == min(c.noise_multiplier for c in each)


def test_the_easy_corner_gets_the_floor():
    found = certify(**{**QUESTION, "batch_size": 10, "iterations": 10}, sampling=Sampling.POISSON)
    assert found.noise_multiplier == 0.3


def test_noise_is_rounded_upwards():
    assert module.rounded_up(3.3151283) == 3.3152
    assert module.rounded_up(0.3) == 0.3
    assert module.rounded_up(614.00001) == 614.01


@pytest.mark.slow
def test_a_search_that_is_too_low_is_lifted(monkeypatch):
    right = float(noise_multiplier(**QUESTION))
    monkeypatch.setattr(module, "searched_noise_multiplier", lambda **_: np.asarray(right * 0.8))
    found = certify(**QUESTION, sampling=Sampling.POISSON)
    assert found.epsilon <= 4.0
    assert right * 0.999 <= found.noise_multiplier <= right * 1.02


def test_an_accountant_that_never_agrees_is_said_so(monkeypatch):
    monkeypatch.setattr(module, "certified_epsilon", lambda *_, **__: (math.inf, PLD))
    with pytest.raises(InputError, match="No noise could be certified for epsilon = 4"):
        certify(**QUESTION, sampling=Sampling.POISSON)


def test_noise_is_raised_as_if_epsilon_fell_with_its_square():
    first = module._step(2.0, 4.4, 4.0, None)
    assert first == pytest.approx(math.sqrt(1.1) * math.sqrt(1.0003), rel=1e-12)
    # At least by 0.03 %, at most by e^0.4, and by a half where there is no bound.
    assert module._step(2.0, 4.0001, 4.0, None) == 1.0003
    assert module._step(2.0, 400.0, 4.0, None) == pytest.approx(math.exp(0.4) * 1.0003**0.5)
    assert module._step(2.0, math.inf, 4.0, (1.0, math.inf)) == 1.5


@pytest.mark.parametrize(
    ("before", "steepness"),
    [
        # Twice the noise: half of ε, an eighth, hardly less, or more.
        ((1.0, 8.8), 1.0),
        ((1.0, 35.2), 3.0),
        ((1.0, 4.5), 0.5),
        ((1.0, 4.3), 2.0),
        ((1.0, math.inf), 2.0),
    ],
)
def test_noise_is_raised_along_the_line_through_the_last_bounds(before, steepness):
    found = module._step(2.0, 4.4, 4.0, before)
    assert found == pytest.approx(1.1 ** (1 / steepness) * math.sqrt(1.0003), rel=1e-12)


def test_infinite_losses_come_off_delta(monkeypatch):
    """Of 100 steps each of which is infinite with probability 1e-9 some step is with 1e-7."""
    asked: dict[str, Any] = {}

    def bound(parts, delta, **options):
        (part,) = parts
        asked.update(options, losses=part.loss, compositions=part.times, delta=delta)
        return 1.0

    monkeypatch.setattr(module, "composed_epsilon_bound", bound)
    loss = LatticeLoss(cell=0.5, first=-2, probabilities=np.full(10, 0.1), infinite=1e-9)
    assert module._composed([(loss, 100)], 1e-6) == 1.0
    assert asked["losses"] == pytest.approx(0.5 * np.arange(-2, 8))
    assert asked["delta"] == pytest.approx(1e-6 - (1 - (1 - 1e-9) ** 100), rel=1e-6, abs=0)
    assert (asked["compositions"], asked["cell"], asked["above"]) == (100, 0.5, True)


def test_outside_the_domain_one_sentence():
    with pytest.raises(InputError, match=r"Expected delta between 1e-12 and 0\.01"):
        certify(**{**QUESTION, "delta": 0.1}, sampling=Sampling.POISSON)


@pytest.mark.exhaustive
@pytest.mark.parametrize("delta", [1e-12, 1e-8, 1e-5])
@pytest.mark.parametrize("epsilon", [0.01, 1.0, 64.0])
@pytest.mark.parametrize("iterations", [10, 3_000, 1_000_000])
@pytest.mark.parametrize("batch_size", [10_000, 10**7, 10**10])
def test_every_corner_of_the_domain_ends(batch_size, iterations, epsilon, delta):
    found = certify(
        data_budget=10**10,
        batch_size=batch_size,
        iterations=iterations,
        epsilon=epsilon,
        delta=delta,
        sampling=Sampling.POISSON,
    )
    assert found.epsilon <= epsilon


def test_groups_too_small_to_certify_are_refused_with_the_least():
    with pytest.raises(InputError, match="groups of at least 100 people, got 350 people in 4"):
        certify(
            data_budget=350, batch_size=5, iterations=40, epsilon=2.0, delta=1e-6,
            sampling=Sampling.POISSON, bands=4,
        )  # fmt: skip


def test_an_epsilon_beyond_two_hundred_is_not_told():
    """Where it would lie on the grid, but farther than anything that is promised."""
    little = Mechanism.poisson(sampling_probability=0.9, noise_multiplier=0.3, iterations=30)
    more = Mechanism.poisson(sampling_probability=0.9, noise_multiplier=0.45, iterations=14)
    assert certified_epsilon(little, 1e-6)[0] == math.inf
    assert 50 < certified_epsilon(more, 1e-6)[0] < 200
