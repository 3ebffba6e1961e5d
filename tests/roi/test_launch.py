"""A model that is worth less than its running is not launched: what was spent is lost, no more."""

from dataclasses import replace

import numpy as np
import pytest

from engine.cost import ONCE
from engine.roi.appraise import appraise, central, compare, sample
from engine.roi.cashflow import Launch, flows
from engine.roi.defaults import DEFAULT_ASSUMPTIONS, with_metric
from engine.roi.kinds import METRICS, MetricKind
from engine.roi.metric import AssumedCurve
from engine.roi.sensitivity import break_even_metric, break_evens

KINDS = pytest.mark.parametrize("kind", MetricKind)
USELESS = 8.5
"""Nats per token of a model that nobody would use."""


def at(plan, loss: float, name: str = "recommendation"):
    spread = tuple(loss * f for f in (0.96, 0.98, 1.0, 1.02, 1.04))
    return replace(
        plan, name=name, loss=replace(plan.loss, name=name, value=loss, resampled=spread)
    )


def asked(kind: MetricKind):
    return with_metric(DEFAULT_ASSUMPTIONS, kind), AssumedCurve(kind=kind)


@KINDS
def test_a_useless_model_costs_its_making_and_nothing_more(kind, plan):
    table, curve = asked(kind)
    found = sample(at(plan, USELESS), table, curve)
    assert not found.flows.launched.any()
    spent = sum(found.flows.present[name] for name in ONCE)
    np.testing.assert_allclose(found.flows.npv, spent)
    got = appraise(found, table, curve)
    assert got.launch_probability == got.probability == 0.0
    assert got.value_per_year.value == got.parts["value"] == got.parts["legal"] == 0.0
    assert got.central_npv == pytest.approx(central(at(plan, USELESS), table, curve).spent[0])
    assert got.total_cost.value > -got.npv.value, "it would cost more if it were launched"


@KINDS
def test_no_case_loses_more_than_making_and_running_it_costs(kind, plan):
    table, curve = asked(kind)
    for loss in (2.0, 2.85, 3.3, 4.0, 6.0):
        result = sample(at(plan, loss), table, curve).flows
        assert np.all(result.npv >= -result.total_cost)
        gain = METRICS[kind].direction * (
            sample(at(plan, loss), table, curve).metric
            - sample(at(plan, loss), table, curve).figures["metric_today"]
        )
        assert np.all(gain[result.launched] > 0), "none is put to use that is worse than today"


@KINDS
def test_another_plan_has_the_same_floor(kind, plan):
    """A useless plan of the rule costs its making: no harm that nobody would do is an advantage."""
    table, curve = asked(kind)
    good = sample(at(plan, 2.6), table, curve)
    gaps = [
        compare(good, [sample(at(plan, loss, "rule-tuned"), table, curve)])[0].difference.value
        for loss in (USELESS, 10.0)
    ]
    assert gaps[0] == pytest.approx(gaps[1], rel=1e-9), "useless is useless"
    assert gaps[0] == pytest.approx(float(np.mean(good.flows.npv - good.flows.spent)), rel=1e-6)


def test_the_launch_is_decided_on_the_metric_alone(plan):
    """Cases of one metric are launched together; knowing all of a case is worth at least that."""
    table, curve = asked(MetricKind.MINUTES_SAVED)
    sure = replace(plan, loss=replace(plan.loss, value=3.2, resampled=(), scatter=0.0, drift=0.0))
    table = table.fixed(**{n: table[n].value for n in ("metric_ceiling", "metric_half_loss",
                                                       "metric_width")})  # fmt: skip
    found = sample(sure, table, curve)
    assert np.unique(found.flows.launched).size == 1
    each = flows(sure, found.figures, found.metric, launch=Launch.EACH)
    always = flows(sure, found.figures, found.metric)
    assert 0 < each.launched.mean() < 1
    assert each.npv.mean() > max(found.flows.npv.mean(), always.npv.mean())
    better = max(always.npv.mean(), found.flows.spent.mean())
    assert found.flows.npv.mean() == pytest.approx(better)


def test_without_uncertainty_each_and_expected_are_one(plan):
    table, curve = asked(MetricKind.ERROR_RATE)
    table = table.fixed(**table.values)
    for loss in (2.4, 2.85, 5.0):
        sure = at(plan, loss)
        sure = replace(sure, loss=replace(sure.loss, resampled=(), scatter=0.0, drift=0.0))
        found = sample(sure, table, curve).flows
        assert found.npv[0] == pytest.approx(central(sure, table, curve).npv[0])


def test_the_floor_is_no_break_even(plan):
    """Where it is not launched nothing that moves the value alone is told to make it pay."""
    table, curve = asked(MetricKind.MINUTES_SAVED)
    hopeless = at(plan, USELESS)
    reached = {item.name: item.at for item in break_evens(hopeless, table, curve)}
    assert "team_size" not in reached
    assert "adoption" not in reached
    just = break_even_metric(hopeless, table, curve)
    assert just == pytest.approx(break_even_metric(at(plan, 2.4), table, curve))


def test_tax_relief_stays_when_it_is_not_launched(plan):
    table, curve = asked(MetricKind.RESPONSE_TIME)
    taxed = sample(at(plan, USELESS), table.fixed(tax_rate=0.3), curve).flows
    assert np.all(taxed.npv > taxed.spent)
    np.testing.assert_allclose(taxed.cumulative[-1], 0.7 * taxed.spent)
