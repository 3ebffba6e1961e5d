"""Whether a pilot's pass is compiled: what is said when it starts stands for all its processes."""

import os
import shutil
import signal

import pytest

from engine.__main__ import main
from engine.commands import pilot
from engine.commands.pilot_report import status_rows
from engine.errors import InputError
from engine.pilot.compiling import Compiling, Trial
from engine.pilot.running import lifecycle, standing
from engine.pilot.running.folder import PilotFolder, folder_of, write_text
from engine.pilot.running.status import State, Status
from tests.pilot.ledgers import charged_steps
from tests.pilot.quick_plan import quick_plan, until

STEPS = 400
TRIAL = Trial(times=1.25, seconds=40.0, steps=900, is_used=True)


@pytest.fixture
def plan(tmp_path, monkeypatch):
    return quick_plan(tmp_path, monkeypatch, steps=STEPS)


@pytest.fixture
def launched(monkeypatch):
    monkeypatch.setattr(lifecycle, "_launch", lambda *_, **__: None)


def test_a_folder_keeps_what_was_said_and_takes_no_other_word(tmp_path):
    folder = PilotFolder(path=tmp_path)
    assert folder.compiling() is Compiling.AUTO
    for said in Compiling:
        folder.store_compiling(said)
        assert folder.compiling() is said
    write_text(tmp_path / "compile.txt", "perhaps")
    assert folder.compiling() is Compiling.AUTO


def test_starting_and_resuming_say_it_and_saying_nothing_leaves_it(plan, launched, monkeypatch):
    monkeypatch.setattr("engine.pilot.compiling._has_compiler", lambda device: True)
    folder = folder_of(plan.plan_id)
    lifecycle.start(plan, compiling=Compiling.ON)
    assert folder.compiling() is Compiling.ON
    lifecycle.resume(plan.plan_id)
    assert folder.compiling() is Compiling.ON
    lifecycle.resume(plan.plan_id, compiling=Compiling.OFF)
    assert folder.compiling() is Compiling.OFF
    with pytest.raises(InputError, match="Expected one process for --compile on, got 2"):
        lifecycle.resume(plan.plan_id, ranks=2, compiling=Compiling.ON)
    assert folder.compiling() is Compiling.OFF


def test_without_a_compiler_nothing_is_registered(plan, launched, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(InputError, match="on this machine for --compile on, found none"):
        lifecycle.start(plan, compiling=Compiling.ON)
    assert not folder_of(plan.plan_id).is_registered
    lifecycle.start(plan, compiling=Compiling.AUTO)
    assert folder_of(plan.plan_id).is_registered


def test_the_command_line_hands_it_on(plan, launched, monkeypatch, capsys):
    monkeypatch.setattr("engine.pilot.compiling._has_compiler", lambda device: True)
    lifecycle.register(plan)
    monkeypatch.setattr(pilot, "_state", lambda options, plan_id: "")
    monkeypatch.setattr(
        lifecycle, "_launch", lambda folder, *_, **__: lifecycle.Handle(
            name=folder.name, folder=folder.path, started=True
        )
    )  # fmt: skip
    assert main(["pilot", "run", plan.plan_id, "--compile", "on"]) == 0
    assert folder_of(plan.plan_id).compiling() is Compiling.ON
    assert main(["pilot", "resume", plan.plan_id, "--compile", "off"]) == 0
    assert folder_of(plan.plan_id).compiling() is Compiling.OFF
    capsys.readouterr()


def test_a_status_tells_what_the_trial_found(plan):
    status = Status(state=State.TRAINING, compiled=TRIAL)
    assert Status.from_json(status.to_json()) == status
    assert ("compiled", TRIAL.sentence) in status_rows("x", status, plan, None)
    assert "compiled" not in dict(status_rows("x", Status(state=State.TRAINING), plan, None))


@pytest.mark.exhaustive
@pytest.mark.skipif(shutil.which("g++") is None, reason="no C++ compiler")
def test_a_compiled_pilot_that_was_killed_goes_on_compiled(plan):
    folder = folder_of(plan.plan_id)
    ledger = folder.training_folder("recommended", 0) / "ledger.jsonl"
    begun = lifecycle.start(plan, compiling=Compiling.ON)
    assert begun.process is not None
    until(lambda: ledger.exists() and charged_steps(ledger) > 20, "no step was taken", 600)
    os.kill(begun.process, signal.SIGKILL)
    until(lambda: not folder.is_held(), "it lives on")
    assert 0 < charged_steps(ledger) < STEPS
    lifecycle.resume(plan.plan_id)
    until(lambda: lifecycle.poll(plan.plan_id).state is State.FINISHED, "it does not end", 600)
    (result,) = standing.results(plan.plan_id)
    assert result.charged == charged_steps(ledger) == STEPS
    assert "times as fast after" in result.versions["compiled"]
    found = lifecycle.poll(plan.plan_id).compiled
    assert found is not None and found.is_used and found.sentence == result.versions["compiled"]
