"""A result becomes one record: the same one each time, another one for every experiment."""

import json
from dataclasses import replace

import pytest

from engine.errors import InputError
from engine.pilot.plan import SOURCE, Schedule
from engine.pilot.running.recording import record_of, settings_of
from engine.pilot.running.status import TrainingResult
from engine.runs.record import Provenance
from tests.pilot.fake_pilots import STEPS, made_plan

RESULT = TrainingResult(
    arm="recommended", repeat=0, cross_entropy=4.0, train_loss=3.9, curve=((32, 4.5), (STEPS, 4.0)),
    iterations=STEPS, charged=STEPS, seconds=9.0, physical_batch_size=8, hardware="made",
    versions={"torch": "2.13"}, created_at="2026-11-24T09:00:00+00:00", run_id=None,
)  # fmt: skip


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    path = tmp_path_factory.mktemp("text") / "text"
    path.write_text("made")
    return made_plan(path)


def seeded(plan, **changes):
    arm = plan.arms[0]
    return replace(arm, settings=replace(arm.settings, seed=7, **changes))


def run_id(plan, of, **changes):
    return record_of(plan, of, replace(RESULT, **changes)).run_id


def test_a_record_states_the_promise_and_what_was_done(plan):
    arm = plan.arms[0]
    record = record_of(plan, arm, RESULT)
    assert record.provenance is Provenance.MEASURED and record.family == plan.family
    assert (record.epsilon, record.delta) == (arm.certificate.epsilon, plan.delta)
    assert (record.privacy_unit, record.seed) == ("document", None)
    assert record.sampling is arm.certificate.sampling
    assert record.neighbouring_relation is arm.certificate.neighbouring_relation
    assert record.noise_multiplier == pytest.approx(arm.certificate.noise_multiplier)
    assert record.noise_batch_ratio == arm.settings.noise_batch_ratio
    assert record.compute_flops == arm.settings.config.compute_flops
    assert (record.cross_entropy, record.curve) == (4.0, RESULT.curve)
    told = json.loads(record.versions)
    assert told["corpus"] == plan.corpus_fingerprint and told["plan"] == plan.plan_id
    assert (told["arm"], told["repeat"], told["torch"]) == ("recommended", 0, "2.13")


def test_lost_steps_count_against_the_promise_and_not_as_training(plan):
    arm = plan.arms[0]
    record = record_of(plan, arm, replace(RESULT, iterations=40, charged=STEPS))
    assert record.iterations == 40
    assert record.compute_flops == arm.settings.config.compute_flops * 40 / STEPS
    assert record.epsilon == arm.certificate.epsilon
    assert record.curve == ((32, 4.5),), "no point beyond the steps that made the model"
    assert json.loads(record.versions)["charged"] == STEPS


def test_private_trainings_of_one_configuration_are_experiments_of_their_own(plan):
    ours, rule = plan.arms
    other = replace(plan, evidence_hash="f" * 16)
    ids = [
        run_id(plan, ours),
        run_id(plan, ours, repeat=1),
        run_id(plan, rule, arm="rule"),
        run_id(other, ours),
    ]
    assert len(set(ids)) == 4
    later = {"created_at": "2027-01-01T00:00:00+00:00", "physical_batch_size": 1}
    assert run_id(plan, ours, cross_entropy=4.2, **later) == ids[0], "what was asked, not what came"


def test_a_seeded_training_is_one_experiment_whoever_asks(plan):
    arm = seeded(plan)
    record = record_of(plan, arm, RESULT)
    assert (record.epsilon, record.delta, record.privacy_unit) == (None, None, None)
    assert record.source.startswith(SOURCE) and plan.plan_id not in record.source
    other = replace(plan, evidence_hash="f" * 16)
    assert run_id(other, replace(arm, name="rule")) == record.run_id
    assert run_id(plan, arm, repeat=1) != record.run_id
    for change in ({"clip_norm": 2.0}, {"warmup": 6}, {"averaging": 0.0}):
        assert run_id(plan, seeded(plan, **change)) != record.run_id, change
    assert run_id(replace(plan, corpus_fingerprint="0" * 64), arm) != record.run_id


def test_repeats_take_the_seeds_that_follow(plan):
    assert settings_of(plan.arms[0], 3) == plan.arms[0].settings
    assert [settings_of(seeded(plan), repeat).seed for repeat in (0, 1, 2)] == [7, 8, 9]


def test_a_curve_under_a_falling_rate_is_no_curve_of_trainings(plan):
    arm = plan.arms[0]
    falling = replace(arm, settings=replace(arm.settings, schedule=Schedule.LINEAR))
    assert record_of(plan, falling, RESULT).curve == ()


def test_what_is_no_point_of_a_law_is_no_record(plan):
    with pytest.raises(InputError, match="the training diverged"):
        record_of(plan, plan.arms[0], replace(RESULT, cross_entropy=9.0, curve=()))
    with pytest.raises(InputError, match="canaries"):
        record_of(replace(plan, canaries=100), plan.arms[0], RESULT)
    assert record_of(replace(plan, canaries=100), plan.arms[1], replace(RESULT, arm="rule"))
