"""Promises on one text add up, whatever became of the pilots."""

from dataclasses import replace

import pytest

from engine.pilot.propose import propose
from engine.pilot.question import PilotBudget, PrivacyTerms
from engine.pilot.running.standing import Entry
from engine.pilot.running.status import State, Status
from engine.pilot.running.text_total import promised_on


@pytest.fixture(scope="module")
def plan(prepared, law):
    terms = PrivacyTerms(epsilon=2.0, delta=1e-7, privacy_unit="document")
    return propose(prepared, law, terms, PilotBudget(compute_flops=3e10))


def entry(plan, state=State.FINISHED) -> Entry:
    return Entry(plan_id=plan.plan_id, plan=plan, status=Status(state=state), results=())


def test_every_training_of_every_started_pilot_counts(plan):
    twice = replace(plan, repeats=2)
    each = [arm.certificate.epsilon for arm in plan.arms]
    found = promised_on(plan.corpus_fingerprint, [entry(plan), entry(twice, State.CANCELLED)])
    assert found.trainings == 6
    assert found.epsilon == pytest.approx(3 * sum(each)) and found.delta == pytest.approx(6e-7)


def test_other_texts_plans_never_started_and_this_one_do_not(plan):
    other = replace(plan, corpus_fingerprint="cd" * 32)
    broken = Entry(plan_id="0" * 16, plan=None, status=Status(state=State.FAILED), results=())
    entries = [entry(other), entry(plan, State.PLANNED), broken]
    found = promised_on(plan.corpus_fingerprint, entries)
    assert (found.trainings, found.unreadable) == (0, 1), "it is not in the sum, and said to be so"
    again = promised_on(plan.corpus_fingerprint, [entry(plan)], other_than=plan.plan_id)
    assert (again.trainings, again.epsilon, again.delta) == (0, 0, 0)
