"""A real plan on a text of its own, whose training takes a second or two."""

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest

from engine.accounting.accountant import certify
from engine.config import Sampling, TrainingConfig
from engine.pilot.ladder import parameter_count
from engine.pilot.plan import Arm, CorpusSource, PilotPlan
from engine.pilot.text.corpus import load
from tests.pilot.fake_training import SHAPE, settings

ROOT = Path(__file__).parents[2]
PEOPLE, BATCH = 400, 8
FAMILY = "gpt-bytes-quick"


def quick_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, steps: int) -> PilotPlan:
    """A private training on 450 documents, in folders of its own that the environment names."""
    monkeypatch.setenv("KESSAI_DATA", str(tmp_path / "runs"))
    monkeypatch.setenv("KESSAI_PILOTS", str(tmp_path / "pilots"))
    monkeypatch.setenv("KESSAI_LOG", str(tmp_path / "log"))
    monkeypatch.setenv("KESSAI_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    text = tmp_path / "text.jsonl"
    lines = (json.dumps({"text": f"document {k} says {k * k} and no more"}) for k in range(450))
    text.write_text("\n".join(lines))
    source = CorpusSource(kind="jsonl", path=str(text), window=16)
    certificate = certify(
        data_budget=PEOPLE, batch_size=BATCH, iterations=steps, epsilon=8.0, delta=1e-6,
        sampling=Sampling.POISSON,
    )  # fmt: skip
    shape = replace(SHAPE, vocabulary_size=256)
    chosen = settings(
        shape=shape, people=PEOPLE, seed=None, noise=certificate.noise_multiplier / BATCH,
        config=TrainingConfig(
            model_size=parameter_count(shape), batch_size=BATCH, iterations=steps,
            sequence_length=16,
        ),
    )  # fmt: skip
    certificate = replace(certificate, privacy_unit="document")
    arm = Arm(name="recommended", settings=chosen, certificate=certificate, predicted=None)
    return PilotPlan(
        corpus=source, corpus_fingerprint=load(source).fingerprint, family=FAMILY,
        epsilon=8.0, delta=1e-6, privacy_unit="document", arms=(arm,), repeats=1,
        evidence_id="made", evidence_hash="0", code_version="0", expected_seconds=2.0,
        device="cpu",
    )  # fmt: skip


def until(condition, what, patience=180.0):
    end = time.monotonic() + patience
    while not (found := condition()):
        assert time.monotonic() < end, what
        time.sleep(0.02)
    return found
