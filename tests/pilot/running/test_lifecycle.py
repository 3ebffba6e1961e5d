"""Pilots as processes: one a plan, alive after whoever started it, killed
at any moment and resumed."""

import errno
import os
import random
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from engine.durable import temporary_path
from engine.errors import InputError
from engine.pilot.dpsgd.ledger import LEDGER_FILE, Ledger
from engine.pilot.plan import CorpusSource
from engine.pilot.running import lifecycle, process, standing
from engine.pilot.running.folder import PilotFolder, Request, folder_of
from engine.pilot.running.ledgers import ledger_doubt
from engine.pilot.running.status import State, Status, read_status, write_status
from engine.runs.log import RunLog
from tests.pilot.fake_pilots import SECRET, STEPS, made_plan
from tests.pilot.ledgers import charged_steps
from tests.present import present

ROOT = Path(__file__).parents[3]
PATIENCE = 180.0


@pytest.fixture
def plan(tmp_path, monkeypatch):
    """A plan whose runner is the one without torch."""
    monkeypatch.setenv("KESSAI_DATA", str(tmp_path / "runs"))
    monkeypatch.setenv("KESSAI_PILOTS", str(tmp_path / "pilots"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setattr(process, "MODULE", "tests.pilot.fake_pilots")
    text = tmp_path / "text"
    text.write_text(SECRET)
    return made_plan(text)


def until(condition, what):
    end = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < end, what
        time.sleep(0.03)
    return found


def ended(plan):
    """The status once no process is left."""
    folder = folder_of(plan.plan_id)
    until(
        lambda: not lifecycle.poll(plan.plan_id).is_running and not folder.is_held(), "it goes on"
    )
    return lifecycle.poll(plan.plan_id)


def processes(plan):
    file = folder_of(plan.plan_id).path / "processes"
    return [int(line) for line in file.read_text().split()] if file.exists() else []


def taken(plan, arm="recommended"):
    file = folder_of(plan.plan_id).training_folder(arm, 0) / "taken"
    return file.stat().st_size if file.exists() else 0


def charged(plan, arm="recommended"):
    return charged_steps(folder_of(plan.plan_id).training_folder(arm, 0) / "ledger.jsonl")


def test_a_plan_runs_to_its_results(plan):
    before = time.time()
    lifecycle.register(plan)
    planned = lifecycle.poll(plan.plan_id)
    assert planned.state is State.PLANNED
    assert before - 2 < planned.heartbeat <= time.time() + 2, "the moment of its registration"
    handle = lifecycle.start(plan)
    assert handle.started and lifecycle.poll(plan.plan_id).is_running
    assert ended(plan).state is State.FINISHED
    assert [result.arm for result in standing.results(plan.plan_id)] == ["recommended", "rule"]
    assert not lifecycle.start(plan).started and not lifecycle.resume(plan.plan_id).started
    assert processes(plan) == [handle.process]
    (entry,) = standing.entries()
    assert (entry.plan_id, entry.plan, len(entry.results)) == (plan.plan_id, plan, 2)
    assert lifecycle.cancel(plan.plan_id).state is State.FINISHED


def test_five_clicks_in_five_pages_start_one_process_that_outlives_them(plan, monkeypatch):
    monkeypatch.setenv("KESSAI_FAKE_PACE", "0.02")
    lifecycle.register(plan)
    pages = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.pilot.clicks", plan.plan_id, "5"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = [page.communicate(timeout=PATIENCE)[0] for page in pages]
    assert sum(int(text) for text in said) == 1
    assert [page.returncode for page in pages] == [-signal.SIGKILL] * 2
    until(lambda: taken(plan) > 3, "it died with the page")
    assert not lifecycle.start(plan).started
    assert ended(plan).state is State.FINISHED
    assert len(processes(plan)) == 1


def test_five_threads_start_one_process(plan):
    handles = []
    clicks = [
        threading.Thread(target=lambda: handles.append(lifecycle.start(plan))) for _ in range(5)
    ]
    for click in clicks:
        click.start()
    for click in clicks:
        click.join()
    assert sum(handle.started for handle in handles) == 1
    assert ended(plan).state is State.FINISHED
    assert len(processes(plan)) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.exhaustive) for seed in range(1, 5))]
)
def test_kills_at_random_moments_overspend_nothing_and_lose_no_result(plan, monkeypatch, seed):
    monkeypatch.setenv("KESSAI_FAKE_PACE", "0.01")
    rng = random.Random(seed)
    kills = 0
    lifecycle.start(plan)
    while kills < 4 and lifecycle.poll(plan.plan_id).state is not State.FINISHED:
        until(lambda k=kills: len(processes(plan)) > k, "it did not start")
        time.sleep(rng.uniform(0.0, 0.7))
        try:
            os.kill(processes(plan)[-1], signal.SIGKILL)
        except ProcessLookupError:
            break
        kills += 1
        state = ended(plan).state
        assert state in (State.INTERRUPTED, State.FINISHED)
        for arm in ("recommended", "rule"):
            assert taken(plan, arm) <= charged(plan, arm) <= STEPS
        lifecycle.resume(plan.plan_id)
    assert kills
    assert ended(plan).state is State.FINISHED
    for result in standing.results(plan.plan_id):
        assert result.charged == charged(plan, result.arm) == STEPS
        assert result.iterations <= taken(plan, result.arm) <= STEPS
        assert result.iterations >= STEPS - 5 * kills, "more than a block was lost to a kill"
    with RunLog.open() as log:
        found = log.records("gpt-bytes-made")
    assert sorted(record.run_id for record in found) == sorted(
        present(result.run_id) for result in standing.results(plan.plan_id)
    )


