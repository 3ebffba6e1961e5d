"""What a visitor may choose: registered texts under registered roots, and nothing else."""

import json
import os

import pytest

from engine import decision_log
from engine.errors import InputError
from engine.pilot.plan import CorpusSource
from engine.pilot.text import registry as module
from engine.pilot.text.registry import Cap, Registry, Text, changing, registry, registry_file


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder of texts with one in it, and an installation that knows neither."""
    monkeypatch.setenv("KESSAI_DATA", str(tmp_path / "data" / "runs"))
    monkeypatch.delenv(decision_log.VARIABLE)  # beside these runs, not that of all tests
    texts = tmp_path / "texts"
    texts.mkdir()
    (texts / "letters.jsonl").write_text('{"text": "a"}\n')
    (tmp_path / "shadow").write_text("root:x")
    return texts


def source(path, kind="jsonl"):
    return CorpusSource(kind=kind, path=str(path))


def registered(place, **changes):
    found = Registry().with_root(str(place))
    found = found.with_population("customers", Cap(epsilon=8.0, delta=1e-6))
    return found.with_text(
        "letters", Text(source=source(place / "letters.jsonl"), population="customers", **changes)
    )


def test_what_is_written_is_read_back_and_on_record(place):
    assert registry() == Registry()
    with changing() as held:
        held[0] = registered(place)
    assert registry() == registered(place)
    (entry,) = decision_log.entries(registry_file().parent / "runs")
    assert entry.act == "texts-change" and entry.what["texts"] == ["letters"]
    assert entry.what["caps"] == {"customers": {"epsilon": 8.0, "delta": 1e-6}}
    assert "letters.jsonl" not in json.dumps(entry.what)
    with changing():
        pass
    assert len(decision_log.entries(registry_file().parent / "runs")) == 1


@pytest.mark.parametrize("spelled", ["../shadow", "letters.jsonl/../../shadow", "/dev/zero", "/"])
def test_a_text_outside_the_roots_is_refused_however_it_is_spelled(place, spelled):
    with pytest.raises(InputError, match="under one of the registered folders"):
        registered(place).with_text("other", Text(source=source(place / spelled)))


def test_links_out_of_a_root_are_refused_also_after_registration(place):
    found = registered(place)
    (place / "letters.jsonl").unlink()
    (place / "letters.jsonl").symlink_to(place.parent / "shadow")
    with pytest.raises(InputError, match="under one of the registered folders"):
        found.source("letters")
    (place / "loop").symlink_to(place / "loop")
    with pytest.raises(InputError):
        found.with_text("loop", Text(source=source(place / "loop")))


def test_what_is_no_file_is_refused(place):
    os.mkfifo(place / "pipe.jsonl")
    for name in ("pipe.jsonl", "missing.jsonl"):
        with pytest.raises(InputError, match="file or a folder"):
            registered(place).with_text("other", Text(source=source(place / name)))
    with pytest.raises(InputError, match="Expected a folder"):
        Registry().with_root(str(place / "letters.jsonl"))
    with pytest.raises(InputError, match="whole disk"):
        Registry().with_root("/")


def test_a_text_that_is_too_large_is_refused(place, monkeypatch):
    monkeypatch.setattr(module, "LARGEST_BYTES", 3)
    with pytest.raises(InputError, match="at most"):
        registered(place)
    (place / "letters.jsonl").write_text("ab")
    assert registered(place).source("letters")
    (place / "more.txt").write_text("cd")
    with pytest.raises(InputError, match="at most"):
        registered(place).with_text("all", Text(source=source(place, "folder")))


@pytest.mark.parametrize("name", ["", "a/b", "..", "Letters", "a" * 61, "-a", "手紙"])
def test_a_name_is_also_the_name_of_a_file(place, name):
    with pytest.raises(InputError, match="small letters"):
        registered(place).with_text(name, Text(source=source(place / "letters.jsonl")))
    with pytest.raises(InputError, match="small letters"):
        Registry().with_population(name, Cap(epsilon=1.0, delta=1e-6))


@pytest.mark.parametrize("cap", [(0.0, 1e-6), (1.0, 0.0), (1.0, 1.0), (float("nan"), 1e-6)])
def test_a_cap_caps(cap):
    with pytest.raises(InputError, match="Expected a cap"):
        Registry().with_population("customers", Cap(epsilon=cap[0], delta=cap[1]))


def test_only_what_is_registered_can_be_asked_for(place):
    found = registered(place)
    assert found.source("letters").path == str((place / "letters.jsonl").resolve())
    with pytest.raises(InputError, match=r"registered text \(letters\)"):
        found.source("shadow")
    with pytest.raises(InputError, match="got shadow"):
        found.without_text("shadow")
    assert found.without_text("letters").texts == {}
    with pytest.raises(InputError, match="population that has a cap"):
        found.with_text("b", Text(source=source(place / "letters.jsonl"), population="staff"))
    with pytest.raises(InputError, match="Expected a text of kind"):
        found.with_text("b", Text(source=source(place / "letters.jsonl", "huggingface")))


def test_a_population_is_found_by_any_name_of_its_text(place):
    found = registered(place)
    (place / "link").symlink_to(place / "letters.jsonl")
    (place / "hard").hardlink_to(place / "letters.jsonl")
    for path in ("letters.jsonl", "link", "hard", "../texts/letters.jsonl"):
        assert found.population_of(source(place / path, "csv")) == "customers"
    whole = found.with_text("all", Text(source=source(place, "folder"), population="customers"))
    (place / "other.jsonl").write_text("{}")
    assert found.population_of(source(place / "other.jsonl")) is None
    assert whole.population_of(source(place / "other.jsonl")) == "customers"
    assert found.population_of(CorpusSource(kind="docstrings")) is None


def test_a_registry_that_cannot_be_read_is_not_taken_for_none(place):
    registry_file().parent.mkdir(parents=True, exist_ok=True)
    for content in ("", "{", "[]", '{"roots": []}', '{"roots": [], "texts": {"a": 1}}'):
        registry_file().write_text(content)
        with pytest.raises(InputError, match="Nothing is trained"):
            registry()
        with pytest.raises(InputError), changing():
            pass
        assert registry_file().read_text() == content
