"""Maps agree with decisions at their points; the ridge is the decision's saturation."""

import numpy as np
import pytest

from engine.allocation import maps
from engine.allocation.reach import NEAR
from engine.allocation.result import Support
from engine.allocation.search import best_of, budgets
from engine.config import Budget, Sampling
from engine.decision.decide import decide
from engine.errors import InputError

COMPUTE = np.array([1e17, 1e19, 1e21, 1e23])
PEOPLE = np.array([1e5, 1e6, 1e7, 1e8])
EPSILON = np.array([0.5, 2.0, 8.0, 32.0])
VALUES = {"compute_flops": COMPUTE, "data_budget": PEOPLE, "epsilon": EPSILON}
PAIRS = [("compute_flops", "data_budget"), ("compute_flops", "epsilon"), ("data_budget", "epsilon")]


@pytest.fixture(scope="module")
def held():
    return budgets(3.8e20, 1e7, 4.0, delta=1e-8, sampling=Sampling.POISSON)


def mapped(fitted, held, x, y, **options):
    return maps.budget_map(
        fitted.fit,
        fitted.space,
        fitted.coverage,
        held,
        x=x,
        y=y,
        x_values=VALUES[x],
        y_values=VALUES[y],
        **options,
    )


def decided(fitted, **changes):
    values = {"compute_flops": 3.8e20, "data_budget": 10**7, "epsilon": 4.0} | changes
    values["data_budget"] = int(values["data_budget"])
    return decide(Budget(**values), fitted)


@pytest.mark.parametrize(("x", "y"), PAIRS)
def test_points_are_decisions(fitted, held, x, y):
    found = mapped(fitted, held, x, y)
    assert found.cross_entropy.shape == (4, 4)
    for row, column in ((1, 1), (3, 2), (2, 3), (0, 1)):
        answer = decided(fitted, **{x: VALUES[x][column], y: VALUES[y][row]})
        best = answer.recommendation
        assert found.cross_entropy[row, column] == pytest.approx(best.cross_entropy.value, rel=1e-3)
        assert found.model_size[row, column] == pytest.approx(best.config.model_size, rel=0.1)
        outside = answer.extrapolation.support is Support.OUTSIDE
        if abs(answer.extrapolation.reach.distance - NEAR) > 0.05:
            assert found.outside[row, column] == outside
    assert np.all(np.diff(found.cross_entropy, axis=0) <= 1e-6)
    assert np.all(np.diff(found.cross_entropy, axis=1) <= 1e-6)


@pytest.mark.parametrize(("y", "values"), [("data_budget", PEOPLE), ("epsilon", EPSILON)])
def test_the_ridge_is_the_saturation_of_the_decision(fitted, held, y, values):
    x_found, y_found = mapped(fitted, held, "compute_flops", y).ridge
    np.testing.assert_array_equal(y_found, values)
    for at, value in enumerate(values):
        point = decided(fitted, **{y: value}).saturation
        assert x_found[at] == pytest.approx(point.compute_flops, rel=0.05)
    assert np.all(np.diff(x_found) > 0)


def test_without_a_compute_axis_the_ridge_is_where_this_compute_saturates(fitted, held):
    people, epsilon = mapped(fitted, held, "data_budget", "epsilon").ridge
    assert np.all(np.diff(people) < 0), "a larger ε: fewer people are enough to use the compute up"
    at = int(np.argmin(np.abs(epsilon - 2.0)))
    answer = decided(fitted, data_budget=people[at], epsilon=epsilon[at])
    assert answer.saturation.compute_flops == pytest.approx(3.8e20, rel=0.15)


def test_the_saving_is_that_of_the_decision(fitted, held):
    found = mapped(fitted, held, "compute_flops", "data_budget", with_saving=True)
    compared = 0
    for row, people in enumerate(PEOPLE):
        for column, compute in enumerate(COMPUTE):
            try:
                answer = decided(fitted, compute_flops=compute, data_budget=people)
            except InputError:
                continue
            rules = (answer.rule_tuned, answer.rule_practised)
            factors = [r.compute_factor for r in rules if r.compute_factor is not None]
            if factors and min(factors) < maps.FARTHEST / 2:
                assert found.saving[row, column] == pytest.approx(min(factors), rel=0.1)
                compared += 1
            elif not factors:
                assert found.saving[row, column] == np.inf
    assert compared >= 2


def test_the_compute_that_reaches_a_loss_does_reach_it(fitted, held):
    found = mapped(fitted, held, "data_budget", "epsilon", target=3.0)
    known = np.isfinite(found.reaching)
    assert known.any() and not known.all(), "few people and a small ε never reach it"
    x, y = np.meshgrid(PEOPLE, EPSILON)
    at = budgets(found.reaching[known], x[known], y[known], delta=1e-8, sampling=Sampling.POISSON)
    loss = best_of(fitted.fit, fitted.space, at).cross_entropy
    np.testing.assert_allclose(loss, 3.0, rtol=5e-3)


def test_doubling_is_that_of_the_decision(fitted):
    at = budgets(3.8e20, np.array([1e6, 1e7]), 4.0, delta=1e-8, sampling=Sampling.POISSON)
    found = maps.doublings(fitted.fit, fitted.space, at, x="compute_flops", y="data_budget")
    for row, people in enumerate((10**6, 10**7)):
        gains = decided(fitted, data_budget=people).doubling
        assert found.along_x[row] == pytest.approx(max(gains.compute.value, 0), abs=2e-3)
        assert found.along_y[row] == pytest.approx(gains.data.value, abs=2e-3)


def test_lines_of_plans(fitted):
    lines = maps.plan_lines(
        fitted.fit,
        fitted.space,
        fitted.coverage,
        compute_flops=COMPUTE,
        data_budget=PEOPLE[1:],
        epsilon=EPSILON[:2],
        delta=1e-8,
        sampling=Sampling.POISSON,
    )
    assert lines.model_size.shape == (3, 2, 4)
    config = decided(fitted, compute_flops=1e21, epsilon=2.0).recommendation.config
    assert lines.model_size[1, 1, 2] == pytest.approx(config.model_size, rel=0.1)
    ratio = config.tokens / config.model_size
    assert lines.tokens_per_parameter[1, 1, 2] == pytest.approx(ratio, rel=0.3)
    assert lines.tokens_per_parameter[1, 1, 2] > 1_000, "far above the 20 of the non-private rule"


def test_a_crossing_on_a_plateau_is_its_first_point():
    compute = np.array([1.0, 2.0, 4.0, 8.0])
    loss = np.array([3.0, np.nan, 2.0, 2.0])
    found = maps._crossing(compute, loss, np.array([3.5, 2.5, 2.0, 1.0]))
    np.testing.assert_allclose(found, [1.0, 2.0, 4.0, np.inf])
    assert np.isinf(maps._crossing(compute, np.full(4, np.nan), np.array([1.0]))).all()
