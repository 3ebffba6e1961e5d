"""The pair of each sampling and relation, step by step, against dp_accounting's own."""

import numpy as np
import pytest
from dp_accounting.pld import privacy_loss_distribution as theirs
from dp_accounting.privacy_accountant import NeighboringRelation
from scipy import stats

from engine.accounting import dominating
from engine.accounting.domain import largest_batch
from engine.accounting.mechanism import Mechanism
from engine.accounting.step import LatticeLoss
from engine.config import NeighbouringRelation, Sampling

CELL, TAIL = 1e-2, 1e-20
ADD, REPLACE = NeighbouringRelation.ADD_REMOVE, NeighbouringRelation.REPLACE
EPSILONS = (0.0, 0.3, 1.0, 2.0)


def mechanism(sampling, relation, **more):
    return Mechanism(
        sampling=sampling,
        neighbouring_relation=relation,
        sampling_probability=0.1,
        noise_multiplier=0.8,
        compositions=1,
        **more,
    )


def deltas(losses):
    return [
        max(
            float(np.maximum(1 - np.exp(e - loss.losses), 0) @ loss.probabilities) + loss.infinite
            for loss in losses
        )
        for e in EPSILONS
    ]


def test_replacing_one_under_poisson():
    expected = theirs.from_gaussian_mechanism(
        0.8,
        sampling_prob=0.1,
        value_discretization_interval=CELL,
        neighboring_relation=NeighboringRelation.REPLACE_ONE,
    )
    found = dominating.losses_above(mechanism(Sampling.POISSON, REPLACE), CELL, TAIL)
    assert deltas(found) == pytest.approx(expected.get_delta_for_epsilon(EPSILONS), rel=1e-6)


def test_cut_batches():
    expected = theirs.from_truncated_subsampled_gaussian_mechanism(
        500, 0.1, 55, 0.8, value_discretization_interval=CELL
    )
    asked = mechanism(Sampling.TRUNCATED_POISSON, ADD, data_budget=500, largest_batch=55)
    found = dominating.losses_above(asked, CELL, TAIL)
    assert deltas(found) == pytest.approx(expected.get_delta_for_epsilon(EPSILONS), rel=1e-6)


def test_a_group_is_a_mixture():
    expected = theirs.from_mixture_gaussian_mechanism(
        0.8, [0, 1, 2], stats.binom.pmf([0, 1, 2], 2, 0.1), value_discretization_interval=CELL
    )
    found = dominating.losses_above(mechanism(Sampling.POISSON, ADD), CELL, TAIL, 2)
    assert deltas(found) == pytest.approx(expected.get_delta_for_epsilon(EPSILONS), rel=1e-6)


def test_without_replacement_stays_a_probability():
    for relation in (ADD, REPLACE):
        for loss in dominating.losses_above(
            mechanism(Sampling.WITHOUT_REPLACEMENT, relation), CELL, TAIL
        ):
            assert loss.probabilities.sum() + loss.infinite == pytest.approx(1, abs=1e-9)
            # Under the other distribution of the pair, too.
            assert loss.probabilities @ np.exp(-loss.losses) == pytest.approx(1, abs=1e-6)


def test_a_person_in_a_cut_batch_is_counted():
    asked = mechanism(Sampling.TRUNCATED_POISSON, ADD, data_budget=500, largest_batch=55)
    draws = np.random.default_rng(0).binomial(499, 0.1, 200_000)
    kept = np.minimum(1, 55 / (draws + 1)).mean() * 0.1
    assert dominating._kept(asked) == pytest.approx(kept, rel=2e-3)


def test_batches_are_hardly_ever_cut_in_a_plan():
    for people, batch in ((1_000, 10), (10**6, 1_000), (10**7, 220_000), (500, 500)):
        most = largest_batch(people, batch)
        assert batch <= most <= people
        assert stats.binom.sf(most, people, batch / people) <= 1e-15


def test_cut_and_whole_batches_mix_by_their_probabilities():
    usual = LatticeLoss(cell=0.5, first=-1, probabilities=np.array([0.2, 0.7]), infinite=0.1)
    cut = LatticeLoss(cell=0.5, first=0, probabilities=np.array([0.3, 0.1, 0.2]), infinite=0.4)
    found = dominating._mixed(usual, cut, 0.25)
    assert found.losses.tolist() == [-0.5, 0.0, 0.5, 1.0]
    assert found.probabilities == pytest.approx([0.15, 0.6, 0.025, 0.05])
    assert found.infinite == pytest.approx(0.75 * 0.1 + 0.25 * 0.4)


def test_batches_that_are_never_cut_are_poisson():
    never = mechanism(Sampling.TRUNCATED_POISSON, ADD, data_budget=500, largest_batch=500)
    plain = mechanism(Sampling.POISSON, ADD)
    assert dominating._cut(never) == (0.0, 0.1)
    found = dominating.losses_above(never, CELL, TAIL)
    expected = dominating.losses_above(plain, CELL, TAIL)
    for one, other in zip(found, expected, strict=True):
        assert one.probabilities.tolist() == other.probabilities.tolist()


@pytest.mark.parametrize("relation", [ADD, REPLACE, NeighbouringRelation.ZERO_OUT])
def test_without_replacement_is_what_dp_accounting_says(relation):
    """Under add or remove as Poisson at half the noise; else its losses from 0 up."""
    asked = mechanism(Sampling.WITHOUT_REPLACEMENT, relation)
    found = dominating.losses_above(asked, CELL, TAIL)
    halved = theirs.from_gaussian_mechanism(
        0.4, sampling_prob=0.1, value_discretization_interval=CELL
    )
    assert len(found) == (2 if relation is ADD else 1)
    expected = [halved._pmf_remove.get_delta_for_epsilon(epsilon) for epsilon in EPSILONS]
    if relation is ADD:
        expected = halved.get_delta_for_epsilon(EPSILONS)
    assert deltas(found) == pytest.approx(expected, rel=1e-6)


def test_data_that_exist_are_worse_where_a_person_is_replaced():
    """Zeroed, a person moves the sum by 1; replaced or left out without replacement, by 2."""
    zeroed, replaced, left = (
        dominating._attained(mechanism(Sampling.WITHOUT_REPLACEMENT, relation))[0]
        for relation in (NeighbouringRelation.ZERO_OUT, REPLACE, ADD)
    )
    assert (zeroed.noise, replaced.noise, left.noise) == (0.8, 0.4, 0.4)
    poisson = dominating._attained(mechanism(Sampling.POISSON, REPLACE))
    assert [pair.q.centres for pair in poisson] == [(0.0, -1.0)]
    joined = dominating._attained(mechanism(Sampling.POISSON, NeighbouringRelation.ZERO_OUT))
    assert [pair.q.centres for pair in joined] == [(0.0,), (0.0, -1.0)]