def test_a_kill_shows_and_the_sweep_writes_it_down(plan, monkeypatch):
    monkeypatch.setenv("KESSAI_FAKE_PACE", "0.05")
    lifecycle.start(plan)
    until(lambda: taken(plan) > 3, "no step was taken")
    folder = folder_of(plan.plan_id)
    assert lifecycle.sweep_stale() == (), "it lives"
    os.kill(processes(plan)[-1], signal.SIGKILL)
    until(lambda: not folder.is_held(), "it lives on")
    assert present(read_status(folder.status_file)).is_running
    assert lifecycle.poll(plan.plan_id).state is State.INTERRUPTED
    leftover = temporary_path(folder.status_file)
    leftover.write_text("torn")
    os.utime(leftover, (0, 0))
    assert lifecycle.sweep_stale() == (plan.plan_id,)
    assert present(read_status(folder.status_file)).state is State.INTERRUPTED
    assert not leftover.exists() and lifecycle.sweep_stale() == ()
    monkeypatch.setenv("KESSAI_FAKE_PACE", "0")
    assert lifecycle.resume(plan.plan_id).started
    assert ended(plan).state is State.FINISHED


def test_pause_and_resume_take_every_step_once(plan, monkeypatch):
    monkeypatch.setenv("KESSAI_FAKE_PACE", "0.02")
    lifecycle.start(plan)
    until(lambda: taken(plan) > 3, "no step was taken")
    lifecycle.pause(plan.plan_id)
    assert ended(plan).state is State.PAUSED
    assert 0 < taken(plan) == charged(plan) < STEPS
    monkeypatch.setenv("KESSAI_FAKE_PACE", "0")
    assert lifecycle.resume(plan.plan_id).started
    assert ended(plan).state is State.FINISHED
    assert [taken(plan, arm) for arm in ("recommended", "rule")] == [STEPS, STEPS]


def test_what_was_cancelled_goes_on_only_if_resumed(plan, monkeypatch):
    monkeypatch.setenv("KESSAI_FAKE_PACE", "0.02")
    lifecycle.start(plan)
    until(lambda: taken(plan) > 3, "no step was taken")
    lifecycle.cancel(plan.plan_id)
    assert ended(plan).state is State.CANCELLED
    assert not lifecycle.start(plan).started
    monkeypatch.setenv("KESSAI_FAKE_PACE", "0")
    assert lifecycle.resume(plan.plan_id).started
    assert ended(plan).state is State.FINISHED


