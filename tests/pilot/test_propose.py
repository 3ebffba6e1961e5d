"""A plan keeps its budget and its promise, finds the law's optimum, and freezes what it expects."""

import hashlib
import json
import math
import re
from argparse import Namespace
from dataclasses import replace

import numpy as np
import pytest

from engine.accounting.search import noise_multiplier
from engine.accounting.strategy import noising, strategy
from engine.commands import pilot_proposal
from engine.commands.pilot_options import budget_of, held_by
from engine.config import Sampling
from engine.errors import InputError
from engine.pilot.audits.card import model_card, without_guarantee
from engine.pilot.ladder import parameter_count, smallest_with_room
from engine.pilot.plan import CorpusSource, PilotPlan, Transfer
from engine.pilot.propose import expected, propose
from engine.pilot.question import PilotBudget, PrivacyTerms, WantedRun
from engine.pilot.running.recording import record_of
from engine.pilot.running.spending import proved
from engine.pilot.search import seconds_of
from engine.runs.checks import canonical_json
from tests.pilot.test_verdict import result

TERMS = PrivacyTerms(epsilon=4.0, delta=1e-6, privacy_unit="document")


@pytest.fixture(scope="module")
def plan(prepared, law) -> PilotPlan:
    return propose(prepared, law, TERMS, PilotBudget(seconds=240))


def test_both_arms_end_within_the_time(plan, prepared):
    each = [seconds_of(prepared, arm.settings.config) for arm in plan.arms]
    assert plan.expected_seconds == pytest.approx(sum(each))
    assert 0.8 * 240 <= plan.expected_seconds <= 240


def test_no_training_sits_at_the_least_number_of_steps_that_a_law_counts(plan):
    """A few steps that an interruption loses must not drop it from the law."""
    assert min(arm.settings.config.iterations for arm in plan.arms) >= 1.05 * 256


def test_arms_are_equal_in_compute_and_the_rule_sees_20_tokens_a_parameter(plan):
    ours, rule = (arm.settings.config for arm in plan.arms)
    assert rule.compute_flops == pytest.approx(ours.compute_flops, rel=0.05)
    assert rule.tokens / rule.model_size == pytest.approx(20, rel=0.1)


@pytest.mark.parametrize(("vocabulary", "budget"), [(512, 240.0), (1024, 30.0)])
def test_a_text_in_tokens_gets_models_that_have_room_for_them(prepared, law, vocabulary, budget):
    """The evidence and the usual rule would both begin with smaller ones."""
    by_tokens = replace(prepared, vocabulary_size=vocabulary)
    found = propose(by_tokens, law, TERMS, PilotBudget(seconds=budget))
    for arm in found.arms:
        assert arm.settings.shape.vocabulary_size == vocabulary
        assert arm.settings.config.model_size >= 0.97 * smallest_with_room(vocabulary)


def test_computing_anew_is_in_the_settings_and_in_the_time(plan, prepared, law):
    found = propose(
        replace(prepared, recompute=True), law, TERMS, PilotBudget(seconds=240), with_rule=False
    )
    arm = found.arms[0]
    assert arm.settings.recompute and not plan.arms[0].settings.recompute
    kept = seconds_of(prepared, arm.settings.config)
    assert 1.5 * kept < found.expected_seconds <= 240


def test_every_arm_is_certified_for_its_own_noise(plan, prepared):
    for arm in plan.arms:
        settings, certificate = arm.settings, arm.certificate
        assert certificate.epsilon <= plan.epsilon
        assert certificate.privacy_unit == "document"
        assert certificate.sampling is Sampling.POISSON
        assert certificate.compositions == settings.config.iterations
        assert certificate.sampling_probability == settings.config.batch_size / prepared.units
        sigma = settings.noise_batch_ratio * settings.config.batch_size
        assert sigma == pytest.approx(certificate.noise_multiplier)
        assert settings.seed is None, "a recorded seed would void the promise"


