"""A pilot whose ledger lost something says so to whoever reads it; a whole one does not."""

import errno
import os
from dataclasses import replace
from pathlib import Path

import pytest

from engine.pilot.dpsgd.ledger import LEDGER_FILE, most_charged
from engine.pilot.running import ledgers
from engine.pilot.running.folder import PLAN_FILE, folder_of
from engine.pilot.running.ledgers import ledger_doubt
from engine.pilot.running.status import State, Status
from tests.dashboard import made_pilots as made


@pytest.fixture
def plan(tmp_path, monkeypatch):
    monkeypatch.setenv("KESSAI_PILOTS", str(tmp_path / "pilots"))
    return made.plan()


def stored(plan, done=True):
    """A pilot that ended; the ledger of its first training."""
    results = made.results(plan) if done else []
    folder = made.store(plan, made.status(plan, State.FINISHED, share=0.5), results)
    return folder.training_folder("recommended", 0) / LEDGER_FILE


def head_of(ledger):
    return ledger.with_name(f"{LEDGER_FILE}.head")


def test_whole_ledgers_and_pilots_without_steps_are_believed(plan):
    made.store(plan, Status(state=State.PLANNED))
    assert ledger_doubt(plan.plan_id) is None
    ledger = stored(plan)
    assert ledger_doubt(plan.plan_id) is None
    ledger.write_bytes(ledger.read_bytes() + b'{"char')
    assert ledger_doubt(plan.plan_id) is None, "a torn line granted nothing"


@pytest.mark.parametrize("done", [True, False], ids=["result", "status"])
def test_a_ledger_put_back_with_its_head_is_noticed_by_what_was_said(plan, done):
    arm = plan.arms[0]
    made.store(plan, made.status(plan, State.PAUSED, share=0.1))
    ledger = folder_of(plan.plan_id).training_folder(arm.name, 0) / LEDGER_FILE
    before = ledger.read_bytes(), head_of(ledger).read_bytes()
    stored(plan, done=done)
    assert ledger_doubt(plan.plan_id) is None
    ledger.write_bytes(before[0])
    head_of(ledger).write_bytes(before[1])
    doubt = ledger_doubt(plan.plan_id)
    said = arm.settings.config.iterations if done else 362
    assert doubt is not None
    assert (doubt.values["counted"], doubt.values["said"]) == (72, said)


def test_steps_given_back_since_the_last_word_are_no_loss(plan):
    """The status is behind its ledger: what counts is that all of its steps were charged once."""
    stored(plan, done=False)
    with made.opened(plan, "recommended", 0) as ledger:
        ledger.reserve(10)
        ledger.settle(10)
    assert ledger_doubt(plan.plan_id) is None


def test_a_ledger_of_before_is_read_once_and_anew_when_it_changed(plan, monkeypatch):
    """Pages ask at each click, and a ledger of hours has hundreds of lines."""
    ledger = stored(plan)
    asked: list[Path] = []

    def counting(path):
        asked.append(path)
        return most_charged(path)

    monkeypatch.setattr(ledgers, "most_charged", counting)
    for path in ledger.parent.parent.glob("*/*"):
        os.utime(path, (1e9, 1e9))
    assert ledger_doubt(plan.plan_id) is None and ledger_doubt(plan.plan_id) is None
    assert len(asked) == 2, "each of two trainings"
    ledger.write_bytes(ledger.read_bytes()[:-20])
    os.utime(ledger, (1e9, 1e9))
    assert ledger_doubt(plan.plan_id) is not None and asked[2:] == [ledger]


def test_a_ledger_that_is_gone_is_noticed(plan):
    ledger = stored(plan)
    ledger.unlink()
    assert "is gone" in str(ledger_doubt(plan.plan_id))
    ledger.mkdir()
    assert "cannot be read (Is a directory)" in str(ledger_doubt(plan.plan_id))


@pytest.mark.parametrize("closed", ["ledger", "training", "pilot"])
def test_what_may_not_be_looked_into_is_in_doubt(plan, monkeypatch, closed):
    ledger = stored(plan)
    shut = {"ledger": ledger, "training": ledger.parent, "pilot": ledger.parent.parent}[closed]

    def refusing(act):
        def acted(path, *arguments, **options):
            if path == shut or (closed == "training" and path.parent == shut):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            return act(path, *arguments, **options)

        return acted

    monkeypatch.setattr(Path, "exists", refusing(Path.exists))
    monkeypatch.setattr(Path, "iterdir", refusing(Path.iterdir))
    monkeypatch.setattr(ledgers, "most_charged", refusing(most_charged))
    assert "cannot be read (Permission denied)" in str(ledger_doubt(plan.plan_id))


def test_of_a_plan_that_cannot_be_read_the_ledgers_are_judged_alone(plan):
    ledger = stored(plan)
    (folder_of(plan.plan_id).path / PLAN_FILE).write_text("{}")
    assert ledger_doubt(plan.plan_id) is None
    head_of(ledger).unlink()
    assert "lines are missing" in str(ledger_doubt(plan.plan_id))


def test_a_training_that_promises_nothing_needs_no_ledger(plan):
    arms = tuple(replace(a, settings=replace(a.settings, seed=3)) for a in plan.arms)
    seeded = replace(plan, arms=arms)
    folder = folder_of(seeded.plan_id)
    folder.store_plan(seeded)
    folder.store_result("recommended", 0, made.result(arms[0]).to_json())
    assert ledger_doubt(seeded.plan_id) is None
