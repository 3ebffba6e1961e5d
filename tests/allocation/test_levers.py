"""Saturation, doubling and wiggle room against their definitions."""

from dataclasses import replace

import numpy as np
import pytest

from engine.allocation import levers
from engine.allocation.frontier import best_by_compute
from engine.allocation.points import PrivacyParameters
from engine.allocation.search import best_at
from engine.config import Sampling
from tests.law.made_stack import made_fit, made_stack
from tests.present import present

QUESTION = PrivacyParameters(data_budget=10**7, epsilon=4.0, delta=1e-8, sampling=Sampling.POISSON)
BUDGET = 3.8e20


@pytest.fixture(scope="module")
def line(fitted):
    return best_by_compute(fitted.fit, QUESTION, fitted.space, BUDGET)


@pytest.fixture(scope="module")
def drawn(fitted, line):
    return levers.redrawn(fitted.fit, QUESTION, fitted.space, line, BUDGET)


def loss_at(fitted, compute, question=QUESTION):
    found = best_by_compute(fitted.fit, question, fitted.space, compute)
    return float(found.chosen.cross_entropy[0])


def test_saturation_is_the_least_compute_within_a_percent_of_the_best(fitted, line, drawn):
    found = levers.saturation(drawn, line, level=0.9)
    unlimited = loss_at(fitted, 1e30)
    assert found.best_attainable == pytest.approx(unlimited, rel=1e-3)
    at, low = present(found.compute_flops), present(found.compute.low)
    assert loss_at(fitted, at) == pytest.approx(unlimited * 1.01, rel=1e-3)
    assert low <= at
    assert found.compute.high is None or found.compute.high >= at
    # Table 2 has 3.8e20 for these budgets.
    assert 1e20 < at < 1.2e21


def test_saturation_beyond_the_search_is_a_bound(fitted):
    """The largest budgets of the issue: the largest model, trained longest, would still improve."""
    many = PrivacyParameters(data_budget=10**9, epsilon=10.0, delta=1e-8, sampling=Sampling.POISSON)
    rich = best_by_compute(fitted.fit, many, fitted.space, 1e24)
    found = levers.saturation(
        levers.redrawn(fitted.fit, many, fitted.space, rich, 1e24), rich, level=0.9
    )
    assert found.compute.censored == "above"
    assert found.compute_flops is None and found.compute.high is None
    assert present(found.compute.low) > 1e24


def test_a_range_of_draws_is_cut_where_too_many_lie_beyond():
    draws = np.concatenate([np.arange(1.0, 96.0), np.full(5, np.inf)])
    found = levers.range_of(50.0, draws, bound=50.0, level=0.9)
    assert (found.value, found.censored) == (50.0, None)
    assert found.low == pytest.approx(6.0, abs=1.0) and found.high == pytest.approx(95.0, abs=1.0)
    cut = levers.range_of(50.0, np.append(draws, [np.inf] * 3), bound=50.0, level=0.9)
    assert (cut.value, cut.high, cut.censored) == (50.0, None, "above")
    beyond = levers.range_of(None, np.full(9, np.inf), bound=7.0, level=0.9)
    assert (beyond.value, beyond.low, beyond.high) == (None, 7.0, None)


def test_ranges_of_the_plan_hold_it(fitted, line, drawn):
    found = levers.plan_ranges(drawn, line.chosen, QUESTION, fitted.space, level=0.9)
    for name in ("model_size", "batch_size", "iterations"):
        here = getattr(found, name)
        assert here.value == pytest.approx(float(getattr(line.chosen, name)[0]))
        assert present(here.low) < here.value < present(here.high), name
        assert here.censored is None and here.level == 0.9


def test_a_plan_at_an_end_of_the_search_is_a_bound(fitted):
    """A little compute buys the smallest model, and a smaller one might be better."""
    poor = best_by_compute(fitted.fit, QUESTION, fitted.space, 1e17)
    drawn = levers.redrawn(fitted.fit, QUESTION, fitted.space, poor, 1e17)
    found = levers.plan_ranges(drawn, poor.chosen, QUESTION, fitted.space, level=0.9)
    assert found.model_size.value == pytest.approx(fitted.space.searched_model_size[0], rel=0.01)
    assert (found.model_size.low, found.model_size.censored) == (None, "below")