def test_no_affordable_neighbour_is_better(plan, prepared, law):
    config = plan.arms[0].settings.config
    spent = config.iterations * prepared.seconds_per_step(config.model_size, config.batch_size)
    for size in np.geomspace(config.model_size / 3, config.model_size * 3, 9):
        if not law.space.model_size[0] <= size <= law.space.model_size[1]:
            continue
        for steps in np.geomspace(config.iterations / 3, config.iterations * 3, 9):
            if not 64 <= steps <= law.space.iterations[1]:
                continue
            once = prepared.seconds_per_step(size, 0)
            each = prepared.seconds_per_step(size, 1) - once
            batch = min((spent / steps - once) / each, prepared.units)
            if batch < 1:
                continue
            sigma = noise_multiplier(
                data_budget=float(prepared.units),
                batch_size=batch,
                iterations=steps,
                epsilon=4.0,
                delta=1e-6,
                sampling=Sampling.POISSON,
            )
            other = float(law.fit.law.cross_entropy(size, steps, sigma / batch, batch))
            assert plan.arms[0].predicted.value <= other * 1.005


def test_the_exact_size_and_the_predicted_interval_are_frozen(plan, law):
    for arm in plan.arms:
        config = arm.settings.config
        assert config.model_size == parameter_count(arm.settings.shape)
        assert arm.predicted == expected(law, config, arm.settings.noise_batch_ratio)
        assert arm.predicted.low < arm.predicted.value < arm.predicted.high
    assert plan.arms[0].predicted.value < plan.arms[1].predicted.value


def test_a_plan_survives_json_and_changes_its_name_with_its_content(plan):
    assert PilotPlan.from_json(plan.to_json()) == plan
    assert replace(plan, expected_seconds=1.0).plan_id == plan.plan_id
    arm = plan.arms[0]
    moved = replace(arm, predicted=replace(arm.predicted, high=arm.predicted.high + 0.01))
    for other in (replace(plan, arms=(moved, plan.arms[1])), replace(plan, repeats=2)):
        assert other.plan_id != plan.plan_id


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"arms": 3}', "null"])
def test_another_file_is_no_plan(text):
    with pytest.raises(InputError, match="Expected a pilot plan"):
        PilotPlan.from_json(text)


def test_the_same_question_gives_the_same_plan(plan, prepared, law):
    assert propose(prepared, law, TERMS, PilotBudget(seconds=240)).plan_id == plan.plan_id


def test_another_family_s_law_predicts_nothing(prepared, law):
    own = replace(prepared, family="gpt-bytes-letters")
    with pytest.raises(InputError, match="law of the family gpt-bytes-letters, got one of gpt-byt"):
        propose(own, law, TERMS, PilotBudget(seconds=120))


def test_a_transferred_law_is_frozen_with_where_it_comes_from(prepared, law):
    own = replace(prepared, family="gpt-bytes-letters")
    plans = [
        propose(
            own,
            replace(law, family=own.family, transferred_runs=runs),
            TERMS,
            PilotBudget(compute_flops=3e10),
            with_rule=False,
        )
        for runs in (0, 3)
    ]
    for runs, plan in zip((0, 3), plans, strict=True):
        assert plan.transfer == Transfer(source=law.summary.id, runs=runs)
        assert plan.arms[0].predicted is not None
        assert PilotPlan.from_json(plan.to_json()) == plan
    assert plans[0].plan_id != plans[1].plan_id, "how much of it is this text's own is frozen"
    assert str(plans[0].transfer).endswith("moved by 0 runs of this text")
    assert str(Transfer(source="a", runs=1)) == "transferred from a, moved by 1 run of this text"


def test_a_plan_of_before_keeps_its_id(plan):
    """Plans lie in folders that are named by their hash."""
    content = json.loads(plan.to_json())
    assert "transferred_runs" not in content
    del content["expected_seconds"]
    digest = hashlib.sha256(canonical_json(content).encode()).hexdigest()
    assert plan.plan_id == digest[:16] and plan.transfer is None


def test_the_promise_of_all_trainings_is_the_sum(plan):
    twice = replace(plan, repeats=2)
    each = [arm.certificate.epsilon for arm in plan.arms]
    assert plan.epsilon_each == max(each) and twice.epsilon_each == max(each)
    assert (plan.epsilon_total, plan.delta_total) == (sum(each), 2 * plan.delta)
    assert (twice.epsilon_total, twice.delta_total) == (2 * sum(each), 4 * plan.delta)


