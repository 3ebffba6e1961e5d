"""A plan is run to its end, whatever ends the process in between, and nothing is done twice."""

import errno
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from engine.code_version import code_version
from engine.pilot.dpsgd.progress import DiskError, DivergedError
from engine.pilot.running import lifecycle, runner, standing, versions
from engine.pilot.running.folder import PilotFolder, Request
from engine.pilot.running.runner import run_plan
from engine.pilot.running.status import State, TrainingResult, read_status
from engine.runs.log import RunLog
from tests.pilot.fake_pilots import AUDIT, SECRET, STEPS, keep, made_plan, train, workshop
from tests.pilot.ledgers import charged_steps
from tests.present import present


@pytest.fixture
def text(tmp_path, monkeypatch):
    monkeypatch.setenv("KESSAI_DATA", str(tmp_path / "runs"))
    path = tmp_path / "text"
    path.write_text(SECRET)
    return path


@pytest.fixture
def make(tmp_path, text):
    """A registered plan's folder."""

    def make(**changes):
        plan = made_plan(text, **changes)
        folder = PilotFolder(path=tmp_path / plan.plan_id)
        folder.store_plan(plan)
        return folder

    return make


def run(folder, **changes):
    lock = folder.take_lock()
    try:
        return run_plan(folder, lock, workshop(**changes))
    finally:
        lock.release()


def results(folder):
    plan = folder.plan()
    places = [(a.name, r) for r in range(plan.repeats) for a in plan.arms]
    return [TrainingResult.from_json(folder.result(*place)) for place in places]


def times(folder, arm, name):
    file = folder.training_folder(arm, 0) / name
    return file.stat().st_size if file.exists() else 0


def records():
    with RunLog.open() as log:
        return log.records("gpt-bytes-made")


def failing(error, *, after=0):
    """A trainer that raises ``error``, once, in its (after + 1)th training."""
    calls = []

    def trainer(*arguments, **keywords):
        calls.append(1)
        if len(calls) == after + 1:
            raise error
        return train(*arguments, **keywords)

    return trainer


def test_all_trainings_are_done_in_turn_and_recorded(make):
    folder, gone = make(repeats=2), []
    status = run(folder, discard=lambda place: gone.append((place.name, len(records()))))
    assert (status.state, status.progress, status.trainings_done) == (State.FINISHED, 1.0, 4)
    assert read_status(folder.status_file) == status
    names = ["recommended-0", "rule-0", "recommended-1", "rule-1"]
    assert gone == [(name, k + 1) for k, name in enumerate(names)], "after its record only"
    found = results(folder)
    assert [(r.iterations, r.charged, r.audits) for r in found] == [(STEPS, STEPS, (AUDIT,))] * 4
    assert {r.run_id for r in records()} == {r.run_id for r in found}
    assert folder.training_folder("rule", 1).joinpath("taken").stat().st_size == STEPS


def test_what_has_ended_is_not_done_again(make):
    folder = make()
    run(folder)
    first = results(folder)
    status = run(folder, train=failing(AssertionError("trained again")), device="another")
    assert status.state is State.FINISHED
    assert results(folder) == first and len(records()) == 2


def test_a_pilot_that_kessai_was_updated_under_goes_on_and_names_both_codes(make, monkeypatch):
    folder, ours = make(), code_version()

    def trainer(*arguments, asked, **keywords):
        def asking():
            if times(folder, "recommended", "taken") == 7:
                folder.ask(Request.PAUSE)
            return asked()

        return train(*arguments, asked=asking, **keywords)

    paused = run(folder, train=trainer)
    assert (paused.state, paused.code_version) == (State.PAUSED, ours)
    folder.withdraw_requests()
    assert standing.other_code(folder.plan(), paused) is None
    for module in (runner, versions, lifecycle, standing):
        monkeypatch.setattr(module, "code_version", lambda: "b" * 12)
    assert standing.other_code(folder.plan(), paused) == "b" * 12, "said before it goes on"
    ended = run(folder)
    assert (ended.state, ended.code_version) == (State.FINISHED, "b" * 12)
    assert standing.other_code(folder.plan(), ended) == "b" * 12
    by_ours = replace(ended, code_version=ours)
    assert standing.other_code(folder.plan(), by_ours) is None, "an update changes no result"
    begun, later = results(folder)
    assert (begun.versions["kessai"], begun.versions["kessai_earlier"]) == ("b" * 12, ours)
    assert later.versions["kessai"] == "b" * 12 and "kessai_earlier" not in later.versions
    assert [(r.iterations, r.charged) for r in (begun, later)] == [(STEPS, STEPS)] * 2
    for record in records():
        told = json.loads(record.versions)
        assert (told["planned_by"], told["kessai"]) == (ours, "b" * 12)
        assert told.get("kessai_earlier") == (ours if told["arm"] == "recommended" else None)


