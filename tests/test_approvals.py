"""A decision belongs to one version of a scenario, and to a log that is whole."""

from pathlib import Path

import pytest

from dashboard.compare import wording
from dashboard.state import link
from engine import approvals, decision_log
from engine.access.rights import Person, Role
from engine.approvals import LONGEST_REASON, Ruling, decide, decisions
from engine.errors import InputError
from engine.scenarios import saved
from engine.text.i18n import Words

AT = "2026-11-29T01:00:00+00:00"
BOARD = Person(who="board@example.com", roles=frozenset({Role.APPROVER}), login="issuer 1")


@pytest.fixture
def place(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv(decision_log.VARIABLE, str(tmp_path / "log"))
    monkeypatch.setenv("KESSAI_DATA", str(tmp_path / "runs"))
    monkeypatch.setenv("KESSAI_SCENARIOS", str(tmp_path / "scenarios"))
    return tmp_path


@pytest.fixture
def kept(place) -> saved.Saved:
    return saved.created(place / "scenarios", "計画", link.defaults(), who="", at=AT)


def stands(place, one, language="en") -> str:
    return wording.decided(decisions(one.name, place), one.version, "UTC", Words(language))


def test_a_changed_scenario_is_not_approved(place, kept):
    assert stands(place, kept) == "Nothing is decided on this scenario yet."
    decide(kept.name, kept.version, Ruling.DECLINED, reason="too\n dear", folder=place, by=BOARD)
    decide(kept.name, kept.version, Ruling.APPROVED, folder=place, by=BOARD)
    assert stands(place, kept).startswith("**Approved** as it stands, by board@")
    first, second = decisions(kept.name, place)
    assert (first.ruling, first.reason, second.reason) == (Ruling.DECLINED, "too dear", "")
    assert decisions("another", place) == ()
    later = saved.updated(place / "scenarios", kept, link.defaults() | {"data": 5e6}, who="", at=AT)
    assert "changed since the last decision" in stands(place, later)
    table = wording.decisions(decisions(kept.name, place), later.version, "UTC", Words("en"))
    assert table["Version"] == ["an earlier one"] * 2
    assert table["Decision"] == ["Approved", "Declined"]


def test_a_file_brings_no_decision_along(place, kept):
    decide(kept.name, kept.version, Ruling.APPROVED, folder=place, by=BOARD)
    other = saved.added(place / "scenarios", saved.renamed(kept, "Brought"))
    assert decisions("Brought", place) == () and "yet" in stands(place, other)
    saved.delete(place / "scenarios", kept)
    again = saved.created(
        place / "scenarios", kept.name, link.defaults(), who="", at="2026-11-30T01:00:00+00:00"
    )
    assert "changed since" in stands(place, again)


def test_a_name_that_nobody_vouches_for_says_so(place, kept):
    decide(kept.name, kept.version, Ruling.APPROVED, who="*社長*", folder=place)
    assert "name as given, without login" in stands(place, kept) and r"\*社長\*" in stands(
        place, kept
    )
    assert "ログインなし" in stands(place, kept, "ja")
    decide(kept.name, kept.version, Ruling.APPROVED, who="somebody else", folder=place, by=BOARD)
    assert decisions(kept.name, place)[-1].who == BOARD.who


def test_a_log_that_was_changed_shows_no_decision(place, kept):
    decide(kept.name, kept.version, Ruling.DECLINED, folder=place, by=BOARD)
    file = place / "log" / decision_log.FILE
    file.write_text(file.read_text().replace("declined", "approved"))
    with pytest.raises(InputError, match="what was decided is not shown"):
        decisions(kept.name, place)


def test_a_decision_that_is_none_is_refused(place, kept):
    with pytest.raises(InputError, match="at most 500 characters"):
        decide(kept.name, kept.version, Ruling.APPROVED, reason="x" * (LONGEST_REASON + 1),
               folder=place)  # fmt: skip
    decision_log.append(approvals.ACT, {"scenario": kept.name}, folder=place)
    with pytest.raises(InputError, match="what was decided is not shown"):
        decisions(kept.name, place)
