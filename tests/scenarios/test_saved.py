"""Scenarios as files: exact, never half-written, nobody's change undone unseen, bad input
refused."""

import json
import multiprocessing
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.state import link
from engine.errors import InputError
from engine.scenarios import acts, saved
from tests.dashboard.state.test_link import scenarios

AT = "2026-11-24T01:00:00+00:00"


def values(**changes):
    return link.defaults() | changes


def kept(place, name="Base", who="", **changes):
    return acts.created(place, name, values(**changes), who=who, at=AT)


def test_a_scenario_comes_back_with_its_history(tmp_path):
    first = kept(tmp_path, who="Sato", data=220_000)
    second = acts.updated(tmp_path, first, values(data=330_000), who="", at=AT)
    assert saved.listed(tmp_path) == ([second], [])
    assert second.values["data"] == 330_000
    assert [change.who for change in second.history] == ["Sato", ""]
    assert second.history[0] == first.history[0], "entries are only ever added"
    assert second.history[1].fields == {"data": ("2.2e5", "3.3e5")}


@settings(max_examples=50)
@given(scenarios(), st.text(min_size=1, max_size=40))
def test_every_scenario_survives_its_file(found, name):
    try:
        tidy = saved.valid_name(name)
    except InputError:
        return
    fields = saved.texts(found)
    change = saved.Change(at=AT, who="", fields={k: ("", v) for k, v in fields.items()})
    scenario = saved.Saved(name=tidy, fields=fields, history=(change,))
    again = saved.from_json(saved.to_json(scenario), source="x")
    assert again == scenario and again.version == scenario.version
    assert again.values == {k: v for k, v in found.items() if k not in saved.NOT_KEPT}
    assert len(saved.file_name(tidy).encode()) < 200 and "/" not in saved.file_name(tidy)


def test_defaults_are_written_out_so_that_they_keep_their_meaning(tmp_path):
    assert kept(tmp_path).fields["utilisation"] == "0.4"
    assert not set(saved.NOT_KEPT) & kept(tmp_path, "b", lang="ja", pilot="new").fields.keys()


@pytest.mark.parametrize("again", ["Base", "  base ", "BASE", "Ｂａｓｅ"])
def test_a_name_can_be_used_once(tmp_path, again):
    first = kept(tmp_path)
    with pytest.raises(InputError, match="already"):
        kept(tmp_path, again, data=5_000)
    assert saved.listed(tmp_path)[0] == [first]


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "a\x00b"])
def test_an_unusable_name_is_refused(tmp_path, name):
    with pytest.raises(InputError, match="name of 1 to 60"):
        kept(tmp_path, name)
    assert not saved.listed(tmp_path)[0]


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b", "..", "東京/大阪", "nul", "🙂"])
def test_no_name_leads_out_of_the_folder(tmp_path, name):
    place = tmp_path / "inner"
    kept(place, name)
    (file,) = place.glob("*.json")
    assert file.parent == place and not list(tmp_path.glob("*.json"))
    assert saved.listed(place)[0][0].name == name


def test_a_change_made_meanwhile_is_not_undone(tmp_path):
    first = kept(tmp_path)
    theirs = acts.updated(tmp_path, first, values(epsilon=8.0), who="Abe", at=AT)
    with pytest.raises(InputError, match="changed “Base” meanwhile"):
        acts.updated(tmp_path, first, values(epsilon=1.0), who="Ito", at=AT)
    with pytest.raises(InputError, match="meanwhile"):
        acts.delete(tmp_path, first)
    assert saved.listed(tmp_path)[0] == [theirs]
    acts.delete(tmp_path, theirs)
    with pytest.raises(InputError, match="meanwhile"):
        acts.delete(tmp_path, theirs)
    assert saved.listed(tmp_path) == ([], [])


def test_an_import_can_take_another_name_and_keeps_its_history(tmp_path):
    first = acts.created(tmp_path, "Base", link.defaults(), who="Sato", at="2026-11-24")
    with pytest.raises(InputError, match="another name"):
        acts.added(tmp_path, first)
    acts.added(tmp_path, saved.renamed(first, " Base 2 "))
    kept = {each.name: each for each in saved.listed(tmp_path)[0]}
    assert kept.keys() == {"Base", "Base 2"} and kept["Base 2"].history == first.history
    with pytest.raises(InputError, match="Expected a name"):
        saved.renamed(first, " ")


def test_no_change_writes_nothing(tmp_path):
    first = kept(tmp_path)
    assert acts.updated(tmp_path, first, values(), who="Abe", at=AT) is first


def test_an_export_can_be_imported_elsewhere(tmp_path):
    first = kept(tmp_path / "here", who="Sato")
    content = saved.to_json(first).encode()
    brought = acts.added(tmp_path / "there", saved.from_file("x.json", content))
    assert brought == first
    with pytest.raises(InputError, match="already"):
        acts.added(tmp_path / "there", brought)


