"""The value of information: closed forms, bounds, and the staged plan."""

import numpy as np
import pytest
from scipy.stats import norm

from engine.errors import InputError
from engine.roi.draws import standard_normal
from engine.roi.staging import _isotonic, information, staged_plan


@pytest.mark.parametrize(("mean", "noise"), [(0.0, 0.0), (0.5, 1.0), (-0.5, 0.5), (2.0, 3.0)])
def test_information_about_a_normal_npv_has_its_closed_form(mean, noise):
    """E[max(m, 0)] with m ~ N(mean, s²), s² = 1/(1 + noise²): Raiffa and Schlaifer's loss."""
    npv = mean + standard_normal("npv", 20_000)
    seen = npv + noise * standard_normal("noise", 20_000)
    s = 1 / np.sqrt(1 + noise**2)
    expected = mean * norm.cdf(mean / s) + s * norm.pdf(mean / s) - max(mean, 0.0)
    # The draws' own error of the mean is 0.007.
    assert information("x", seen, npv, 0.0).value == pytest.approx(expected, abs=0.02)


def test_noise_is_worth_nothing_and_truth_the_most(plan, table, curve):
    npv = standard_normal("npv", 20_000)
    assert information("x", standard_normal("other", 20_000), npv, 0.0).value < 0.01
    found = staged_plan(plan, table.fixed(tasks_per_year=200_000), curve)
    assert 0 <= found.pilot.value <= found.perfect.value
    assert found.perfect.value > 0


def test_a_sure_thing_needs_no_gates(plan, table, curve):
    found = staged_plan(plan, table.fixed(tasks_per_year=20_000_000), curve)
    assert found.full_probability == 1.0
    assert all(gate.threshold is None and gate.passed == 1.0 for gate in found.gates)
    assert found.pilot.net == -found.pilot.price


def test_a_hopeless_thing_stops_at_the_pilot(plan, table, curve):
    found = staged_plan(plan, table.fixed(tasks_per_year=100), curve)
    assert found.full_probability == 0.0
    assert found.npv_staged == pytest.approx(-found.pilot.price)
    assert found.npv_staged > found.npv_at_once


def test_gates_have_numbers_where_the_outcome_is_open(plan, table, curve):
    from dataclasses import replace

    wide = replace(plan, loss=replace(plan.loss, resampled=tuple(np.linspace(2.2, 3.6, 100))))
    found = staged_plan(wide, table.fixed(tasks_per_year=280_000), curve, limited_share=0.2)
    first, second = found.gates
    assert first.threshold is not None and second.threshold is not None
    assert first.at_most
    assert 2.2 < first.threshold < 3.6
    assert 0 < first.passed < 1
    assert not second.at_most
    assert 0 < second.threshold < 5
    assert second.spent_before > first.spent_before > 0
    assert second.month > first.month
    assert found.npv_staged > max(found.npv_at_once, 0)
    assert found.pilot.value > found.pilot.price


def test_pooling_makes_monotone_and_keeps_the_mean():
    found = _isotonic(np.array([1.0, 3.0, 2.0, 2.0, 5.0, 4.0]))
    assert np.all(np.diff(found) >= 0)
    np.testing.assert_allclose(found, [1, 7 / 3, 7 / 3, 7 / 3, 4.5, 4.5])


@pytest.mark.parametrize("change", [{"pilot_noise": -0.1}, {"limited_share": 0.0}])
def test_impossible_stages_are_refused(plan, table, curve, change):
    with pytest.raises(InputError):
        staged_plan(plan, table, curve, **change)
