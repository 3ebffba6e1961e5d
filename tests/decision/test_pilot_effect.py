"""What a pilot changed is said of the evidence that the decision really rests on, and of no other:
before and after where its runs count, and why not where they do not."""

import dataclasses

import pytest

from engine.decision import law_store
from engine.decision.answer import answer
from engine.decision.fitted import fitted_evidence, run_log
from engine.decision.law_versions import now as law_now
from engine.decision.pilot_effect import PilotEffect, Unmoved, effect_of, last_effect
from engine.decision.pilot_law import pilot_law
from engine.decision.question import question
from engine.pilot.propose import propose
from engine.pilot.question import PilotBudget, PrivacyTerms
from engine.pilot.running.standing import Entry
from engine.pilot.running.status import State, Status
from engine.text import pilot_effect
from engine.text.i18n import Words
from tests.decision.test_pilot_law import climbed, log  # noqa: F401 (a fixture)
from tests.pilot.conftest import FAMILY, law, prepared, sweep  # noqa: F401 (fixtures)
from tests.pilot.test_verdict import result
from tests.present import present

ASKED = question(1e13, 100_000, 4.0, evidence_id=FAMILY)
TERMS = PrivacyTerms(epsilon=4.0, delta=1e-6, privacy_unit="document")


def ended(plan, run_id: str | None, **changes) -> Entry:
    done = result(plan, 0, 2.0, run_id=run_id, **changes)
    return Entry(
        plan_id=plan.plan_id, plan=plan, status=Status(state=State.FINISHED), results=(done,)
    )


def said(effect: PilotEffect) -> str:
    """The English sentence; the Japanese one is whole, too."""
    japanese = pilot_effect.sentence(effect, Words("ja")) + pilot_effect.transfer(
        effect, Words("ja")
    )
    assert "{" not in japanese
    return pilot_effect.sentence(effect, Words("en"))


def test_a_pilot_counts_once_the_law_in_use_has_its_runs(
    log,  # noqa: F811
    prepared,  # noqa: F811
    tmp_path,
    monkeypatch,
):
    monkeypatch.setenv("KESSAI_LOG", str(tmp_path / "log"))
    stale = fitted_evidence(FAMILY)
    of_before = law_store.keep(law_now(FAMILY), run_log().folder)
    plan = propose(prepared, pilot_law(), TERMS, PilotBudget(compute_flops=1.5e13), with_rule=False)
    record = climbed(pilot_law(), plan, sweep()[0])
    record = dataclasses.replace(
        record,
        cross_entropy=0.9 * record.cross_entropy,
        curve=tuple((step, 0.9 * loss) for step, loss in record.curve),
    )
    pilot, other = ended(plan, record.run_id), ended(plan, "ab" * 16)
    asked = answer(ASKED, stale)
    assert last_effect(asked, stale, ()) is None
    assert effect_of(asked, stale, pilot).unmoved is Unmoved.NO_RECORD
    log.append([record])

    waiting = effect_of(asked, stale, pilot)
    assert waiting.unmoved is Unmoved.NOT_REFITTED and not waiting.changed
    assert waiting.after.plan == asked.decision.recommendation
    assert "fitted before it ended" in said(waiting)
    assert "takes nothing from it" in pilot_effect.transfer(waiting, Words("en"))

    fitted = fitted_evidence(FAMILY)
    now = answer(ASKED, fitted)
    found = present(last_effect(now, fitted, (other, pilot)))
    assert found.plan_id == plan.plan_id and found.counted == 1 and found.unmoved is None
    assert present(found.before).plan == asked.decision.recommendation, "the law without it"
    assert found.after.plan == now.decision.recommendation
    assert found.changed
    sentence = said(found)
    assert "With the 1 run of the pilot of 2026-11-24 in the law: plan" in sentence
    for stand in (present(found.before), found.after):
        assert f"{stand.plan.cross_entropy.value:.2f} (" in sentence
    way = found.transfer
    config = now.decision.recommendation.config
    assert way.size_factor == config.model_size / plan.arms[0].settings.config.model_size
    assert 0 <= way.distance_share <= 1
    assert "only through the law" in pilot_effect.transfer(found, Words("en"))

    law_store.set_current(FAMILY, of_before, run_log().folder)
    pinned = effect_of(now, fitted_evidence(FAMILY), pilot)
    assert pinned.unmoved is Unmoved.PINNED and "kept version" in said(pinned)


def test_runs_of_another_text_change_nothing_and_are_said_to(fitted, prepared, law):  # noqa: F811
    """On the evidence that ships, whose models are others than a pilot's."""
    asked = question(3.8e20, 10_000_000, 4.0)
    now = answer(asked, fitted)
    plan = propose(prepared, law, TERMS, PilotBudget(seconds=60), with_rule=False)
    found = effect_of(now, fitted, ended(plan, "ab" * 16))
    assert found.unmoved is Unmoved.OTHER_TEXT and not found.changed and found.before is None
    sentence = said(found)
    assert sentence.startswith("The pilot of 2026-11-24 changed nothing the decision rests on: it")
    assert "small GPTs on docstrings" in sentence and "Published BERT runs" in sentence
    assert found.transfer.size_factor > 100 and found.transfer.compute_factor > 1e6
    document = pilot_effect.document(found, Words("en"))
    assert document["changed"] is False and document["after"]["verdict"] == now.verdict.code
    tuned = dataclasses.replace(plan, start_cross_entropy=2.0)
    assert effect_of(now, fitted, ended(tuned, "ab" * 16)).unmoved is Unmoved.TUNED
    refused = effect_of(now, fitted, ended(plan, None))
    assert refused.unmoved is Unmoved.NO_RECORD and "run log" in said(refused)


@pytest.mark.parametrize("changed", [True, False])
def test_what_did_not_move_is_said_to_stay(fitted, prepared, law, changed):  # noqa: F811
    now = answer(question(3.8e20, 10_000_000, 4.0), fitted)
    plan = propose(prepared, law, TERMS, PilotBudget(seconds=60), with_rule=False)
    found = effect_of(now, fitted, ended(plan, "ab" * 16))
    before = found.after
    if changed:
        before = dataclasses.replace(before, npv=0.5 * present(before.npv))
    moved = dataclasses.replace(found, counted=2, unmoved=None, before=before)
    assert moved.changed is changed
    assert ("stays" in said(moved) and "→" in said(moved)) is changed
    assert ("changed nothing of the decision" in said(moved)) is not changed
    gone = dataclasses.replace(moved, before=None)
    assert gone.changed and "made the decision possible" in said(gone)
