"""A sweep in several processes: every run once, whoever stops, dies or comes along."""

import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from engine.errors import InputError
from engine.pilot.plan import CorpusSource
from engine.pilot.running.folder import PilotFolder
from engine.pilot.sweeps.grid import run_id
from engine.pilot.sweeps.record import Place, Result, Stopped, failures
from engine.pilot.sweeps.survey import described, measure, survey
from engine.pilot.sweeps.sweep import run_sweep
from engine.runs.log import RunLog
from tests.pilot import fake_sweep_trainer as fake
from tests.pilot.fake_sweep_trainer import CORPUS, plan, trace, train

ROOT = Path(__file__).parents[3]
SOURCE = CorpusSource(kind="docstrings")


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv(fake.TRACE, str(tmp_path / "trace"))
    return Place(log_folder=tmp_path / "runs", folder=tmp_path / "sweeps")


@pytest.fixture
def interruptible():
    """SIGINT as in a terminal: a process that is started in the
    background inherits it as ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def sweep(runs, place, *, processes=1, say=lambda line: None, load=fake.load):
    return run_sweep(
        survey(runs, CORPUS, place),
        SOURCE,
        CORPUS,
        place,
        processes=processes,
        train=train,
        say=say,
        load=load,
    )


def stored(place):
    log = RunLog.open(place.log_folder)
    try:
        return sorted(record.seed for record in log.records())
    finally:
        log.close()


def test_two_workers_train_every_run_once_and_say_so(place):
    lines: list[str] = []
    report = sweep(plan([*range(6), fake.DIVERGES]), place, processes=2, say=lines.append)
    assert (report.trained, report.left, report.busy, report.stopped) == (6, 0, 0, False)
    assert list(report.failed.values()) == ["Training diverged."]
    assert sorted(trace()) == [*range(6), fake.DIVERGES]
    assert stored(place) == list(range(6))
    assert len(lines) == 7
    assert sorted(line.split("/")[0] for line in lines) == list("1234567")
    assert "seed=0" in "".join(lines) and "loss 2.0000  10 s" in "".join(lines)
    assert "min left" in lines[2] and "min left" not in lines[-1]


def test_what_is_done_is_skipped(place):
    runs = plan([1, fake.DIVERGES, 2])
    sweep(runs[:2], place)
    found = survey(runs, CORPUS, place)
    assert [run.seed for run in found.left] == [2]
    assert (found.finished, len(found.runs), found.differing) == (1, 3, ())
    assert list(found.failed) == [run_id(runs[1], family=CORPUS.family)]
    report = sweep(runs, place)
    assert (report.trained, report.left, report.failed) == (1, 0, {})
    assert trace() == [1, fake.DIVERGES, 2]


def test_nothing_left_starts_no_worker(place):
    runs = plan([1])
    sweep(runs, place)

    def load(source):
        raise AssertionError

    assert sweep(runs, place, load=load).trained == 0


def test_runs_trained_with_another_warmup_are_told(place):
    sweep(plan([1]), place)
    (other,) = plan([1], extra="warmup = 3")
    found = survey([other], CORPUS, place)
    assert found.left == ()
    assert found.differing == (run_id(other, family=CORPUS.family),)


def test_two_sweeps_at_once_share_the_runs(place):
    runs = plan([fake.SLOW, *range(8)])
    reports = []
    threads = [
        threading.Thread(target=lambda: reports.append(sweep(runs, place))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(trace()) == [*range(8), fake.SLOW]
    assert sum(report.trained for report in reports) == 9
    assert all(report.left == report.busy for report in reports)


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_stops_after_a_checkpoint_and_the_next_sweep_goes_on(place):
    runs = plan([1, fake.UNTIL_TOLD, 2])

    def interrupt(line):
        _until(lambda: fake.UNTIL_TOLD in trace())
        os.kill(os.getpid(), signal.SIGINT)

    report = sweep(runs, place, say=interrupt)
    assert (report.trained, report.left, report.stopped, report.died) == (1, 2, True, ())
    assert stored(place) == [1]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert sweep(runs, place).trained == 2
    assert trace() == [1, fake.UNTIL_TOLD, fake.UNTIL_TOLD, 2]


@pytest.mark.usefixtures("interruptible")
def test_a_second_ctrl_c_kills_and_loses_no_more_than_the_checkpoint(place):
    runs = plan([1, fake.DEAF])

    def interrupt(line):
        _until(lambda: fake.DEAF in trace())
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)

    report = sweep(runs, place, say=interrupt)
    assert (report.trained, report.left, report.stopped, report.died) == (1, 1, True, ())
    assert sweep(runs, place).trained == 1


def test_what_a_cluster_tells_twice_is_one_request(place):
    runs = plan([1, fake.UNTIL_TOLD])

    def terminate(line):
        _until(lambda: fake.UNTIL_TOLD in trace())
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)

    report = sweep(runs, place, say=terminate)
    assert (report.trained, report.left, report.stopped, report.died) == (1, 1, True, ())
    assert sweep(runs, place).trained == 1


def test_a_worker_told_to_end_stops_after_a_checkpoint(place):
    runs = plan([1, fake.UNTIL_TOLD, 2])

    def terminate(line):
        if "seed=1 " in line:
            _until(lambda: fake.UNTIL_TOLD in trace())
            for child in multiprocessing.active_children():
                child.terminate()

    report = sweep(runs, place, say=terminate)
    assert (report.trained, report.left, report.died) == (1, 2, ())
    assert sweep(runs, place).trained == 2


def test_a_reader_that_is_gone_ends_the_sweep_and_its_workers(place):
    def broken(line):
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        sweep(plan([1, fake.UNTIL_TOLD]), place, say=broken)
    assert multiprocessing.active_children() == []
    assert stored(place) == [1]


def test_a_worker_that_dies_is_told_and_its_run_goes_on_next_time(place):
    lines: list[str] = []
    runs = plan([fake.DIES_ONCE, 1])
    report = sweep(runs, place, say=lines.append)
    name = run_id(runs[0], family=CORPUS.family)
    assert report.died == (f"exit code -9 at run {name}",)
    assert (report.trained, report.left, report.stopped) == (0, 2, False)
    assert "run the sweep again" in lines[0]
    assert failures(place.folder) == {}
    assert sweep(runs, place).trained == 2


def test_what_a_worker_is_refused_is_the_sweep_s_refusal(place):
    place.log_folder.write_text("a file")
    with pytest.raises(InputError, match="Expected to read the folder of runs") as refusal:
        sweep(plan([1, 2, 3, 4]), place, processes=2)
    assert refusal.value.values["reason"] == "Not a directory"


def load_another(source):
    from dataclasses import replace

    return replace(CORPUS, fingerprint="cd" * 32)


def test_a_text_that_changes_under_way_is_refused(place):
    with pytest.raises(InputError, match="but it changed"):
        sweep(plan([1]), place, load=load_another)
    assert trace() == []


def test_workers_end_when_the_sweep_is_killed(place, tmp_path):
    script = textwrap.dedent(
        f"""
        from pathlib import Path
        from engine.pilot.sweeps.record import Place
        from tests.pilot.sweeps import test_sweep
        from tests.pilot.fake_sweep_trainer import UNTIL_TOLD, plan

        if __name__ == "__main__":
            place = Place(
                log_folder=Path({str(place.log_folder)!r}), folder=Path({str(place.folder)!r})
            )
            test_sweep.sweep(plan([UNTIL_TOLD]), place)
        """
    )
    (tmp_path / "script.py").write_text(script)
    process = subprocess.Popen(
        [sys.executable, tmp_path / "script.py"], env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    (run,) = plan([fake.UNTIL_TOLD])
    folder = PilotFolder(path=place.folder / run_id(run, family=CORPUS.family))
    _until(lambda: trace() == [fake.UNTIL_TOLD])
    assert folder.is_held()
    process.kill()
    process.wait()
    _until(lambda: not folder.is_held())
    assert sweep([run], place).trained == 1


def _until(condition, seconds=180):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_unknown_sizes_are_timed_and_nothing_of_it_is_stored(place):
    found = survey(plan([1]), CORPUS, place)
    assert found.pace.seconds(found.left) is None
    seconds = iter([2.0, 10.0])

    def timed(settings, corpus, **options):
        assert settings.warmup == 0
        return Result(seconds=next(seconds))

    pace = measure(found, CORPUS, place, train=timed)
    assert pace.seconds(found.left) == pytest.approx(64 * 8.0 / 16)
    assert stored(place) == [] and not place.folder.exists()


def test_finished_runs_on_this_hardware_say_how_long_others_take(place):
    sweep(plan([1]), place)
    found = survey(plan([1, 2, 3]), CORPUS, place)
    assert found.pace.seconds(found.left) == pytest.approx(20.0)
    elsewhere = Place(log_folder=place.log_folder, folder=place.folder, threads=2)
    assert survey(plan([1, 2]), CORPUS, elsewhere).pace.sizes == set()


def test_a_run_in_words():
    (run,) = plan([4], noises=[2**-8])
    assert described(run) == "M=30,192  σ̄=2^-8  lr=2^-7  seed=4  T=64"


class Judge:
    """Calls all that is left needless once the run of ``after`` has ended."""

    reason = "stopped: could not change the decision"

    def __init__(self, after):
        self.after, self.asked = after, []

    def __call__(self, under_way, waiting):
        self.asked.append(([run.seed for run in under_way], [run.seed for run in waiting]))
        left = [run.seed for run in [*under_way, *waiting]]
        return frozenset(range(len(left))) if self.after not in left else frozenset()


def judged(runs, place, judge, **options):
    return run_sweep(
        survey(runs, CORPUS, place), SOURCE, CORPUS, place, processes=2, train=train,
        load=fake.load, judge=judge, **options,
    )  # fmt: skip


def test_runs_that_cannot_change_the_decision_are_stopped_where_they_stand(place):
    runs = plan([fake.UNTIL_TOLD, 1])
    judge, lines = Judge(after=1), list[str]()
    report = judged(runs, place, judge, say=lines.append)
    assert (report.trained, report.left, report.stopped) == (1, 0, False)
    (name,) = report.needless
    assert name == run_id(runs[0], family=CORPUS.family)
    assert judge.asked == [([fake.UNTIL_TOLD], [])], "the one under way, and nothing that waits"
    (noted,) = survey(runs, CORPUS, place).stopped.items()
    assert noted == (name, Stopped(reason=Judge.reason, seconds=report.needless[name]))
    assert any("could not change the decision" in line for line in lines)
    assert (place.folder / name).is_dir(), "its checkpoint stays"
    assert failures(place.folder) == {} and stored(place) == [1]
    # Another decision may want it: it goes on.
    assert sweep(runs, place).trained == 1
    assert survey(runs, CORPUS, place).stopped == {}


def test_what_is_needless_before_it_begins_is_not_trained(place):
    first, *others = plan([1, fake.SLOW, 2, 3, 4, 5, 6, 7])
    report = run_sweep(
        survey([first, *others], CORPUS, place), SOURCE, CORPUS, place, processes=1,
        train=fake.slowly, load=fake.load, judge=Judge(after=1), say=lambda line: None,
    )  # fmt: skip
    assert report.trained + len(report.needless) == 8 and report.left == 0
    assert len(report.needless) >= 5 and set(report.needless.values()) == {0.0}
    assert len(trace()) == report.trained


def test_a_judge_that_has_no_law_leaves_every_run_to_be_trained(place):
    class Refuses(Judge):
        def __call__(self, under_way, waiting):
            raise InputError("Expected a law.")

    report = judged(plan([1, 2, 3]), place, Refuses(after=0), say=lambda line: None)
    assert (report.trained, report.needless) == (3, {})
