"""Tags and notes: what entries come to, what is refused, and that they outlive a deletion."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from engine import decision_log
from engine.access.rights import Person, Role
from engine.errors import InputError
from engine.runs import annotations, removal
from engine.runs.annotating import annotate
from engine.runs.annotations import Entry, plain_note, plain_tag, state_of
from engine.runs.catalogue import catalogue, stamp
from engine.runs.log import RunLog
from engine.runs.removal import Chosen
from tests.runs.made_runs import record

AT = datetime(2026, 11, 29, tzinfo=UTC)
HANAKO = Person(who="hanako@example.com", roles=frozenset(Role), login="issuer hanako")


@pytest.fixture
def log(tmp_path):
    with RunLog(tmp_path / "runs") as opened:
        opened.append([record(seed=seed) for seed in range(3)])
        yield opened


def _entry(hours, who="", **said):
    return Entry(at=AT + timedelta(hours=hours), who=who, runs=("a",), **said)


def test_who_tagged_first_stays_and_the_last_note_counts():
    (found,) = state_of(
        [
            _entry(0, "first", add=("z", "a"), note="one"),
            _entry(1, "second", add=("a",), note="two"),
            _entry(2, "third", remove=("z",)),
        ]
    ).values()
    assert [(tag.text, tag.who, tag.at) for tag in found.tags] == [("a", "first", AT)]
    assert found.note is not None
    assert (found.note.text, found.note.who) == ("two", "second")
    assert state_of([_entry(0, add=("a",), note="x"), _entry(1, remove=("a",), note="")]) == {}


def test_a_tag_that_was_taken_off_is_put_on_anew():
    (found,) = state_of(
        [_entry(0, "first", add=("a",)), _entry(1, remove=("a",)), _entry(2, "later", add=("a",))]
    ).values()
    assert [tag.who for tag in found.tags] == ["later"]


@pytest.mark.parametrize("bad", ["", "  ", "a,b", "a、b", "a;b", "x" * 41, "a\x00b", "a\u202eb"])
def test_what_is_no_tag_is_refused(bad):
    with pytest.raises(InputError, match="Expected a tag of 1 to 40 characters"):
        plain_tag(bad)


def test_tags_of_one_look_are_one():
    assert plain_tag(" ｔｏ  check\n") == plain_tag("to check") == "to check"
    with pytest.raises(InputError, match="at most 2000 characters, got 2001"):
        plain_note("x" * 2001)


def test_runs_are_tagged_and_noted_on_record(log):
    one, other, rest = (each.run_id for each in catalogue(log))
    before = stamp(log)
    annotate(log, [one, other[:8]], at=AT, add=["good"], note="looks right", by=HANAKO)
    assert stamp(log) != before, "a page that keeps the catalogue would not see it"
    found = {each.run_id: each for each in catalogue(log)}
    assert found[one].tags == found[other].tags == ("good",) and found[rest].tags == ()
    assert found[one].note == "looks right"
    assert found[one].annotation.tags[0].who == "hanako@example.com"
    lines = [line for line in decision_log.entries(log.folder) if line.act == "runs-annotate"]
    assert lines[-1].what["add"] == ["good"]
    assert set(lines[-1].what["runs"]) == {one, other}


def test_they_come_back_with_a_deleted_run(log):
    one = catalogue(log)[0].run_id
    annotate(log, [one], at=AT, add=["good"])
    removal.delete(log, Chosen(runs=(one,)), at=AT)
    assert catalogue(log, deleted=True)[0].tags == ("good",)
    removal.restore(log, Chosen(runs=(one,)), at=AT)
    assert {each.run_id: each.tags for each in catalogue(log)}[one] == ("good",)


def test_what_cannot_be_said_is_refused_and_nothing_is_written(log):
    one = catalogue(log)[0].run_id
    bad: tuple[tuple[dict[str, Any], str], ...] = (
        ({"add": ["a,b"]}, "Expected a tag of"),
        ({"remove": ["nowhere"]}, "that is on these runs \\(none\\), got nowhere"),
        ({}, "Expected runs, and tags or a note"),
    )
    for said, sentence in bad:
        with pytest.raises(InputError, match=sentence):
            annotate(log, [one], at=AT, **said)
    with pytest.raises(InputError, match="by its name or its id"):
        annotate(log, ["nobody"], at=AT, add=["a"])
    assert not (log.folder / annotations.FOLDER).exists()


def test_a_damaged_entry_is_named_and_the_others_count(log):
    one = catalogue(log)[0].run_id
    annotate(log, [one], at=AT, add=["good"])
    place = log.folder / annotations.FOLDER
    for name, text in (
        ("00000002.json", '{"format": "kessai-annotation-1"}'),
        ("00000003.json", (place / "00000001.json").read_text().replace("+00:00", "")),
        ("notes.json", (place / "00000001.json").read_text()),
    ):
        (place / name).write_text(text)
    assert catalogue(log)[0].tags == ("good",)
    named = {entry.path.name for entry in log.skipped}
    assert named == {"00000002.json", "00000003.json", "notes.json"}
    annotate(log, [one], at=AT, add=["more"])
    assert catalogue(log)[0].tags == ("good", "more")
