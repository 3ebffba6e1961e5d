"""Pilots from an imported start: a plan without a prediction, its verdict, and what goes out."""

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load

from engine.errors import InputError
from engine.interval import Interval
from engine.law.fine_tuning.fit import Prediction
from engine.law.fine_tuning.points import Configurations
from engine.pilot import huggingface, starts
from engine.pilot.audits.card import CARD_FILE, model_card, weights_metadata
from engine.pilot.audits.weights import WEIGHTS_FILE, save_weights
from engine.pilot.dpsgd.model import build
from engine.pilot.fine_tuning import lead
from engine.pilot.imported_start import (
    IMPORTED,
    RANK,
    RATES,
    STEPS,
    Asked,
    export_trained,
    propose_imported,
)
from engine.pilot.ladder import parameter_count, trainable_count
from engine.pilot.limit import End
from engine.pilot.plan import CorpusSource, PilotPlan
from engine.pilot.question import PilotBudget, PrivacyTerms
from engine.pilot.running.folder import folder_of
from engine.pilot.running.recording import record_of
from engine.pilot.running.status import TrainingResult
from engine.pilot.search import seconds_of
from engine.pilot.shape import Shape
from engine.pilot.verdict import Outcome, verdict
from engine.runs.fine_tuned import Method, method_of, tuned_points
from engine.text import pilots
from engine.text.i18n import Words

TERMS = PrivacyTerms(epsilon=4.0, delta=1e-6, privacy_unit="document")
SHAPE = Shape(
    kind="llama", depth=2, width=16, heads=4, hidden=24, activation="swiglu", vocabulary_size=300,
    sequence_length=64, key_value_heads=2, rotary_base=5e3, norm_epsilon=1e-6,
)  # fmt: skip
TOKENIZER = "tokens-0123abcd"
BEGUN = 4.0


@pytest.fixture
def start(tmp_path, monkeypatch):
    monkeypatch.setenv("KESSAI_DATA", str(tmp_path))
    card = starts.Card(
        shape=SHAPE, corpus=IMPORTED, fingerprint="0" * 64, batch_size=0, iterations=0,
        learning_rate=0.0, seed=0, cross_entropy=None, tokenizer=TOKENIZER,
    )  # fmt: skip
    starts.write("theirs", card, {"weights": np.zeros(parameter_count(SHAPE))})
    starts.tokenizer_file("theirs").write_text("{}")
    return starts.read("theirs")


@pytest.fixture
def text(prepared, start):
    return replace(
        prepared,
        family=f"gpt-{TOKENIZER}-mine",
        vocabulary_size=290,
        sequence_length=64,
        bytes_per_token=3.5,
    )


def proposed(text, start, *, asked=Asked(), seconds=300.0, **changes):  # noqa: B008 (it is frozen)
    return propose_imported(
        text, start, BEGUN, TERMS, PilotBudget(seconds=seconds), asked,
        evidence=("made-tuned", "e" * 64), **changes,
    )  # fmt: skip


def result(plan, loss):
    config = plan.arms[0].settings.config
    return TrainingResult(
        arm="recommended", repeat=0, cross_entropy=loss, train_loss=loss,
        curve=((32, 3.9), (config.iterations, loss)), iterations=config.iterations,
        charged=config.iterations, seconds=9.0, physical_batch_size=8, hardware="made",
        versions={}, created_at="2026-11-24T09:00:00+00:00", run_id=None,
    )  # fmt: skip


def test_the_plan_keeps_time_and_promise_and_predicts_nothing(text, start):
    plan = proposed(text, start)
    (arm,) = plan.arms
    settings = arm.settings
    assert settings.start == start.begun(RANK) and arm.predicted is None
    assert (settings.config.iterations, settings.learning_rate) == (STEPS, RATES[True])
    assert seconds_of(text, settings.config) <= 300
    assert arm.certificate.epsilon <= 4 and settings.seed is None
    assert PilotPlan.from_json(plan.to_json()) == plan
    assert plan.bytes_per_token == 3.5
    assert "no law knows: nothing is predicted" in pilots.from_imported(plan, Words("en"))
    other = proposed(text, start, asked=Asked(lora_rank=0, steps=7, learning_rate=0.5))
    chosen = other.arms[0].settings
    assert (chosen.start.lora_rank, chosen.config.iterations, chosen.learning_rate) == (0, 7, 0.5)
    assert proposed(text, start, asked=Asked(lora_rank=0)).arms[0].settings.learning_rate == 1e-4
    assert proposed(text, start, seconds=1e5).limit.end is End.TEXT


