"""Nothing that was acknowledged is lost, whoever is killed when; nothing half-written stays."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.acts import KINDS

ROOT = Path(__file__).parents[2]


def failed_of(folder, seed, trials, *kinds):
    """Trials that were made, those in which the process was killed, and those that failed."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.kill", str(folder), str(seed), str(trials), *kinds],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    found = [json.loads(line) for line in done.stdout.splitlines()]
    failed = [one for one in found if one["failed"]]
    return len(found), sum(one["killed"] for one in found), failed, done.stderr


def test_a_handful_of_kills(tmp_path, record_property):
    kinds = ("log", "import", "save")
    tried, killed, failed, why = failed_of(tmp_path, 16, len(kinds), *kinds)
    record_property("tried", f"kills, seed 16: tried {tried}, failed {len(failed)}")
    assert (tried, failed) == (len(kinds), []), why
    assert killed >= len(kinds) - 1


@pytest.mark.exhaustive
def test_three_hundred_kills(tmp_path, record_property):
    tried, killed, failed, why = failed_of(tmp_path, 2026, 300, *KINDS)
    said = f"kills, seed 2026: tried {tried}, killed {killed}, failed {len(failed)}"
    record_property("tried", said)
    assert (tried, failed) == (300, []), why
    assert killed > 270
