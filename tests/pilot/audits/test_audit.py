"""Audits against mechanisms whose ε is known: the confidence holds, and large audits come close."""

import json
from functools import cache
from math import exp
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from engine.accounting.gaussian import gaussian_delta
from engine.errors import InputError
from engine.pilot.audits import audit, one_run
from engine.pilot.audits.audit import (
    MOST,
    Audit,
    Finding,
    Method,
    audit_canaries,
    audit_pairs,
    draw_pairs,
)

SIMULATIONS = 600
MOST_WRONG = int(binom.ppf(0.999, SIMULATIONS, 0.05))
"""Wrong bounds that an audit of 95 % may give by chance."""


@pytest.fixture(autouse=True)
def _remembered_bounds(monkeypatch):
    """Simulations meet the same counts again and again."""
    monkeypatch.setattr(audit, "lower_bound", _bound)


_bound = cache(one_run.lower_bound)


def coins(rng, count):
    return rng.random(count) < 0.5


def randomised_response(rng, included, epsilon):
    """ε-DP for each coin, and nothing is better: a bit flipped with probability 1/(1 + e^ε). The
    small noise breaks ties and tells nothing."""
    told = included ^ (rng.random(len(included)) < 1 / (1 + exp(epsilon)))
    return told + 0.5 * rng.random(len(included))


# --- canaries -----------------------------------------------------------------------------------


@pytest.mark.parametrize("epsilon", [0.0, 0.5, 2.0])
def test_canaries_of_randomised_response_keep_their_confidence(epsilon):
    rng = np.random.default_rng(7)
    wrong = 0
    for _ in range(SIMULATIONS):
        included = coins(rng, 200)
        scores = randomised_response(rng, included, epsilon)
        wrong += audit_canaries(scores, included, delta=0.0).refutes(epsilon)
    assert wrong <= MOST_WRONG


@pytest.mark.parametrize("epsilon", [0.5, 2.0])
def test_many_canaries_come_close_to_the_truth(epsilon):
    rng = np.random.default_rng(8)
    included = coins(rng, 20_000)
    found = audit_canaries(
        randomised_response(rng, included, epsilon), included, delta=1e-8
    ).lower_bound
    assert 0.88 * epsilon < found < epsilon


