"""Every figure names its inputs: moved one at a time, exactly the named figures move."""

from dataclasses import replace

import numpy as np
import pytest

from engine.roi.cashflow import flows
from engine.roi.inputs import INPUTS
from engine.roi.measures import internal_rates
from engine.roi.plan import Plan
from engine.roi.trace import INPUTS_OF, PARTS_OF, PLAN_INPUTS, inputs_of

_OF_BUSY_HOURS = ("peak_to_average", "serving_utilisation", "serving_peak_flops")
FIGURES = (*INPUTS_OF, *PARTS_OF)


def _figures(plan: Plan, values: dict[str, float], curve) -> dict[str, float]:
    columns = {name: np.array([value]) for name, value in values.items()}
    metric = np.atleast_1d(curve.metric(plan.loss.value, columns))
    found = flows(plan, columns, metric)
    return {
        **{name: float(amount[0]) for name, amount in found.present.items()},
        "metric": float(metric[0]),
        "value_per_year": float(found.value_per_year[0]),
        "legal_avoided": float(found.legal_avoided[0]),
        "npv": float(found.npv[0]),
        "total_cost": float(found.total_cost[0]),
        "payback": float(found.payback_months[0]),
        "internal_rate": internal_rates(np.diff(found.cumulative[:, 0], prepend=0.0))[0],
    }


def _moved(plan: Plan, values: dict[str, float], name: str) -> tuple[Plan, dict[str, float]]:
    if name == "predicted_loss":
        return replace(plan, loss=replace(plan.loss, value=plan.loss.value * 1.1)), values
    if name == "attack_advantage":
        assert plan.advantage is not None
        return replace(plan, advantage=plan.advantage * 1.1), values
    if name in PLAN_INPUTS:
        moved = {name: getattr(plan.workload, name) * 1.3}
        return replace(plan, workload=replace(plan.workload, **moved)), values
    return plan, values | {name: values[name] * 1.2}


@pytest.mark.parametrize("name", [*INPUTS, *PLAN_INPUTS])
def test_exactly_the_figures_that_name_an_input_move_with_it(plan, table, curve, name):
    # All terms alive: several devices and sites, tax, a metric above zero today.
    values = table.values | {
        "devices": 4, "federated_links": 3, "tax_rate": 0.3, "metric_today": 0.5,
    }  # fmt: skip
    if name in ("model_size", "tokens_per_day", *_OF_BUSY_HOURS):
        # So many tokens that they need more than the machines that are on anyway.
        values |= {"tokens_per_day": 1e12, "tasks_per_year": 1e9}
    before = _figures(plan, values, curve)
    after = _figures(*_moved(plan, values, name), curve)
    moved = {
        figure for figure in before if after[figure] != pytest.approx(before[figure], rel=1e-9)
    }
    named = {figure for figure in before if name in inputs_of(figure)}
    assert moved == named


def test_every_input_is_behind_the_headline():
    assert set(inputs_of("npv")) == {*INPUTS, *PLAN_INPUTS}
    assert inputs_of("probability") == inputs_of("npv")


def test_two_steps_are_enough():
    """A headline figure names parts; every part names inputs, none another part."""
    for figure, parts in PARTS_OF.items():
        assert inputs_of(figure), figure
        assert all(part in INPUTS_OF or part in PARTS_OF for part in parts)
    for inputs in INPUTS_OF.values():
        assert set(inputs) <= {*INPUTS, *PLAN_INPUTS}
