"""An empty log, and a way to import texts into it."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from engine.runs.imports.importing import Asked, Imported, import_file, store
from engine.runs.log import RunLog

WHEN = datetime(2026, 11, 28, tzinfo=UTC)
Import = Callable[..., Imported]


@pytest.fixture
def log(tmp_path):
    with RunLog(tmp_path / "log") as opened:
        yield opened


@pytest.fixture
def imported(log, tmp_path) -> Import:
    """``imported(text or bytes, name=…, stored=…, **asked)`` of a file with that content."""

    def read(content: str | bytes, *, name: str = "runs.csv", stored: bool = False, **asked):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        found = import_file(path, log, Asked(**asked), created_at=WHEN)
        if stored:
            store(log, found)
        return found

    return read
