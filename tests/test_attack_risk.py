"""Attack risk: against closed forms, dp_accounting, riskcal where installed, and common sense."""

import numpy as np
import pytest
from dp_accounting.pld import privacy_loss_distribution
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from engine import attack_risk as module
from engine.accounting.mechanism import Mechanism
from engine.allocation.result import WiggleRoom
from engine.attack_risk import attack_risk, rank_plans, true_positive_rate
from engine.config import Budget, Sampling
from engine.errors import InputError

ALPHAS = np.array([1e-6, 1e-4, 0.001, 0.01, 0.05, 0.2, 0.5, 0.9, 0.999])


def subsampled(q: float = 0.022, sigma: float = 3.44, steps: int = 11_000) -> Mechanism:
    return Mechanism.poisson(sampling_probability=q, noise_multiplier=sigma, iterations=steps)


def fixed(mu: float) -> Mechanism:
    return Mechanism.deterministic(noise_multiplier=2 / mu, participations=4)


mechanisms = st.builds(
    subsampled,
    q=st.floats(1e-5, 0.9),
    sigma=st.floats(0.4, 30.0),
    steps=st.integers(1, 20_000),
)


@pytest.mark.parametrize("mu", [0.05, 0.5, 1.0, 3.0])
def test_fixed_batches_are_one_gaussian_exactly(mu):
    found = true_positive_rate(fixed(mu), ALPHAS)
    np.testing.assert_allclose(found, norm.cdf(norm.ppf(ALPHAS) + mu), rtol=1e-9)
    # δ(0) is a difference of two numbers near one half.
    assert module.advantage(fixed(mu)) == pytest.approx(2 * norm.cdf(mu / 2) - 1, rel=1e-9)


@pytest.mark.parametrize("mu", [0.05, 0.5, 1.0, 3.0])
def test_the_minimum_over_the_profile_gives_the_same_curve(mu):
    """A finite grid of ε only loosens the bound: above the truth, by under 1e-3 of itself."""
    deltas = fixed(mu).profile(module._EPSILONS)
    found = module.trade_off(ALPHAS, module._EPSILONS, deltas)
    exact = norm.cdf(norm.ppf(ALPHAS) + mu)
    assert np.all(found >= exact * (1 - 1e-9))
    np.testing.assert_allclose(found, exact, rtol=1e-3)


@pytest.mark.parametrize(
    ("q", "sigma", "steps"), [(0.022, 3.44, 11_000), (0.001, 0.45, 20_000), (0.5, 20.0, 1_000)]
)
def test_it_agrees_with_the_profile_of_dp_accounting(q, sigma, steps):
    pld = privacy_loss_distribution.from_gaussian_mechanism(
        sigma, sampling_prob=q, value_discretization_interval=1e-3
    ).self_compose(steps)
    epsilons = np.concatenate([[0.0], np.geomspace(0.01, 15, 400)])
    deltas = np.array([pld.get_delta_for_epsilon(float(e)) for e in epsilons])
    mechanism = subsampled(q, sigma, steps)
    # Its distribution is pessimistic on a grid of 1e-3, composed many times.
    assert module.advantage(mechanism) == pytest.approx(deltas[0], rel=2e-3)
    expected = module.trade_off(ALPHAS, epsilons, deltas)
    np.testing.assert_allclose(true_positive_rate(mechanism, ALPHAS), expected, rtol=0.02)


def test_it_agrees_with_riskcal_where_that_is_installed():
    analysis = pytest.importorskip("riskcal.analysis", reason="riskcal is an optional extra")
    found = analysis.get_beta_from_gdp(mu=1.0, alpha=ALPHAS)
    np.testing.assert_allclose(true_positive_rate(fixed(1.0), ALPHAS), 1 - found, rtol=1e-6)
    assert module.advantage(fixed(1.0)) == pytest.approx(
        analysis.get_advantage_from_gdp(mu=1.0), rel=1e-6
    )


