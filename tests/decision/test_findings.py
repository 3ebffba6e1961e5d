"""What is found in a decision, at the edges of every finding."""

import math
from dataclasses import replace

import numpy as np
import pytest

from engine.decision import findings
from engine.decision.findings import Binds, binding
from engine.interval import CensoredSide, Range
from tests.decision.conftest import doubling

NEGLIGIBLE, BALANCED = findings.NEGLIGIBLE, findings._BALANCED


@pytest.mark.parametrize(
    ("gains", "binds", "ranked"),
    [
        ((NEGLIGIBLE * 0.999, 0.0, 0.0), Binds.NONE, ("compute", "epsilon", "data")),
        ((NEGLIGIBLE, 0.0, 0.0), Binds.ONE, ("compute", "epsilon", "data")),
        ((0.004, 0.06, 0.02), Binds.ONE, ("data", "epsilon", "compute")),
        ((0.0, 0.1, 0.1 * BALANCED), Binds.ONE, ("data", "epsilon", "compute")),
        ((0.0, 0.1, 0.1001 * BALANCED), Binds.TWO, ("data", "epsilon", "compute")),
        ((0.1 * BALANCED, 0.09, 0.1), Binds.TWO, ("epsilon", "data", "compute")),
        ((0.1001 * BALANCED, 0.09, 0.1), Binds.ALL, ("epsilon", "data", "compute")),
        ((0.1, 0.1, 0.1), Binds.ALL, None),
    ],
)
def test_what_binds_at_its_edges(gains, binds, ranked):
    found = binding(doubling(*gains))
    assert found.binds is binds
    assert ranked is None or found.ranked == ranked
    assert set(found.ranked) == {"compute", "data", "epsilon"}
    assert found.name == (None if binds is Binds.NONE else found.ranked[0])


def test_a_budget_whose_doubling_hurts_gains_nothing():
    found = binding(doubling(-0.02, 0.05, 0.01))
    assert found.gains == {"compute": 0.0, "data": 0.05, "epsilon": 0.01}


def with_loss(decision, high):
    expected = replace(decision.recommendation.cross_entropy, high=high)
    return replace(
        decision, recommendation=replace(decision.recommendation, cross_entropy=expected)
    )


def test_a_model_learns_nothing_when_its_interval_reaches_guessing(decided):
    guessing = findings.loss_of_guessing(decided())
    assert guessing == math.log(30_522)
    edge = findings._GUESSING * guessing
    assert findings.learns_nothing(with_loss(decided(), edge))
    assert not findings.learns_nothing(with_loss(decided(), np.nextafter(edge, 0)))


def budget_of(decision, share):
    """The decision where its plan spends this share of the compute budget."""
    spent = decision.recommendation.config.compute_flops
    return replace(decision, budget=replace(decision.budget, compute_flops=spent / share))


def test_compute_is_left_when_the_plan_spends_clearly_less(decided):
    assert findings.unspent(budget_of(decided(), 0.79)) == pytest.approx(0.79)
    assert findings.unspent(budget_of(decided(), 0.81)) is None
    assert findings.unspent(budget_of(decided(), 1.0)) is None


def saturated(decision, share):
    flops = share * decision.budget.compute_flops
    return with_saturation(decision, value=flops, low=flops / 2, high=flops * 2, censored=None)


def with_saturation(decision, **known):
    compute = Range(level=0.9, **known)
    return replace(decision, saturation=replace(decision.saturation, compute=compute))


def test_less_compute_is_enough_when_saturation_is_clearly_below_the_budget(decided):
    assert findings.enough(saturated(decided(), 0.8)) == pytest.approx(0.8)
    assert findings.enough(saturated(decided(), 0.81)) is None
    assert findings.enough(saturated(decided(), 3.0)) is None


def test_a_bound_on_saturation_does_not_say_that_less_is_enough(decided):
    low = decided().budget.compute_flops / 1000
    beyond = with_saturation(decided(), value=None, low=low, high=None, censored="above")
    assert findings.enough(beyond) is None


@pytest.mark.parametrize(
    ("tuned", "practised", "stronger"),
    [
        (6.0, 9.0, "tuned"),
        (9.0, 6.0, "practised"),
        (None, 6.0, "practised"),
        (6.0, None, "tuned"),
        (None, None, "tuned"),
    ],
)
def test_the_stronger_rule_needs_less_and_never_is_more_than_anything(
    decided, tuned, practised, stronger
):
    found = decided()

    def factor(value):
        side: CensoredSide | None = "above" if value is None else None
        return Range(value=value, low=2.0, high=value, level=0.9, censored=side)

    found = replace(
        found,
        rule_tuned=replace(found.rule_tuned, factor=factor(tuned)),
        rule_practised=replace(found.rule_practised, factor=factor(practised)),
    )
    assert findings.stronger_rule(found).name == stronger


def test_a_smaller_model_is_as_good_only_within_the_tolerance(decided):
    found = decided()
    room, best = found.wiggle_room, found.recommendation.config.model_size
    within = room.model_size[(room.excess <= room.tolerance).any(axis=1)]
    assert findings.smaller_model(found) == within.min() < best
    none = replace(room, excess=np.full_like(room.excess, 2 * room.tolerance))
    assert findings.smaller_model(replace(found, wiggle_room=none)) is None


@pytest.mark.parametrize(("share", "smaller"), [(0.949, True), (0.951, False), (1.2, False)])
def test_hardly_smaller_is_not_called_smaller(decided, share, smaller):
    found = decided()
    best = found.recommendation.config.model_size
    only = replace(
        found.wiggle_room,
        model_size=np.array([share * best]),
        excess=np.zeros((1, found.wiggle_room.batch_size.size)),
    )
    assert (findings.smaller_model(replace(found, wiggle_room=only)) is not None) is smaller
