"""Which waiting trainings are worth running for a decision, by the shipped campaign's law."""

from dataclasses import replace

import pytest

from engine.config import Budget, TrainingConfig
from engine.decision.fitted import MEASURED_GPT, fit_selection, selection_of
from engine.decision.question import Question
from engine.decision.schedule import (
    LEAST,
    SETTLED,
    Judgement,
    Schedule,
    Scheduled,
    Waiting,
    _worthwhile,
    schedule,
    within,
)
from engine.law.foresight import Turn

ASKED = Question(
    budget=Budget(compute_flops=1e15, data_budget=1_000_000, epsilon=2.0, delta=1e-8),
    evidence_id=MEASURED_GPT,
)


def run(size, steps, ratio, batch=128):
    config = TrainingConfig(model_size=size, batch_size=batch, iterations=steps, sequence_length=64)
    return Waiting(config=config, noise_batch_ratio=ratio)


WAITING = (
    run(15_000, 32, 2.0**-4),  # tells nothing of a plan so far away
    run(400_000, 4_000, 2.0**-12),
    run(400_000, 4_000, 2.0**-12),
    run(100_000, 2_000, 2.0**-10),
)


def test_what_tells_little_is_left_out_and_every_run_has_a_place():
    found = schedule(ASKED, WAITING)
    assert {one.index for one in found.runs} | set(found.left_out) == set(range(4))
    deviations = [found.deviation, *(one.deviation for one in found.runs)]
    assert deviations == sorted(deviations, reverse=True)
    assert found.narrowing == pytest.approx(1 - deviations[-1] / deviations[0])
    assert deviations[-1] > found.scatter
    assert found.narrowing > LEAST and found.left_out


def test_the_tail_that_tells_little_together_is_cut():
    turns = [
        Turn(index=k, narrowing=0.0, deviation=left)
        for k, left in enumerate((0.9, 0.8, 0.795, 0.792, 0.791))
    ]
    # The last three take 0.009 of 1.0 away, the last four 0.109.
    assert _worthwhile(turns, 1.0) == turns[:2]
    assert _worthwhile(turns[:1], 1.0) == turns[:1]
    assert _worthwhile([Turn(index=0, narrowing=0.0, deviation=0.999)], 1.0) == []
    assert _worthwhile([], 1.0) == []


def test_a_budget_ends_the_order_where_it_is_spent():
    order = Schedule(
        deviation=0.1,
        scatter=0.01,
        runs=tuple(Scheduled(index=k, narrowing=0.1, deviation=0.09) for k in (2, 0, 1)),
        left_out=(3,),
    )
    seconds = [10.0, 5.0, 20.0, 1.0]
    some = within(order, seconds, 34.0)
    assert [one.index for one in some.runs] == [2, 0] and some.beyond == (1,)
    assert some.left_out == (3,)
    assert within(order, seconds, 35.0) == order
    assert within(order, seconds, 19.0).beyond == (2, 0, 1)
    # Two side by side: 20 s beside 10 s and 5 s, and none is halved.
    assert within(order, seconds, 19.0, processes=2).beyond == (2, 0, 1)
    assert within(order, seconds, 20.0, processes=2) == order
    # The last one begins where the first process is free, and 30 s are not halved into 17.5 each.
    turned = replace(order, runs=order.runs[1:] + order.runs[:1])  # 10 s, 5 s, 20 s
    assert within(turned, seconds, 24.9, processes=2).beyond == (2,)
    assert within(turned, seconds, 25.0, processes=2) == turned
    assert within(order, seconds, 20.0).beyond == (0, 1)
    short = replace(order, runs=order.runs[1:])  # 10 s and 5 s
    assert within(short, seconds, 10.0, processes=2) == short
    assert within(short, seconds, 9.0, processes=2).beyond == (0, 1)


def test_dear_seconds_change_the_order():
    found = schedule(ASKED, WAITING, [1e9, 1.0, 1e9, 1e9])
    assert found.runs[0].index == 1


def test_nothing_waits():
    found = schedule(ASKED, ())
    assert (found.runs, found.left_out, found.narrowing) == ((), (), 0.0)


TELLS_NOTHING = WAITING[0]
TELLS = run(400_000, 4_000, 2.0**-12)


def test_runs_are_needless_once_the_decision_has_settled_and_not_before():
    judgement = Judgement(ASKED)
    for _ in range(SETTLED):
        assert judgement.needless([TELLS_NOTHING], WAITING) == frozenset()
    out = {place + 1 for place in schedule(ASKED, WAITING).left_out}
    assert judgement.needless([TELLS_NOTHING], WAITING) == {0, *out} and out
    # What it has cost is spent: one of a kind under way is kept, and those that wait go by it.
    found = judgement.needless([TELLS, TELLS_NOTHING], WAITING)
    assert 0 not in found and {1, *(place + 1 for place in out)} <= found
    assert judgement.needless([], []) == frozenset()


def test_nothing_is_needless_while_the_plan_moves():
    selection = selection_of(MEASURED_GPT)
    law = fit_selection(selection)
    judgement = Judgement(ASKED)
    for _ in range(SETTLED):
        judgement.needless_by(law, selection.evidence.frame, [], [TELLS_NOTHING])
    config, noise = judgement._plans[0]
    small = replace(config, model_size=config.model_size // 8)
    judgement._plans[-1] = (small, noise)  # what the last law thought, this one calls worse
    found = judgement.needless_by(law, selection.evidence.frame, [], [TELLS_NOTHING])
    assert found == frozenset()
    for _ in range(SETTLED - 2):
        assert not judgement.needless_by(law, selection.evidence.frame, [], [TELLS_NOTHING])
    judgement.needless_by(law, selection.evidence.frame, [], [TELLS_NOTHING])
    assert judgement.needless_by(law, selection.evidence.frame, [], [TELLS_NOTHING]) == {0}
