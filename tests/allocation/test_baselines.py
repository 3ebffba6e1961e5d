"""The rules' configurations are the rules', and the factors mean what they say."""

import numpy as np
import pytest

from engine.allocation import baselines
from engine.allocation.frontier import best_by_compute
from engine.allocation.points import PrivacyParameters
from engine.config import Sampling

QUESTION = PrivacyParameters(data_budget=10**7, epsilon=4.0, delta=1e-8, sampling=Sampling.POISSON)
BUDGET = 1e17


@pytest.fixture(scope="module")
def line(fitted):
    return best_by_compute(fitted.fit, QUESTION, fitted.space, BUDGET)


def rule(fitted, compute, which=baselines.rule_tuned):
    return which(fitted.fit, QUESTION, fitted.space, np.atleast_1d(compute))


@pytest.mark.parametrize("which", [baselines.rule_tuned, baselines.rule_practised])
def test_the_rule_sees_twenty_tokens_a_parameter(fitted, which):
    points = rule(fitted, np.geomspace(1e16, 1e22, 8), which)
    tokens = points.batch_size * points.iterations * 512
    known = np.isfinite(points.cross_entropy)
    assert known.any()
    assert (tokens / points.model_size)[known] == pytest.approx(
        np.full(known.sum(), 20.0), rel=1e-6
    )
    assert points.compute_flops == pytest.approx(120 * points.model_size**2, rel=1e-9)


def test_the_practised_batch_is_the_published_one(fitted):
    points = rule(fitted, 1e20, baselines.rule_practised)
    assert points.batch_size[0] * 512 == pytest.approx(0.2920 * 1e20**0.3271, rel=1e-9)


def test_tuning_helps_and_finds_the_best_split(fitted):
    compute = np.geomspace(1e16, 1e21, 6)
    tuned, practised = (
        rule(fitted, compute, which) for which in (baselines.rule_tuned, baselines.rule_practised)
    )
    both = np.isfinite(practised.cross_entropy)
    assert np.all(tuned.cross_entropy[both] <= practised.cross_entropy[both] * 1.0001)
    # By brute force at one compute.
    size = float(tuned.model_size[2])
    examples = 20 * size / 512
    low, high = fitted.space.searched_iterations
    iterations = np.geomspace(low, high, 4_000)
    batch = examples / iterations
    possible = (batch >= 1) & (batch <= QUESTION.data_budget)
    brute = QUESTION.points(fitted.fit, size, batch[possible], iterations[possible], 512)
    assert tuned.cross_entropy[2] <= brute.cross_entropy.min() * 1.001


def test_the_factor_is_where_the_rule_reaches_the_loss(fitted, line):
    compute = baselines.searched_compute(line)
    factor = baselines.compute_factor(fitted.fit, rule(fitted, compute), line.chosen, level=0.9)
    assert factor.value is not None and factor.low is not None and factor.high is not None
    spent = float(line.chosen.compute_flops[0])
    wanted = float(line.chosen.cross_entropy[0])
    at, before = rule(fitted, [factor.value * spent, factor.value * spent * 0.97]).cross_entropy
    assert factor.value > 1
    assert at == pytest.approx(wanted, rel=2e-3)
    assert before > wanted
    assert factor.low <= factor.value <= factor.high


def test_never_is_said_where_the_rule_saturates_above(fitted):
    saturated = best_by_compute(fitted.fit, QUESTION, fitted.space, 3.8e20)
    points = rule(fitted, baselines.searched_compute(saturated))
    factor = baselines.compute_factor(fitted.fit, points, saturated.chosen, level=0.9)
    assert factor.value is None
    assert np.nanmin(points.cross_entropy) > saturated.chosen.cross_entropy[0]


def test_the_matched_factor_is_the_same_comparison_the_other_way(fitted, line):
    own = rule(fitted, BUDGET)
    factor = baselines.matched_factor(line, own)
    assert factor is not None
    cheaper = best_by_compute(fitted.fit, QUESTION, fitted.space, BUDGET / factor)
    assert factor > 1
    assert cheaper.chosen.cross_entropy[0] == pytest.approx(own.cross_entropy[0], rel=3e-3)


def test_our_own_size_as_the_alternative_costs_nothing_extra(fitted, line):
    size = float(line.chosen.model_size[0])
    compute = baselines.searched_compute(line)
    points = baselines.fixed_model(fitted.fit, QUESTION, fitted.space, compute, size)
    factor = baselines.compute_factor(fitted.fit, points, line.chosen, level=0.9)
    assert factor.value == pytest.approx(1.0, rel=0.03)


def test_impossible_batches_have_no_loss(fitted):
    few = PrivacyParameters(data_budget=1_000, epsilon=4.0, delta=1e-8, sampling=Sampling.POISSON)
    points = baselines.rule_practised(fitted.fit, few, fitted.space, np.array([1e24]))
    assert np.isnan(points.cross_entropy[0])
    assert np.isnan(points.batch_size[0])