def test_a_budget_in_flops_is_kept_and_repeats_share_time(prepared, law):
    plan = propose(prepared, law, TERMS, PilotBudget(compute_flops=1e12), with_rule=False)
    (arm,) = plan.arms
    assert 0.8e12 < arm.settings.config.compute_flops <= 1e12
    twice = propose(prepared, law, TERMS, PilotBudget(seconds=240), repeats=2)
    assert twice.trainings == 4 and twice.expected_seconds <= 240


def test_devices_that_hold_a_model_together_have_their_memory_together(prepared, law):
    def size(**changes):
        asked = replace(prepared, **changes)
        found = propose(asked, law, TERMS, PilotBudget(seconds=240), with_rule=False)
        return found.arms[0].settings.config.model_size

    free = size()
    little = 32 * free * 2 // 3
    assert size(memory_bytes=little) <= free * 2 / 3
    assert size(memory_bytes=little, held_by=2) == free


@pytest.mark.parametrize(
    ("ranks", "device", "recompute", "held"),
    [
        (None, "cuda", False, 1),
        ("4", "cpu", False, 1),
        ("4", "cuda", True, 1),
        ("4", "cuda", False, 4),
    ],
)
def test_only_gpus_of_their_own_hold_a_model_in_parts(ranks, device, recompute, held):
    assert held_by(Namespace(ranks=ranks, recompute=recompute), device) == held


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({}, "one budget, seconds, FLOPs or a run, got 0"),
        ({"seconds": 60, "compute_flops": 1e12}, "got 2"),
        ({"seconds": 3}, "between 20 and 604800 seconds, got 3"),
        ({"compute_flops": 1}, "between 1e9 and 1e22 FLOPs, got 1"),
    ],
)
def test_impossible_budgets_are_refused(asked, sentence):
    with pytest.raises(InputError, match=sentence):
        PilotBudget(**asked)


def test_impossible_questions_are_refused(prepared, law):
    with pytest.raises(InputError, match="1 to 20 repeats, got 0"):
        propose(prepared, law, TERMS, PilotBudget(seconds=240), repeats=0)
    with pytest.raises(InputError, match="steps of one example"):
        large = replace(law, space=replace(law.space, model_size=(2e5, 3e5)))
        propose(prepared, large, TERMS, PilotBudget(compute_flops=1e9))
    with pytest.raises(InputError, match="epsilon"):
        propose(prepared, law, replace(TERMS, epsilon=-1.0), PilotBudget(seconds=60))


# --- other mechanisms ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def banded(prepared, law) -> PilotPlan:
    return propose(prepared, law, replace(TERMS, bands=4), PilotBudget(seconds=240))