def test_doubling_is_the_gain_of_a_doubled_question(fitted, line, drawn):
    more_data = PrivacyParameters(
        data_budget=2 * 10**7, epsilon=4.0, delta=1e-8, sampling=Sampling.POISSON
    )
    more_epsilon = PrivacyParameters(
        data_budget=10**7, epsilon=8.0, delta=1e-8, sampling=Sampling.POISSON
    )
    found = levers.doubling(
        drawn,
        line,
        best_at(fitted.fit, more_data, fitted.space, BUDGET),
        best_at(fitted.fit, more_epsilon, fitted.space, BUDGET),
        level=0.9,
    )
    base = loss_at(fitted, BUDGET)
    assert found.compute.value == pytest.approx(1 - loss_at(fitted, 2 * BUDGET) / base, abs=5e-4)
    assert found.data.value == pytest.approx(1 - loss_at(fitted, BUDGET, more_data) / base)
    assert found.epsilon.value == pytest.approx(1 - loss_at(fitted, BUDGET, more_epsilon) / base)
    assert found.binding == "data"
    for gain in (found.compute, found.data, found.epsilon):
        assert gain.low <= gain.value <= gain.high


@pytest.mark.parametrize("shift", [-0.1, 0.1])
def test_a_gain_lies_within_its_own_range(fitted, line, drawn, shift):
    """Also where every draw of the law says less, or more, than the law itself."""
    more = np.full(drawn.here.log_loss.shape, shift)
    more[0] = 0.0
    moved = replace(
        drawn,
        doubled=tuple(replace(one, log_loss=one.log_loss - more) for one in drawn.doubled),
    )
    found = levers.doubling(moved, line, line.chosen, line.chosen, level=0.9)
    for gain in (found.compute, found.data, found.epsilon):
        assert gain.low <= gain.value <= gain.high
        assert gain.low >= 0.0


def test_wiggle_room_holds_the_best_and_what_is_as_good(fitted, line):
    room = levers.wiggle_room(fitted.fit, QUESTION, fitted.space, line.chosen)
    # What most draws agree on is the best of none of them: above 0 by what is left open.
    assert 0.0 <= np.nanmin(room.excess) < 3 * room.tolerance
    i, _ = np.unravel_index(np.nanargmin(room.excess), room.excess.shape)
    assert room.model_size[i] == pytest.approx(line.chosen.model_size[0], rel=0.6)
    spent = 6 * room.model_size[:, None] * room.batch_size * room.iterations * 512
    known = np.isfinite(room.excess)
    assert spent[known] == pytest.approx(np.full(known.sum(), BUDGET), rel=1e-9)


def test_where_nothing_is_left_open_ranges_are_points(fitted):
    certain = made_stack(made_fit(draws=2, spread=0.0), weights=(1.0,), scatter=0.0, drift=0.0)
    line = best_by_compute(certain, QUESTION, fitted.space, BUDGET)
    drawn = levers.redrawn(certain, QUESTION, fitted.space, line, BUDGET)
    plan = levers.plan_ranges(drawn, line.chosen, QUESTION, fitted.space, level=0.9)
    for here in (plan.model_size, plan.batch_size, plan.iterations):
        assert here.low == pytest.approx(here.value) == here.high
    found = levers.saturation(drawn, line, level=0.9).compute
    assert found.censored is None
    assert found.low == pytest.approx(found.value) == found.high
    room = levers.wiggle_room(certain, QUESTION, fitted.space, line.chosen)
    assert np.nanmin(room.excess) == pytest.approx(0.0, abs=1e-3)
    within = np.nanmin(room.excess, axis=1) <= room.tolerance
    assert room.model_size[within].min() <= line.chosen.model_size[0] * 1.0001


def test_wiggle_room_is_what_most_draws_do_not_exceed(fitted, line, monkeypatch):
    def excess(confidence):
        monkeypatch.setattr(levers, "CONFIDENCE", confidence)
        return levers.wiggle_room(fitted.fit, QUESTION, fitted.space, line.chosen).excess

    half, most = excess(0.5), excess(0.9)
    known = np.isfinite(half)
    assert (half[known] <= most[known]).all() and (half[known] < most[known]).any()


def test_wiggle_room_stays_within_the_data(fitted):
    few = PrivacyParameters(data_budget=2_000, epsilon=4.0, delta=1e-8, sampling=Sampling.POISSON)
    small = best_by_compute(fitted.fit, few, fitted.space, 1e17)
    room = levers.wiggle_room(fitted.fit, few, fitted.space, small.chosen)
    assert room.batch_size.max() <= 2_000 * (1 + 1e-9)
