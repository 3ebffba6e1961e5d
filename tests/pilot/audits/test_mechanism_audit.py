"""The audit from inside: mechanisms right and broken, simulated and through the real engine."""

import os
from dataclasses import replace

import numpy as np
import pytest
import torch

from engine.accounting.accountant import certify
from engine.accounting.strategy import strategy
from engine.config import Sampling
from engine.errors import InputError
from engine.pilot.audits import mechanism_audit
from engine.pilot.audits.audit import Finding
from engine.pilot.audits.mechanism_audit import (
    AUDIT_FILE,
    audit_mechanism,
    audit_scores,
    least_seen,
    noise_left,
    rates_of,
    read_audit,
)
from engine.pilot.dpsgd import fast_engine, gradient_canaries
from engine.pilot.dpsgd.training import Training
from tests.pilot.fake_training import Corpus, S, settings

PEOPLE, BATCH, STEPS = 200, 20, 25


def test_a_canary_s_score_is_the_log_likelihood_ratio_of_having_been_in():
    """Of two densities, written out: none of it shares the code's algebra."""
    q, sigma = 0.3, 2.5
    scores = gradient_canaries.Scores(
        count=3, batch_size=8, sampling_probability=q, noise_multiplier=sigma
    )
    released = np.array([-1.0, 0.4, 6.0])

    def density(mean):
        return np.exp(-((released - mean) ** 2) / (2 * sigma**2))

    scores.add(released)
    wanted = np.log(((1 - q) * density(0.0) + q * density(1.0)) / density(0.0))
    assert scores.values == pytest.approx(wanted, rel=1e-9)


def certified(bands=1):
    """The promise of the trainings below."""
    return certify(
        data_budget=PEOPLE,
        batch_size=BATCH,
        iterations=STEPS,
        epsilon=4.0,
        delta=1e-4,
        sampling=Sampling.POISSON,
        bands=bands,
    )


@pytest.fixture(scope="module")
def certificate():
    return certified()


def simulated(mechanism, count, *, share=1.0, joins=None, seed=0):
    """Scores of canaries under a mechanism with so much of its noise, and who was in."""
    rng = np.random.default_rng(seed)
    included = rng.random(count) < 0.5
    sigma = mechanism.noise_multiplier
    scores = gradient_canaries.Scores(
        count=count,
        batch_size=BATCH,
        sampling_probability=mechanism.sampling_probability,
        noise_multiplier=sigma,
    )
    for _ in range(mechanism.compositions):
        joined = included & (rng.random(count) < (joins or mechanism.sampling_probability))
        scores.add(share * sigma * rng.standard_normal(count) + joined)
    return scores.values, included


def seen(certificate, count, **how):
    """What an audit of simulated canaries finds."""
    scores, included = simulated(certificate.mechanism, count, **how)
    return audit_scores(scores, included, certificate, iterations=STEPS)


def audited(certificate, *, noise=1.0, seed=1, count=600):
    made = settings(
        iterations=STEPS,
        batch_size=BATCH,
        people=PEOPLE,
        noise=noise * certificate.noise_multiplier / BATCH,
        seed=seed,
        physical_batch_size=32,
    )
    return audit_mechanism(made, certificate, count=count, rng=np.random.default_rng(seed))


# --- through the real engine ---------------------------------------------------------------------


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.slow
def test_the_right_mechanism_is_held_and_could_have_been_refuted(certificate, seed):
    found = audited(certificate, seed=seed)
    assert found.finding is Finding.HELD
    assert 0 < found.epsilon <= found.promised < min(found.ceiling, found.one_run.ceiling)
    assert found.iterations == STEPS


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.slow
def test_noise_at_half_is_refuted(certificate, seed):
    found = audited(certificate, noise=0.5, seed=seed)
    assert found.finding is Finding.BROKEN
    assert found.noise_share < 1 and found.epsilon > found.promised


def test_missing_clipping_is_refuted(certificate, monkeypatch):
    monkeypatch.setattr(fast_engine, "clip_weights", lambda norms, weights, norm: weights)
    assert audited(certificate).finding is Finding.BROKEN


@pytest.mark.slow
def test_every_unit_in_every_step_is_refuted(certificate, monkeypatch):
    from engine.pilot.dpsgd import sampling

    def all_join(noise, step, *, units, probability):
        return np.arange(units)

    monkeypatch.setattr(sampling, "poisson", all_join)
    assert audited(certificate).finding is Finding.BROKEN


def test_a_canary_adds_one_in_its_own_coordinate_and_nothing_to_the_model():
    """All units join, and the noise is next to none: the released sums are known."""
    made = settings(iterations=1, batch_size=50, people=50, noise=1e-12, physical_batch_size=16)

    def released(*numbers):
        heard = []
        training = Training(
            made,
            Corpus(),
            canaries=gradient_canaries.canaries(np.array(numbers, dtype=int), S),
            wrapped=lambda model: gradient_canaries.CanaryModel(model, 5, made.clip_norm),
            heard=lambda mean: heard.append(50 * mean),
        )
        training.run()
        return heard[0]

    without, found = released(), released(0, 3, 4)
    assert found[-5:].tolist() == pytest.approx([1, 0, 0, 1, 1], abs=1e-5)
    assert without[-5:].tolist() == pytest.approx([0] * 5, abs=1e-6)
    assert torch.allclose(found[:-5], without[:-5], atol=1e-5)
    assert float(without[:-5].norm()) > 1  # text moved the model


