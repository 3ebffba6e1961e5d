"""Model cards: the whole promise or none, never a path, and a recipe that loads the model."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors import safe_open

from engine.accounting.certificate import Certificate
from engine.accounting.mechanism import Mechanism
from engine.config import TrainingConfig
from engine.interval import Interval
from engine.pilot.audits import card
from engine.pilot.audits.audit import Audit, Method
from engine.pilot.audits.card import model_card, weights_metadata, without_guarantee
from engine.pilot.audits.weights import WEIGHTS_FILE, save_weights
from engine.pilot.dpsgd.model import build
from engine.pilot.ladder import parameter_count
from engine.pilot.plan import Arm, CorpusSource, PilotPlan, TrainingSettings
from engine.pilot.running.status import TrainingResult
from engine.pilot.shape import Shape

SHAPE = Shape(
    kind="gpt", depth=1, width=32, heads=2, hidden=64, activation="swiglu",
    vocabulary_size=256, sequence_length=16,
)  # fmt: skip
CERTIFICATE = Certificate(
    mechanism=Mechanism.poisson(sampling_probability=0.0125, noise_multiplier=1.25, iterations=300),
    epsilon=3.99999,
    delta=1e-8,
    accountant="PLD of *dp_accounting* 0.6.0",
    privacy_unit="patient",
)
SETTINGS = TrainingSettings(
    shape=SHAPE,
    config=TrainingConfig(
        model_size=parameter_count(SHAPE), batch_size=250, iterations=300, sequence_length=16
    ),
    data_budget=20_000,
    noise_batch_ratio=1.25 / 250,
    clip_norm=1.0,
    learning_rate=0.01,
    warmup=20,
)
ARM = Arm(
    name="recommended",
    settings=SETTINGS,
    certificate=CERTIFICATE,
    predicted=Interval(value=2.5, low=2.25, high=2.75, level=0.9),
)
PLAN = PilotPlan(
    corpus=CorpusSource(
        kind="csv", path="/secret/place/diary.csv", text_column="confession",
        unit_column="surname", tokenizer="/secret/tokens.json",
    ),
    corpus_fingerprint="ab" * 32,
    family="gpt-bytes-diary-abababab",
    epsilon=4.0,
    delta=1e-8,
    privacy_unit="patient",
    arms=(ARM, replace(ARM, name="rule")),
    repeats=3,
    evidence_id="E-1",
    evidence_hash="cd" * 8,
    code_version="0123456789ab",
    expected_seconds=60.0,
    device="cpu",
)  # fmt: skip
RESULT = TrainingResult(
    arm="recommended",
    repeat=1,
    cross_entropy=2.61234,
    train_loss=2.60001,
    curve=((32, 4.5), (300, 2.61234)),
    iterations=290,
    charged=300,
    seconds=12.34,
    physical_batch_size=32,
    hardware="CPU, 2 cores",
    versions={"torch": "2.13.0", "kessai": "0123456789ab"},
    created_at="2026-01-02T03:04:05+00:00",
    run_id="r",
)
AUDIT = Audit(
    lower_bound=0.0, delta=1e-8, confidence=0.95, canaries=1000, guesses=1000, correct=503,
    auc=0.504, ceiling=2.9, method=Method.RANDOM_SPLIT,
)  # fmt: skip


def with_settings(**changes) -> Arm:
    return replace(ARM, settings=replace(SETTINGS, **changes))


def test_a_prediction_from_another_text_s_law_is_called_so():
    assert "Predicted before training (90% interval) | 2.5000" in model_card(PLAN, ARM, RESULT)
    text = model_card(replace(PLAN, transferred_runs=2), ARM, RESULT)
    (line,) = (line for line in text.splitlines() if "Predicted before training" in line)
    assert "interval, transferred from " in line and "moved by 2 runs of this text)" in line


def test_the_guarantee_is_stated_in_full():
    text = model_card(PLAN, ARM, RESULT)
    guarantee = text.split("## Guarantee")[1].split("##")[0]
    for part in (
        "**ε = 4 at δ = 1E-8** for one patient, for this model alone.",
        "add or remove one patient of the training set, split and N held fixed",
        "Poisson: each patient joins each step independently, with probability 0.0125",
        "noise multiplier 1.25, 300 steps",
        "PLD of \\*dp\\_accounting\\* 0.6.0",
        "300 (of them in the model: 290)",
        "6 models were trained on the same data",
        "ε = 24, δ = 6E-8 together (basic composition",
    ):
        assert part in guarantee, part
    assert "No privacy guarantee" not in text


def test_fixed_batches_have_words_of_their_own():
    mechanism = Mechanism.deterministic(noise_multiplier=1.25, participations=4)
    certificate = replace(CERTIFICATE, mechanism=mechanism)
    text = model_card(PLAN, replace(ARM, certificate=certificate), RESULT)
    assert "each patient takes part at most 4 times" in text
    assert "replace one patient by an empty contribution" in text
    assert "noise multiplier 1.25, 4 participations" in text


def test_the_only_training_has_no_sum():
    plan = replace(PLAN, arms=(ARM,), repeats=1)
    text = model_card(plan, ARM, RESULT)
    assert "It is the only training of its plan." in text
    assert "composition" not in text


def test_a_plan_with_one_arm_that_promises_nothing_promises_nothing_together():
    plan = replace(PLAN, arms=(ARM, replace(with_settings(seed=1), name="rule")))
    text = model_card(plan, ARM, RESULT)
    assert "**ε = 4 at" in text and "together they promise nothing" in text


@pytest.mark.parametrize(
    ("arm", "charged", "reason"),
    [
        (with_settings(noise_batch_ratio=0.0), 300, "without noise"),
        (with_settings(seed=7), 300, "from a seed"),
        (with_settings(noise_batch_ratio=1.24 / 250), 300, "less noise"),
        (ARM, 301, "more steps"),
    ],
)
def test_without_a_guarantee_the_card_says_so_and_gives_no_epsilon(arm, charged, reason):
    assert reason in (without_guarantee(arm, charged) or "")
    result = replace(RESULT, charged=charged)
    text = model_card(PLAN, arm, result, audits=[replace(AUDIT, lower_bound=9.0)])
    assert "## No privacy guarantee" in text and reason in text
    assert "ε = 4" not in text and "## Guarantee" not in text
    assert "promise is broken" not in text
    assert "epsilon" not in weights_metadata(PLAN, arm, result)


def test_a_kept_promise_has_no_reason_against_it():
    assert without_guarantee(ARM, 300) is None
    assert without_guarantee(with_settings(noise_batch_ratio=1.26 / 250), 290) is None


def test_nothing_private_is_on_it():
    text = model_card(PLAN, ARM, RESULT, held_out_units=1000, audits=[AUDIT])
    text += json.dumps(weights_metadata(PLAN, ARM, RESULT))
    for word in ("secret", "diary", "confession", "surname", "tokens.json"):
        assert word not in text
    assert "a CSV table" in text and "a tokenizer file" in text
    assert "`" + "ab" * 32 + "`" in text
    assert "20,000 took part in training. 1,000 more were held out." in text


def test_every_kind_of_corpus_has_words_and_bytes_are_bytes():
    for kind in ("docstrings", "python-source", "folder", "jsonl", "csv", "parquet", "huggingface"):
        plan = replace(PLAN, corpus=CorpusSource(kind=kind))
        text = model_card(plan, ARM, RESULT)
        assert card._CORPORA[kind] in text
        assert "Tokens: bytes, vocabulary of 256" in text


def test_what_is_not_covered_is_said():
    text = model_card(PLAN, ARM, RESULT).split("## What it does not cover")[1]
    for part in (
        "exact figures",
        "learning rate",
        "floating point",
        "choice of this model",
        "Held",
    ):
        assert part in text


def test_losses_and_settings_are_on_it():
    text = model_card(PLAN, ARM, RESULT)
    for part in (
        "| Held-out | 2.6123 |",
        "| On training units | 2.6000 |",
        "| Predicted before training (90% interval) | 2.5000 (2.2500 to 2.7500) |",
        "| 32 | 4.5000 |\n| 300 | 2.6123 |",
        "| learning\\_rate | 0.01 |",
        "| physical\\_batch\\_size | 32 |",
        "| torch version | 2.13.0 |",
        "| hardware | CPU, 2 cores |",
        "on 2026-01-02",
    ):
        assert part in text, part
    bare = model_card(PLAN, replace(ARM, predicted=None), replace(RESULT, train_loss=None))
    assert "Predicted" not in bare and "On training units" not in bare
    assert "## Audit" not in bare and "held out." not in bare


def test_an_audit_is_a_lower_bound_and_an_alarm_above_the_promise():
    text = model_card(PLAN, ARM, RESULT, audits=[AUDIT])
    assert "ε is at least 0 at δ = 1e-08 with 0.95 confidence (503 of 1,000 guesses right" in text
    assert "A bound of 0 is no proof of privacy" in text and "broken" not in text
    at = replace(AUDIT, lower_bound=CERTIFICATE.epsilon)
    assert "broken" not in model_card(PLAN, ARM, RESULT, audits=[at])
    above = replace(AUDIT, lower_bound=4.0, method=Method.CANARIES)
    below = replace(AUDIT, lower_bound=3.99998)
    assert "ε is at least 3.999 at" in model_card(PLAN, ARM, RESULT, audits=[below])
    text = model_card(PLAN, ARM, RESULT, audits=[AUDIT, above])
    assert text.count("**The promise is broken") == 1 and "inserted canaries" in text


@given(st.floats(1e-12, 1e9))
def test_promises_are_rounded_upwards(value):
    shown = float(card._upwards(value))
    assert value <= shown <= value * 1.0011


@pytest.mark.parametrize(
    ("value", "shown"),
    [(4.0, "4"), (3.99999, "4"), (24.0, "24"), (100.0, "100"), (0.01234501, "0.01235"),
     (1e-8, "1E-8"), (1234.5, "1235"), (12345.0, "12350")],
)  # fmt: skip
def test_promises_read_well(value, shown):
    assert card._upwards(value) == shown


@given(st.text())
def test_the_user_s_words_are_one_line_without_markup(text):
    shown = card._plain(text)
    assert "\n" not in shown and "\r" not in shown
    assert not re.search(r"(?<!\\)(?:\\\\)*[|<>`*_#\[\]]", shown)


def test_tables_hold_whatever_the_unit_is_called():
    plan = replace(PLAN, privacy_unit="a | b\n# c")
    line = next(
        line for line in model_card(plan, ARM, RESULT).splitlines() if "Privacy unit" in line
    )
    assert line == "| Privacy unit | a \\| b \\# c |"


def test_the_front_matter_comes_first():
    text = model_card(PLAN, ARM, RESULT)
    assert text.startswith("---\ntags:\n") and text.endswith("```\n")
    assert text.split("---\n")[2].startswith("\n# Kessai pilot " + PLAN.plan_id)


@pytest.mark.parametrize("kind", ["gpt", "bert"])
def test_the_recipe_on_the_card_loads_the_weights(tmp_path, monkeypatch, kind):
    shape = replace(SHAPE, kind=kind)
    arm = with_settings(shape=shape)
    model = build(shape, generator=torch.Generator().manual_seed(1))
    tensors = {name: p.detach().numpy() for name, p in model.named_parameters()}
    save_weights(tensors, tmp_path / WEIGHTS_FILE, weights_metadata(PLAN, arm, RESULT))
    recipe = model_card(PLAN, arm, RESULT).split("```python\n")[1].split("```")[0]
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(recipe, names)
    tokens = torch.arange(16)[None]
    with torch.no_grad():
        torch.testing.assert_close(names["model"](tokens), model(tokens), rtol=0, atol=0)


def test_the_file_of_weights_says_what_it_is(tmp_path):
    save_weights({}, tmp_path / WEIGHTS_FILE, weights_metadata(PLAN, ARM, RESULT))
    with safe_open(tmp_path / WEIGHTS_FILE, "numpy") as file:
        found = file.metadata()
    assert json.loads(found.pop("shape")) == SHAPE.to_dict()
    assert found == {
        "plan_id": PLAN.plan_id,
        "arm": "recommended",
        "repeat": "1",
        "epsilon": "4",
        "delta": "1E-8",
        "privacy_unit": "patient",
    }


def test_pages_may_import_it_without_torch():
    code = (
        "import sys, engine.pilot.audits.card, engine.pilot.audits.weights, "
        "engine.pilot.audits.audit;sys.exit(any(name in sys.modules for name in ('torch', "
        "'opacus')))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=300)
