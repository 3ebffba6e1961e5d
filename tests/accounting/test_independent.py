"""The tests' own accountant against Opacus's, before certificates are judged by it."""

import math

import pytest

from tests.accounting.independent import gaussian_delta, most_participations, poisson_delta


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Optimal order:UserWarning")
@pytest.mark.parametrize(
    ("q", "sigma", "steps", "delta"),
    [(0.02, 2.0, 500, 1e-6), (1e-3, 0.7, 1_000, 1e-5), (0.3, 8.0, 200, 1e-7)],
)
def test_it_lies_within_the_bounds_of_opacus(q, sigma, steps, delta):
    accountants = pytest.importorskip("opacus.accountants", reason="Opacus is not installed")
    prv = accountants.PRVAccountant()
    prv.history = [(sigma, q, steps)]
    epsilon = prv.get_epsilon(delta=delta, eps_error=0.01)
    # Opacus rounds up by at most ``eps_error``.
    assert poisson_delta(q, sigma, steps, epsilon) <= delta
    assert poisson_delta(q, sigma, steps, epsilon - 0.02) >= delta


@pytest.mark.parametrize(("mu", "epsilon"), [(0.3, 1.0), (1.0, 4.0)])
def test_full_batches_are_one_gaussian(mu, epsilon):
    composed = poisson_delta(1.0, 3.0 / mu, 9, epsilon)
    assert composed == pytest.approx(gaussian_delta(epsilon, mu), rel=1e-3)


def test_the_gaussian_has_the_textbook_value():
    """At ε = 0 the two normals differ by 2·Φ(μ/2) − 1."""
    assert gaussian_delta(0.0, 1.0) == pytest.approx(math.erf(0.5 / math.sqrt(2)), rel=1e-12)


def test_participations_are_counted_by_dealing():
    for people, batch, steps in ((1_000, 900, 2), (10, 3, 7), (7, 7, 3), (5, 2, 5)):
        seen = [0] * people
        for card in range(batch * steps):
            seen[card % people] += 1
        assert most_participations(people, batch, steps) == max(seen)
