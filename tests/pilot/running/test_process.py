"""The process of a pilot is found by whoever starts it, from any folder, and is its own session."""

import os
import sys
import time
from pathlib import Path

import pytest

from engine.pilot.running import job, process
from engine.pilot.running.folder import PilotFolder
from tests.present import present


def test_a_process_has_its_own_session_and_says_what_it_prints_in_the_log(tmp_path, monkeypatch):
    (tmp_path / "printing.py").write_text(
        "import os, sys, engine\nprint(os.getsid(0), os.environ['OMP_NUM_THREADS'], *sys.argv[1:])"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(process, "MODULE", "printing")
    monkeypatch.chdir(tmp_path)
    folder = PilotFolder(path=tmp_path / "pilot")
    lock = present(folder.take_lock())
    found = process.detached(folder, "run", lock.descriptor)
    end = time.monotonic() + 120
    while not (said := folder.log_file.read_text()).endswith("\n"):
        assert time.monotonic() < end
        time.sleep(0.01)
    expected = [str(found), str(process.cores()), "run", str(folder.path), "--lock"]
    assert said.split() == [*expected, str(lock.descriptor)]
    assert os.getsid(0) != found
    lock.release()


@pytest.mark.parametrize(
    ("ranks", "said", "threads"), [(1, None, 6), (4, None, 1), (2, None, 3), (2, "5", 5)]
)
def test_a_job_s_ranks_share_the_cores_that_are_there(monkeypatch, ranks, said, threads):
    became = []
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if said:
        monkeypatch.setenv("OMP_NUM_THREADS", said)
    monkeypatch.setattr(job, "cores", lambda: 6)
    monkeypatch.setattr(os, "execve", lambda *given: became.append(given))
    _, _, module, *arguments = process.handed_over(Path("/shared/pilot"), ranks)
    assert module == job.__name__
    monkeypatch.setattr(sys, "argv", ["job", *arguments])
    job.main()
    ((program, command, environment),) = became
    assert program == command[0] == sys.executable
    assert command[-4:] == ["engine.pilot", "run", "/shared/pilot", "--as-job"]
    assert ("--nproc-per-node=" + str(ranks) in command) == (ranks > 1)
    assert environment["OMP_NUM_THREADS"] == str(threads)