def test_the_same_code_is_named_once(make, monkeypatch):
    folder = make()
    with pytest.raises(ValueError):
        run(folder, train=failing(ValueError()))
    run(folder)
    assert all("kessai_earlier" not in result.versions for result in results(folder))


def test_a_lost_record_is_written_again(make, tmp_path, monkeypatch):
    folder = make()
    blocked = tmp_path / "blocked"
    blocked.write_text("")
    monkeypatch.setenv("KESSAI_DATA", str(blocked / "runs"))
    assert run(folder).state is State.FAILED
    monkeypatch.setenv("KESSAI_DATA", str(tmp_path / "runs"))
    assert run(folder).state is State.FINISHED
    assert sorted(r.run_id for r in records()) == sorted(r.run_id for r in results(folder))
    assert times(folder, "recommended", "kept") == 1


@pytest.mark.parametrize(
    ("request_", "state"), [(Request.PAUSE, State.PAUSED), (Request.CANCEL, State.CANCELLED)]
)
def test_a_request_ends_it_between_two_steps(make, request_, state):
    folder = make()

    def trainer(*arguments, asked, **keywords):
        def asking():
            if times(folder, "recommended", "taken") == 7:
                folder.ask(request_)
            return asked()

        return train(*arguments, asked=asking, **keywords)

    status = run(folder, train=trainer)
    assert status.state is state
    assert charged_steps(folder.training_folder("recommended", 0) / "ledger.jsonl") == 7
    assert (status.iteration, status.charged) == (7, 7), "not those of the last report"
    folder.withdraw_requests()
    assert run(folder).state is State.FINISHED
    assert [(r.iterations, r.charged) for r in results(folder)] == [(STEPS, STEPS)] * 2


def test_a_request_before_the_start_is_heard(make):
    folder = make()
    folder.ask(Request.CANCEL)
    assert run(folder).state is State.CANCELLED
    assert not folder.training_folder("recommended", 0).exists()


@pytest.mark.parametrize("where", ["train", "keep"])
def test_a_full_disk_is_a_sentence_and_goes_on_later(make, where):
    folder = make()
    error, calls = OSError(errno.ENOSPC, "No space left on device"), []

    def full(*arguments, **keywords):
        calls.append(1)
        if len(calls) == 1:
            raise error
        return (train if where == "train" else keep)(*arguments, **keywords)

    status = run(folder, **{where: full})
    assert status.state is State.FAILED
    assert "No space left on device. Nothing is lost" in status.sentence
    status = run(folder, **{where: full})
    assert (status.state, status.reason) == (State.FINISHED, None)
    assert times(folder, "recommended", "taken") == STEPS
    assert len(records()) == 2


@pytest.mark.parametrize("error", [DiskError(reason="full"), DivergedError()])
def test_a_training_that_stopped_says_why(make, error):
    folder = make()

    def trainer(*arguments, **keywords):
        return replace(train(*arguments, **keywords), stop=error.stop, reason=error)

    status = run(folder, train=trainer)
    assert (status.state, status.sentence) == (State.FAILED, str(error))
    assert results(folder) == [None, None] and records() == []


