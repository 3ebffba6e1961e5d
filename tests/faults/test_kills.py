"""Nothing that was acknowledged is lost, whoever is killed when; nothing half-written stays."""

import pytest

from tests.faults.acts import KINDS
from tests.faults.trials import made


def test_a_handful_of_kills(tmp_path, record_property):
    kinds = ("log", "import", "save")
    found = made("tests.faults.kill", tmp_path, 16, len(kinds), *kinds)
    said = f"kills, seed 16: tried {len(found.tried)}, failed {len(found.failed)}"
    record_property("tried", said)
    assert (len(found.tried), found.failed) == (len(kinds), []), found.why
    assert found.killed >= len(kinds) - 1


@pytest.mark.exhaustive
def test_three_hundred_kills(tmp_path, record_property):
    found = made("tests.faults.kill", tmp_path, 2026, 300, *KINDS)
    tried, killed, failed = len(found.tried), found.killed, found.failed
    said = f"kills, seed 2026: tried {tried}, killed {killed}, failed {len(failed)}"
    record_property("tried", said)
    assert (tried, failed) == (300, []), found.why
    assert killed > 270
