"""Tombstones: their order is that of their numbers, and two processes' acts count once."""

from datetime import timedelta

import pytest

from engine.errors import InputError
from engine.runs.deletions import Act, Entry, Watch, listing, read, state_of, write
from tests.runs.made_runs import NOW

LATER = NOW + timedelta(days=1)


def entry(act: Act, **changes: object) -> Entry:
    return Entry(**{"act": act, "at": NOW, "runs": {"a": NOW}, **changes})  # type: ignore[arg-type]


def test_an_entry_comes_back_as_it_went_in(tmp_path):
    said = entry(Act.DELETE, reason="単位が違う", imports={"ours-12": LATER})
    assert read(write(tmp_path, said)) == said
    assert listing(tmp_path / "absent") == []


def test_numbers_go_on_after_the_last(tmp_path):
    first = write(tmp_path, entry(Act.DELETE))
    second = write(tmp_path, entry(Act.RESTORE))
    assert [path.name for path in listing(tmp_path)] == [first.name, second.name]
    assert (first.name, second.name) == ("00000001.json", "00000002.json")


def test_a_number_that_another_process_takes_is_passed_over(tmp_path, monkeypatch):
    write(tmp_path, entry(Act.DELETE, reason="theirs"))
    monkeypatch.setattr("engine.runs.numbered._last", _once())
    path = write(tmp_path, entry(Act.DELETE, reason="ours"))
    assert (path.name, read(path).reason) == ("00000002.json", "ours")
    assert [read(one).reason for one in listing(tmp_path)] == ["theirs", "ours"]


def _once():
    """As seen just before another process wrote, then just after."""
    seen = iter([0, 1])
    return lambda place: next(seen)


def test_restoring_takes_the_latest_tombstone_away_once():
    deleted = [entry(Act.DELETE), entry(Act.DELETE, runs={"a": LATER})]
    assert [stone.until for stone in state_of(deleted).runs["a"]] == [NOW, LATER]
    back = entry(Act.RESTORE, runs={"a": LATER})
    assert [stone.until for stone in state_of([*deleted, back, back]).runs["a"]] == [NOW]
    assert state_of([*deleted, back, entry(Act.RESTORE)]).runs == {}


def test_the_same_row_deleted_twice_counts_once():
    twice = state_of([entry(Act.DELETE, reason="first"), entry(Act.DELETE, reason="second")])
    assert [stone.reason for stone in twice.runs["a"]] == ["first"]


def test_rows_of_one_generation_are_doubles():
    state = state_of([entry(Act.DELETE), entry(Act.DELETE, runs={"a": LATER})])
    moments = (NOW, LATER, LATER + timedelta(seconds=1))
    assert [state.generation("a", moment) for moment in moments] == [0, 1, 2]
    assert state.generation("b", NOW) == 0


def test_only_what_is_new_is_read(tmp_path):
    watch = Watch(tmp_path)
    assert not watch.refresh()
    path = write(tmp_path, entry(Act.DELETE))
    assert watch.refresh() and not watch.refresh()
    assert list(watch.state.runs) == ["a"]
    path.write_text("{}")
    assert watch.refresh() and watch.state.runs == {} and list(watch.damaged) == [path]
    path.unlink()
    assert watch.refresh() and watch.damaged == {}


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"format": "kessai-deletion-1"}', "\x00", '"' + "[" * 99999]
)
def test_other_files_are_refused(tmp_path, content):
    path = write(tmp_path, entry(Act.DELETE))
    path.write_text(content)
    with pytest.raises(InputError, match="Expected a deletion"):
        read(path)


def test_a_long_reason_is_refused(tmp_path):
    with pytest.raises(InputError, match="at most 500 characters, got 501"):
        write(tmp_path, entry(Act.DELETE, reason="a" * 501))
    assert listing(tmp_path) == []
