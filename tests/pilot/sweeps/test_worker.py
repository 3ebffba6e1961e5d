"""One worker: what it trains, stores, notes and leaves, whatever others do meanwhile."""

import errno
import json
import shutil
from itertools import chain, repeat
from pathlib import Path

import pytest

from engine.errors import InputError
from engine.pilot.running.folder import PilotFolder
from engine.pilot.sweeps.grid import run_id
from engine.pilot.sweeps.record import FAILED_FILE, Place, failures, record_of, settings_differ
from engine.pilot.sweeps.worker import What, work
from engine.runs import files
from engine.runs.folder import unwritable
from engine.runs.log import RunLog
from engine.runs.record import Provenance
from tests.pilot import fake_sweep_trainer as fake
from tests.pilot.fake_sweep_trainer import CORPUS, plan, trace, train
from tests.present import present


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv(fake.TRACE, str(tmp_path / "trace"))
    return Place(log_folder=tmp_path / "runs", folder=tmp_path / "sweeps")


def events(runs, place, *, trainer=train, stop=lambda: False):
    return [
        (event.what, event.run_id)
        for event in work(runs, CORPUS, place, train=trainer, should_stop=stop)
    ]


def name(run):
    return run_id(run, family=CORPUS.family)


def stored(place):
    log = RunLog.open(place.log_folder)
    try:
        return {record.seed: record for record in log.records()}
    finally:
        log.close()


def left_behind(place):
    return sorted(path.name for path in place.folder.iterdir()) if place.folder.exists() else []


def test_every_run_is_trained_in_order_and_stored(place):
    runs = plan([3, 1])
    assert events(runs, place) == [
        (what, name(run)) for run in runs for what in (What.STARTED, What.FINISHED)
    ]
    assert trace() == [3, 1]
    assert stored(place).keys() == {1, 3}
    assert left_behind(place) == []


def test_the_record_says_what_was_asked_and_what_came_out(place):
    (run,) = plan([3], noises=[0.5])
    events([run], place)
    record = stored(place)[3]
    assert record.run_id == name(run)
    assert (record.family, record.provenance) == (CORPUS.family, Provenance.MEASURED)
    assert (record.model_size, record.noise_batch_ratio) == (run.config.model_size, 0.5)
    assert (record.epsilon, record.noise_multiplier, record.data_budget) == (None, None, None)
    assert record.compute_flops == run.config.compute_flops
    assert record.curve == ((32, 4.0), (64, 2.03))
    assert record.cross_entropy == 2.03
    assert "1 thread" in record.hardware
    told = json.loads(record.versions)
    assert told["corpus"] == CORPUS.fingerprint
    assert (told["warmup"], told["averaging"], told["clip_norm"]) == (20, 8.0, 1.0)
    assert (told["schedule"], told["engine"], told["units"]) == ("constant", "fast", 190)
    assert (told["seconds"], told["physical_batch_size"]) == (10.0, 16)
    assert "torch" in told


def test_a_run_in_the_log_is_not_trained_again(place):
    runs = plan([1, 2])
    events(runs[:1], place)
    assert events(runs, place)[0] == (What.KNOWN, name(runs[0]))
    assert trace() == [1, 2]
    assert left_behind(place) == []


def test_a_run_that_another_stored_since_the_list_was_made_is_left(place):
    first, second = plan([1, 2])

    def two_at_once(settings, corpus, **options):
        result = train(settings, corpus, **options)
        log = RunLog.open(place.log_folder)
        log.append([record_of(second, CORPUS, place, result)])
        log.close()
        return result

    assert events([first, second], place, trainer=two_at_once)[-1] == (What.KNOWN, name(second))
    assert trace() == [1]


def test_a_run_that_another_holds_is_left_to_it(place):
    first, second = plan([1, 2])
    lock = present(PilotFolder(path=place.folder / name(first)).take_lock())
    assert events([first, second], place)[0] == (What.BUSY, name(first))
    assert trace() == [2]
    lock.release()
    assert events([first], place)[-1] == (What.FINISHED, name(first))


def test_a_folder_that_goes_while_it_is_claimed_counts_as_taken(place, monkeypatch):
    (run,) = plan([1])

    def gone(folder):
        raise FileNotFoundError(folder.path)

    monkeypatch.setattr(PilotFolder, "take_lock", gone)
    assert events([run], place) == [(What.BUSY, name(run))]


