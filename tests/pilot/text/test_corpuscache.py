import os
import stat
import threading
import time
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.durable import temporary_path
from engine.errors import InputError
from engine.pilot.text import corpuscache
from engine.pilot.text.corpuscache import Place

BYTES = np.dtype("u1")
TEXTS = ((b"hello", "ann"), (b"you", "bob"), (b"again", "ann"))


def _place(folder, source="s", state="1"):
    return Place(folder=folder / "corpora", source=source, state=state)


def _make(place, documents=TEXTS, *, dtype=BYTES, tokenizer="t", keep=False):
    with corpuscache.writing(place, dtype) as writer:
        for tokens, unit in documents:
            writer.add(np.frombuffer(tokens, dtype=dtype), unit)
        corpuscache.publish(
            writer,
            place,
            tokenizer_sha256=tokenizer,
            refused=(("short", 2),),
            keep_other_states=keep,
        )
    return corpuscache.read(place, tokenizer)


def _texts(stored):
    """Unit -> its documents, from the arrays alone."""
    starts, units = stored.document_starts, stored.unit_starts
    documents = [stored.tokens[a:b].tobytes() for a, b in pairwise(starts)]
    return [documents[a:b] for a, b in pairwise(units)]


def test_what_was_written_is_read(tmp_path):
    stored = _make(_place(tmp_path))
    assert _texts(stored) == [[b"hello", b"again"], [b"you"]]
    assert stored.refused == (("short", 2),)
    assert isinstance(stored.tokens, np.memmap)
    assert not stored.tokens.flags.writeable


@given(st.lists(st.tuples(st.binary(min_size=1, max_size=9), st.sampled_from("abc")), min_size=1))
def test_documents_stay_with_their_unit_in_their_order(tmp_path_factory, documents):
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(corpuscache, "_COPIED", 5)  # so that stretches end in the middle
        stored = _make(_place(folder), documents)
        units = list(dict.fromkeys(unit for _, unit in documents))
        assert _texts(stored) == [[d for d, u in documents if u == unit] for unit in units]


def test_without_units_each_document_is_one(tmp_path):
    place = _place(tmp_path)
    with corpuscache.writing(place, BYTES) as writer:
        for text in (b"a", b"a", b"b"):
            writer.add(np.frombuffer(text, dtype=BYTES), None)
        assert writer.units == 3
        corpuscache.publish(writer, place, tokenizer_sha256="", refused=(), keep_other_states=True)
    assert _texts(corpuscache.read(place, "")) == [[b"a"], [b"a"], [b"b"]]


def test_the_fingerprint_is_of_text_units_and_tokenizer(tmp_path):
    variants = [
        _make(_place(tmp_path, "same")),
        _make(_place(tmp_path, "same again")),
        _make(_place(tmp_path, "text"), [(b"hallo", "ann"), *TEXTS[1:]]),
        _make(_place(tmp_path, "cut"), [(b"hell", "ann"), (b"oagain", "ann"), TEXTS[1]]),
        _make(_place(tmp_path, "unit"), [*TEXTS[:2], (b"again", "eve")]),
        _make(_place(tmp_path, "tokenizer"), tokenizer="other"),
        _make(_place(tmp_path, "renamed"), [(text, f"{unit}!") for text, unit in TEXTS]),
        _make(_place(tmp_path, "wide"), [(t * 2, u) for t, u in TEXTS], dtype=np.dtype("<u2")),
    ]
    prints = [stored.fingerprint for stored in variants]
    assert prints[0] == prints[1] == prints[6]
    assert len(set(prints)) == 6
    assert all(len(each) == 64 for each in prints)


def test_names_of_persons_are_in_no_file_and_files_are_private(tmp_path):
    previous = os.umask(0)
    try:
        place = _place(tmp_path)
        _make(place, [(text, f"Person {unit}") for text, unit in TEXTS])
    finally:
        os.umask(previous)
    for path in (place.folder, place.path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    for path in place.path.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert b"Person" not in path.read_bytes()
    assert len(list(place.path.iterdir())) == 4


@pytest.mark.parametrize("name", ["tokens.npy", "document_starts.npy", "unit_starts.npy"])
@pytest.mark.parametrize("damage", ["gone", "empty", "cut", "flipped", "pickled"])
def test_a_torn_corpus_is_not_read_and_made_again(tmp_path, name, damage):
    place = _place(tmp_path)
    whole = _texts(_make(place))
    path = place.path / name
    content = path.read_bytes()
    if damage == "gone":
        path.unlink()
    elif damage == "pickled":
        np.save(path, np.array([{}], dtype=object), allow_pickle=True)
    else:
        changed = {"empty": b"", "cut": content[:-3], "flipped": content[:-1] + b"\x7f"}
        path.write_bytes(changed[damage])
    assert corpuscache.read(place, "t") is None
    assert _texts(_make(place)) == whole
    assert [p.name for p in place.folder.iterdir()] == [place.path.name]


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"fingerprint": 1, "refused": 2}', "\0"])
def test_a_torn_description_is_not_read(tmp_path, content):
    place = _place(tmp_path)
    _make(place)
    (place.path / "corpus.json").write_text(content)
    assert corpuscache.read(place, "t") is None


def test_another_tokenizer_does_not_read_it(tmp_path):
    _make(_place(tmp_path))
    assert corpuscache.read(_place(tmp_path), "u") is None


def test_a_new_state_takes_the_place_of_the_old(tmp_path):
    mapped = _make(_place(tmp_path, "s", "1"))
    _make(_place(tmp_path, "other", "1"))
    _make(_place(tmp_path, "s", "2"))
    assert corpuscache.read(_place(tmp_path, "s", "1"), "t") is None
    assert corpuscache.read(_place(tmp_path, "s", "2"), "t") is not None
    assert corpuscache.read(_place(tmp_path, "other", "1"), "t") is not None
    assert _texts(mapped) == [[b"hello", b"again"], [b"you"]]  # still mapped
    _make(_place(tmp_path, "s", "3"), keep=True)
    assert corpuscache.read(_place(tmp_path, "s", "2"), "t") is not None


def test_an_unfinished_one_leaves_nothing(tmp_path):
    place = _place(tmp_path)
    with pytest.raises(InputError, match="stop"), corpuscache.writing(place, BYTES) as writer:
        writer.add(np.zeros(9, dtype=BYTES), None)
        raise InputError("stop")
    assert list(place.folder.iterdir()) == []


def test_what_a_killed_process_left_is_swept_when_it_is_old(tmp_path):
    place = _place(tmp_path)
    old, young = temporary_path(place.path), temporary_path(place.path)
    for path, age in ((old, corpuscache.STALE_AFTER + 60), (young, 60)):
        path.mkdir(parents=True)
        (path / "arrived").write_bytes(b"half of it")
        then = time.time() - age
        os.utime(path, (then, then))
    _make(place)
    assert set(place.folder.iterdir()) == {young, place.path}


def test_a_disk_that_fails_is_refused_in_a_sentence(tmp_path, monkeypatch):
    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match=r"No space left on device\. Set KESSAI_CACHE"):
        _make(_place(tmp_path))
    assert list((tmp_path / "corpora").iterdir()) == []


def test_a_folder_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "corpora").write_text("")
    with pytest.raises(InputError, match="Set KESSAI_CACHE"):
        _make(_place(tmp_path))


def test_many_at_once_make_one_corpus(tmp_path):
    place = _place(tmp_path)
    start, results = threading.Barrier(8), []

    def make():
        start.wait()
        results.append(_make(place).fingerprint)

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 8 and len(set(results)) == 1
    assert [p.name for p in place.folder.iterdir()] == [place.path.name]