def test_a_kill_between_training_and_result_repeats_the_audit_only(make):
    folder = make()

    def killed(*arguments, **keywords):
        keep(*arguments, **keywords)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(folder, keep=killed)
    assert results(folder)[0] is None
    assert run(folder).state is State.FINISHED
    assert (times(folder, "recommended", "taken"), times(folder, "recommended", "kept")) == (60, 2)
    assert len(records()) == 2


def test_another_text_is_refused(make, text):
    folder = make()
    text.write_text("something else")
    status = run(folder)
    assert status.state is State.FAILED
    assert "found it changed" in status.sentence and "something" not in status.sentence


def test_another_plan_is_refused(make):
    folder = make()
    path = folder.path / "plan.json"
    path.write_text(path.read_text().replace('"low": 3.5', '"low": 3.4'))
    status = run(folder)
    assert status.state is State.FAILED and "it was changed since" in status.sentence
    path.write_text("{")
    assert "make the plan anew" in run(folder).sentence


def test_another_device_is_refused(make):
    status = run(make(), device="cuda")
    assert status.state is State.FAILED
    assert "Expected the device cpu that the plan was made for, found cuda" in status.sentence


def test_a_promise_that_the_noise_does_not_keep_is_refused(make, text):
    arms = made_plan(text).arms
    status = run(make(arms=arms, epsilon=1.0))
    assert "Expected noise that keeps ε ≤ 1" in status.sentence
    assert times(make(arms=arms, epsilon=1.0), "recommended", "taken") == 0


def test_an_error_of_the_program_is_raised_and_its_words_are_not_kept(make):
    folder = make()
    with pytest.raises(ValueError, match=SECRET):
        run(folder, train=failing(ValueError(SECRET), after=1))
    status = present(read_status(folder.status_file))
    assert status.state is State.FAILED and "(ValueError)" in status.sentence
    assert SECRET not in folder.status_file.read_text()
    assert run(folder).state is State.FINISHED


def test_a_training_of_which_nothing_is_left_has_no_result(make):
    folder = make()

    def trainer(*arguments, **keywords):
        return replace(train(*arguments, **keywords), iterations_done=0)

    assert "60 steps that were paid for, got none" in run(folder, train=trainer).sentence
    assert results(folder)[0] is None


def test_a_hopeless_loss_is_a_result_without_record(make):
    folder = make()

    def trainer(*arguments, **keywords):
        return replace(train(*arguments, **keywords), cross_entropy=50.0, curve=())

    assert run(folder, train=trainer).state is State.FINISHED
    assert [(r.cross_entropy, r.run_id) for r in results(folder)] == [(50.0, None)] * 2
    assert all(r.reason for r in results(folder)) and records() == []


def test_a_training_with_canaries_is_no_record(make):
    folder = make(canaries=20)
    assert run(folder).state is State.FINISHED
    ours, rule = results(folder)
    assert ours.run_id is None and "canaries" in ours.reason
    assert [record.run_id for record in records()] == [rule.run_id]


def test_a_damaged_result_is_made_again(make):
    folder = make()
    run(folder)
    (folder.training_folder("rule", 0) / "result.json").write_text('{"arm": "ru')
    assert run(folder).state is State.FINISHED
    assert results(folder)[1].iterations == STEPS and times(folder, "rule", "taken") == STEPS


@pytest.mark.slow
def test_a_real_disk_that_fills_up_says_so_and_goes_on_when_there_is_room(tmp_path):
    namespace = ["unshare", "--user", "--map-root-user", "--mount"]
    try:
        possible = subprocess.run([*namespace, "true"], capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("needs unshare")
    if possible.returncode:
        pytest.skip("needs a user and mount namespace")
    disk = tmp_path / "disk"
    disk.mkdir()
    found = subprocess.run(
        [*namespace, sys.executable, "-m", "tests.pilot.full_disk_pilot", str(disk), "256"],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=True,
    )
    first, second = json.loads(found.stdout)
    assert first["state"] == "failed" and "No space left on device" in first["sentence"]
    assert first["taken"][0] <= first["charged"][0] < STEPS
    assert second == {
        "state": "finished", "sentence": "", "charged": [STEPS] * 2, "taken": second["taken"],
    }  # fmt: skip
    assert max(second["taken"]) <= STEPS
