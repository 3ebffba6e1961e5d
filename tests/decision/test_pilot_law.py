"""Which law a pilot gets: its family's own, or the evidence's moved by the
runs that there are of it."""

import dataclasses

import numpy as np
import pytest

from engine.decision import fitted
from engine.decision.pilot_law import pilot_law, revise
from engine.errors import InputError
from engine.law.transfer.pool import POOLED, TRANSFERRED
from engine.pilot.plan import Transfer
from engine.pilot.propose import propose
from engine.pilot.question import PilotBudget, PrivacyTerms
from engine.runs import log as runs_log
from engine.runs.evidence import content_hash
from tests.pilot.conftest import FAMILY, TRUTH, prepared, sweep  # noqa: F401 (a fixture)
from tests.present import present

OWN = "gpt-bytes-letters"
POINT = 30_400, 724, 2**-8
TERMS = PrivacyTerms(epsilon=4.0, delta=1e-6, privacy_unit="document")


@pytest.fixture
def log(tmp_path, monkeypatch):
    """A run log with the sweep of the evidence."""
    monkeypatch.setenv("KESSAI_DATA", str(tmp_path / "runs"))
    monkeypatch.setattr(runs_log, "COMMITTED", tmp_path / "no campaign")
    fitted.run_log.cache_clear()
    found = fitted.run_log()
    found.append(sweep())
    yield found
    fitted.run_log.cache_clear()


def runs(count, *, factor=0.8, **changes):
    """Runs of a text that is easier by a factor, of the rates that were best."""
    best = sorted(sweep(seed=1, scatter=0.01)[1::3], key=lambda run: run.run_id)
    return [
        dataclasses.replace(
            run,
            **{
                "family": OWN,
                "cross_entropy": factor * run.cross_entropy,
                "curve": tuple((step, factor * loss) for step, loss in run.curve),
            }
            | changes,
        )
        for run in best[:count]
    ]


def width(law):
    low, high = law.fit.interval(*POINT)
    return float(np.log(high / low))


def test_the_evidence_s_own_family_has_its_own_law(log):
    law = pilot_law()
    assert (law.family, law.transfer) == (FAMILY, None)
    assert law.fit == fitted.fitted_evidence(FAMILY).fit
    log.append(runs(3))
    assert pilot_law() == law, "what other texts do is nothing to it"


def test_without_runs_a_text_gets_the_evidence_s_law_with_a_wide_interval(log):
    own, law = pilot_law(), pilot_law(OWN, 256)
    assert law.transfer == Transfer(source=FAMILY, runs=0) and law.family == OWN
    assert law.summary == own.summary and law.rate == own.rate
    assert law.fit.law == own.fit.law
    assert [status.template for status in law.fit.statuses] == [TRANSFERRED]
    assert width(law) > 5 * width(own)


def test_another_tokenizer_has_another_floor(log):
    law = pilot_law("gpt-words-letters", 8192)
    assert law.fit.law.vocabulary_size == 8192


def test_runs_of_the_text_move_its_law_and_are_counted(log):
    before, truth = pilot_law(OWN, 256), 0.8 * float(TRUTH.cross_entropy(*POINT))
    log.append(runs(3))
    law = pilot_law(OWN, 256)
    assert law.transferred_runs == 3
    assert [status.template for status in law.fit.statuses] == [POOLED]
    error = abs(float(law.fit.law.cross_entropy(*POINT)) / truth - 1)
    assert error < 0.05 < abs(float(before.fit.law.cross_entropy(*POINT)) / truth - 1)
    assert width(law) < 0.3 * width(before)
    assert law.summary.hash == content_hash([*log.records(FAMILY), *runs(3)])
    assert law.summary.hash != before.summary.hash and law.summary.runs == before.summary.runs


def test_many_runs_of_a_text_have_the_say_and_are_pooled_all_the_same(log):
    many = runs(21)
    log.append(many)
    law = pilot_law(OWN, 256)
    assert law.transferred_runs == 21
    alone = fitted.fitted_evidence(OWN).fit
    for size, noise in ((30_400, 2**-6), (101_000, 0.0), (302_000, 2**-10)):
        ours = law.fit.law.cross_entropy(size, 362, noise)
        assert float(ours) == pytest.approx(
            float(alone.law.cross_entropy(size, 362, noise)), rel=0.02
        )


@pytest.mark.parametrize(
    "changes",
    [{"curve": ()}, {"sequence_length": 128}],
    ids=["curve", "length"],
)
def test_runs_that_the_law_cannot_read_do_not_count(log, changes):
    if "sequence_length" in changes:
        changes = changes | {"compute_flops": 2 * runs(1)[0].compute_flops}
    log.append(runs(1, **changes))
    law = pilot_law(OWN, 256)
    assert (law.transferred_runs, law.summary) == (0, pilot_law().summary)


def test_runs_of_other_tokens_than_the_text_s_are_refused(log):
    log.append(runs(1))
    with pytest.raises(InputError, match="8192 tokens of vocabulary, got 256"):
        pilot_law(OWN, 8192)


def test_no_run_has_a_part_in_its_own_prediction(log, prepared):  # noqa: F811
    own = dataclasses.replace(prepared, family=OWN)
    budget = PilotBudget(compute_flops=3e11)
    plan = propose(own, pilot_law(OWN, 256), TERMS, budget, with_rule=False)
    frozen = plan.to_json()
    log.append(runs(2))
    assert plan.to_json() == frozen and present(plan.transfer).runs == 0
    found = revise(plan, own)
    assert (found.before_loss, found.transfer) == (
        plan.arms[0].predicted,
        Transfer(source=FAMILY, runs=2),
    )
    assert found.evidence_hash != plan.evidence_hash
    narrow, wide = found.same_loss, present(found.before_loss)
    assert narrow.high / narrow.low < 0.5 * wide.high / wide.low
    assert narrow.value < 0.9 * wide.value
    again = propose(own, pilot_law(OWN, 256), TERMS, budget, with_rule=False)
    assert present(again.transfer).runs == 2 and again.plan_id != plan.plan_id
    assert again.evidence_hash == found.evidence_hash


def test_without_evidence_there_is_no_law_for_anybody(tmp_path, monkeypatch):
    monkeypatch.setenv("KESSAI_DATA", str(tmp_path / "empty"))
    monkeypatch.setattr(runs_log, "COMMITTED", tmp_path / "no campaign")
    fitted.run_log.cache_clear()
    try:
        for asked in ((), (OWN, 256)):
            with pytest.raises(InputError, match="Expected an evidence among"):
                pilot_law(*asked)
    finally:
        fitted.run_log.cache_clear()
