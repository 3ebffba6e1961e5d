"""A run of kills or of power cuts, in a process of its own."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, kw_only=True)
class Trials:
    """What was tried, one record a trial, and what the process said of it."""

    tried: list[dict[str, Any]]
    why: str

    @property
    def failed(self) -> list[dict[str, Any]]:
        """Trials that lost something."""
        return [one for one in self.tried if one["failed"]]

    @property
    def killed(self) -> int:
        """Trials in which the process was killed before it was done."""
        return sum(one["killed"] for one in self.tried)


def made(module: str, folder: Path, seed: int, count: int, *kinds: str) -> Trials:
    """The trials of ``tests.faults.kill`` or ``tests.faults.power``; no ``kinds``: all."""
    done = subprocess.run(
        [sys.executable, "-m", module, str(folder), str(seed), str(count), *kinds],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return Trials(tried=[json.loads(line) for line in done.stdout.splitlines()], why=done.stderr)