@pytest.mark.parametrize("distance", [2.0, 6.0])
def test_the_law_is_asked_and_says_how_far_it_is(text, start, distance):
    plan: PilotPlan = proposed(text, start)
    asked: list[Configurations] = []

    def predict(at):
        asked.append(at)
        loss = Interval(value=3.0, low=2.9, high=3.1, level=0.9)
        return [Prediction(cross_entropy=loss, share_taken=0.25, distance=distance)]

    law: Any = SimpleNamespace(
        predict=predict, points=SimpleNamespace(model_size=np.array([3e4, 3e5]))
    )
    found = lead(plan, law)
    assert found is not None
    settings = plan.arms[0].settings
    (at,) = asked
    assert at.start_cross_entropy == BEGUN
    assert at.trainable_size == trainable_count(SHAPE, RANK) < at.model_size
    assert at.noise_batch_ratio == settings.noise_batch_ratio
    said = pilots.lead(found, Words("en"))
    if distance > found.farthest:
        assert found.cross_entropy is None and "400 times away" in said
    else:
        # Texts differ: wider than the law's own range.
        assert found.cross_entropy is not None
        assert found.cross_entropy.low < 2.4 and found.cross_entropy.high > 3.8
        assert "says 3" in said and "no prediction" in said
    assert lead(replace(plan, start_cross_entropy=None), law) is None
    assert pilots.lead(None, Words("en")) == ""


def test_its_verdict_tells_the_loss_and_whether_the_start_was_better(text, start):
    plan = proposed(text, start)
    found = verdict(plan, [result(plan, 3.5)])
    assert found.outcome is Outcome.UNPREDICTED and not found.start_was_better
    assert verdict(plan, [result(plan, 4.1)]).start_was_better


def test_its_record_tells_what_moved(text, start):
    plan = proposed(text, start, asked=Asked(lora_rank=3, steps=60))
    record = record_of(plan, plan.arms[0], result(plan, 3.5))
    assert method_of(record.source) == Method("theirs", 3)
    point = tuned_points([record])[-1]
    assert point.trainable_size == trainable_count(SHAPE, 3)
    assert point.start_cross_entropy == BEGUN
    assert point.cross_entropy == pytest.approx(3.5)


def test_it_reads_texts_of_its_own_tokenizer_only(start):
    assert start.card.reads(f"gpt-{TOKENIZER}-mine", 290)
    for family, size in ((f"gpt-{TOKENIZER}-mine", 301), ("gpt-bytes-mine", 256)):
        assert not start.card.reads(family, size)
    assert not start.card.reads("gpt-tokens-ffffffff-mine", 300)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"asked": Asked(lora_rank=17)}, "a rank of 0 to 16"),
        ({"asked": Asked(steps=0)}, "at least 1 step"),
        ({"asked": Asked(learning_rate=1.0)}, "learning rate between 0 and 1"),
        ({"asked": Asked(steps=10**9)}, "a budget for 1000000000 steps of one example"),
    ],
)
def test_what_cannot_be_planned_is_refused(text, start, changes, said):
    with pytest.raises(InputError, match=said):
        proposed(text, start, **changes)


def test_a_device_without_the_memory_is_refused(text, start):
    needed = 32 * trainable_count(SHAPE, RANK) + 4 * parameter_count(SHAPE)
    proposed(replace(text, memory_bytes=needed), start)
    with pytest.raises(InputError, match="Expected a device with"):
        proposed(replace(text, memory_bytes=needed - 1), start)