@given(mechanisms)
def test_no_attack_is_worse_than_guessing_and_rates_rise(mechanism):
    alpha = np.concatenate([[0.0], np.geomspace(1e-6, 1.0, 40)])
    found = true_positive_rate(mechanism, alpha)
    assert np.all(found >= alpha)
    assert np.all(found <= 1)
    assert np.all(np.diff(found) >= 0)
    # The two are computed apart, each to some 1e-5.
    assert np.max(found - alpha) <= module.advantage(mechanism) + 1e-5


@pytest.mark.slow
@given(mechanisms, st.floats(1.05, 3.0), st.integers(2, 5))
def test_more_noise_never_helps_the_attacker_and_more_steps_never_hurt(mechanism, louder, longer):
    """Both of one mechanism, whose curve is then computed once."""
    q, sigma, steps = (
        mechanism.sampling_probability,
        mechanism.noise_multiplier,
        mechanism.compositions,
    )
    found = true_positive_rate(mechanism, ALPHAS)
    assert np.all(
        true_positive_rate(subsampled(q, sigma * louder, steps), ALPHAS) <= _loosely(found)
    )
    assert np.all(
        found <= _loosely(true_positive_rate(subsampled(q, sigma, steps * longer), ALPHAS))
    )


def _loosely(rates: np.ndarray) -> np.ndarray:
    """The accountant is near-exact: δ to about 1e-5."""
    return rates * (1 + 1e-3) + 2e-5


def test_odds_are_told_per_thousand_people():
    found = attack_risk(fixed(1.0), prior=0.01)
    assert found.guessed == pytest.approx(10)
    assert found.found == pytest.approx(1000 * norm.cdf(norm.ppf(0.01) + 1))
    assert found.tpr_at_1_percent == pytest.approx(found.found / 1000)
    assert found.tpr_at_01_percent == pytest.approx(norm.cdf(norm.ppf(0.001) + 1))
    assert found.reconstruction == pytest.approx(norm.cdf(norm.ppf(1e-6) + 1))


def test_the_naive_formula_from_one_epsilon_overstates():
    """(e^ε − 1)/(e^ε + 1) at ε = 4, δ = 1e-8: 96 %, where the mechanism allows 28 %."""
    assert attack_risk(subsampled(0.022, 3.44, 11_000)).advantage < 0.28


def test_losses_beyond_reach_claim_no_protection():
    assert module.advantage(subsampled(0.9, 0.3, 20_000)) == 1.0


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"q": 0.0}, "sampling probability"),
        ({"q": 1.1}, "sampling probability"),
        ({"sigma": 0.0}, "noise multiplier"),
        ({"sigma": float("nan")}, "noise multiplier"),
        ({"steps": 0}, "at least 1 step"),
    ],
)
def test_mechanisms_that_cannot_be_are_refused(change, sentence):
    with pytest.raises(InputError, match=sentence):
        subsampled(**change)


@pytest.mark.parametrize("prior", [0.0, 1.0, -0.1, float("nan")])
def test_a_prior_that_is_no_chance_is_refused(prior):
    with pytest.raises(InputError, match="prior"):
        attack_risk(fixed(1.0), prior=prior)


def test_plans_of_equal_privacy_are_ranked_by_what_they_leak():
    excess = np.array([[0.0, 0.005], [0.02, np.nan]])
    room = WiggleRoom(
        model_size=np.array([1e7, 2e7]),
        batch_size=np.array([1e4, 1e5]),
        iterations=np.full((2, 2), 1_000.0),
        noise_multiplier=np.array([[0.9, 3.0], [0.9, np.nan]]),
        excess=excess,
        tolerance=0.01,
    )
    budget = Budget(compute_flops=1e18, data_budget=1_000_000, epsilon=4.0)
    ranked = rank_plans(room, budget=budget, sampling=Sampling.POISSON)
    assert len(ranked) == 2, "cells beyond the tolerance and impossible ones are left out"
    assert ranked[0].advantage <= ranked[1].advantage
    expected = module.advantage(subsampled(0.01, 0.9, 1_000))
    assert {plan.batch_size: plan.advantage for plan in ranked}[10_000] == expected
    assert len(rank_plans(room, budget=budget, sampling=Sampling.BEST, most=1)) == 1
