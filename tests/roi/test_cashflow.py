"""Cash flows against closed forms, and the Monte Carlo against its analytic mean."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.cost import ONCE, breakdown
from engine.roi.appraise import appraise, central, compare, sample
from engine.roi.cashflow import PARTS, flows, timing
from engine.roi.draws import LossForecast, mean
from engine.roi.legal_damage import risk_left
from engine.roi.measures import internal_rates
from engine.roi.metric import CURVE_INPUTS
from engine.roi.plan import WITHOUT_PRIVACY
from engine.roi.study import study
from tests.roi.closed_forms import annuity, monthly_rate


def test_without_uncertainty_the_value_is_an_annuity(plan, certain, curve):
    found = central(plan, certain, curve)
    figures = certain.values
    metric = float(curve.metric(2.85, figures))
    value = 500_000 * 0.6 * metric * 40
    costs = breakdown(plan.workload, figures)
    rate = monthly_rate(figures["discount_rate"])
    running = (value - float(costs.serving_per_year)) / 12
    expected = annuity(running, rate, 60) - float(costs.once)
    assert found.npv[0] == pytest.approx(expected, rel=1e-12)
    assert found.value_per_year[0] == pytest.approx(value)
    once = float(costs.once)
    assert found.payback_months[0] == pytest.approx(once / running)
    assert found.total_cost[0] == pytest.approx(once + 5 * float(costs.serving_per_year))
    (found_rate,) = internal_rates(np.diff(found.cumulative[:, 0], prepend=0.0))
    assert annuity(running, found_rate, 60) == pytest.approx(once, rel=1e-6)


def test_costs_are_undiscounted_and_sum_to_the_total(plan, certain, curve):
    found = central(plan, certain, curve)
    assert set(found.costs) == set(PARTS) - {"value", "tax"}
    assert found.total_cost[0] == pytest.approx(sum(cost[0] for cost in found.costs.values()))
    for name in ONCE:
        assert found.costs[name][0] == pytest.approx(-found.present[name][0]), "spent now"
    for name in ("serving", "operation", "legal"):
        assert found.costs[name][0] >= -found.present[name][0], "later money counts in full"


def test_tax_takes_its_share_of_the_result_after_depreciation(plan, certain, curve):
    before = central(plan, certain, curve)
    after = central(plan, certain.fixed(tax_rate=0.3), curve)
    rate = monthly_rate(certain.values["discount_rate"])
    once = -before.cumulative[0, 0]
    running = before.npv[0] + once
    relief = annuity(once / 60, rate, 60)
    assert after.npv[0] == pytest.approx(-once + running - 0.3 * (running - relief))
    assert after.present["tax"][0] == pytest.approx(-0.3 * (running - relief))


def test_a_linear_ramp_loses_half_of_its_months(plan, certain, curve):
    """Undiscounted, a ramp of 12 months is worth 6 months less, a launch 6 months later 6 less."""
    flat = certain.fixed(discount_rate=0)
    full = central(plan, flat, curve).present["value"][0]
    ramped = central(plan, flat.fixed(ramp_months=12), curve).present["value"][0]
    later = central(plan, flat.fixed(launch_months=6), curve).present["value"][0]
    assert ramped == pytest.approx(full * 54 / 60)
    assert later == pytest.approx(full * 54 / 60)
    between = central(plan, flat.fixed(launch_months=5.5), curve).present["value"][0]
    assert between == pytest.approx(full * 54.5 / 60)


def test_parts_sum_to_the_npv_and_flows_to_their_last_sum(plan, table, curve):
    found = sample(plan, table.fixed(tax_rate=0.3), curve).flows
    assert set(found.present) == set(PARTS)
    np.testing.assert_allclose(sum(found.present.values()), found.npv)
    flat = sample(plan, table.fixed(tax_rate=0.3, discount_rate=0), curve).flows
    np.testing.assert_allclose(flat.npv, flat.cumulative[-1], rtol=1e-9, atol=1.0)
    left = flat.present["value"] - flat.total_cost + flat.present["tax"]
    np.testing.assert_allclose(flat.npv[flat.launched], left[flat.launched], atol=1.0)


def test_the_monte_carlo_mean_is_the_analytic_mean(plan, table, curve):
    """With timing, rate and loss certain, the NPV is a sum of products of independent figures."""
    held = {name: table[name].value for name in ("launch_months", "ramp_months", "discount_rate")}
    curve_held = {n: table[n].value for n in CURVE_INPUTS}
    some = table.fixed(
        **held, **curve_held, incident_probability=0, utilisation=0.4, serving_utilisation=0.1
    )
    certain_loss = replace(plan, loss=LossForecast(name=plan.name, value=2.85))
    found = sample(certain_loss, some, curve).flows
    means = some.changed(
        replace(row, value=mean(row), low=mean(row), high=mean(row), distribution="fixed")
        for row in some.rows
        if row.uncertain
    )
    expected = central(certain_loss, means, curve).npv[0]
    error = found.npv.std() / np.sqrt(found.npv.size)
    assert found.npv.mean() == pytest.approx(expected, abs=4 * error)


def test_without_any_uncertainty_every_interval_is_a_point(plan, certain, curve):
    sure = replace(plan, loss=LossForecast(name=plan.name, value=2.85))
    found = appraise(sample(sure, certain, curve), certain, curve)
    assert found.npv.low == found.npv.high == found.npv.value
    assert found.npv.value == pytest.approx(found.central_npv)
    assert found.probability in (0.0, 1.0)
    assert found.payback_months.low == found.payback_months.high


def test_legal_risk_falls_with_the_attackers_odds_and_never_by_hope(plan, table):
    figures = {name: np.array([value]) for name, value in table.values.items()}
    assert risk_left(plan, figures)[0] == pytest.approx(0.28 / 0.652)
    assert risk_left(replace(plan, advantage=0.9), figures)[0] == 1.0
    assert risk_left(replace(plan, advantage=None), figures)[0] == 1.0
    assert risk_left(replace(plan, advantage=0.0), figures)[0] == 0.0


def test_legal_loss_left_and_avoided_are_the_whole(plan, table, curve):
    found = central(plan, table, curve)
    without = central(replace(plan, advantage=None), table, curve)
    total = found.legal_avoided[0] - found.present["legal"][0]
    assert total == pytest.approx(-without.present["legal"][0])
    assert without.legal_avoided[0] == 0


def test_damage_grows_with_the_people_and_with_what_a_court_gives_each(plan, table, curve):
    def damage(people: float, **figures: float) -> float:
        workload = replace(plan.workload, data_budget=people)
        found = central(replace(plan, workload=workload), table.fixed(**figures), curve)
        return float(found.costs["legal"][0])

    small, large = damage(5_000), damage(10_000_000)
    assert large > 10 * small
    fixed = damage(0)
    assert damage(2_000_000) - fixed == pytest.approx(2 * (damage(1_000_000) - fixed))
    years = 4.5
    share = 0.01 * 0.28 / 0.652 * years
    assert fixed == pytest.approx(share * 30_000_000)
    assert damage(1_000_000) - fixed == pytest.approx(share * 1_000_000 * 0.01 * 3_300)
    assert damage(5_000, damages_per_person=0) == pytest.approx(fixed)


def test_the_three_lines_are_the_total_and_spending_is_no_damage(plan, table, curve):
    found = appraise(sample(plan, table, curve), table, curve)
    lines = [found.cash_to_approve, found.running_cost, found.expected_damage]
    assert sum(line.value for line in lines) == pytest.approx(found.total_cost.value)
    assert found.cash_to_approve.value == pytest.approx(-sum(found.parts[n] for n in ONCE))
    dear = table.fixed(incident_probability=0.5)
    other = appraise(sample(plan, dear, curve), dear, curve)
    assert other.expected_damage.value > 10 * found.expected_damage.value
    assert other.cash_to_approve == found.cash_to_approve
    assert other.running_cost == found.running_cost


def test_the_premium_of_privacy_is_the_difference_with_its_legal_damage(plan, table, curve):
    lower = replace(plan.loss, name=WITHOUT_PRIVACY, value=2.4, resampled=(2.35, 2.4, 2.45))
    work = replace(plan.workload, private=False)
    plain = replace(plan, name=WITHOUT_PRIVACY, loss=lower, advantage=None, workload=work)
    ours, theirs = (sample(one, table, curve) for one in (plan, plain))
    found = study((plan, plain), table, curve)
    assert found.premium == pytest.approx(float(np.mean(theirs.flows.npv - ours.flows.npv)))
    assert study((plan,), table, curve).premium is None
    harmless = study((plan, plain), table.fixed(incident_probability=0), curve)
    damage = found.appraisal.legal_avoided.value
    assert harmless.premium is not None and found.premium is not None
    assert harmless.premium - found.premium == pytest.approx(damage, rel=0.1)


@given(
    st.sampled_from(["tasks_per_year", "adoption", "value_per_unit"]),
    st.floats(0.1, 0.9),
)
def test_less_value_never_raises_the_npv(plan, table, curve, name, share):
    less = table.fixed(**{name: table[name].value * share})
    assert central(plan, less, curve).npv[0] < central(plan, table, curve).npv[0]


def test_a_gate_splits_the_npv(plan, table, curve):
    figures = {name: np.array([value]) for name, value in table.fixed(tax_rate=0.3).values.items()}
    metric = np.atleast_1d(curve.metric(2.85, figures))
    when = timing(figures)
    whole = flows(plan, figures, metric, when=when)
    assert whole.under(when)[0] == pytest.approx(whole.npv[0])
    on, stopped = (flows(plan, figures, metric, when=held) for held in when.held(60, 1.0))
    assert on.npv[0] == stopped.npv[0] == pytest.approx(whole.npv[0])
    _, first = when.held(1, 1.0)
    early = flows(plan, figures, metric, when=first)
    spent = sum(early.present[name][0] for name in ONCE)
    assert spent < early.npv[0] == pytest.approx(spent + early.present["tax"][0])
    assert early.present["tax"][0] > 0, "written off all the same"
    for held in when.held(18, 0.1):
        limited = flows(plan, figures, metric, when=held)
        assert 0 < limited.present["value"][0] < whole.present["value"][0]
        assert limited.npv[0] == pytest.approx(whole.under(held)[0])
        undiscounted = table.fixed(tax_rate=0.3, discount_rate=0.0).values
        flat = {name: np.array([value]) for name, value in undiscounted.items()}
        again = flows(plan, flat, metric, when=timing(flat).held(18, 0.1)[0])
        assert again.npv[0] == pytest.approx(again.cumulative[-1][0])


def test_plans_are_compared_draw_by_draw(plan, table, curve):
    worse = replace(plan, name="rule-tuned", loss=replace(plan.loss, name="rule-tuned", value=3.9))
    worse = replace(worse, loss=replace(worse.loss, resampled=(3.8, 3.85, 3.9, 3.95, 4.0)))
    recommended, other = sample(plan, table, curve), sample(worse, table, curve)
    (found,) = compare(recommended, [other])
    assert found.difference.value == pytest.approx(
        recommended.flows.npv.mean() - other.flows.npv.mean()
    )
    assert found.probability_better > 0.8, "the rest is launched under neither"
    assert 0 < found.probability_alike < 1 - found.probability_better
    (same,) = compare(recommended, [recommended])
    assert (same.probability_better, same.probability_alike) == (0.0, 1.0)


@pytest.mark.parametrize("seed", [0, 1])
def test_the_same_seed_gives_the_same_figures(plan, table, curve, seed):
    one, other = (sample(plan, table, curve, seed=seed).flows.npv for _ in range(2))
    assert np.array_equal(one, other)
