"""A pilot from a public start: afforded, certified, predicted, recorded as what it is."""

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from engine.errors import InputError
from engine.law.fine_tuning.fit import fit_tuning
from engine.pilot.fine_tuning import (
    TEXTS,
    TuningBasis,
    propose_from_start,
    require_reading,
)
from engine.pilot.imported_start import Asked
from engine.pilot.ladder import shape_for, trainable_count
from engine.pilot.plan import CorpusSource, PilotPlan
from engine.pilot.prepared import Prepared
from engine.pilot.question import PilotBudget, PrivacyTerms
from engine.pilot.running.recording import record_of
from engine.pilot.running.status import TrainingResult
from engine.pilot.search import seconds_of
from engine.pilot.verdict import Outcome, verdict
from engine.runs.fine_tuned import Method, TunedPoint, method_of, tuned_points
from tests.law.fine_tuning.made_tunings import form_called, made
from tests.pilot.made_start import keep

TERMS = PrivacyTerms(epsilon=4.0, delta=1e-6, privacy_unit="document")
SHAPE = shape_for(30_000, sequence_length=64)
BEGUN = 2.0


@pytest.fixture
def start(tmp_path, monkeypatch):
    monkeypatch.setenv("KESSAI_DATA", str(tmp_path))
    return keep("mine", SHAPE)


@cache
def _fit():
    return fit_tuning(made(form_called("averaging"), scatter=0.01), draws=10)


@pytest.fixture
def basis(prepared):
    """Trainings of all weights and of rank 4, at a rate that tells their noise."""
    points = _fit().points
    return TuningBasis(
        fit=_fit(),
        points=[
            TunedPoint(
                method=Method("mine", rank),
                start_cross_entropy=BEGUN,
                model_size=int(points.model_size[k]),
                trainable_size=int(points.trainable_size[k]),
                iterations=int(points.iterations[k]),
                batch_size=64,
                noise_batch_ratio=float(points.noise_batch_ratio[k]),
                cross_entropy=float(points.cross_entropy[k]),
                learning_rate=0.001 * (1 + rank) if points.noise_batch_ratio[k] else 0.5,
                run_id=str(k),
            )
            for k, rank in zip(range(points.size), np.resize([0, 4], points.size), strict=True)
        ],
        text=prepared.family,
        evidence_id=f"{prepared.family}-tuned",
        evidence_hash="e" * 64,
    )


def proposed(prepared, start, basis, *, begun=BEGUN, terms=TERMS, seconds=300.0, **changes):
    budget = PilotBudget(seconds=seconds)
    read = replace(prepared, start_losses=((start.sha256, begun),))
    assert Prepared.from_json(read.to_json()) == read
    return propose_from_start(read, start, basis, terms, budget, **changes)


def test_a_plan_keeps_time_and_promise_and_says_what_to_expect(prepared, start, basis):
    plan = proposed(prepared, start, basis, asked=Asked(lora_rank=4))
    (arm,) = plan.arms
    assert arm.settings.start == start.begun(4)
    assert seconds_of(prepared, arm.settings.config) <= 300
    assert arm.certificate.epsilon <= 4 and arm.settings.seed is None
    strict = proposed(
        prepared, start, basis, asked=Asked(lora_rank=4), terms=replace(TERMS, epsilon=0.05)
    )
    rates = [one.settings.learning_rate for one in (arm, strict.arms[0])]
    assert rates == [0.5, 0.005]  # of rank 4 with hardly any noise, and with much of it
    assert arm.predicted.low < arm.predicted.value < arm.predicted.high
    assert arm.predicted.value < BEGUN
    assert (plan.start_cross_entropy, plan.transfer) == (BEGUN, None)
    assert PilotPlan.from_json(plan.to_json()) == plan
    assert replace(plan, start_cross_entropy=1.9).plan_id != plan.plan_id


def test_more_time_is_never_worse_and_the_rank_is_chosen(prepared, start, basis):
    losses = [
        proposed(prepared, start, basis, seconds=seconds).arms[0].predicted.value
        for seconds in (60, 240, 960)
    ]
    assert losses == sorted(losses, reverse=True)
    free = proposed(prepared, start, basis)
    each = [proposed(prepared, start, basis, asked=Asked(lora_rank=rank)) for rank in (0, 4)]
    assert free.arms[0].predicted.value == min(plan.arms[0].predicted.value for plan in each)


