"""Nothing is cut in silence: a plan says what was asked, what is given, and what ended it."""

import math
from dataclasses import replace

import pytest

from engine.decision.pilot_law import pilot_law
from engine.errors import InputError
from engine.pilot.limit import BYTES_A_PARAMETER, RUNG, End
from engine.pilot.plan import PilotPlan
from engine.pilot.propose import propose
from engine.pilot.question import PilotBudget, PrivacyTerms
from engine.pilot.search import FEWEST_STEPS, within_budget
from engine.runs.curves import FIRST_ITERATION
from engine.text import pilots
from engine.text.i18n import Words
from tests.present import present

TERMS = PrivacyTerms(epsilon=4.0, delta=1e-6, privacy_unit="document")


@pytest.fixture(scope="module")
def fast(prepared):
    """The same text on a machine that is ten thousand times faster."""
    speeds = tuple(
        replace(
            speed,
            seconds_per_example=speed.seconds_per_example / 1e4,
            seconds_per_step=speed.seconds_per_step / 1e4,
        )
        for speed in prepared.speeds
    )
    return replace(prepared, speeds=speeds)


@pytest.fixture(scope="module")
def wide():
    """The shipped law, under which more steps cost more in the end, as if far larger trainings
    were behind it."""
    return replace(pilot_law(), largest_flops=1e20)


def best(prepared, law, budget, *, terms=TERMS, with_rule=False):
    return within_budget(prepared, law, terms, budget, with_rule=with_rule, repeats=1)


def test_two_budgets_beyond_the_end_say_so_and_are_two_plans(fast, law):
    first, second = (
        propose(fast, law, TERMS, PilotBudget(compute_flops=flops), with_rule=False)
        for flops in (1e17, 1e20)
    )
    assert first.plan_id != second.plan_id
    for plan, asked in ((first, "10¹⁷"), (second, "10²⁰")):
        limit = present(plan.limit)
        assert limit.end is End.REACH and limit.cuts
        assert limit.given_flops == plan.arms[0].settings.config.compute_flops
        assert limit.given_flops <= limit.reach_flops == RUNG * law.largest_flops
        assert limit.given_flops > 0.95 * limit.reach_flops
        for language in ("en", "ja"):
            said = pilots.ended(plan, Words(language))
            assert asked in said and "{" not in said
        assert PilotPlan.from_json(plan.to_json()) == plan


@pytest.mark.parametrize("budget", [{"compute_flops": 3e12}, {"seconds": 120.0}])
def test_a_budget_that_is_all_used_is_its_own_end(prepared, law, budget):
    plan = propose(prepared, law, TERMS, PilotBudget(**budget), with_rule=False)
    assert present(plan.limit).end is End.ASKED and not present(plan.limit).cuts
    assert "was asked for" in pilots.ended(plan, Words("en"))


def test_time_that_the_law_cannot_use_is_said(fast, law):
    plan = propose(fast, law, TERMS, PilotBudget(seconds=3600))
    assert present(plan.limit).end is End.REACH and plan.expected_seconds < 1800
    assert "Time asked for: 60 minutes; time used: about" in pilots.ended(plan, Words("en"))


def test_where_each_step_takes_the_whole_text_the_text_ends_it(fast, wide):
    found = best(fast, wide, PilotBudget(compute_flops=1e19))["recommended"]
    assert found.end is End.TEXT and found.config.batch_size == fast.units
    more = replace(fast, units=10 * fast.units)
    moved = best(more, wide, PilotBudget(compute_flops=1e19))["recommended"].config
    assert moved.compute_flops > 5 * found.config.compute_flops, "a larger text moves the end"
    relaxed = best(fast, wide, PilotBudget(compute_flops=1e19), terms=replace(TERMS, epsilon=32.0))[
        "recommended"
    ].config
    assert relaxed.compute_flops > 2 * found.config.compute_flops, "and so does a larger ε"


def test_memory_ends_it_or_refuses(fast, wide):
    asked = PilotBudget(compute_flops=1e19)
    free = best(fast, wide, asked)["recommended"].config
    tight = replace(fast, memory_bytes=free.model_size // 2 * BYTES_A_PARAMETER)
    found = best(tight, wide, asked)["recommended"]
    assert found.end is End.MEMORY and found.config.model_size <= free.model_size // 2
    with pytest.raises(InputError, match=r"fits into the .* GB of memory"):
        best(tight, wide, asked, with_rule=True)  # the rule's model is larger
    with pytest.raises(InputError, match="choose less compute"):
        best(replace(fast, memory_bytes=1000), wide, asked)


def test_compute_for_more_than_a_week_is_refused_with_what_this_machine_can_do(prepared, law):
    speeds = tuple(
        replace(speed, seconds_per_example=1e3 * speed.seconds_per_example)
        for speed in prepared.speeds
    )
    slow = replace(prepared, speeds=speeds)
    with pytest.raises(InputError, match=r"takes 7 days, got .* which take .* ask for about"):
        propose(slow, law, TERMS, PilotBudget(compute_flops=1e17))


@pytest.mark.parametrize("repeats", [1, 3])
@pytest.mark.parametrize("factor", [1.0, 10.0])
def test_no_arm_of_any_rung_sits_at_the_least_number_of_steps(prepared, law, repeats, factor):
    """One lost step must not drop a training from the law."""
    rung = replace(law, largest_flops=factor * law.largest_flops)
    for budget in (PilotBudget(compute_flops=5e10), PilotBudget(seconds=45.0 * repeats)):
        found = within_budget(prepared, rung, TERMS, budget, with_rule=True, repeats=repeats)
        for one in found.values():
            assert one.config.iterations >= FEWEST_STEPS >= math.ceil(1.05 * FIRST_ITERATION)


def test_plans_of_before_have_no_limit_and_keep_their_ids(fast, law):
    plan = propose(fast, law, TERMS, PilotBudget(seconds=60), with_rule=False)
    before = replace(plan, limit=None)
    assert "limit" not in before.to_dict() and before.plan_id != plan.plan_id
    assert PilotPlan.from_json(before.to_json()) == before
    assert pilots.ended(before, Words("en")) == ""
