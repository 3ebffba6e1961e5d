"""What Explore computes for a window that nobody asked about before."""

import itertools

import numpy as np
import pytest

from dashboard.explore.plane import plane, window
from engine.allocation import maps
from engine.allocation.search import budgets
from engine.config import Budget, Sampling

_SEED = itertools.count()


def held():
    """Another third budget each time."""
    shift = 1 + 1e-4 * next(_SEED)
    return budgets(3.8e20 * shift, 1e7, 4.0 * shift, delta=1e-8, sampling=Sampling.POISSON)


def axes(fitted, pair):
    asked = plane(
        pair,
        "loss",
        Budget(compute_flops=3.8e20, data_budget=10**7, epsilon=4.0),
        2.8,
        fitted.space,
        sampling=Sampling.POISSON,
        evidence_id="published-bert",
    )
    return np.array(asked.x_values), np.array(asked.y_values)


@pytest.mark.parametrize("saving", [False, True], ids=["loss", "saving"])
@pytest.mark.parametrize(
    ("pair", "x", "y"),
    [
        ("compute-data", "compute_flops", "data_budget"),
        ("compute-epsilon", "compute_flops", "epsilon"),
        ("data-epsilon", "data_budget", "epsilon"),
    ],
)
def test_a_map(benchmark, fitted, pair, x, y, saving):
    x_values, y_values = axes(fitted, pair)
    found = benchmark(
        lambda: maps.budget_map(
            fitted.fit,
            fitted.space,
            fitted.coverage,
            held(),
            x=x,
            y=y,
            x_values=x_values,
            y_values=y_values,
            with_saving=saving,
        )
    )
    assert np.isfinite(found.cross_entropy).any()


def test_the_cost_of_a_loss_over_people_and_epsilon(benchmark, fitted):
    x_values, y_values = axes(fitted, "data-epsilon")
    found = benchmark(
        lambda: maps.budget_map(
            fitted.fit,
            fitted.space,
            fitted.coverage,
            held(),
            x="data_budget",
            y="epsilon",
            x_values=x_values,
            y_values=y_values,
            target=2.83,
        )
    )
    assert np.isfinite(found.reaching).any()


def test_arrows_and_plans(benchmark, fitted):
    budget = Budget(compute_flops=3.8e20, data_budget=10**7, epsilon=4.0)
    compute = np.array(window("compute", budget, fitted.space))

    def drawn():
        point = held()
        at = budgets(
            np.geomspace(1e16, 1e23, 35),
            1e7,
            point.epsilon[0],
            delta=1e-8,
            sampling=Sampling.POISSON,
        )
        maps.doublings(fitted.fit, fitted.space, at, x="compute_flops", y="data_budget")
        return maps.plan_lines(
            fitted.fit,
            fitted.space,
            fitted.coverage,
            compute_flops=compute,
            data_budget=np.array([1e6, 1e7, 1e8]),
            epsilon=point.epsilon[0] * np.array([0.25, 1.0, 4.0]),
            delta=1e-8,
            sampling=Sampling.POISSON,
        )

    assert np.isfinite(benchmark(drawn).model_size).any()