def test_a_request_to_nobody_is_answered_at_once(plan):
    lifecycle.register(plan)
    assert lifecycle.cancel(plan.plan_id).state is State.CANCELLED
    assert folder_of(plan.plan_id).asked() is None


def test_only_what_has_begun_can_be_paused(plan):
    lifecycle.register(plan)
    with pytest.raises(InputError, match=r"Nothing to pause: the pilot .* has not begun"):
        lifecycle.pause(plan.plan_id)
    assert lifecycle.poll(plan.plan_id).state is State.PLANNED
    file = folder_of(plan.plan_id).status_file
    for stopped in (State.CANCELLED, State.FAILED, State.INTERRUPTED):
        write_status(file, Status(state=stopped, heartbeat=1.0, reason="the disk is full"))
        with pytest.raises(InputError, match=r"Nothing to pause: the pilot .* does not run"):
            lifecycle.pause(plan.plan_id)
        now = lifecycle.poll(plan.plan_id)
        assert (now.state, now.reason) == (stopped, "the disk is full"), "why is still told"
    for as_it_is in (State.PAUSED, State.FINISHED):
        write_status(file, Status(state=as_it_is, heartbeat=1.0))
        assert lifecycle.pause(plan.plan_id).state is as_it_is


def test_the_machine_going_down_is_a_pause(plan, monkeypatch):
    monkeypatch.setenv("KESSAI_FAKE_PACE", "0.05")
    lifecycle.start(plan)
    until(lambda: taken(plan) > 1, "no step was taken")
    os.kill(processes(plan)[-1], signal.SIGTERM)
    assert ended(plan).state is State.PAUSED
    assert taken(plan) == charged(plan)


def test_a_crash_leaves_a_sentence_and_no_text(plan, monkeypatch):
    monkeypatch.setenv("KESSAI_FAKE_CRASH", "1")
    lifecycle.start(plan)
    status = ended(plan)
    assert status.state is State.FAILED and "(ValueError)" in status.sentence
    log = folder_of(plan.plan_id).log_file.read_text()
    assert "fake_pilots.py" in log and log.endswith("ValueError\n")
    for file in folder_of(plan.plan_id).path.rglob("*"):
        assert file.is_dir() or SECRET not in file.read_text()
    monkeypatch.delenv("KESSAI_FAKE_CRASH")
    lifecycle.start(plan)
    assert ended(plan).state is State.FINISHED


def test_a_torn_status_is_no_obstacle(plan):
    lifecycle.start(plan)
    assert ended(plan).state is State.FINISHED
    folder_of(plan.plan_id).status_file.write_text('{"state": "train')
    assert lifecycle.poll(plan.plan_id).state is State.INTERRUPTED, "it has spent what it has"
    assert [one.plan_id for one in standing.started_plans()] == [plan.plan_id]
    assert lifecycle.start(plan).started, "to see what is missing"
    assert ended(plan).state is State.FINISHED
    assert taken(plan) == STEPS


def test_a_runner_that_just_began_is_queued(plan):
    lifecycle.register(plan)
    folder = folder_of(plan.plan_id)
    lock = present(folder.take_lock())
    assert lifecycle.poll(plan.plan_id).state is State.QUEUED
    write_status(folder.status_file, Status(state=State.TRAINING, heartbeat=time.time()))
    assert not lifecycle.start(plan).started
    lock.release()


def test_what_is_asked_of_the_last_process_does_not_stop_the_next(plan):
    lifecycle.register(plan)
    folder_of(plan.plan_id).ask(Request.CANCEL)
    lifecycle.start(plan)
    assert ended(plan).state is State.FINISHED


@pytest.mark.parametrize(
    "act", [lifecycle.poll, lifecycle.pause, lifecycle.cancel, lifecycle.resume, standing.results]
)
def test_unknown_pilots_are_refused(plan, act):
    with pytest.raises(InputError, match="16 hexadecimal digits, got nothing"):
        act("nothing")
    with pytest.raises(InputError, match="found none: list the pilots"):
        act("0" * 16)


