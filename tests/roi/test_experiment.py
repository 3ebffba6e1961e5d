"""What an experiment is worth: closed forms, what it can and cannot see, and nested Monte Carlo."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from engine.decision.answer import answer
from engine.decision.fitted import fitted_evidence
from engine.decision.question import question
from engine.roi.appraise import sample
from engine.roi.defaults import DEFAULT_ASSUMPTIONS, with_metric
from engine.roi.draws import standard_normal
from engine.roi.experiment import (
    Belief,
    Experiment,
    belief_of,
    conditional,
    expected_gain,
    expected_given_metric,
    information,
    seen,
    worth,
)
from engine.roi.kinds import METRICS, CurveShape, MetricKind
from engine.roi.metric import CURVE_INPUTS, AssumedCurve, fit_curve
from engine.roi.staging import pilot_of

PILOT = Experiment(name="pilot", price=4e5, loss=3.6, loss_noise=0.05, metric_noise=0.1)


def gain_of(shown, npv) -> float:
    return expected_gain(conditional(shown[None], npv[None])[0], npv)


@pytest.mark.parametrize(("mean", "noise"), [(0.0, 0.0), (0.5, 1.0), (-0.5, 0.5), (2.0, 3.0)])
def test_information_about_a_normal_npv_has_its_closed_form(mean, noise):
    """E[max(m, 0)] with m ~ N(mean, s²), s² = 1/(1 + noise²): Raiffa and Schlaifer's loss."""
    npv = mean + standard_normal("npv", 20_000)
    shown = npv + noise * standard_normal("noise", 20_000)
    s = 1 / np.sqrt(1 + noise**2)
    expected = mean * norm.cdf(mean / s) + s * norm.pdf(mean / s) - max(mean, 0.0)
    # The draws' own error of the mean is 0.007.
    assert gain_of(shown, npv) == pytest.approx(expected, abs=0.02)


@pytest.mark.parametrize("mean", [0.5, -0.5, -1.5])
def test_how_often_a_sign_turns_the_decision_has_its_closed_form(plan, near, curve, mean):
    """m ~ N(mean, s²) is on the other side of 0 with Φ(−|mean|/s)."""
    count = 20_000
    npv = mean + standard_normal("npv", count)
    shown = npv + 0.5 * standard_normal("noise", count)
    belief = replace(believed(plan, near, curve), earned=npv)
    found = information(PILOT, conditional(shown[None], npv[None])[0], belief)
    assert found.turns == pytest.approx(norm.cdf(-abs(mean) / np.sqrt(1 / 1.25)), abs=0.015)
    assert found.gain_if_turned is not None and found.turns is not None
    assert found.gain_if_turned * found.turns == pytest.approx(found.value)
    assert replace(found, turns=0.0).gain_if_turned is None


def test_noise_is_worth_nothing_even_where_the_answer_hangs_in_the_balance():
    """A rule fitted to the draws that it is judged by would be worth up to 0.03 here."""
    found = []
    for seed in range(20):
        npv = standard_normal(f"npv-{seed}", 20_000)
        npv = npv - npv.mean() + 1e-3
        found.append(gain_of(standard_normal(f"other-{seed}", 20_000), npv))
    assert np.mean(found) < 0.003


def test_two_signs_tell_more_than_one_and_none_of_the_draws_decides_itself():
    npv = standard_normal("npv", 20_000)
    first, second = (npv + standard_normal(f"noise-{n}", 20_000) for n in (1, 2))
    both = expected_gain(conditional(np.stack([first, second]), npv[None])[0], npv)
    # Of two equally noisy signs s² = 1/(1 + 1/2).
    assert both == pytest.approx(np.sqrt(2 / 3) * norm.pdf(0), abs=0.01)
    assert both > gain_of(first, npv) + 0.02
    spike = npv.copy()
    spike[7] += 1e3
    expected, without = (conditional(first[None], v[None])[0] for v in (spike, npv))
    assert expected[7] == without[7], "its own value has no part in its decision"


