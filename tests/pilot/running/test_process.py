"""The process of a pilot is found by whoever starts it, from any folder, and is its own session."""

import os
import time

from engine.pilot.running import process
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