def low_rank_weights():
    rows = {"attention.query_key_value": (16, 32), "attention.out": (16, 16)}
    rows |= {"feed_forward.gate": (16, 24), "feed_forward.up": (16, 24)}
    rows |= {"feed_forward.down": (24, 16)}
    rng = np.random.default_rng(1)
    weights = {}
    for block in range(2):
        for name, (inputs, outputs) in rows.items():
            weights[f"blocks.{block}.{name}.down.weight"] = rng.random((2, inputs), np.float32)
            weights[f"blocks.{block}.{name}.up.weight"] = rng.random((outputs, 2), np.float32)
    return weights


def test_what_was_trained_goes_out_once_with_card_and_tokenizer(text, start, tmp_path, monkeypatch):
    monkeypatch.setenv("KESSAI_PILOTS", str(tmp_path / "pilots"))
    plan = proposed(text, start, asked=Asked(lora_rank=2), keep_weights=True)
    pilot, out = folder_of(plan.plan_id), tmp_path / "out"
    place = pilot.training_folder("recommended", 0)
    place.mkdir(parents=True)
    pilot.store_plan(plan)
    with pytest.raises(InputError, match="--keep-weights"):
        export_trained(plan.plan_id, out)
    weights = low_rank_weights()
    save_weights(weights, place / WEIGHTS_FILE, {})
    (place / "README.md").write_text("card")
    files = export_trained(plan.plan_id, out)
    assert set(files) == {p.name for p in out.iterdir()} == {
        "README.md", "tokenizer.json", "adapter_config.json", "adapter_model.safetensors"
    }  # fmt: skip
    config = json.loads((out / huggingface.ADAPTER_CONFIG_FILE).read_text())
    assert (config["r"], config["lora_alpha"], config["fan_in_fan_out"]) == (2, 2, False)
    adapter = load((out / huggingface.ADAPTER_FILE).read_bytes())
    thrice = 2 * 2 * (2 * 16)  # A of the projection, once for each of its three parts
    moved = sum(array.size for array in adapter.values())
    assert moved == trainable_count(SHAPE, 2) + thrice
    key = adapter["base_model.model.model.layers.1.self_attn.k_proj.lora_B.weight"]
    np.testing.assert_array_equal(
        key, weights["blocks.1.attention.query_key_value.up.weight"][16:24]
    )
    with pytest.raises(InputError, match="which holds something"):
        export_trained(plan.plan_id, out)


def test_an_export_tells_nothing_of_the_text_but_what_the_weights_learnt(
    text, start, tmp_path, monkeypatch
):
    """The folder, as it leaves the company, of a pilot on a text whose path and columns say whose
    it is: a letter there is one in the card, the settings or the header of the weights."""
    monkeypatch.setenv("KESSAI_PILOTS", str(tmp_path / "pilots"))
    planted = CorpusSource(
        kind="jsonl", path="/srv/qxclient/letters.jsonl", unit_column="qxwho", text_column="qxtext"
    )
    whole = {name: one.detach().numpy() for name, one in build(SHAPE).named_parameters()}
    for rank, weights in ((0, whole), (2, low_rank_weights())):
        chosen = Asked(lora_rank=rank)
        plan = proposed(replace(text, source=planted), start, asked=chosen, keep_weights=True)
        assert plan.corpus == planted
        (arm,), ended, out = plan.arms, result(plan, 3.0), tmp_path / f"out{rank}"
        place = folder_of(plan.plan_id).training_folder("recommended", 0)
        place.mkdir(parents=True)
        folder_of(plan.plan_id).store_plan(plan)
        save_weights(weights, place / WEIGHTS_FILE, weights_metadata(plan, arm, ended))
        (place / CARD_FILE).write_text(model_card(plan, arm, ended, held_out_units=9, audits=()))
        for name in export_trained(plan.plan_id, out):
            content = (out / name).read_bytes()
            for planted_word in (b"qxclient", b"qxwho", b"qxtext", bytes(tmp_path)):
                assert planted_word not in content, name
