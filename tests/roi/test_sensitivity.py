"""Tornado and break-even against what the model itself says."""

from dataclasses import replace

import numpy as np
import pytest

from engine.roi.appraise import central, sample
from engine.roi.defaults import DEFAULT_ASSUMPTIONS, with_metric
from engine.roi.inputs import INPUTS, Kind
from engine.roi.kinds import MetricKind
from engine.roi.metric import AssumedCurve, fit_curve
from engine.roi.sensitivity import (
    CURVE,
    FORM,
    LOSS,
    TRANSFER,
    break_even_metric,
    break_evens,
    tornado,
)


def test_the_tornado_is_ranked_and_each_bar_is_the_model_itself(plan, table, curve):
    bars = tornado(sample(plan, table, curve), table, curve)
    widths = [bar.width for bar in bars]
    assert widths == sorted(widths, reverse=True)
    assert {bar.name for bar in bars} == {*table.uncertain, LOSS, FORM}
    adoption = next(bar for bar in bars if bar.name == "adoption")
    low = central(plan, table.fixed(adoption=table["adoption"].low), curve).npv[0]
    assert adoption.npv_at_low == pytest.approx(low)


def test_a_measured_curve_has_a_bar_of_its_own(plan, table):
    curve = fit_curve([(2.0, 4.6), (2.5, 3.9), (3.0, 2.4), (3.5, 1.3)], ceiling=5.0)
    names = {bar.name for bar in tornado(sample(plan, table, curve), table, curve)}
    assert CURVE in names and FORM not in names


def test_the_transfer_of_the_law_has_a_bar_of_its_own(plan, table, curve):
    """Beside the law's own interval, which it leaves as it is."""
    near = {bar.name: bar for bar in tornado(sample(plan, table, curve), table, curve)}
    moved = replace(plan, loss=replace(plan.loss, transfer=0.2))
    far = {bar.name: bar for bar in tornado(sample(moved, table, curve), table, curve)}
    assert TRANSFER not in near
    assert far[LOSS] == near[LOSS]
    assert far[TRANSFER].low == pytest.approx(2.85 * np.exp(-0.2 * 1.6449), rel=1e-4)
    assert far[TRANSFER].width > far[LOSS].width
    there = replace(plan, loss=replace(plan.loss, value=far[TRANSFER].high))
    assert far[TRANSFER].npv_at_high == pytest.approx(central(there, table, curve).npv[0])


def test_without_uncertainty_there_is_no_tornado(plan, certain, curve):
    sure = replace(plan, loss=replace(plan.loss, resampled=(), scatter=0.0, drift=0.0))
    assert tornado(sample(sure, certain, curve), certain, curve) == ()


def test_at_the_break_even_the_npv_is_zero(plan, table, curve):
    scale = abs(central(plan, table, curve).npv[0])
    found = {item.name: item for item in break_evens(plan, table, curve)}
    assert {"adoption", "value_per_unit"} <= set(found)
    assert list(found.values()) == sorted(found.values(), key=lambda each: abs(each.margin))
    assert "incident_cost" not in found, "an incident six times as dear is out of reach"
    for item in found.values():
        assert item.value / 5 <= item.at <= 5 * item.value, item.name
        assert item.margin == pytest.approx(item.at / item.value - 1)
        figures = {n: np.array([v]) for n, v in table.values.items()}
        figures[item.name] = np.array([item.at])
        from engine.roi.cashflow import flows

        npv = flows(plan, figures, np.atleast_1d(curve.metric(2.85, figures))).npv[0]
        # The NPV steps by one serving device where it changes sign.
        step = 3e6 if item.name == "serving_utilisation" else 1e-3 * scale
        assert abs(npv) < step, item.name
    # Value is linear in adoption: what is spent over what comes in.
    parts = central(plan, table, curve).present
    fixed = sum(parts[name][0] for name in parts if name != "value")
    assert found["adoption"].at == pytest.approx(0.6 * -fixed / parts["value"][0], rel=1e-6)
    assert "devices" not in found, "exchange between devices never costs that much"


@pytest.mark.parametrize("tasks", [290_000, 500_000, 2_000_000])
@pytest.mark.parametrize("kind", list(MetricKind))
def test_break_evens_are_within_a_factor_of_five_whatever_is_measured(plan, kind, tasks):
    """A tax of 95 % where none is paid, or work that takes an hour today, is no way out."""
    table = with_metric(DEFAULT_ASSUMPTIONS, kind).fixed(tasks_per_year=tasks)
    for item in break_evens(plan, table, AssumedCurve(kind=kind)):
        assert item.value, item.name
        assert 1 / 5 - 1e-9 <= item.at / item.value <= 5 + 1e-9, item.name


@pytest.mark.parametrize("tasks", [200_000, 500_000, 5_000_000])
def test_a_share_at_the_edge_of_what_it_may_be_is_no_break_even(plan, table, curve, tasks):
    """Serving at under 0.01 % of a device, or a discount rate of 95 %, is no way for a plan to
    fail."""
    shares = {name for name, rule in INPUTS.items() if rule.unit.startswith("share")}
    found = break_evens(plan, table.fixed(tasks_per_year=tasks), curve)
    reached = [(item.name, item.value, item.at) for item in found if item.name in shares]
    assert reached or tasks != 500_000
    for name, value, at in reached:
        assert at <= 5 * value + 1e-9, name
        if INPUTS[name].kind is Kind.USED_SHARE:
            assert at >= value / 5 - 1e-9, name


def test_the_break_even_metric(plan, table, curve):
    at = break_even_metric(plan, table, curve)
    loss = curve.loss_for(at, table.values)
    there = replace(plan, loss=replace(plan.loss, value=loss))
    assert central(there, table, curve).npv[0] == pytest.approx(0, abs=10)
    assert break_even_metric(plan, table.fixed(tasks_per_year=0), curve) is None
