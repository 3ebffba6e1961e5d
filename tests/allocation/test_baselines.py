"""The rules' configurations are the rules', and the factors mean what they say."""

from dataclasses import replace

import numpy as np
import pytest

from engine.allocation import baselines
from engine.allocation.frontier import best_by_compute
from engine.allocation.levers import redrawn
from engine.allocation.points import PrivacyParameters
from engine.allocation.result import Word
from engine.config import Budget, Sampling, TrainingConfig
from engine.decision.decide import decide
from tests.allocation.test_redrawn import SPACE
from tests.law.made_stack import made_fit, made_stack

QUESTION = PrivacyParameters(data_budget=10**7, epsilon=4.0, delta=1e-8, sampling=Sampling.POISSON)
BUDGET = 1e17


@pytest.fixture(scope="module")
def line(fitted):
    return best_by_compute(fitted.fit, QUESTION, fitted.space, BUDGET)


@pytest.fixture(scope="module")
def drawn(fitted, line):
    return redrawn(fitted.fit, QUESTION, fitted.space, line, BUDGET)


def factor_of(fitted, points, line, drawn):
    return baselines.compute_factor(
        fitted.fit,
        points,
        line.chosen,
        drawn,
        limit=baselines.followed(points),
        level=0.9,
    )


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


def test_the_factor_is_where_the_rule_reaches_the_loss(fitted, line, drawn):
    factor = factor_of(fitted, rule(fitted, line.allowed_flops), line, drawn)
    assert factor.value is not None and factor.low is not None and factor.high is not None
    spent = float(line.chosen.compute_flops[0])
    wanted = float(line.chosen.cross_entropy[0])
    at, before = rule(fitted, [factor.value * spent, factor.value * spent * 0.97]).cross_entropy
    assert factor.value > 1
    assert at == pytest.approx(wanted, rel=2e-3)
    assert before > wanted
    assert factor.low <= factor.value <= factor.high
    assert factor.censored is None


def test_a_rule_that_does_not_reach_the_loss_has_a_bound(fitted):
    """It is not followed beyond models that may be searched: what it needs is at least so much."""
    saturated = best_by_compute(fitted.fit, QUESTION, fitted.space, 3.8e20)
    drawn = redrawn(fitted.fit, QUESTION, fitted.space, saturated, 3.8e20)
    points = rule(fitted, saturated.allowed_flops)
    factor = factor_of(fitted, points, saturated, drawn)
    assert (factor.value, factor.high, factor.censored) == (None, None, "above")
    assert np.nanmin(points.cross_entropy) > saturated.chosen.cross_entropy[0]
    most = baselines.followed(points) / float(saturated.chosen.compute_flops[0])
    assert factor.low is not None and 1 < factor.low <= most * (1 + 1e-9)


def test_a_law_of_one_draw_knows_that_the_rule_never_gets_there():
    """Of so few draws none may lie at the floor before it counts; of none it does not."""
    certain = made_stack(made_fit(draws=1, spread=0.0), weights=(1.0,), scatter=0.0, drift=0.0)
    line = best_by_compute(certain, QUESTION, SPACE, 3.8e20)
    drawn = redrawn(certain, QUESTION, SPACE, line, 3.8e20)
    points = baselines.rule_tuned(certain, QUESTION, SPACE, line.allowed_flops)
    factor = baselines.compute_factor(
        certain, points, line.chosen, drawn, limit=baselines.followed(points), level=0.9
    )
    assert (factor.value, factor.high, factor.censored) == (None, None, "above")
    assert factor.low is not None


def test_a_rule_whose_models_lie_beyond_cannot_be_compared(fitted, line, drawn):
    rich = best_by_compute(fitted.fit, QUESTION, fitted.space, 1e17)
    points = rule(fitted, rich.allowed_flops)
    factor = baselines.compute_factor(
        fitted.fit, points, rich.chosen, drawn, limit=BUDGET / 2, level=0.9
    )
    assert (factor.value, factor.low, factor.high) == (None, None, None)
    assert factor.censored == "above"


def test_a_rule_that_is_good_enough_with_its_smallest_model_is_a_bound(fitted, line, drawn):
    """A smaller model than may be searched might do with less."""
    points = rule(fitted, line.allowed_flops)
    known = np.flatnonzero(np.isfinite(points.cross_entropy))
    factor = factor_of(
        fitted, points.take(known), replace(line, points=worse(line.points)), easier(drawn)
    )
    assert (factor.value, factor.low, factor.censored) == (None, None, "below")
    floor = points.compute_flops[known[0]] / line.chosen.compute_flops[0]
    assert factor.high == pytest.approx(floor)


