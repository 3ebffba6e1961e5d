"""A step's losses on a lattice: between the truth from above and from below."""

import numpy as np
import pytest
from dp_accounting.pld import privacy_loss_distribution

from engine.accounting import step
from engine.accounting.gaussian import gaussian_delta
from engine.accounting.step import Mixture, Pair, loss_above, loss_below, reach_of

ZERO = Mixture(weights=(1.0,), centres=(0.0,))
TAIL = 1e-20


def joined(q, noise):
    drawn = Mixture(weights=(1 - q, q), centres=(0.0, 1.0))
    return Pair(p=drawn, q=ZERO, noise=noise)


def delta_of(loss, epsilon):
    return float(np.maximum(1 - np.exp(epsilon - loss.losses), 0) @ loss.probabilities) + (
        loss.infinite
    )


@pytest.mark.parametrize(("q", "noise"), [(0.02, 3.5), (0.5, 0.6), (1e-3, 1.0)])
def test_above_is_connect_the_dots_of_dp_accounting(q, noise):
    cell = 1e-3
    ours = loss_above(joined(q, noise), cell, TAIL)
    theirs = privacy_loss_distribution.from_gaussian_mechanism(
        noise, sampling_prob=q, value_discretization_interval=cell
    )._pmf_remove.to_dense_pmf()
    start = theirs._lower_loss - ours.first
    shared = min(theirs._probs.size, ours.probabilities.size - start)
    np.testing.assert_allclose(
        ours.probabilities[start : start + shared], theirs._probs[:shared], atol=1e-11
    )
    assert ours.probabilities.sum() + ours.infinite == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("cell", [0.05, 0.01, 1e-3])
@pytest.mark.parametrize("noise", [0.7, 2.0])
def test_the_truth_lies_between(noise, cell):
    pair = Pair(p=Mixture(weights=(1.0,), centres=(1.0,)), q=ZERO, noise=noise)
    above, below = loss_above(pair, cell, TAIL), loss_below(pair, cell, TAIL)
    for epsilon in (0.0, 0.0123, 0.5, 1.7):
        truth = float(gaussian_delta(epsilon, 1 / noise))
        assert delta_of(below, epsilon) <= truth * (1 + 1e-9)
        assert truth * (1 - 1e-9) <= delta_of(above, epsilon)
        assert delta_of(above, epsilon) - delta_of(below, epsilon) < cell


def test_below_loses_no_probability_where_the_lattice_is_fine():
    pair = joined(0.02, 3.5)
    low, high = reach_of(pair, 1e-12)
    assert loss_below(pair, (high - low) / 2_000, 1e-12).probabilities.sum() > 1 - 1e-11


def test_what_lies_beyond_the_lattice_counts_as_infinite():
    pair = joined(0.5, 1.0)
    found = loss_above(pair, 1e-3, 1e-6)
    assert 0.5e-6 < found.infinite <= 1e-6
    assert found.losses[-1] == pytest.approx(reach_of(pair, 1e-6)[1], abs=1e-3)


def test_the_slope_is_that_of_the_loss():
    pair = Pair(
        p=Mixture(weights=(0.7, 0.2, 0.1), centres=(0.0, 1.0, 2.0)),
        q=Mixture(weights=(0.6, 0.4), centres=(0.0, -1.0)),
        noise=0.8,
    )
    x = np.linspace(-3, 4, 50)
    numeric = (pair.loss(x + 1e-6) - pair.loss(x - 1e-6)) / 2e-6
    np.testing.assert_allclose(pair.slope(x), numeric, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(("q", "noise"), [(1e-6, 0.3), (0.02, 0.5), (0.5, 3.0), (0.9, 0.3)])
def test_the_inverse_finds_every_loss(q, noise):
    pair = joined(q, noise)
    left, right = step._ends(pair, 1e-14)
    low, high = reach_of(pair, 1e-14)
    losses = np.linspace(low, high, 501)[1:-1]
    found = step._inverse(pair, losses, left, right)
    assert np.all(np.diff(found) >= 0) and left <= found[0] and found[-1] <= right
    np.testing.assert_allclose(pair.loss(found), losses, atol=1e-9 * (high - low))


def test_what_floating_point_may_have_got_wrong_widens_both_bounds(monkeypatch):
    """The allowance moves mass to the larger loss above, and to the smaller one below."""
    pair, cell, epsilon = joined(0.3, 1.0), 0.01, 0.5
    above, below = (delta_of(f(pair, cell, TAIL), epsilon) for f in (loss_above, loss_below))
    monkeypatch.setattr(step, "_PRECISION", 1e-7)
    wider = delta_of(loss_above(pair, cell, TAIL), epsilon)
    narrower = delta_of(loss_below(pair, cell, TAIL), epsilon)
    assert wider > above + 1e-7
    assert narrower < below - 1e-7


@pytest.mark.parametrize("q", [1e-3, 0.3])
def test_below_keeps_the_mass_of_both_ends(q):
    """Each point's share, also that of the first and of the last bin."""
    pair = joined(q, 0.9)
    bins = step._bins(pair, 0.02, 1e-9)
    found = loss_below(pair, 0.02, 1e-9).probabilities
    assert found[0] > 0.4 * min(np.exp(0.02 * bins.first) * bins.q[0], bins.p[0])
    assert found.sum() <= bins.p.sum() * (1 + 1e-12)
    assert found.sum() > 0.97 * bins.p.sum()
