"""The staged plan: its pilot's size and price, its gates, and what stopping is worth."""

from dataclasses import replace

import numpy as np
import pytest

from engine.errors import InputError
from engine.roi.appraise import sample
from engine.roi.experiment import belief_of, seen, worth
from engine.roi.staging import PILOT_SHARES, _isotonic, pilot_of, staged_plan


@pytest.fixture(scope="module")
def open_plan(plan):
    """Of a law that was made for another text."""
    return replace(plan, loss=replace(plan.loss, transfer=0.1))


def test_a_pilot_is_worth_no_more_than_knowing_everything(open_plan, table, curve):
    found = staged_plan(open_plan, table.fixed(tasks_per_year=300_000), curve)
    assert 0 < found.pilot.value <= found.perfect.value


def test_going_ahead_at_once_is_without_the_pilots_price(open_plan, table, curve):
    found = staged_plan(open_plan, table, curve)
    at_once = sample(open_plan, table, curve)
    saved = float(np.mean(at_once.figures["pilot_cost"]))
    assert found.npv_at_once == pytest.approx(at_once.flows.npv.mean() + saved, rel=0.02)
    given = staged_plan(open_plan, table, curve, at_once=at_once)
    assert given == found


def test_a_larger_pilot_shows_more_and_costs_its_compute(open_plan, table, curve):
    found = sample(open_plan, table, curve)
    small, large = (pilot_of(found, share) for share in (1e-3, 1e-1))
    training = float(np.mean(found.flows.costs["training"]))
    assert large.price - small.price == pytest.approx((1e-1 - 1e-3) * training)
    assert large.loss_noise < small.loss_noise
    assert found.plan.loss.value < large.loss < small.loss < found.plan.loss.ceiling


def test_the_size_of_the_pilot_is_that_of_the_largest_worth_less_price(open_plan, table, curve):
    near = table.fixed(tasks_per_year=300_000)
    found = staged_plan(open_plan, near, curve)
    belief = belief_of(sample(open_plan, near, curve), near, curve)
    nets = {s: worth(pilot_of(belief.sample, s), belief).net for s in PILOT_SHARES}
    assert found.pilot.net == pytest.approx(nets[found.pilot_share])
    assert found.pilot.net >= max(nets.values()) - 3e5
    dear = near.fixed(price_per_device_hour=40_000)
    assert staged_plan(open_plan, dear, curve).pilot_share < found.pilot_share


def test_a_sure_thing_needs_no_gates(plan, table, curve):
    found = staged_plan(plan, table.fixed(tasks_per_year=20_000_000, adoption=0.6), curve)
    assert found.full_probability > 0.99
    assert found.gates[0].passed == 1.0 and found.gates[0].threshold is None
    assert found.pilot.net == -found.pilot.price


def test_a_hopeless_thing_stops_at_the_pilot(plan, table, curve):
    found = staged_plan(plan, table.fixed(tasks_per_year=100), curve)
    assert found.full_probability == 0.0
    assert found.npv_staged == pytest.approx(-found.pilot.price)
    assert found.npv_staged > found.npv_at_once
    assert found.pilot.value == 0.0


def test_gates_have_numbers_where_the_outcome_is_open(plan, table, curve):
    wide = replace(plan, loss=replace(plan.loss, resampled=tuple(np.linspace(2.2, 3.6, 100))))
    found = staged_plan(wide, table.fixed(tasks_per_year=280_000), curve, limited_share=0.2)
    first, second = found.gates
    assert first.threshold is not None and second.threshold is not None
    assert first.measured == "pilot_metric" and not first.at_most
    assert 0 < first.threshold < 5
    assert 0 < first.passed < 1
    assert not second.at_most
    assert 0 < second.threshold < 5
    assert second.spent_before > first.spent_before > 0
    assert second.month > first.month
    assert found.npv_staged > max(found.npv_at_once, 0)
    assert found.pilot.value > found.pilot.price


@pytest.mark.parametrize("tasks", [220_000, 280_000, 320_000, 1_000_000])
def test_the_first_gate_is_the_pilots_own_decision(open_plan, table, curve, tasks):
    found = staged_plan(open_plan, table.fixed(tasks_per_year=tasks), curve)
    gate, turns = found.gates[0], found.pilot.turns
    assert turns is not None
    assert gate.passed == pytest.approx(1 - turns if found.npv_at_once > 0 else turns, abs=1e-12)
    assert 0 < turns < 1


def test_the_first_gate_asks_for_what_tells_most(open_plan, table, curve):
    """Where the law is nearly certain, the metric; where the curve is, the loss: and who passes by
    that alone passes nearly as often as by both."""
    near = table.fixed(tasks_per_year=320_000)
    belief = belief_of(sample(open_plan, near, curve), near, curve)
    found = staged_plan(open_plan, near, curve)
    gate = found.gates[0]
    shown = seen(pilot_of(belief.sample, found.pilot_share), belief)
    assert gate.measured == "pilot_metric"
    assert np.mean(shown[1] >= gate.threshold) == pytest.approx(gate.passed, abs=0.04)
    known = near.fixed(metric_ceiling=5.0, metric_half_loss=3.0, metric_width=0.4)
    gate = staged_plan(open_plan, known, curve, metric_noise=0.1).gates[0]
    assert gate.measured == "loss" and gate.at_most


def test_a_limited_launch_shows_the_adoption(open_plan, table, curve):
    """With adoption, tasks and value certain, it shows nothing that was not measured before."""
    open_use = table.fixed(tasks_per_year=350_000, adoption=0.6, value_per_unit=40)
    told = staged_plan(open_plan, table.fixed(tasks_per_year=350_000), curve)
    known = staged_plan(open_plan, open_use, curve)
    assert told.limited.value > 3 * known.limited.value
    assert told.limited.value > 1e5


def test_pooling_makes_monotone_and_keeps_the_mean():
    found = _isotonic(np.array([1.0, 3.0, 2.0, 2.0, 5.0, 4.0]))
    assert np.all(np.diff(found) >= 0)
    np.testing.assert_allclose(found, [1, 7 / 3, 7 / 3, 7 / 3, 4.5, 4.5])


@pytest.mark.parametrize("change", [{"metric_noise": -0.1}, {"limited_share": 0.0}])
def test_impossible_stages_are_refused(plan, table, curve, change):
    with pytest.raises(InputError):
        staged_plan(plan, table, curve, **change)
