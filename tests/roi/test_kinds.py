"""The four metrics: their ranges, their curves, and that better always earns more."""

import numpy as np
import pytest

from engine.errors import InputError
from engine.roi.appraise import central
from engine.roi.defaults import DEFAULT_ASSUMPTIONS, require_metrics, with_metric
from engine.roi.kinds import METRICS, CurveShape, MetricKind, require_metric
from engine.roi.metric import AssumedCurve, Curve, fit_metric
from engine.roi.sensitivity import break_even_metric, break_evens
from engine.roi.study import study

KINDS = pytest.mark.parametrize("kind", MetricKind)
PAIRS = {
    MetricKind.MINUTES_SAVED: ((2.0, 4.5), (2.5, 3.9), (3.0, 2.4), (3.5, 1.2)),
    MetricKind.TICKETS_RESOLVED: ((2.0, 0.45), (2.5, 0.38), (3.0, 0.25), (3.5, 0.1)),
    MetricKind.ERROR_RATE: ((2.0, 0.025), (2.5, 0.03), (3.0, 0.05), (3.5, 0.09)),
    MetricKind.RESPONSE_TIME: ((2.0, 70), (2.5, 85), (3.0, 110), (3.5, 160)),
}


def test_minutes_saved_is_the_default_and_its_table_the_default_table():
    assert AssumedCurve().kind is MetricKind.MINUTES_SAVED
    assert with_metric(DEFAULT_ASSUMPTIONS, MetricKind.MINUTES_SAVED) == DEFAULT_ASSUMPTIONS
    away = with_metric(DEFAULT_ASSUMPTIONS, MetricKind.ERROR_RATE)
    assert with_metric(away, MetricKind.MINUTES_SAVED) == DEFAULT_ASSUMPTIONS


@KINDS
def test_the_default_table_of_each_fits_its_range_and_pays(kind, plan):
    table = with_metric(DEFAULT_ASSUMPTIONS, kind)
    require_metrics(table, kind)
    found = study((plan,), table, AssumedCurve(kind=kind))
    assert found.appraisal.parts["value"] > 0
    assert METRICS[kind].least <= found.appraisal.metric.value <= METRICS[kind].most
    assert found.staged.gates[1].at_most in (False, not METRICS[kind].higher_is_better)


@KINDS
@pytest.mark.parametrize("measured", [False, True])
def test_a_lower_loss_is_a_better_metric_and_worth_more(kind, measured, plan):
    table = with_metric(DEFAULT_ASSUMPTIONS, kind)
    curve: Curve = AssumedCurve(kind=kind)
    if measured:
        curve = fit_metric(kind, PAIRS[kind], table["metric_ceiling"].value)
    assert curve.kind is kind
    better, worse = curve.metric(np.array([2.4, 3.2]), table.values)
    assert METRICS[kind].direction * (better - worse) > 0
    assert curve.loss_for(float(better), table.values) == pytest.approx(2.4)
    values = [central(_at(plan, loss), table, curve).value_per_year[0] for loss in (2.4, 3.2)]
    assert values[0] > values[1]


def _at(plan, loss):
    from dataclasses import replace

    return replace(plan, loss=replace(plan.loss, value=loss))


def test_value_is_the_errors_avoided_times_their_cost(plan):
    table = with_metric(DEFAULT_ASSUMPTIONS, MetricKind.ERROR_RATE)
    table = table.fixed(**table.values)
    curve, v = AssumedCurve(kind=MetricKind.ERROR_RATE), table.values
    rate = float(curve.metric(plan.loss.value, v))
    expected = v["tasks_per_year"] * v["adoption"] * (v["metric_today"] - rate) * 2_000
    assert central(plan, table, curve).value_per_year[0] == pytest.approx(expected)


@KINDS
def test_a_break_even_is_a_possible_metric(kind, plan):
    table, curve = with_metric(DEFAULT_ASSUMPTIONS, kind), AssumedCurve(kind=kind)
    for item in break_evens(plan, table, curve):
        if item.name in ("metric_today", "metric_ceiling"):
            assert METRICS[kind].least <= item.at <= METRICS[kind].most
    just = break_even_metric(plan, table, curve)
    assert just is not None
    assert METRICS[kind].direction * (just - table["metric_today"].value) > 0


def test_response_time_has_no_ceiling_and_doubles_where_the_table_says():
    curve = AssumedCurve(kind=MetricKind.RESPONSE_TIME)
    values = with_metric(DEFAULT_ASSUMPTIONS, curve.kind).values
    assert curve.metric(values["metric_half_loss"], values) == pytest.approx(120)
    assert METRICS[curve.kind].shape is CurveShape.EXPONENTIAL
    with pytest.raises(InputError, match="above 60, got 50"):
        curve.loss_for(50, values)


@pytest.mark.parametrize(
    ("kind", "value", "sentence"),
    [
        (MetricKind.ERROR_RATE, 3.0, "between 0 % and 100 %, got 300 %"),
        (MetricKind.TICKETS_RESOLVED, -0.1, "between 0 % and 100 %, got -10 %"),
        (MetricKind.RESPONSE_TIME, 0.0, "above 0, got 0"),
        (MetricKind.RESPONSE_TIME, 1e6, "between 0 and 86400"),
        (MetricKind.MINUTES_SAVED, 1e5, "between -1440 and 1440"),
    ],
)
def test_what_a_metric_cannot_be_is_refused_in_one_sentence(kind, value, sentence):
    with pytest.raises(InputError, match=sentence):
        require_metric(kind, value)
    with pytest.raises(InputError, match=sentence):
        fit_metric(kind, [(2.0, value), (3.0, value), (4.0, value)], 0.5)


def test_a_table_of_another_metric_is_refused():
    with pytest.raises(InputError, match="metric_ceiling between 0 % and 100 %, got 500 %"):
        require_metrics(DEFAULT_ASSUMPTIONS, MetricKind.ERROR_RATE)