@pytest.mark.parametrize(
    ("seed", "reason"),
    [
        (fake.DIVERGES, "Training diverged."),
        (fake.WORSE_THAN_NOTHING, "knows nothing"),
        (fake.NO_NUMBER, "not a finite number"),
    ],
)
def test_a_run_that_diverged_is_noted_and_not_tried_again(place, seed, reason):
    runs = plan([seed, 1])
    found = events(runs, place)
    assert found[1] == (What.FAILED, name(runs[0]))
    assert found[-1] == (What.FINISHED, name(runs[1]))
    assert stored(place).keys() == {1}
    assert left_behind(place) == [FAILED_FILE]
    (noted,) = failures(place.folder).items()
    assert noted[0] == name(runs[0]) and reason in noted[1]
    assert events(runs[:1], place) == [(What.KNOWN, name(runs[0]))]
    (place.folder / FAILED_FILE).unlink()
    assert events(runs[:1], place)[-1][0] is What.FAILED
    assert trace() == [seed, 1, seed]


def test_a_loss_at_the_limit_is_a_point(place):
    (run,) = plan([fake.AT_THE_LIMIT])
    assert events([run], place)[-1] == (What.FINISHED, name(run))


def test_a_torn_note_loses_itself_only(place):
    runs = plan([fake.DIVERGES, fake.WORSE_THAN_NOTHING])
    events(runs[:1], place)
    with (place.folder / FAILED_FILE).open("ab") as file:
        file.write(
            b'{"run_id":"ab',
        )
        file.write(b"\xff")
    events(runs[1:], place)
    assert failures(place.folder).keys() == {name(run) for run in runs}


def test_a_request_to_stop_is_heard_before_a_run(place):
    answers = iter([False, True])
    assert len(events(plan([1, 2]), place, stop=lambda: next(answers))) == 2
    assert trace() == [1]


def test_a_run_stopped_in_the_middle_goes_on_in_its_folder(place):
    (run, other) = plan([fake.UNTIL_TOLD, 1])
    answers = chain([False, False], repeat(True))
    found = events([run, other], place, stop=lambda: next(answers))
    assert found == [(What.STARTED, name(run)), (What.STOPPED, name(run))]
    assert left_behind(place) == [name(run)]
    assert events([run], place)[-1] == (What.FINISHED, name(run))
    assert left_behind(place) == []


def test_other_settings_of_the_same_id_start_anew(place):
    (run,) = plan([fake.UNTIL_TOLD])
    (other,) = plan([fake.UNTIL_TOLD], extra="warmup = 3")
    assert name(run) == name(other)
    answers = chain([False], repeat(True))
    events([run], place, stop=lambda: next(answers))
    answers = chain([False], repeat(True))
    assert events([other], place, stop=lambda: next(answers))[-1][0] is What.STOPPED


def test_a_log_that_cannot_be_read_trains_nothing(place):
    place.log_folder.write_text("a file")
    with pytest.raises(InputError, match="Expected to read the folder of runs"):
        events(plan([1]), place)
    assert trace() == []


def test_a_log_that_cannot_be_written_ends_the_worker_and_keeps_the_training(place, monkeypatch):
    def full(folder, *_, **__):
        raise unwritable(folder, OSError(errno.ENOSPC, "No space left on device"))

    runs = plan([1, 2])
    monkeypatch.setattr(files, "write", full)
    with pytest.raises(InputError, match="Expected to write the run log"):
        events(runs, place)
    assert trace() == [1]
    assert left_behind(place) == [name(runs[0])]
    assert failures(place.folder) == {}


def test_a_sweep_folder_that_cannot_be_written_is_a_sentence(place):
    place.folder.write_text("a file")
    with pytest.raises(InputError, match="Set KESSAI_PILOTS"):
        events(plan([1]), place)


def test_the_lock_is_free_after_each_run(place):
    def raises(*_, **__):
        raise RuntimeError

    (run,) = plan([1])
    with pytest.raises(RuntimeError):
        events([run], place, trainer=raises)
    assert not PilotFolder(path=place.folder / name(run)).is_held()


def test_settings_that_an_id_leaves_out_are_compared(place):
    (run,) = plan([1])
    (other,) = plan([1], extra="warmup = 3")
    events([run], place)
    record = stored(place)[1]
    assert not settings_differ(record, run, CORPUS)
    assert settings_differ(record, other, CORPUS)


def test_a_crash_between_record_and_tidying_leaves_nothing_to_do(place, monkeypatch):
    (run,) = plan([1])
    removed: list[Path] = []
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", removed.append)
        events([run], place)
    assert left_behind(place) == [name(run)]
    assert removed == [place.folder / name(run)]
    assert events([run], place) == [(What.KNOWN, name(run))]
    assert left_behind(place) == []