def test_a_private_audit_leaves_no_training_behind(certificate, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    made = settings(iterations=2, noise=0.1, seed=None)
    audit_mechanism(made, certificate, count=100)
    assert os.listdir(tmp_path) == []


# --- the bounds ----------------------------------------------------------------------------------


def test_the_right_mechanism_is_seldom_refuted(certificate):
    """At most in one of twenty: of 150 audits 14 would be unlikely at 0.05 (99.5 %)."""
    mechanism = replace(certificate.mechanism, compositions=8)
    deltas = mechanism.profile(mechanism_audit._EPSILONS)
    broken = sum(
        any(
            rates.refutes(deltas)
            for rates in rates_of(*simulated(mechanism, 400, seed=seed), error=0.05)
        )
        for seed in range(150)
    )
    assert broken <= 13


def test_the_least_that_is_seen_is_seen_and_much_less_of_a_fault_is_not(certificate):
    mechanism = certificate.mechanism
    least = least_seen(mechanism, 1000, 1000, error=0.025)
    assert least is not None and 0.5 < least < 0.95
    shares = {
        share: [
            noise_left(
                mechanism, rates_of(*simulated(mechanism, 2000, share=share, seed=k), error=0.025)
            )
            for k in range(4)
        ]
        for share in (least, 0.99)
    }
    assert max(shares[least]) < 1 < min(shares[0.99])
    assert min(shares[least]) > least  # an upper bound of what there is


def test_more_canaries_come_closer(certificate):
    few, many = seen(certificate, 500, seed=4), seen(certificate, 8000, seed=4)
    assert few.least_seen is not None and many.least_seen is not None
    assert few.epsilon < many.epsilon <= many.promised
    assert few.noise_share > many.noise_share >= 1
    assert few.least_seen < many.least_seen


def test_scores_that_know_nothing_show_nothing(certificate):
    rng = np.random.default_rng(0)
    found = audit_scores(np.zeros(1000), rng.random(1000) < 0.5, certificate, iterations=STEPS)
    assert (found.epsilon, found.one_run.lower_bound) == (0.0, 0.0)


def test_few_canaries_are_silent(certificate):
    found = seen(certificate, 60)
    assert found.finding is Finding.SILENT


def test_it_is_read_back(certificate, tmp_path):
    found = seen(certificate, 200)
    assert read_audit(tmp_path) is None
    (tmp_path / AUDIT_FILE).write_text(found.to_json())
    assert read_audit(tmp_path) == found
    (tmp_path / AUDIT_FILE).write_text("{}")
    assert read_audit(tmp_path) is None


@pytest.mark.parametrize(
    ("changes", "count", "part"),
    [
        ({"sampling": Sampling.TRUNCATED_POISSON}, 100, "truncated"),
        ({"noise": 0.0}, 100, "without"),
        ({}, 5, "20 to"),
    ],
)
def test_what_it_cannot_audit_is_refused(certificate, changes, count, part):
    with pytest.raises(InputError, match=part):
        audit_mechanism(settings(**changes), certificate, count=count)


# --- noise that is correlated over steps ---------------------------------------------------------

BANDS = 2


@pytest.fixture(scope="module")
def banded():
    return certified(BANDS)


@pytest.mark.parametrize("noise", [1.0, 0.5])
def test_banded_noise_is_held_and_half_of_it_refuted(banded, noise):
    made = settings(
        iterations=STEPS, batch_size=BATCH, people=PEOPLE, seed=3,
        strategy=tuple(strategy(bands=BANDS, iterations=STEPS).tolist()),
        noise=noise * banded.noise_multiplier / BATCH, physical_batch_size=32,
    )  # fmt: skip
    found = audit_mechanism(made, banded, count=600, rng=np.random.default_rng(3))
    assert found.finding is (Finding.HELD if noise == 1.0 else Finding.BROKEN)


def test_each_whole_turn_is_one_gaussian_trial():
    """What is filtered of C⁻¹z and of who joined: joined + σ·N(0, 1) for each turn, and no more."""
    rng, count, steps, sigma, bands = np.random.default_rng(0), 4_000, 11, 1.5, 4
    coefficients = strategy(bands=bands, iterations=steps)
    scores = gradient_canaries.BandedScores(
        count=count, batch_size=1, sampling_probability=0.3, noise_multiplier=sigma,
        coefficients=coefficients,
    )  # fmt: skip
    scores.groups = rng.integers(bands, size=count)
    C = sum(np.diag(np.full(steps - k, coefficients[k]), -k) for k in range(bands))
    turn = (np.arange(steps)[:, None] - scores.groups) % bands == 0
    joined = turn & (rng.random((steps, count)) < 0.3)
    white = sigma * rng.standard_normal((steps, count))
    trials: list[np.ndarray] = []

    def kept(filtered: np.ndarray) -> np.ndarray:
        trials.append(filtered.copy())
        return np.zeros(filtered.shape)

    vars(scores)["_ratio"] = kept
    for released in joined + np.linalg.solve(C, white):
        scores.add(released)
    whole = [turn[s] for s in range(steps - bands + 1)]
    assert [len(one) for one in trials[bands - 1 :]] == [int(one.sum()) for one in whole]
    assert not any(len(one) for one in trials[: bands - 1])
    left = np.concatenate([one - joined[s][turn[s]] for s, one in enumerate(trials[bands - 1 :])])
    assert left.std() == pytest.approx(sigma, rel=0.03) and abs(left.mean()) < 0.06