@pytest.mark.parametrize(("mu", "epsilon"), [(0.5, 1.0), (1.0, 1.0), (2.0, 4.0)])
def test_canaries_in_a_gaussian_sum_keep_their_confidence(mu, epsilon):
    """Each canary has a direction of its own in a sum with noise 1/μ: δ as the profile says."""
    rng = np.random.default_rng(9)
    delta = float(gaussian_delta(epsilon, mu))
    found = []
    for _ in range(SIMULATIONS // 3):
        included = coins(rng, 300)
        scores = mu * included + rng.standard_normal(300)
        found.append(audit_canaries(scores, included, delta=delta).lower_bound)
    assert np.sum(np.array(found) > epsilon) <= binom.ppf(0.999, len(found), 0.05)


def test_a_gaussian_sum_with_less_noise_than_promised_is_found_out():
    """μ = 4 where μ = 0.5 was promised: ε = 2 at δ = 1e-5."""
    assert gaussian_delta(2.0, 0.5) < 1e-5
    rng = np.random.default_rng(10)
    included = coins(rng, 1000)
    found = audit_canaries(4.0 * included + rng.standard_normal(1000), included, delta=1e-5)
    assert found.refutes(2.0)
    assert found.auc > 0.99
    assert found.guesses < 1000, "a few sure guesses show more than all of them"


@given(
    st.lists(st.tuples(st.integers(-3, 3), st.booleans()), min_size=10, max_size=40),
    st.randoms(use_true_random=False),
)
def test_neither_order_nor_scale_matters(pairs, shuffler):
    def of(chosen):
        scores = np.array([score for score, _ in chosen], dtype=float)
        included = np.array([member for _, member in chosen])
        return scores, included

    scores, included = of(pairs)
    expected = audit_canaries(scores, included, delta=1e-6)
    shuffled = list(pairs)
    shuffler.shuffle(shuffled)
    assert audit_canaries(*of(shuffled), delta=1e-6) == expected
    assert audit_canaries(np.exp(scores) * 3, included, delta=1e-6) == expected


@given(st.lists(st.tuples(st.integers(0, 2), st.booleans()), min_size=10, max_size=60), st.data())
def test_breaking_ties_blindly_is_never_worse_for_the_attack(pairs, data):
    scores = np.array([score for score, _ in pairs], dtype=float)
    included = np.array([member for _, member in pairs])
    noise = np.array(data.draw(st.permutations(range(len(pairs))))) / len(pairs)
    told = audit_canaries(scores, included, delta=0.0)
    broken = audit_canaries(scores + 0.5 * noise, included, delta=0.0)
    assert told.lower_bound <= broken.lower_bound


def test_equal_scores_show_nothing_however_they_are_listed():
    members_last = np.repeat([False, True], 50)
    for included in (members_last, ~members_last):
        found = audit_canaries(np.zeros(100), included, delta=0.0)
        assert (found.lower_bound, found.auc) == (0.0, 0.5)
        assert found.correct == 0


def test_perfect_guesses_reach_the_ceiling_and_wrong_ones_nothing():
    included = np.arange(500) % 3 == 0  # a third: then not every guess can be right
    balanced = np.arange(500) % 2 == 0
    assert audit_canaries(balanced * 1.0, balanced, delta=1e-9).auc == 1.0
    found = audit_canaries(balanced * 1.0, balanced, delta=1e-9)
    assert found.lower_bound == found.ceiling == pytest.approx(4.8, abs=0.1)
    assert audit_canaries(-1.0 * balanced, balanced, delta=1e-9).lower_bound == 0
    assert audit_canaries(included * 1.0, included, delta=1e-9).lower_bound < found.ceiling


def test_the_guesses_are_half_in_and_half_out():
    """Twenty candidates, two guesses at the first share: the highest is in, the lowest is out."""
    included = np.zeros(20, dtype=bool)
    included[-1] = True
    tries: dict[Any, Any] = {}

    def spy(*, guesses, correct, **_):
        tries.setdefault(guesses, correct)
        return 0.0

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(audit, "lower_bound", spy)
        audit_canaries(np.arange(20.0), included, delta=0.0)
    assert tries == {2: 2, 6: 1 + 3, 20: 1 + 10}


def test_each_share_is_tried_at_its_part_of_the_error():
    asked = set()

    def spy(*, confidence, changes, candidates, delta, **_):
        asked.add((round(confidence, 12), changes, candidates, delta))
        return 0.0

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(audit, "lower_bound", spy)
        audit_canaries(np.arange(20.0), np.arange(20) > 9, delta=1e-7, confidence=0.94)
        audit_pairs(np.arange(20.0), np.zeros(20), delta=1e-7, confidence=0.94)
    assert asked == {(0.98, 1, 20, 1e-7), (0.98, 2, 20, 1e-7)}


# --- pairs --------------------------------------------------------------------------------------


@pytest.mark.parametrize("epsilon", [0.0, 0.5, 1.5])
def test_pairs_of_randomised_response_keep_their_confidence(epsilon):
    """Two bits of ε tell a swap apart by exactly 2ε where they differ: the worst case there is."""
    rng = np.random.default_rng(11)
    wrong = 0
    for _ in range(SIMULATIONS):
        members = randomised_response(rng, np.ones(200, dtype=bool), epsilon)
        others = randomised_response(rng, np.zeros(200, dtype=bool), epsilon)
        wrong += audit_pairs(members, others, delta=0.0).refutes(epsilon)
    assert wrong <= MOST_WRONG


@pytest.mark.parametrize("epsilon", [0.5, 1.5])
def test_many_pairs_come_close_to_the_truth(epsilon):
    rng = np.random.default_rng(12)
    members = randomised_response(rng, np.ones(20_000, dtype=bool), epsilon)
    others = randomised_response(rng, np.zeros(20_000, dtype=bool), epsilon)
    assert 0.85 * epsilon < audit_pairs(members, others, delta=1e-8).lower_bound < epsilon


def test_a_model_that_never_saw_the_data_is_not_blamed_whatever_the_data_are():
    """Scores that drift along the corpus and depend on the text alone; only the split is random."""
    rng = np.random.default_rng(13)
    drift = np.sort(rng.standard_normal(2000)) ** 3
    wrong = 0
    for _ in range(SIMULATIONS):
        order = rng.permutation(2000)
        held_out, training = np.sort(order[:100]), np.sort(order[100:])
        members, others = draw_pairs(training, held_out, rng)
        wrong += audit_pairs(drift[members], drift[others], delta=0.0).refutes(0.0)
    assert wrong <= MOST_WRONG


def test_memory_of_training_units_is_found_in_pairs():
    rng = np.random.default_rng(14)
    found = audit_pairs(
        rng.standard_normal(2000) + 3, rng.standard_normal(2000), delta=1e-8, confidence=0.9
    )
    assert found.method is Method.RANDOM_SPLIT
    assert found.refutes(1.0)
    assert found.lower_bound <= found.ceiling
    assert 0.95 < found.auc < 1


def test_equal_pairs_are_wrong_guesses():
    found = audit_pairs(np.ones(50), np.ones(50), delta=0.0)
    assert (found.lower_bound, found.correct, found.auc) == (0.0, 0, 0.5)


def test_of_pairs_that_differ_equally_the_wrong_guesses_count_first():
    tries: dict[Any, Any] = {}

    def spy(*, guesses, correct, **_):
        tries.setdefault(guesses, correct)
        return 0.0

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(audit, "lower_bound", spy)
        audit_pairs(np.repeat([1.0, -1.0, 3.0], [14, 5, 1]), np.zeros(20), delta=0.0)
    assert tries == {2: 1, 6: 1, 20: 15}


@given(st.integers(0, 60), st.integers(0, 60), st.integers(1, 50), st.integers(0, 2**32))
def test_pairs_are_drawn_without_repeats_from_their_sides(inside, outside, most, seed):
    training, held_out = np.arange(inside) * 2, np.arange(outside) * 2 + 1
    members, others = draw_pairs(training, held_out, np.random.default_rng(seed), most=most)
    assert len(members) == len(others) == min(inside, outside, most)
    assert len(set(members)) == len(members) and len(set(others)) == len(others)
    assert set(members) <= set(training) and set(others) <= set(held_out)


def test_pairs_are_not_in_the_order_of_the_corpus():
    members, others = draw_pairs(np.arange(500), np.arange(500), np.random.default_rng(1))
    for drawn in (members, others):
        assert abs(np.corrcoef(drawn, np.arange(500))[0, 1]) < 0.2
    assert abs(np.corrcoef(members, others)[0, 1]) < 0.2


# --- both ---------------------------------------------------------------------------------------


@given(
    st.lists(st.integers(0, 5), min_size=12, max_size=30),
    st.lists(st.booleans(), min_size=30, max_size=30),
)
def test_the_auc_counts_pairs(values, flags):
    scores = np.array(values, dtype=float)
    included = np.array(flags[: len(values)])
    wins = [
        1.0 if one > other else 0.5 if one == other else 0.0
        for one in scores[included]
        for other in scores[~included]
    ]
    expected = np.mean(wins) if wins else 0.5
    assert audit_canaries(scores, included, delta=0.0).auc == pytest.approx(expected)


def test_it_survives_json():
    found = audit_pairs(np.arange(12.0), np.zeros(12), delta=1e-8)
    again = Audit.from_dict(json.loads(json.dumps(found.to_dict())))
    assert again == found and again.method is Method.RANDOM_SPLIT


def test_a_bound_at_the_promise_keeps_it():
    found = audit_pairs(np.arange(1.0, 13.0), np.zeros(12), delta=1e-8)
    assert found.lower_bound > 0
    assert not found.refutes(found.lower_bound)
    assert found.refutes(np.nextafter(found.lower_bound, 0))


@pytest.mark.parametrize(
    ("call", "part"),
    [
        (lambda: audit_pairs([1.0] * 9, [1.0] * 9, delta=0.0), "at least 10 candidates"),
        (lambda: audit_pairs([1.0] * 12, [1.0] * 11, delta=0.0), "got 12 and 11"),
        (lambda: audit_pairs([np.nan] * 12, [1.0] * 12, delta=0.0), "finite numbers for members"),
        (lambda: audit_pairs([1.0] * 12, [np.inf] * 12, delta=0.0), "finite numbers for others"),
        (lambda: audit_canaries([[1.0]], [True], delta=0.0), "finite numbers for scores"),
        (lambda: audit_canaries([1.0] * 12, [1] * 12, delta=0.0), "int64 × 12"),
        (lambda: audit_canaries([1.0] * 12, [True] * 11, delta=0.0), "bool × 11"),
        (lambda: audit_pairs([1.0] * 12, [1.0] * 12, delta=1.0), "delta"),
        (lambda: audit_pairs([1.0] * 12, [1.0] * 12, delta=-0.1), "delta"),
        (lambda: audit_pairs([1.0] * 12, [1.0] * 12, delta=0.0, confidence=1.0), "confidence"),
        (lambda: audit_pairs([1.0] * 12, [1.0] * 12, delta=0.0, confidence=0.0), "confidence"),
    ],
)
def test_what_cannot_be_audited_is_refused(call, part):
    with pytest.raises(InputError, match=part):
        call()


def test_an_audit_that_could_not_have_refuted_a_promise_does_not_hold_it():
    scores, included = np.arange(200.0), np.arange(200) >= 100
    found = audit_canaries(scores, included, delta=1e-8)
    assert found.lower_bound == found.ceiling, "every guess is right"
    assert found.finding(found.ceiling - 0.01) is Finding.BROKEN
    assert found.finding(found.ceiling + 0.01) is Finding.SILENT
    blind = audit_canaries(scores, np.arange(200) % 2 == 0, delta=1e-8)
    assert blind.finding(1.0) is Finding.HELD


@pytest.mark.parametrize("method", Method)
@pytest.mark.parametrize("epsilon", [1.0, 2.5, 4.0])
def test_it_says_how_many_candidates_it_takes(method, epsilon):
    """One fewer cannot refute the promise, whatever the model gives away."""

    def perfect(count):
        if method is Method.CANARIES:
            included = np.arange(count) >= count // 2
            return audit_canaries(np.arange(float(count)), included, delta=1e-9)
        return audit_pairs(np.ones(count), np.zeros(count), delta=1e-9)

    enough = perfect(50).candidates_to_refute(epsilon)
    assert enough is not None
    assert perfect(enough).finding(epsilon) is Finding.BROKEN
    assert perfect(enough - 1).finding(epsilon) is Finding.SILENT


def test_no_number_of_candidates_refutes_a_promise_of_almost_nothing():
    found = audit_pairs(np.ones(50), np.zeros(50), delta=1e-2)
    assert found.candidates_to_refute(8.0) is None and MOST > 50