def test_another_text_can_refute_and_not_confirm(prepared, start, basis):
    own, other = (
        proposed(prepared, start, replace(basis, text=text), asked=Asked(lora_rank=0))
        for text in (prepared.family, "gpt-bytes-other")
    )
    wide, narrow = other.arms[0].predicted, own.arms[0].predicted
    assert wide.value == narrow.value
    assert math.log(wide.high / wide.low) > 2 * 1.6 * TEXTS
    assert other.transfer.runs == 0
    inside = verdict(other, [result(other, wide.value)])
    assert inside.outcome is Outcome.WITHIN
    assert verdict(own, [result(own, narrow.value)]).outcome is Outcome.CONFIRMED
    assert verdict(other, [result(other, 1.1 * wide.high)]).outcome is Outcome.WORSE


def result(plan, loss):
    config = plan.arms[0].settings.config
    return TrainingResult(
        arm="recommended", repeat=0, cross_entropy=loss, train_loss=loss,
        curve=((32, 1.95), (config.iterations, loss)), iterations=config.iterations,
        charged=config.iterations, seconds=9.0, physical_batch_size=8, hardware="made",
        versions={}, created_at="2026-11-24T09:00:00+00:00", run_id=None,
    )  # fmt: skip


def test_a_start_that_was_better_is_named(prepared, start, basis):
    plan = proposed(prepared, start, basis)
    worse, better = (verdict(plan, [result(plan, loss)]) for loss in (BEGUN, 0.9 * BEGUN))
    assert worse.start_was_better and not better.start_was_better


def test_its_record_joins_the_fine_tunings_and_no_law_from_nothing(prepared, start, basis):
    plan = proposed(prepared, start, basis, asked=Asked(lora_rank=4))
    record = record_of(plan, plan.arms[0], result(plan, 1.8))
    assert record.family == f"{prepared.family}-tuned"
    assert method_of(record.source) == Method("mine", 4)
    last = tuned_points([record])[-1]
    assert (last.start_cross_entropy, last.cross_entropy) == (BEGUN, 1.8)
    assert last.trainable_size == trainable_count(SHAPE, 4)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"asked": Asked(lora_rank=3)}, "Expected a rank that was tried, 0, 4, got 3"),
        ({"begun": 5.6}, "a text that the start mine can read"),
        ({"seconds": 20.0, "repeats": 20}, "affords no training from mine near"),
    ],
)
def test_what_cannot_be_planned_is_refused(prepared, start, basis, changes, said):
    with pytest.raises(InputError, match=said):
        proposed(prepared, start, basis, **changes)


def test_a_text_that_was_prepared_before_the_start_came_is_prepared_anew(prepared, start, basis):
    with pytest.raises(InputError, match="prepare it anew"):
        propose_from_start(prepared, start, basis, TERMS, PilotBudget(seconds=300.0))


def test_the_very_text_that_a_start_was_trained_on_is_refused(prepared, start, basis):
    read = replace(prepared, fingerprint=start.card.fingerprint)
    with pytest.raises(InputError, match="that the start mine has not read"):
        proposed(read, start, basis)


def test_another_vocabulary_is_refused(prepared, start, basis):
    with pytest.raises(InputError, match="choose that tokenizer"):
        proposed(replace(prepared, vocabulary_size=4096), start, basis)


@pytest.mark.parametrize(
    ("tokenizer", "window", "reads"),
    [("bytes", 64, True), ("bytes", 128, False), ("japanese-512", 64, False)],
)
def test_a_text_read_otherwise_is_refused_before_it_is_prepared(start, tokenizer, window, reads):
    source = CorpusSource(kind="jsonl", path="text.jsonl", tokenizer=tokenizer, window=window)
    if reads:
        require_reading(start.name, source)
        return
    with pytest.raises(InputError, match="read as the start mine reads it"):
        require_reading(start.name, source)
