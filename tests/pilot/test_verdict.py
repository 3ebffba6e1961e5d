"""Verdicts follow from losses and frozen intervals alone; the saving is never overstated."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InputError
from engine.interval import Interval
from engine.pilot.propose import propose
from engine.pilot.question import PilotBudget, PrivacyTerms
from engine.pilot.running.status import TrainingResult
from engine.pilot.verdict import SLIGHT, Outcome, Saving, verdict
from engine.text.i18n import Words
from engine.text.pilots import next_step, wall, weak


@pytest.fixture(scope="module")
def plan(prepared, law):
    terms = PrivacyTerms(epsilon=4.0, delta=1e-6, privacy_unit="document")
    return propose(prepared, law, terms, PilotBudget(seconds=120))


def curve_to(loss: float, iterations: int) -> tuple[tuple[int, float], ...]:
    """Falls by 0.2 nats with each doubling of the iterations and ends at ``loss``."""
    halvings = (iterations / 16, iterations / 8, iterations / 4, iterations / 2, iterations)
    return tuple((round(step), loss + 0.2 * (4 - k)) for k, step in enumerate(halvings))


def result(plan, arm: int, loss: float, *, repeat: int = 0, **other) -> TrainingResult:
    iterations = plan.arms[arm].settings.config.iterations
    values = {
        "arm": plan.arms[arm].name,
        "repeat": repeat,
        "cross_entropy": loss,
        "train_loss": loss - 0.01,
        "curve": curve_to(loss, iterations),
        "iterations": iterations,
        "charged": iterations,
        "seconds": 10.0,
        "physical_batch_size": 64,
        "hardware": "",
        "versions": {},
        "created_at": "2026-11-24T00:00:00+00:00",
        "run_id": None,
    }
    return TrainingResult(**(values | other))


def held_to(plan, low: float, high: float):
    interval = Interval(value=(low + high) / 2, low=low, high=high, level=0.9)
    return replace(plan, arms=tuple(replace(arm, predicted=interval) for arm in plan.arms))


@pytest.mark.parametrize(
    ("loss", "outcome"),
    [
        (2.9, Outcome.BETTER),
        (3.0, Outcome.CONFIRMED),
        (3.2, Outcome.CONFIRMED),
        (3.21, Outcome.WORSE),
    ],
)
def test_a_loss_is_held_against_the_frozen_interval(plan, loss, outcome):
    plan = held_to(plan, 3.0, 3.2)
    said = verdict(plan, [result(plan, 0, loss), result(plan, 1, 3.1)])
    assert said.outcome is outcome
    assert said.arms[1].outcome is Outcome.CONFIRMED
    assert said.arms[0].standard_error is None


def test_without_a_prediction_nothing_is_confirmed(plan):
    plan = replace(plan, arms=tuple(replace(arm, predicted=None) for arm in plan.arms))
    said = verdict(plan, [result(plan, 0, 3.0), result(plan, 1, 3.1)])
    assert {arm.outcome for arm in said.arms} == {Outcome.UNPREDICTED}


@pytest.mark.parametrize(
    ("loss", "runs", "outcome"),
    [
        (3.1, 0, Outcome.WITHIN),
        (3.1, 1, Outcome.CONFIRMED),
        (3.1, None, Outcome.CONFIRMED),
        (3.3, 0, Outcome.WORSE),
        (2.9, 0, Outcome.BETTER),
    ],
)
def test_a_range_that_no_run_of_the_text_narrowed_can_only_be_refuted(plan, loss, runs, outcome):
    transferred = replace(held_to(plan, 3.0, 3.2), transferred_runs=runs)
    said = verdict(transferred, [result(plan, 0, loss), result(plan, 1, loss)])
    assert {arm.outcome for arm in said.arms} == {outcome}
    assert said.transfer == transferred.transfer


def test_code_that_trained_and_had_not_planned_is_named(plan):
    def trained(arm, **versions):
        return result(plan, arm, 3.0, versions=versions)

    ours = plan.code_version
    same = verdict(plan, [trained(0, kessai=ours), trained(1, kessai=ours)])
    assert same.other_code == ()
    mixed = [trained(0, kessai="b" * 12, kessai_earlier=f"{ours} {'a' * 12}"), trained(1)]
    assert verdict(plan, mixed).other_code == ("a" * 12, "b" * 12)


def test_repeats_give_mean_and_standard_error(plan):
    plan = replace(held_to(plan, 3.0, 3.2), repeats=3)
    losses = (3.0, 3.1, 3.5)
    found = [result(plan, a, x, repeat=r) for a in (0, 1) for r, x in enumerate(losses)]
    arm = verdict(plan, found).arms[0]
    assert arm.cross_entropy == pytest.approx(3.2)
    assert arm.standard_error == pytest.approx(0.2646 / 3**0.5, rel=1e-3)
    assert arm.outcome is Outcome.CONFIRMED and arm.repeats == 3


def saving_of(said) -> Saving:
    assert said.saving is not None
    return said.saving


def ratio(plan) -> float:
    ours, rule = (arm.settings.config.compute_flops for arm in plan.arms)
    return rule / ours


def test_the_saving_is_read_off_the_recommendations_curve(plan):
    said = verdict(plan, [result(plan, 0, 3.0), result(plan, 1, 3.4)])
    assert saving_of(said).factor == pytest.approx(4 * ratio(plan), rel=0.02), (
        "two halvings earlier"
    )
    assert not saving_of(said).at_least
    assert saving_of(said).difference == pytest.approx(0.4)


def test_between_two_points_the_curve_is_straight_in_log_iterations(plan):
    said = verdict(plan, [result(plan, 0, 3.0), result(plan, 1, 3.3)])
    assert saving_of(said).factor == pytest.approx(2**1.5 * ratio(plan), rel=0.02)


def test_a_curve_that_began_lower_gives_a_bound(plan):
    said = verdict(plan, [result(plan, 0, 3.0), result(plan, 1, 5.0)])
    assert saving_of(said).at_least
    assert saving_of(said).factor == pytest.approx(16 * ratio(plan), rel=0.02)


def test_a_rule_that_wins_is_said_to_win(plan):
    said = verdict(plan, [result(plan, 0, 3.4), result(plan, 1, 3.0)])
    assert saving_of(said).factor == pytest.approx(ratio(plan) / 4, rel=0.02)
    assert saving_of(said).difference == pytest.approx(-0.4)


def test_one_arm_has_no_saving(plan):
    alone = replace(plan, arms=plan.arms[:1])
    assert verdict(alone, [result(alone, 0, 3.0)]).saving is None


def test_epsilon_of_all_trainings_adds_up(plan):
    plan = replace(plan, repeats=2)
    found = [result(plan, a, 3.0, repeat=r) for a in (0, 1) for r in (0, 1)]
    said = verdict(plan, found)
    each = [arm.certificate.epsilon for arm in plan.arms]
    assert said.epsilon_total == pytest.approx(2 * sum(each))
    assert said.epsilon_each == max(each)
    assert said.delta_total == pytest.approx(4e-6)


def test_steps_lost_to_interruptions_are_told(plan):
    config = plan.arms[0].settings.config
    short = result(plan, 0, 3.0, iterations=config.iterations - 7, charged=config.iterations)
    assert verdict(plan, [short, result(plan, 1, 3.1)]).arms[0].iterations_lost == 7


def test_a_weak_plan_is_repeated_by_its_verdict_and_called_no_test(plan):
    results = [result(plan, 0, 3.0), result(plan, 1, 3.1)]
    said = verdict(replace(plan, apart=0.7999), results)
    assert said.is_weak and said.saving is not None
    assert "apart with 79% probability, and a test takes 80%" in weak(said.apart, Words("en"))
    assert "79%" in weak(said.apart, Words("ja")) and "検証" in weak(said.apart, Words("ja"))
    for enough in (0.8, None):
        said = verdict(replace(plan, apart=enough), results)
        assert not said.is_weak and weak(said.apart, Words("en")) == ""


def test_a_missing_training_is_no_verdict(plan):
    with pytest.raises(InputError, match="2 finished trainings, found 1"):
        verdict(plan, [result(plan, 0, 3.0)])
    with pytest.raises(InputError, match="found 1"):
        verdict(plan, [result(plan, 0, 3.0), result(plan, 0, 3.1)])


@given(ours=st.floats(2.0, 5.0), rule=st.floats(2.0, 5.0))
def test_the_factor_says_who_was_better(plan, ours, rule):
    saving = saving_of(verdict(plan, [result(plan, 0, ours), result(plan, 1, rule)]))
    if ours < rule:
        assert saving.factor >= ratio(plan) * 0.999
    else:
        assert saving.factor <= ratio(plan) * 1.001


def short_of(plan, arm: int, loss: float, lost: int, **other) -> TrainingResult:
    steps = plan.arms[arm].settings.config.iterations
    return result(plan, arm, loss, iterations=steps - lost, charged=steps, **other)


@pytest.mark.parametrize("arm", [0, 1])
def test_a_training_that_lost_steps_is_compared_with_none_whichever_arm_it_is_of(plan, arm):
    """A short recommendation must not lose against a whole rule, nor the other way round."""
    whole = result(plan, 1 - arm, 3.0)
    said = verdict(plan, [short_of(plan, arm, 3.4, 9), whole])
    assert said.saving is None
    (out,) = said.excluded
    assert (out.arm, out.repeat, out.iterations_lost) == (plan.arms[arm].name, 0, 9)
    assert out.iterations == plan.arms[arm].settings.config.iterations
    assert verdict(plan, [result(plan, arm, 3.4), whole]).excluded == ()


@pytest.mark.parametrize("arm", [0, 1])
def test_of_several_trainings_the_whole_ones_speak(plan, arm):
    plan = replace(held_to(plan, 2.9, 3.1), repeats=2)
    found = [
        result(plan, arm, 3.0),
        short_of(plan, arm, 3.6, 9, repeat=1),
        *(result(plan, 1 - arm, 3.05, repeat=repeat) for repeat in (0, 1)),
    ]
    said = verdict(plan, found)
    assert said.arms[arm].cross_entropy == 3.0 and said.arms[arm].repeats == 1
    assert said.arms[arm].iterations_lost == 9 and len(said.excluded) == 1
    alone = [one for one in found if one.iterations == one.charged]
    means = {0: 3.0 if arm == 0 else 3.05, 1: 3.05 if arm == 0 else 3.0}
    assert saving_of(said).difference == pytest.approx(means[1] - means[0]) and len(alone) == 3


@pytest.mark.parametrize("arm", [0, 1])
def test_many_lost_steps_leave_no_verdict_on_the_prediction(plan, arm):
    plan = held_to(plan, 2.9, 3.1)
    steps = plan.arms[arm].settings.config.iterations
    few, many = int(SLIGHT * steps), int(SLIGHT * steps) + 1
    other = result(plan, 1 - arm, 3.0)
    assert verdict(plan, [short_of(plan, arm, 3.2, few), other]).arms[arm].outcome is Outcome.WORSE
    assert verdict(plan, [short_of(plan, arm, 3.2, many), other]).arms[arm].outcome is Outcome.SHORT


def test_canaries_leave_neither_a_test_nor_a_saving(plan):
    audited = replace(plan, canaries=40)
    said = verdict(audited, [result(plan, 0, 3.0), result(plan, 1, 3.1)])
    assert said.outcome is Outcome.UNPREDICTED and said.saving is None
    assert said.arms[1].outcome is not Outcome.UNPREDICTED


@pytest.mark.parametrize(
    ("loss", "transferred", "part"),
    [
        (3.1, None, "rely on this law"),
        (2.9, None, "Refit it, then run one more pilot"),
        (3.3, None, "Refit it, then run one more pilot"),
        (3.1, 0, "approve nothing on this result alone"),
    ],
)
def test_a_verdict_says_what_to_do_with_it_and_what_that_takes(plan, loss, transferred, part):
    asked = replace(held_to(plan, 3.0, 3.2), transferred_runs=transferred)
    found = verdict(asked, [result(plan, 0, loss), result(plan, 1, 3.1)])
    said = next_step(asked, found, Words("en"))
    assert said.startswith("What to do: ") and part in said
    if "one more" in said:
        assert wall(plan.expected_seconds, Words("en")) in said and "ε of up to 8" in said
        assert "on the same documents)" in said
        of_people = replace(plan, privacy_unit="person", transferred_runs=transferred)
        assert "on the same people)" in next_step(of_people, found, Words("en"))


def test_a_loss_that_nothing_predicted_is_compared_and_no_more(plan):
    asked = replace(plan, arms=tuple(replace(arm, predicted=None) for arm in plan.arms))
    found = verdict(asked, [result(plan, 0, 3.0), result(plan, 1, 3.1)])
    assert "compare this loss" in next_step(asked, found, Words("en"))
    first, rule = found.arms
    found = replace(found, arms=(replace(first, outcome=Outcome.SHORT), rule))
    assert "run it once more" in next_step(plan, found, Words("en"))
