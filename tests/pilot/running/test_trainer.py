"""Real trainings: what has ended is audited and kept from its checkpoint, again after a kill."""

import os
import shutil
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from engine.accounting.accountant import certify
from engine.config import Sampling
from engine.pilot.audits.audit import Method
from engine.pilot.dpsgd.progress import Stop
from engine.pilot.dpsgd.training import Training
from engine.pilot.plan import Arm, CorpusSource, PilotPlan
from engine.pilot.running import trainer
from engine.pilot.running.folder import PilotFolder
from engine.pilot.running.runner import Workshop, run_plan
from engine.pilot.running.status import State, TrainingResult
from tests.pilot.fake_training import Corpus, settings
from tests.pilot.ledgers import charged_steps
from tests.present import present

PEOPLE = 1007
CORPUS = Corpus(units=PEOPLE + 53, held_out=53)


def made(**changes):
    certificate = certify(
        data_budget=PEOPLE, batch_size=8, iterations=12, epsilon=8.0, delta=1e-6,
        sampling=Sampling.POISSON,
    )  # fmt: skip
    chosen = settings(
        iterations=12, seed=None, people=PEOPLE, noise=certificate.noise_multiplier / 8
    )
    arm = Arm(name="recommended", settings=chosen, certificate=certificate, predicted=None)
    values: dict[str, Any] = {
        "corpus": CorpusSource(kind="jsonl", path=""), "corpus_fingerprint": CORPUS.fingerprint,
        "family": "made", "epsilon": 8.0, "delta": 1e-6, "privacy_unit": "person", "arms": (arm,),
        "repeats": 1, "evidence_id": "made", "evidence_hash": "0", "code_version": "0",
        "expected_seconds": 1.0, "device": "cpu",
    }  # fmt: skip
    return PilotPlan(**(values | changes))


def ended(plan, folder, *, repeat=0):
    """A training in ``folder``, and the result that the runner would make of it."""
    arm = plan.arms[0]
    outcome = trainer.train(
        plan, arm, repeat, CORPUS, folder=folder, device="cpu",
        report=lambda now: None, asked=lambda: None,
    )  # fmt: skip
    assert outcome.stop is Stop.FINISHED
    result = TrainingResult(
        arm=arm.name, repeat=repeat, cross_entropy=outcome.cross_entropy, train_loss=3.0,
        curve=outcome.curve, iterations=12, charged=outcome.charged, seconds=1.0,
        physical_batch_size=4, hardware="", versions={}, run_id=None,
        created_at="2026-11-24T00:00:00+00:00",
    )  # fmt: skip
    return outcome, result


def keep(plan, result, folder):
    return trainer.keep(plan, plan.arms[0], result, CORPUS, folder=folder, device="cpu")


def test_what_has_ended_is_audited_and_kept(tmp_path):
    plan = made(keep_weights=True)
    _, result = ended(plan, tmp_path)
    (audit,) = keep(plan, result, tmp_path)
    assert (audit.method, audit.canaries, audit.confidence) == (Method.RANDOM_SPLIT, 53, 0.95)
    assert audit.delta == 1e-6 and 0 <= audit.lower_bound < 8
    weights = load_file(tmp_path / "model.safetensors")
    training = Training(plan.arms[0].settings, CORPUS, folder=tmp_path)
    training.run()
    for name, tensor in training.averaged_weights().items():
        np.testing.assert_array_equal(weights[name], tensor.numpy())
    card = (tmp_path / "README.md").read_text()
    assert "## Guarantee" in card and "53 more were held out" in card and "## Audit" in card
    lasting = [tmp_path / name for name in ("ledger.jsonl", "checkpoint.pt", "README.md")]
    before = [path.read_bytes() for path in lasting]
    assert keep(plan, result, tmp_path) == (audit,), "after a kill it is made again"
    assert [path.read_bytes() for path in lasting] == before


def test_weights_are_kept_only_if_asked_and_the_ledger_always(tmp_path):
    plan = made(repeats=4)
    _, result = ended(plan, tmp_path)
    (audit,) = keep(plan, result, tmp_path)
    assert audit.confidence == pytest.approx(1 - 0.05 / 4)
    trainer.discard(tmp_path)
    trainer.discard(tmp_path)
    assert sorted(os.listdir(tmp_path)) == ["ledger.jsonl", "ledger.jsonl.head"]
    assert charged_steps(tmp_path / "ledger.jsonl") == 12


def test_canaries_are_the_same_after_a_restart_and_another_repeats_are_not(tmp_path):
    plan = made(canaries=40)
    _, result = ended(plan, tmp_path)
    split, canaries = keep(plan, result, tmp_path)
    assert (split.method, canaries.method) == (Method.RANDOM_SPLIT, Method.CANARIES)
    assert canaries.canaries == 40 and canaries.confidence == 0.975
    assert keep(plan, result, tmp_path) == (split, canaries)
    first, again, other = (present(trainer._canaries(plan, plan.arms[0], k)) for k in (0, 0, 1))
    np.testing.assert_array_equal(first.tokens, again.tokens)
    assert 0 < first.included.sum() < 40
    assert not np.array_equal(first.included, other.included)


def test_a_seeded_training_gets_no_guarantee(tmp_path):
    plan = made(keep_weights=True)
    arm = plan.arms[0]
    plan = replace(plan, arms=(replace(arm, settings=replace(arm.settings, seed=1)),))
    _, result = ended(plan, tmp_path)
    keep(plan, result, tmp_path)
    assert "## No privacy guarantee" in (tmp_path / "README.md").read_text()


def test_an_audit_costs_a_small_part_of_its_training():
    assert [trainer.pairs(n) for n in (1, 32 * 100, 10**9)] == [64, 100, 2048]


def test_a_whole_plan_with_the_real_trainer(tmp_path, monkeypatch):
    monkeypatch.setenv("KESSAI_DATA", str(tmp_path / "runs"))
    plan = made()
    folder = PilotFolder(path=tmp_path / plan.plan_id)
    folder.store_plan(plan)

    def train(*arguments, **keywords):
        return trainer.train(*arguments, **keywords, device="cpu")

    def killed(*arguments, **keywords):
        trainer.keep(*arguments, **keywords, device="cpu")
        raise KeyboardInterrupt

    def kept(*arguments, **keywords):
        return trainer.keep(*arguments, **keywords, device="cpu")

    workshop = Workshop(
        train=train, load=lambda source, progress: CORPUS, device="cpu", hardware="",
        keep=killed, discard=trainer.discard,
    )  # fmt: skip
    lock = present(folder.take_lock())
    with pytest.raises(KeyboardInterrupt):
        run_plan(folder, lock, workshop)
    place = folder.training_folder("recommended", 0)
    ledger = (place / "ledger.jsonl").read_bytes()
    assert run_plan(folder, lock, replace(workshop, keep=kept)).state is State.FINISHED
    assert (place / "ledger.jsonl").read_bytes() == ledger, "no step was taken again"
    result = present(TrainingResult.from_json(folder.result("recommended", 0)))
    assert result.charged == 12 and len(result.audits) == 1
    assert not (place / "checkpoint.pt").exists()
    # A result that a disk lost cannot be made again without the model: that is said, nothing is
    # spent.
    (place / "result.json").unlink()
    status = run_plan(folder, lock, replace(workshop, keep=kept))
    assert status.state is State.FAILED and "got none" in status.sentence
    assert charged_steps(place / "ledger.jsonl") == 12
    lock.release()
    shutil.rmtree(place)