GOOD = json.loads(
    saved.to_json(
        saved.Saved(
            name="a", fields=saved.texts(link.defaults()),
            history=(saved.Change(at=AT, who="", fields={"data": ("", "1e7")}),),
        )
    )
)  # fmt: skip


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{}", b"[]", b"null", b"7", b"\xff\xfe", b"{", b"[" * 5000, b'{"format": 1}',
        json.dumps(GOOD | {"format": "other"}).encode(),
        json.dumps(GOOD | {"fields": {}}).encode(),
        json.dumps(GOOD | {"fields": ["data"]}).encode(),
        json.dumps(GOOD | {"fields": GOOD["fields"] | {"colour": "red"}}).encode(),
        json.dumps(GOOD | {"fields": GOOD["fields"] | {"epsilon": "9999"}}).encode(),
        json.dumps(GOOD | {"fields": GOOD["fields"] | {"data": None}}).encode(),
        json.dumps(GOOD | {"name": 5}).encode(),
        json.dumps(GOOD | {"name": "x" * 99}).encode(),
        json.dumps(GOOD | {"history": 3}).encode(),
        json.dumps(GOOD | {"history": [{"at": "x"}]}).encode(),
        json.dumps(GOOD | {"history": [{"at": "x", "who": "", "fields": {"data": "1"}}]}).encode(),
        b" " * (saved.LARGEST_FILE + 5),
    ],
)  # fmt: skip
def test_what_is_no_scenario_is_refused_in_a_sentence(tmp_path, content):
    with pytest.raises(InputError):
        saved.from_file("wrong.json", content)
    whole = kept(tmp_path)
    (tmp_path / "damaged.json").write_bytes(content)
    found, refused = saved.listed(tmp_path)
    assert found == [whole] and len(refused) == 1


def test_the_folder_lies_beside_the_run_log_or_where_it_is_put(tmp_path, monkeypatch):
    monkeypatch.delenv(saved.VARIABLE, raising=False)
    assert saved.folder(tmp_path / "runs") == tmp_path / "scenarios"
    monkeypatch.setenv(saved.VARIABLE, str(tmp_path / "other"))
    assert saved.folder(tmp_path / "runs") == tmp_path / "other"


def test_a_folder_that_cannot_be_written_says_so(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="KESSAI_SCENARIOS"):
        kept(tmp_path / "file")


def _save_many(place, worker, taken):
    """Save under names that others want too, and change one file that everybody changes."""
    for number in range(15):
        try:
            kept(place, f"shared {number}", who=f"w{worker}", data=1_000 + worker)
            taken.put(number)
        except InputError:
            pass
        for _ in range(100):
            (everybody,) = [s for s in saved.listed(place)[0] if s.name == "everybody"]
            fresh = values(data=10_000 + 100 * worker + number)
            try:
                acts.updated(place, everybody, fresh, who=f"w{worker}", at=AT)
                break
            except InputError:
                continue


def test_processes_that_save_at_once_corrupt_and_lose_nothing(tmp_path):
    kept(tmp_path, "everybody")
    context = multiprocessing.get_context("fork")
    taken = context.Queue()
    workers = [context.Process(target=_save_many, args=(tmp_path, w, taken)) for w in range(3)]
    for worker in workers:
        worker.start()
    numbers = sorted(taken.get(timeout=60) for _ in range(15))
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    assert numbers == list(range(15)), "every name was taken by exactly one"
    found, refused = saved.listed(tmp_path)
    assert len(found) == 16 and not refused
    (everybody,) = [s for s in found if s.name == "everybody"]
    assert len(everybody.history) == 1 + 3 * 15, "every change is in the history"
    assert not list(tmp_path.glob(".*.tmp"))


def test_a_later_entry_follows_from_the_one_before(tmp_path):
    scenario = kept(tmp_path, "steps")
    for epsilon in (1.0, 2.0, 3.0):
        scenario = acts.updated(tmp_path, scenario, values(epsilon=epsilon), who="", at=AT)
    changes = [change.fields["epsilon"] for change in scenario.history]
    assert changes == [("", "4"), ("4", "1"), ("1", "2"), ("2", "3")]
    assert replace(scenario, history=()).version != scenario.version


def test_a_history_that_is_full_is_told_before_the_file_is_lost(tmp_path, monkeypatch):
    scenario = kept(tmp_path, "long")
    monkeypatch.setattr(saved, "LARGEST_FILE", len(saved.to_json(scenario)) + 10)
    with pytest.raises(InputError, match="history of “long” is full"):
        acts.updated(tmp_path, scenario, values(epsilon=2.0), who="", at=AT)
    assert saved.listed(tmp_path) == ([scenario], [])


def test_a_file_may_have_any_name_and_a_name_one_file(tmp_path):
    """Files are handed on by hand too."""
    scenario = kept(tmp_path, "by hand")
    (tmp_path / saved.file_name("by hand")).rename(tmp_path / "a copy.json")
    ((found,), _) = saved.listed(tmp_path)
    changed = acts.updated(tmp_path, found, values(epsilon=2.0), who="", at=AT)
    assert saved.listed(tmp_path) == ([changed], [])
    (tmp_path / "another copy.json").write_text(saved.to_json(scenario), encoding="utf-8")
    (found,), (refused,) = saved.listed(tmp_path)
    assert found == changed and "is called" in refused.template
    acts.delete(tmp_path, found)
    assert saved.listed(tmp_path) == ([scenario], [])