def test_correlated_noise_keeps_the_promise_and_predicts_nothing(banded, prepared):
    for arm in banded.arms:
        settings, certificate = arm.settings, arm.certificate
        assert settings.bands == certificate.bands == 4
        assert settings.strategy == pytest.approx(
            strategy(bands=4, iterations=settings.config.iterations)
        )
        assert certificate.compositions == -(-settings.config.iterations // 4)
        assert certificate.sampling_probability == settings.sampling_probability
        assert settings.config.batch_size <= prepared.units // 4
        assert certificate.epsilon <= banded.epsilon
        assert proved(banded, arm) is not None
        assert arm.predicted is None


def test_correlated_noise_trains_the_configuration_of_independent_noise(banded, plan):
    for ours, alone in zip(banded.arms, plan.arms, strict=True):
        assert ours.settings.config == alone.settings.config
        more = ours.certificate.noise_multiplier / alone.certificate.noise_multiplier
        assert more > 1
        # A late step's noise on one weight is that of this row of the inverse strategy.
        row = noising(np.array(ours.settings.strategy), ours.settings.config.iterations)
        rise = more * math.sqrt(sum(row**2))
        assert ours.settings.learning_rate == pytest.approx(rise * alone.settings.learning_rate)


def test_its_plan_is_read_as_it_was_written(banded, plan):
    assert PilotPlan.from_json(banded.to_json()) == banded
    assert banded.plan_id != plan.plan_id
    written = plan.to_dict()["arms"][0]
    assert not {"strategy", "sampling"} & written["settings"].keys(), "plans of before keep ids"
    assert "bands" not in written["certificate"]


def test_its_trainings_are_no_records_and_its_card_says_what_was_done(banded):
    arm = banded.arms[0]
    with pytest.raises(InputError, match="correlated over 4 steps is no record"):
        record_of(banded, arm, result(banded, 0, 2.0))
    card = model_card(banded, arm, result(banded, 0, 2.0))
    assert "one of 4 groups that take turns" in card and "correlated over 4 steps" in card
    steps = arm.settings.config.iterations
    assert without_guarantee(arm, steps) is None
    assert "more steps" in str(without_guarantee(arm, steps + 4))
    other = replace(arm, settings=replace(arm.settings, strategy=(1.0,)))
    assert "correlated over other steps" in str(without_guarantee(other, steps))


def test_truncated_batches_are_certified_with_their_largest_size(prepared, law):
    terms = replace(TERMS, sampling=Sampling.TRUNCATED_POISSON)
    found = propose(prepared, law, terms, PilotBudget(seconds=240), with_rule=False)
    (arm,) = found.arms
    assert arm.certificate.sampling is arm.settings.sampling is Sampling.TRUNCATED_POISSON
    assert arm.settings.largest_batch == arm.certificate.mechanism.largest_batch > 0
    assert PilotPlan.from_json(found.to_json()) == found
    assert proved(found, arm) is not None and arm.predicted is not None


# --- several documents of a person ----------------------------------------------------------------


def test_several_documents_cost_time_and_compute_and_no_privacy(prepared, law):
    people = replace(prepared, source=CorpusSource(kind="csv", path="/a.csv", unit_column="who"))
    terms = replace(TERMS, privacy_unit="person", documents=4)
    plan = propose(people, law, terms, PilotBudget(seconds=240), with_rule=False)
    (arm,) = plan.arms
    config, settings = arm.settings.config, arm.settings
    assert 0.8 * 240 <= plan.expected_seconds <= 240
    assert settings.documents == 4 and settings.compute_flops == 4 * config.compute_flops
    assert plan.limit is not None and plan.limit.given_flops == settings.compute_flops
    assert arm.certificate.mechanism.noise_multiplier == pytest.approx(
        settings.noise_batch_ratio * config.batch_size
    )
    assert settings.mechanism == arm.certificate.mechanism  # that of one document
    assert arm.predicted is None
    assert PilotPlan.from_json(plan.to_json()) == plan
    with pytest.raises(InputError, match="up to 4 windows"):
        record_of(plan, arm, result(plan, 0, 2.0))


def test_by_compute_a_person_s_documents_share_what_was_asked(prepared, law):
    people = replace(prepared, source=CorpusSource(kind="csv", path="/a.csv", unit_column="who"))
    terms = replace(TERMS, privacy_unit="person", documents=4)
    plan = propose(people, law, terms, PilotBudget(compute_flops=1e14), with_rule=False)
    assert 0.8e14 <= plan.arms[0].settings.compute_flops <= 1e14


def test_documents_are_averaged_only_where_people_have_some(prepared, law):
    with pytest.raises(InputError, match="each document is its own unit"):
        propose(prepared, law, replace(TERMS, documents=2), PilotBudget(seconds=240))


WANTED = WantedRun(model_size=300_000, iterations=900, noise_batch_ratio=2**-7)


def test_a_run_that_the_law_asks_for_is_planned_as_it_is(prepared, law):
    plan = propose(prepared, law, TERMS, PilotBudget(run=WANTED), with_rule=False)
    (arm,) = plan.arms
    config = arm.settings.config
    assert config.model_size == pytest.approx(WANTED.model_size, rel=0.1)
    assert config.iterations == WANTED.iterations
    # The certificate keeps the promise; its noise is the wanted one but for whole units a step.
    assert arm.settings.noise_batch_ratio == pytest.approx(WANTED.noise_batch_ratio, rel=0.02)
    assert arm.certificate.epsilon <= TERMS.epsilon
    assert arm.predicted == expected(law, config, arm.settings.noise_batch_ratio)
    assert PilotPlan.from_json(plan.to_json()) == plan
    assert plan.limit is not None and not plan.limit.cuts
    compared = propose(prepared, law, TERMS, PilotBudget(run=WANTED))
    assert compared.arms[0] == arm and compared.arms[1].name == "rule"
    stricter = replace(TERMS, epsilon=2.0)
    (more,) = propose(prepared, law, stricter, PilotBudget(run=WANTED), with_rule=False).arms
    assert more.settings.config.batch_size > config.batch_size


def test_the_command_names_a_run_by_size_steps_and_noise():
    none = {"compute": None, "money": None, "minutes": None, "price": None}
    said = Namespace(**none, wanted_run="300000, 900, 0.0078125")
    assert budget_of(said) == PilotBudget(run=WANTED)
    for text in ("300000,900", "300000,900,1e-3,2", "many,900,1e-3"):
        with pytest.raises(InputError, match="--run"):
            budget_of(Namespace(**none, wanted_run=text))
    with pytest.raises(InputError, match="pilot from a public model"):
        _ = PilotBudget(run=WANTED).time


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"model_size": 20}, "size that this text can be trained at"),
        ({"iterations": 200}, "fewer are no point of a law"),
        ({"noise_batch_ratio": 1e-9}, "σ̄ this text allows"),
        ({"model_size": 200_000_000}, "ten times the most|fits into"),
        ({"noise_batch_ratio": 0.0}, "Expected noise_batch_ratio > 0, got 0"),
        ({"iterations": math.inf}, "Expected iterations > 0, got inf"),
    ],
)
def test_a_run_that_cannot_be_planned_is_refused(prepared, law, change, reason):
    with pytest.raises(InputError, match=reason):
        propose(prepared, law, TERMS, PilotBudget(run=replace(WANTED, **change)))