def uncertain(plan, **change):
    """The plan under a law of another text, nothing but the named parts open."""
    sure = {"resampled": (), "scatter": 0.0, "drift": 0.0, "transfer": 0.0}
    return replace(plan, loss=replace(plan.loss, **(sure | change)))


def believed(plan, table, curve) -> Belief:
    return belief_of(sample(plan, table, curve), table, curve)


@pytest.fixture(scope="module")
def near(table):
    """A table under which the answer hangs in the balance."""
    return table.fixed(tasks_per_year=300_000)


@pytest.fixture(scope="module")
def known_curve(near):
    return near.fixed(**{name: near[name].value for name in CURVE_INPUTS})


def test_what_no_experiment_shows_is_averaged_out_exactly(plan, near, curve):
    found = sample(plan, near, curve)
    expected = expected_given_metric(found.flows)
    assert expected.mean() == pytest.approx(found.flows.npv.mean(), abs=5e5)
    assert expected.std() < found.flows.npv.std()
    taxed = sample(plan, near.fixed(tax_rate=0.3), curve).flows
    assert expected_given_metric(taxed).mean() == pytest.approx(taxed.npv.mean(), abs=5e5)


def test_going_ahead_at_once_does_not_pay_for_a_pilot(plan, near, curve):
    dear = near.fixed(pilot_cost=5e6)
    assert believed(plan, dear, curve).earned.mean() == pytest.approx(
        believed(plan, near.fixed(pilot_cost=0), curve).earned.mean()
    )


def test_a_pilot_cannot_see_the_full_runs_own_scatter_nor_its_drift(plan, known_curve, curve):
    for change in ({"scatter": 0.15}, {"drift": 0.15}):
        belief = believed(uncertain(plan, **change), known_curve, curve)
        assert belief.earned.std() > 1e6, "it matters"
        assert worth(PILOT, belief).value < 3e4
    other_text = believed(uncertain(plan, transfer=0.15), known_curve, curve)
    assert worth(PILOT, other_text).value > 1e6


def test_knowledge_of_a_wholly_assumed_curve_is_worth_something(plan, near, curve):
    belief = believed(uncertain(plan), near, curve)
    assert worth(PILOT, belief).value > 1e5
    pairs = [(loss, float(curve.metric(loss, near.values))) for loss in (2.0, 2.6, 3.2, 3.8)]
    measured = believed(uncertain(plan), near, fit_curve(pairs, ceiling=5.0))
    assert worth(PILOT, measured).value == 0.0, "measured pairs leave it nothing to say"


def test_a_sharper_experiment_is_worth_more_and_never_more_than_all_that_it_looks_at(
    plan, near, curve
):
    belief = believed(uncertain(plan, transfer=0.1), near, curve)
    blunt, sharp = (
        worth(replace(PILOT, loss_noise=noise, metric_noise=2 * noise), belief).value
        for noise in (0.3, 0.02)
    )
    everything = np.mean(np.maximum(belief.earned, 0)) - max(belief.earned.mean(), 0)
    assert 0 <= blunt < sharp < everything


def test_the_first_draws_are_those_of_the_whole(plan, near, curve):
    belief = believed(uncertain(plan, transfer=0.1), near, curve)
    few = belief.first(4_000)
    assert few.count == 4_000
    assert np.array_equal(few.earned, belief.earned[:4_000])
    assert worth(PILOT, few).value == pytest.approx(worth(PILOT, belief).value, rel=0.5)


SCENARIOS = {
    "minutes at the defaults": (MetricKind.MINUTES_SAVED, 500_000),
    "errors": (MetricKind.ERROR_RATE, 500_000),
    "minutes in the balance": (MetricKind.MINUTES_SAVED, 300_000),
    "minutes at nothing": (MetricKind.MINUTES_SAVED, 266_880),
}
"""Metric and tasks a year. The last once had a mean NPV of nothing, at which noise was "worth"
hundreds of thousands of yen."""