def worse(points):
    return replace(points, cross_entropy=points.cross_entropy + 9.0)


def easier(drawn):
    return replace(drawn, here=replace(drawn.here, log_loss=drawn.here.log_loss + 9.0))


def test_the_rule_is_followed_as_far_as_its_models_may_be_searched(fitted):
    largest = fitted.space.searched_model_size[1]
    limit = 6 * 20 * largest**2
    inside, outside = (rule(fitted, limit * share) for share in (0.999, 1.01))
    assert inside.model_size[0] == pytest.approx(largest, rel=1e-3)
    assert np.isnan(outside.cross_entropy[0])


def test_a_rule_is_followed_as_far_as_its_plans_lie_within_reach(fitted):
    """A model a thousand times the largest run, on noise that none had, compares with nothing."""
    points = rule(fitted, np.geomspace(1e15, 1e22, 29))
    near = baselines.comparable(points, QUESTION, fitted.coverage)
    kept = np.isfinite(near.cross_entropy)
    assert np.array_equal(near.cross_entropy[kept], points.cross_entropy[kept])
    assert 0 < kept.sum() < np.isfinite(points.cross_entropy).sum()
    assert baselines.followed(near) == points.compute_flops[np.flatnonzero(kept)[-1]]
    for k in np.flatnonzero(np.isfinite(points.cross_entropy)):
        config = TrainingConfig(
            model_size=round(points.model_size[k]),
            batch_size=round(points.batch_size[k]),
            iterations=round(points.iterations[k]),
            sequence_length=512,
        )
        asked = Budget(compute_flops=float(points.compute_flops[k]), data_budget=10**7, epsilon=4.0)
        reach = fitted.coverage.reach(config, float(points.noise_batch_ratio[k]), asked)
        assert kept[k] == (reach.word is not Word.UNKNOWN)
    assert baselines.followed(near.take(np.flatnonzero(~kept))) == 0.0


@pytest.mark.parametrize(
    ("compute", "people", "epsilon"),
    [(1e23, 1_000, 4.0), (1e20, 5_000, 4.0), (1e22, 10**6, 1.0), (3.8e20, 10**7, 4.0)],
)
def test_a_saving_is_never_claimed_far_beyond_the_evidence(fitted, compute, people, epsilon):
    """A plan that few people saturate spends so little that what a model of billions would need
    is hundreds of thousands of times as much: of such models nothing was measured."""
    asked = Budget(compute_flops=compute, data_budget=people, epsilon=epsilon)
    found = decide(asked, fitted)
    for other in (found.rule_tuned, found.rule_practised):
        assert other.factor.censored == "above"
        assert other.factor.low is None or 1 < other.factor.low < 100
    tuned, practised = found.rule_tuned.factor.low, found.rule_practised.factor.low
    assert tuned is None or (practised is not None and practised >= tuned), "never the better"


def test_the_matched_factor_is_the_same_comparison_the_other_way(fitted, line):
    own = rule(fitted, BUDGET)
    factor = baselines.matched_factor(line, own)
    assert factor is not None
    cheaper = best_by_compute(fitted.fit, QUESTION, fitted.space, BUDGET / factor)
    assert factor > 1
    assert cheaper.chosen.cross_entropy[0] == pytest.approx(own.cross_entropy[0], rel=3e-3)


def test_our_own_size_as_the_alternative_costs_nothing_extra(fitted, line, drawn):
    size = float(line.chosen.model_size[0])
    points = baselines.fixed_model(fitted.fit, QUESTION, fitted.space, line.allowed_flops, size)
    factor = factor_of(fitted, points, line, drawn)
    assert factor.value == pytest.approx(1.0, rel=0.03)


def test_impossible_batches_have_no_loss(fitted):
    few = PrivacyParameters(data_budget=1_000, epsilon=4.0, delta=1e-8, sampling=Sampling.POISSON)
    points = baselines.rule_practised(fitted.fit, few, fitted.space, np.array([1e24]))
    assert np.isnan(points.cross_entropy[0])
    assert np.isnan(points.batch_size[0])