def test_a_changed_plan_stays_in_the_history_without_a_plan(plan):
    lifecycle.register(plan)
    path = folder_of(plan.plan_id).path / "plan.json"
    path.write_text(path.read_text().replace('"low": 3.5', '"low": 3.4'))
    (entry,) = standing.entries()
    assert (entry.plan, entry.results) == (None, ())
    with pytest.raises(InputError, match="it was changed since"):
        lifecycle.resume(plan.plan_id)


def test_the_list_is_in_order_of_the_dates_that_it_shows(plan):
    """Of when each began, whoever spoke last."""
    other = replace(plan, repeats=2)
    for each, started, heartbeat in ((plan, 1.0, 9.0), (other, 2.0, 3.0)):
        lifecycle.register(each)
        status = Status(state=State.PAUSED, started=started, heartbeat=heartbeat)
        write_status(folder_of(each.plan_id).status_file, status)
    found = standing.entries()
    assert [e.plan_id for e in found] == [other.plan_id, plan.plan_id]
    assert [e.began for e in found] == [2.0, 1.0]


def test_a_pilot_that_may_not_be_looked_into_is_not_one_that_was_never_started(plan, monkeypatch):
    """Else what it has spent would be summed to nothing."""
    lifecycle.register(plan)
    assert standing.started_plans() == []
    closed = PermissionError(errno.EACCES, "Permission denied")

    def refuse(path, *_, **__):
        raise closed

    for act in ("read_bytes", "read_text", "iterdir"):
        monkeypatch.setattr(f"pathlib.Path.{act}", refuse)
    monkeypatch.setattr("engine.pilot.running.folder.whole", refuse)
    monkeypatch.setattr(
        standing, "folders", lambda: [PilotFolder(path=folder_of(plan.plan_id).path)]
    )
    (entry,) = standing.entries()
    assert entry.plan is None and entry.status.state is State.UNREADABLE
    with pytest.raises(InputError, match="cannot be read: ask its owner"):
        standing.started_plans()


def test_the_status_after_a_kill_is_the_ledger_s(plan):
    """The process died between a charge and its next word."""
    lifecycle.register(plan)
    folder, settings = folder_of(plan.plan_id), plan.arms[0].settings
    place = folder.training_folder("recommended", 0)
    place.mkdir()
    with Ledger(place / LEDGER_FILE, settings) as ledger:
        ledger.reserve(7)
        spent = ledger.epsilon_spent(plan.delta)
    said = Status(state=State.TRAINING, heartbeat=1.0, arm="recommended", repeat=0, charged=3)
    write_status(folder.status_file, said)
    found = lifecycle.poll(plan.plan_id)
    assert (found.state, found.charged) == (State.INTERRUPTED, 7)
    assert found.epsilon_spent == pytest.approx(spent) and spent > 0
    cancelled = lifecycle.cancel(plan.plan_id)
    assert (cancelled.state, cancelled.charged) == (State.CANCELLED, 7)
    write_status(folder.status_file, said)
    whole = (place / LEDGER_FILE).read_bytes().splitlines(keepends=True)
    (place / LEDGER_FILE).write_bytes(b"".join(whole[:-1]))
    lost = lifecycle.poll(plan.plan_id)
    assert lost.epsilon_spent is None and lost.sentence.startswith("The process ended")
    assert "damaged at line 2, or lines are missing" in str(ledger_doubt(plan.plan_id))


def test_a_folder_that_cannot_be_written_is_refused(plan, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("KESSAI_PILOTS", str(tmp_path / "file"))
    for act in (lifecycle.start, lifecycle.register, lambda p: lifecycle.prepare(p.corpus)):
        with pytest.raises(InputError, match="Set KESSAI_PILOTS to a folder"):
            act(plan)
    with pytest.raises(InputError, match="Expected to read the folder of pilots"):
        standing.entries()


def test_a_preparation_of_nothing_is_planned(plan):
    source = CorpusSource(kind="jsonl", path="nowhere")
    assert lifecycle.poll_preparation(source).state is State.PLANNED
    assert lifecycle.prepared(source) is None