def nested(belief: Belief, prior: Belief, pilot: Experiment = PILOT) -> np.ndarray:
    """E[NPV | what was seen] of every draw of ``belief`` by weighing the draws of ``prior`` with
    the likelihood of what was seen: no regression."""
    off, metric = seen(pilot, belief, seed=1)
    curve, ceiling = belief.curve, belief.sample.plan.loss.ceiling
    logarithmic = METRICS[curve.kind].shape is CurveShape.EXPONENTIAL
    found = np.empty(belief.count)
    for block in np.array_split(np.argsort(off), max(belief.count // 2_000, 1)):
        loss = min(pilot.loss * float(np.exp(off[block].mean())), ceiling)
        there = curve.metric(loss, prior.sample.figures, prior.doubt)
        centre = np.log(there) if logarithmic else there
        width = pilot.metric_noise * (1.0 if logarithmic else np.abs(there))
        weight = -0.5 * ((off[block, None] - prior.shared) / pilot.loss_noise) ** 2
        weight -= 0.5 * ((metric[block, None] - centre) / width) ** 2 + np.log(width)
        weight = np.exp(weight - weight.max(axis=1, keepdims=True))
        found[block] = weight @ prior.earned / weight.sum(axis=1)
    return found


def agrees_with_nested(
    plan, name: str, outer: int, inner: int, *, pilot: Experiment = PILOT, told: float | None = None
) -> None:
    """``told``: the worth that a page says, where it is not to be worked out here."""
    kind, tasks = SCENARIOS[name]
    table = with_metric(DEFAULT_ASSUMPTIONS, kind).fixed(tasks_per_year=tasks)
    curve = AssumedCurve(kind=kind)

    def drawn(count: int, seed: int) -> Belief:
        return belief_of(
            sample(plan, table, curve, count=count, seed=seed), table, curve, seed=seed
        )

    quick = worth(pilot, drawn(20_000, 0)).value if told is None else told
    belief = drawn(outer, 1)
    slow = expected_gain(nested(belief, drawn(inner, 2), pilot), belief.earned)
    cost = float(np.mean(belief.sample.flows.total_cost))
    at_once = float(belief.earned.mean())
    print(f"{name}: {quick:,.0f} JPY, nested {slow:,.0f}, NPV {at_once:,.0f}, cost {cost:,.0f}")
    assert abs(quick - slow) <= max(0.05 * slow, 0.01 * cost), (quick, slow, cost)
    assert slow > 0.005 * cost, "there is something to be wrong about"


def of_another_text(plan):
    return replace(plan, loss=replace(plan.loss, transfer=0.1))


def test_the_worth_is_that_of_a_nested_monte_carlo(plan):
    agrees_with_nested(of_another_text(plan), "minutes in the balance", 10_000, 1_500)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", SCENARIOS)
def test_the_worth_is_that_of_a_large_nested_monte_carlo(plan, name):
    agrees_with_nested(of_another_text(plan), name, 200_000, 6_000)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", SCENARIOS)
def test_the_pilot_that_is_asked_for_is_worth_what_a_large_nested_monte_carlo_says(name):
    """The default question by the law of the published runs, and the pilot of the size chosen."""
    kind, tasks = SCENARIOS[name]
    asked = question(3.8e20, 10_000_000, 4.0, metric=kind)
    asked = replace(asked, assumptions=asked.assumptions.fixed(tasks_per_year=tasks))
    found = answer(asked, fitted_evidence(asked.evidence_id)).study
    assert found is not None
    plan, staged = found.plans[0], found.staged
    pilot = pilot_of(sample(plan, found.table, found.curve), staged.pilot_share)
    agrees_with_nested(plan, name, 200_000, 6_000, pilot=pilot, told=staged.pilot.value)
