"""The line over compute holds the optima that a slow, independent search finds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from engine.accounting.search import noise_multiplier
from engine.allocation.frontier import RUNGS_PER_OCTAVE, best_by_compute
from engine.allocation.points import PrivacyParameters
from engine.config import Sampling
from engine.errors import InputError


def privacy(data=10**7, epsilon=4.0, delta=1e-8, sampling=Sampling.POISSON):
    return PrivacyParameters(data_budget=data, epsilon=epsilon, delta=delta, sampling=sampling)


def slow_optimum(fitted, question, compute):
    """Least loss at exactly this compute, by Nelder–Mead from many starts."""
    law, space = fitted.fit.law, fitted.space
    size_low, size_high = np.log(space.searched_model_size)
    steps_low, steps_high = np.log(space.searched_iterations)

    def loss(x):
        size, steps = np.clip(x, [size_low, steps_low], [size_high, steps_high])
        batch = compute / (6 * np.exp(size + steps) * space.sequence_length)
        if not 1 <= batch <= question.data_budget:
            return 20.0
        sigma = noise_multiplier(
            data_budget=question.data_budget,
            batch_size=batch,
            iterations=np.exp(steps),
            epsilon=question.epsilon,
            delta=question.delta,
            sampling=question.sampling,
        )
        outside = np.abs(x - np.array([size, steps])).sum()
        return float(law.cross_entropy(np.exp(size), np.exp(steps), sigma / batch, batch)) + outside

    starts = [
        (size, steps)
        for size in np.linspace(size_low, size_high, 5)
        for steps in np.linspace(steps_low, steps_high, 5)
    ]
    return min(minimize(loss, start, method="Nelder-Mead").fun for start in starts)


@pytest.mark.parametrize(
    ("compute", "data", "epsilon"),
    [(3.8e20, 10**7, 4.0), (1e18, 10**6, 1.0), (5e22, 10**9, 16.0), (2e17, 10**7, 8.0)],
)
def test_agrees_with_a_slow_search(fitted, compute, data, epsilon):
    question = privacy(data, epsilon)
    line = best_by_compute(fitted.fit, question, fitted.space, compute)
    found = float(line.chosen.cross_entropy[0])
    # Ours may be better, since it may also spend less than the budget.
    assert found <= slow_optimum(fitted, question, compute) * 1.0005


def test_the_batch_counts_where_the_law_counts_it(fitted, counting):
    question = privacy(10**7, 16.0)
    line = best_by_compute(counting.fit, question, counting.space, 1e18)
    found = line.chosen
    point = found.model_size, found.iterations, found.noise_batch_ratio
    seen = counting.fit.law.cross_entropy(*point, found.batch_size)
    assert found.cross_entropy == pytest.approx(seen, rel=1e-12)
    assert abs(found.cross_entropy / counting.fit.law.cross_entropy(*point) - 1) > 1e-3
    assert found.cross_entropy[0] <= slow_optimum(counting, question, 1e18) * 1.0005


def test_the_budget_is_a_rung_and_neighbours_share_an_octave(fitted):
    line = best_by_compute(fitted.fit, privacy(), fitted.space, 3.8e20)
    assert line.allowed_flops[line.at] == pytest.approx(3.8e20, rel=1e-9)
    ratios = line.allowed_flops[1:] / line.allowed_flops[:-1]
    assert ratios == pytest.approx(np.full(ratios.size, 2 ** (1 / RUNGS_PER_OCTAVE)), rel=1e-9)


@pytest.mark.parametrize("sampling", list(Sampling))
def test_every_point_is_affordable_consistent_and_no_worse_than_a_cheaper_one(fitted, sampling):
    question = privacy(sampling=sampling)
    line = best_by_compute(fitted.fit, question, fitted.space, 3.8e20)
    points = line.points
    assert np.all(points.compute_flops <= line.allowed_flops * (1 + 1e-6))
    assert np.all(np.diff(points.cross_entropy) <= 0)
    assert np.all(points.batch_size <= question.data_budget)
    spent = 6 * points.model_size * points.batch_size * points.iterations * 512
    assert points.compute_flops == pytest.approx(spent, rel=1e-9)
    again = question.points(
        fitted.fit, points.model_size, points.batch_size, points.iterations, 512
    )
    assert points.cross_entropy == pytest.approx(again.cross_entropy, rel=1e-12)


@settings(max_examples=15)
@given(
    exponent=st.floats(14, 23.5),
    data=st.integers(3, 9).map(lambda k: 10**k),
    epsilon=st.floats(0.1, 30),
)
def test_more_of_anything_never_hurts(fitted, exponent, data, epsilon):
    def loss(compute, question):
        line = best_by_compute(fitted.fit, question, fitted.space, compute)
        return float(line.chosen.cross_entropy[0])

    base = loss(10**exponent, privacy(data, epsilon))
    slack = base * 1e-4  # more people are another question, with a search of its own
    assert loss(2 * 10**exponent, privacy(data, epsilon)) <= base + slack
    assert loss(10**exponent, privacy(2 * data, epsilon)) <= base + slack
    assert loss(10**exponent, privacy(data, 2 * epsilon)) <= base + slack


def test_answers_move_smoothly_with_the_slider(fitted):
    """A 1 % larger budget may not jump to another cell of the coarse grid."""
    sizes = [
        best_by_compute(fitted.fit, privacy(), fitted.space, compute).chosen.model_size[0]
        for compute in 1e20 * 1.01 ** np.arange(20)
    ]
    assert np.max(np.abs(np.diff(np.log(sizes)))) < 0.03


def test_a_budget_too_small_for_anything_is_refused(fitted):
    small = privacy(data=1_000)
    with pytest.raises(InputError, match="Expected a compute budget of at least"):
        best_by_compute(fitted.fit, small, fitted.space, 1e9)