def test_a_noise_that_no_whole_batch_has_is_refused_with_those_that_can_be_reached(prepared, law):
    def planned(noise):
        run = PilotBudget(run=replace(WANTED, noise_batch_ratio=noise))
        (arm,) = propose(prepared, law, TERMS, run, with_rule=False).arms
        return arm.settings.config.batch_size

    with pytest.raises(InputError, match=r"at most .* with one unit in a step") as refused:
        planned(1e3)
    (largest,) = map(float, re.findall(r"at most (\S+) with", str(refused.value)))
    assert planned(0.98 * largest) == 1
    # Two units have about half the noise of one: between them lies nothing.
    with pytest.raises(InputError, match=r"with 1 units in a step or .* with 2") as refused:
        planned(0.75 * largest)
    ((above, below),) = re.findall(r"promise, (\S+) with .* or (\S+) with", str(refused.value))
    assert float(above) == pytest.approx(largest, rel=0.05)
    assert planned(0.99 * float(below)) == 2


def test_a_run_that_takes_too_long_is_not_told_to_ask_for_compute(prepared, law):
    speeds = tuple(replace(one, seconds_per_example=10.0) for one in prepared.speeds)
    slow = replace(prepared, speeds=speeds)
    with pytest.raises(InputError, match="Expected a run for which this machine") as refused:
        propose(slow, law, TERMS, PilotBudget(run=WANTED))
    assert "FLOPs" not in str(refused.value)


def test_a_run_beside_a_public_model_is_refused_before_anything_is_prepared(monkeypatch):
    asked = {
        "budget_of": PilotBudget(run=WANTED), "canaries_of": 0, "repeats_of": 1,
        "start_of": object(), "source_of": object(), "terms_of": None,
    }  # fmt: skip
    for name, value in asked.items():
        monkeypatch.setattr(pilot_proposal, name, lambda *_, value=value: value)
    monkeypatch.setattr(pilot_proposal, "require_reading", lambda *_: pytest.fail("looked at it"))
    with pytest.raises(InputError, match="pilot from a public model"):
        pilot_proposal.proposed_for(Namespace())
