"""What is measured is a process of its own: the setting stays until its end."""

import subprocess
import sys
from pathlib import Path

import pytest

from engine.pilot.running.freed_memory import keep_freed_memory

ROOT = Path(__file__).resolve().parents[3]
FAULTS = """
import resource, sys
from engine.pilot.running.freed_memory import keep_freed_memory
if sys.argv[1] == "keep":
    assert keep_freed_memory()
def step():
    held = [bytearray(1 << 20) for _ in range(16)]
step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(how: str) -> int:
    """Pages that ten steps of 16 MiB asked the system for anew."""
    done = subprocess.run(
        [sys.executable, "-c", FAULTS, how], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return int(done.stdout)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="is glibc's")
def test_steps_use_the_memory_of_the_step_before():
    assert faults("keep") < 100 < 10_000 < faults("leave")


def test_another_system_is_left_alone(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert keep_freed_memory() is False
