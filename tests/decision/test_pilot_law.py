"""Which law a pilot gets: its family's own, or the evidence's moved by the
runs that there are of it."""

import dataclasses

import numpy as np
import pytest

from engine.decision import fitted
from engine.decision.pilot_law import counted_runs, pilot_law, revise
from engine.errors import InputError
from engine.law.transfer.pool import POOLED, TRANSFERRED
from engine.pilot.limit import RUNG
from engine.pilot.plan import SOURCE, PilotPlan, Transfer
from engine.pilot.propose import expected, propose
from engine.pilot.question import PilotBudget, PrivacyTerms
from engine.pilot.search import within_budget
from engine.runs import log as runs_log
from engine.runs.evidence import content_hash
from engine.text import pilots
from engine.text.i18n import Words
from tests.pilot.conftest import FAMILY, STEPS, TRUTH, prepared, sweep  # noqa: F401 (a fixture)
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


def test_another_window_has_a_law_of_its_own(log, prepared):  # noqa: F811
    """Of its runs only those of that window; and its plans train in it."""
    log.append(runs(2))
    longer = pilot_law(OWN, 256, 128)
    assert (longer.transferred_runs, longer.space.sequence_length) == (0, 128)
    log.append(runs(1, sequence_length=128, compute_flops=2 * runs(1)[0].compute_flops))
    assert pilot_law(OWN, 256, 128).transferred_runs == 1
    assert pilot_law(OWN, 256).transferred_runs == 2
    source = dataclasses.replace(prepared.source, window=128)
    text = dataclasses.replace(prepared, source=source, family=OWN, sequence_length=128)
    budget = PilotBudget(compute_flops=3e12)
    plan = propose(text, pilot_law(OWN, 256, 128), TERMS, budget, with_rule=False)
    settings = plan.arms[0].settings
    assert settings.config.sequence_length == settings.shape.sequence_length == 128
    assert settings.config.compute_flops == pytest.approx(3e12, rel=0.05)
    assert revise(plan, text).transfer == Transfer(source=FAMILY, runs=1)
    assert PilotPlan.from_json(plan.to_json()) == plan
    assert "of 128 tokens, those behind the law of 64" in pilots.window(plan, Words("en"))
    usual = propose(prepared, pilot_law(), TERMS, budget, with_rule=False)
    assert "window" not in usual.to_dict()["corpus"] and pilots.window(usual, Words("en")) == ""


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


def climbed(law, plan, run):
    """A record of ``plan``'s recommended training, as the truth has it, of family ``run``'s."""
    settings = plan.arms[0].settings
    config = settings.config
    steps = (*(step for step in STEPS if step < config.iterations), config.iterations)
    losses = TRUTH.cross_entropy(config.model_size, np.array(steps), settings.noise_batch_ratio)
    return dataclasses.replace(
        run,
        family=law.family,
        source=f"{SOURCE} {plan.plan_id}/recommended-0",
        model_size=config.model_size,
        batch_size=config.batch_size,
        physical_batch_size=None,
        iterations=config.iterations,
        noise_batch_ratio=settings.noise_batch_ratio,
        compute_flops=config.compute_flops,
        cross_entropy=float(losses[-1]),
        curve=tuple(zip(steps, losses.tolist(), strict=True)),
    )


@pytest.mark.parametrize("family", [FAMILY, OWN])
def test_each_rung_moves_the_reach_and_narrows_the_next(log, prepared, family):  # noqa: F811
    """Both for the evidence's own text and for one that its law was carried to."""
    fast = dataclasses.replace(prepared, family=family, units=10**6)
    budget, tokens = PilotBudget(compute_flops=1e18), 256
    first = pilot_law(family, tokens)
    rung = propose(fast, first, TERMS, PilotBudget(compute_flops=1e14), with_rule=False)
    assert counted_runs(rung) == ()
    far = within_budget(fast, first, TERMS, budget, with_rule=False, repeats=1)["recommended"]
    record = climbed(first, rung, sweep()[0])
    log.append([record])
    second = pilot_law(family, tokens)
    assert second.largest_flops == pytest.approx(record.compute_flops, rel=1e-6)
    assert second.largest_flops > 5 * first.largest_flops
    assert second.space.model_size[1] == max(first.space.model_size[1], record.model_size)
    assert counted_runs(rung) == (record.run_id,)
    ratio = 2**-8
    before, after = (expected(law, far.config, ratio) for law in (first, second))
    assert after.high / after.low < before.high / before.low
    next_rung = within_budget(fast, second, TERMS, budget, with_rule=False, repeats=1)
    spent = next_rung["recommended"].config.compute_flops
    assert far.config.compute_flops < spent <= RUNG * second.largest_flops


def test_a_record_of_other_trainings_is_not_the_pilot_s_own(log, prepared):  # noqa: F811
    plan = propose(prepared, pilot_law(), TERMS, PilotBudget(compute_flops=1e12), with_rule=False)
    short = dataclasses.replace(
        climbed(pilot_law(), plan, sweep()[0]),
        iterations=128,
        compute_flops=plan.arms[0].settings.config.compute_flops
        * 128
        / plan.arms[0].settings.config.iterations,
        curve=((32, 3.0), (128, 2.9)),
        cross_entropy=2.9,
    )
    log.append([short])
    assert counted_runs(plan) == (), "too short to be counted"
