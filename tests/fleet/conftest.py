"""Ray, which one test of a machine may have at a time."""

import fcntl
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def ray_alone() -> Iterator[None]:
    """No other test on this machine has a Ray of its own meanwhile, whichever checkout it runs in:
    it would be found as the cluster of this one, and its parts killed as this one's."""
    pytest.importorskip("ray", reason="ray is not installed")
    with (Path(tempfile.gettempdir()) / "kessai-tests-ray.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
