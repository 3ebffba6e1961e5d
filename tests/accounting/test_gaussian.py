"""The Gaussian mechanism against another implementation, and as an inverse of itself."""

import math

import numpy as np
import pytest
from dp_accounting.pld import privacy_loss_distribution
from hypothesis import given
from hypothesis import strategies as st

from engine.accounting.gaussian import gaussian_delta, gaussian_mu

EPSILONS = st.floats(0.01, 128)
DELTAS = st.floats(-12, -5).map(lambda exponent: 10.0**exponent)


@pytest.mark.slow
@pytest.mark.parametrize(("epsilon", "mu"), [(0.1, 0.5), (1.0, 1.0), (4.0, 1.5), (20.0, 5.0)])
def test_delta_agrees_with_dp_accounting(epsilon, mu):
    pld = privacy_loss_distribution.from_gaussian_mechanism(1 / mu)
    # Its discretisation at 1e-4 is pessimistic by about that much in ε.
    assert gaussian_delta(epsilon, mu) == pytest.approx(
        pld.get_delta_for_epsilon(epsilon), rel=2e-3
    )


@given(epsilon=EPSILONS, delta=DELTAS)
def test_mu_is_the_inverse_of_delta(epsilon, delta):
    mu = gaussian_mu(epsilon, delta)
    assert float(gaussian_delta(epsilon, mu)) == pytest.approx(delta, rel=1e-6)


@given(epsilon=EPSILONS, delta=DELTAS)
def test_mu_errs_on_the_safe_side(epsilon, delta):
    assert float(gaussian_delta(epsilon, gaussian_mu(epsilon, delta))) <= delta * (1 + 1e-9)


def test_delta_at_zero_is_the_total_variation():
    mu = np.array([0.1, 1.0, 3.0])
    expected = [math.erf(m / 2 / math.sqrt(2)) for m in mu]
    assert gaussian_delta(0.0, mu) == pytest.approx(expected, rel=1e-12)


def test_large_epsilon_does_not_overflow():
    assert 0 <= float(gaussian_delta(800.0, 30.0)) < 1
