"""Which ε a training had: on random questions dp_accounting agrees, for every pair that it knows.

Where it knows none (without replacement), Rényi accounting bounds ours from above and a training
that exists bounds it from below.
"""

import math
from typing import Any

import dp_accounting
import numpy as np
import pytest
from dp_accounting.pld import PLDAccountant, privacy_loss_distribution
from dp_accounting.rdp import RdpAccountant
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import log_ndtr

from engine.accounting.domain import people_published_whole, proposed_delta
from engine.accounting.training_epsilon import RELATIONS, SAMPLINGS, Training, epsilon_of
from engine.config import NeighbouringRelation, Sampling
from engine.errors import InputError

ADD, REPLACE, ZERO = (
    NeighbouringRelation.ADD_REMOVE,
    NeighbouringRelation.REPLACE,
    NeighbouringRelation.ZERO_OUT,
)
THEIRS = {
    ADD: dp_accounting.NeighboringRelation.ADD_OR_REMOVE_ONE,
    REPLACE: dp_accounting.NeighboringRelation.REPLACE_ONE,
    ZERO: dp_accounting.NeighboringRelation.REPLACE_SPECIAL,
}
QUESTION: dict[str, Any] = {
    "noise_multiplier": 1.5,
    "batch_size": 256,
    "iterations": 100,
    "data_budget": 20_000,
    "delta": 1e-6,
}


PAIRS = [
    (Sampling.POISSON, ADD),
    (Sampling.POISSON, REPLACE),
    (Sampling.POISSON, ZERO),
    (Sampling.TRUNCATED_POISSON, ADD),
    (Sampling.TRUNCATED_POISSON, REPLACE),
]


@settings(max_examples=8)
@given(
    noise=st.floats(0.8, 4.0),
    share=st.floats(-2.5, -0.3).map(lambda exponent: 10.0**exponent),
    steps=st.integers(1, 300),
    delta=st.floats(-8, -4).map(lambda exponent: 10.0**exponent),
    pair=st.sampled_from(PAIRS),
)
def test_dp_accounting_gives_the_same(noise, share, steps, delta, pair):
    agrees(noise, share, steps, delta, pair)


@pytest.mark.exhaustive
@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("seed", range(100))
def test_on_a_hundred_questions_of_each_mechanism(seed, pair):
    rng = np.random.default_rng(seed)
    noise, share, delta = rng.uniform(0.8, 4.0), *10 ** rng.uniform((-2.5, -8), (-0.3, -4))
    agrees(noise, share, int(rng.integers(1, 301)), delta, pair, close=4e-3)


@pytest.mark.exhaustive
@pytest.mark.parametrize("seed", range(100))
def test_fixed_batches_are_one_gaussian_on_a_hundred_questions(seed):
    """δ(ε) = Φ(μ/2 − ε/μ) − e^ε·Φ(−μ/2 − ε/μ), μ = √k/σ, solved here for ε."""
    rng = np.random.default_rng(seed)
    people, batch = 50_000, int(rng.integers(1, 50_001))
    steps, noise = int(rng.integers(1, 2_000)), float(rng.uniform(0.8, 60.0))
    delta = float(10 ** rng.uniform(-10, -4))
    mu = math.sqrt(math.ceil(steps * batch / people)) / noise

    def missing(epsilon):
        above = log_ndtr(mu / 2 - epsilon / mu)
        below = epsilon + log_ndtr(-mu / 2 - epsilon / mu)
        return above + math.log1p(-math.exp(min(below - above, -1e-16))) - math.log(delta)

    training = Training(
        noise_multiplier=noise,
        batch_size=batch,
        iterations=steps,
        data_budget=people,
        delta=delta,
        sampling=Sampling.DETERMINISTIC,
    )
    expected = 0.0 if missing(0.0) <= 0 else brentq(missing, 0.0, mu**2 + 50 * mu, xtol=1e-12)
    if expected > 150:
        with pytest.raises(InputError):
            epsilon_of(training)
        return
    assert epsilon_of(training).certified == pytest.approx(expected, rel=1e-6, abs=1e-9)


def agrees(noise, share, steps, delta, pair, *, close=2e-3):
    sampling, relation = pair
    batch = max(round(50_000 * share), 1)
    cut = batch + 3 if sampling is Sampling.TRUNCATED_POISSON else None
    asked = Training(
        noise_multiplier=noise,
        batch_size=batch,
        iterations=steps,
        data_budget=50_000,
        delta=delta,
        sampling=sampling,
        relation=relation,
        largest_batch=cut,
    )
    theirs = PLDAccountant(THEIRS[relation], value_discretization_interval=1e-3).compose(
        asked.mechanism.event()
    )
    found = epsilon_of(asked)
    # Theirs is rounded up on a lattice of 1e-3.
    assert found.certified == pytest.approx(theirs.get_epsilon(delta), rel=2e-2, abs=close)
    assert found.lower <= theirs.get_epsilon(delta)
    assert found.lower <= found.certified


@pytest.mark.parametrize("relation", [REPLACE, ZERO])
def test_without_replacement_lies_below_renyi_accounting(relation):
    asked = Training(**QUESTION, sampling=Sampling.WITHOUT_REPLACEMENT, relation=relation)
    renyi = RdpAccountant(neighboring_relation=THEIRS[REPLACE]).compose(asked.mechanism.event())
    found = epsilon_of(asked)
    assert found.certified <= renyi.get_epsilon(1e-6)
    assert found.lower <= found.certified


def test_without_replacement_is_the_profile_of_two_directions():
    """From ε = 0 up that of removing at half the noise, below that of adding (Zhu et al.)."""
    asked = Training(**{**QUESTION, "iterations": 1}, sampling=Sampling.WITHOUT_REPLACEMENT)
    one = privacy_loss_distribution.from_gaussian_mechanism(
        1.5, sensitivity=2, sampling_prob=256 / 20_000, value_discretization_interval=1e-4
    )
    assert epsilon_of(asked).certified == pytest.approx(
        one.get_epsilon_for_delta(1e-6), rel=1e-2, abs=2e-3
    )


@pytest.mark.parametrize(
    ("sampling", "relation"), [(s, r) for s in SAMPLINGS for r in RELATIONS]
)  # fmt: skip
def test_every_pair_is_answered_or_refused(sampling, relation):
    question = {**QUESTION, "iterations": 20}
    if (sampling, relation) == (Sampling.DETERMINISTIC, ADD):
        with pytest.raises(InputError, match="No certified bound is known"):
            Training(**question, sampling=sampling, relation=relation)
        return
    found = epsilon_of(Training(**question, sampling=sampling, relation=relation))
    assert 0 < found.lower <= found.certified
    assert (found.sampling, found.relation) == (sampling, relation)
    assert found.compositions == (1 if sampling is Sampling.DETERMINISTIC else 20)


def test_replacing_one_is_worse_than_removing_one_and_better_than_two():
    add, replace = (
        epsilon_of(Training(**QUESTION, relation=relation)).certified for relation in (ADD, REPLACE)
    )
    assert add < replace < 2 * add


def test_cutting_later_costs_less():
    """Without a size, batches count as cut at the expected one: a bound for every later cut."""
    cuts = (None, 256, 300, 400, 20_000)
    found = [
        epsilon_of(Training(**QUESTION, sampling=Sampling.TRUNCATED_POISSON, largest_batch=cut))
        for cut in cuts
    ]
    epsilons = [each.certified for each in found]
    assert epsilons[0] == epsilons[1] > epsilons[2] > epsilons[3]
    assert epsilons[3] == pytest.approx(epsilons[4], rel=1e-4)
    assert epsilons[4] == epsilon_of(Training(**QUESTION)).certified
    assert found[0].largest_batch == 256


def test_a_merged_person_is_a_replaced_one():
    """q = 27/2272, σ = 0.782, T = 256, δ = 1e-6: promised 3, and about 3.3 and more for the one of
    two merged people who wrote nearly all of the merged text."""
    merged: dict[str, Any] = {
        "noise_multiplier": 0.782,
        "batch_size": 27,
        "iterations": 256,
        "data_budget": 2_272,
        "delta": 1e-6,
    }
    assert epsilon_of(Training(**merged)).certified <= 3
    assert 3.3 < epsilon_of(Training(**merged, relation=REPLACE)).certified < 3 * 1.4


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"noise_multiplier": 0.0}, "Expected noise_multiplier between 0.1"),
        ({"batch_size": 30_000}, "accumulation counted"),
        ({"batch_size": 0}, "accumulation counted"),
        ({"batch_size": 2.5}, "whole number for batch_size"),
        ({"iterations": 2_000_000}, "Expected iterations"),
        ({"data_budget": 10}, "Expected data_budget"),
        ({"delta": 0.5}, "Expected delta"),
        ({"largest_batch": 300}, "for truncated-poisson sampling only"),
    ],
)
def test_what_no_training_can_be_is_refused(change, sentence):
    with pytest.raises(InputError, match=sentence):
        Training(**{**QUESTION, **change})


def test_a_training_without_any_promise_is_said_so():
    hopeless: dict[str, Any] = {
        **QUESTION,
        "noise_multiplier": 0.1,
        "batch_size": 20_000,
        "iterations": 1_000,
    }
    with pytest.raises(InputError, match="at most 200"):
        epsilon_of(Training(**hopeless))


@pytest.mark.parametrize(
    ("people", "delta", "whole"),
    [(10**10, 1e-8, 100), (10**8, 1e-8, 1), (99_999_999, 1e-8, 0), (1_000, 1e-2, 10)],
)
def test_a_delta_above_one_in_n_publishes_people_whole(people, delta, whole):
    assert people_published_whole(people, delta) == whole


def test_the_proposed_delta_publishes_nobody():
    for people in (100, 10**6, 10**7, 10**8, 2 * 10**10):
        assert people_published_whole(people, proposed_delta(people)) == 0
    assert proposed_delta(10**6) == 1e-8
    assert proposed_delta(10**9) == pytest.approx(1e-10)
