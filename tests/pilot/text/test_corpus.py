import json
import re
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InputError
from engine.pilot.plan import CorpusSource
from engine.pilot.text import corpus as module
from engine.pilot.text import corpuscache, docstrings, sources
from engine.pilot.text.corpus import Corpus, held_out_units, load
from engine.pilot.text.refusals import Refused, Row
from engine.runs.record import _SLUG


def _corpus(lengths, units=None):
    """Documents of so many tokens; token t of document d is d·1000 + t, so each tells its place."""
    documents = [d * 1000 + np.arange(length) for d, length in enumerate(lengths)]
    return Corpus(
        name="test",
        family="gpt-test",
        tokens=np.concatenate(documents).astype("<i4"),
        document_starts=np.concatenate([[0], np.cumsum(lengths)]),
        unit_starts=np.arange(len(lengths) + 1) if units is None else np.array(units),
        vocabulary_size=10**6,
        fingerprint="0" * 64,
    )


# --- windows ------------------------------------------------------------------------------------

lengths = st.lists(st.integers(1, 40), min_size=1, max_size=6)
inside = st.floats(0, 1, exclude_max=True)


@given(lengths=lengths, size=st.integers(1, 50), data=st.data())
def test_a_target_is_the_next_token_of_its_document(lengths, size, data):
    corpus = _corpus(lengths)
    chosen = data.draw(
        st.lists(st.tuples(st.integers(0, len(lengths) - 1), inside), min_size=1, max_size=8)
    )
    documents = np.array([d for d, _ in chosen])
    tokens, targets = corpus.windows(documents, np.array([o for _, o in chosen]), size)
    assert tokens.shape == targets.shape == (len(chosen), size)
    assert tokens.dtype == targets.dtype == np.int64
    for (document, _), inputs, following in zip(chosen, tokens, targets, strict=True):
        length = lengths[document]
        first = inputs[0] - document * 1000
        assert 0 <= first <= max(length - size - 1, 0)
        there = np.arange(first, first + size)
        known = document * 1000 + there
        assert (inputs == np.where(there < length, known, 0)).all()
        assert (following == np.where(there + 1 < length, known + 1, -1)).all()
        if length <= size + 1:  # whole
            assert first == 0
        if length > size:  # full windows have all their targets
            assert (following >= 0).all()


@pytest.mark.parametrize("length", [1, 2, 7, 8, 9, 10, 30])
def test_windows_start_alike_everywhere(length):
    size, grid = 8, 2_520 * 4
    corpus = _corpus([5, length, 5])
    offsets = (np.arange(grid) + 0.5) / grid
    tokens, _ = corpus.windows(np.ones(grid, dtype=int), offsets, size)
    starts, counts = np.unique(tokens[:, 0] - 1000, return_counts=True)
    assert starts.tolist() == list(range(max(length - size, 1)))
    assert counts.max() - counts.min() <= 1


def test_a_number_that_rounds_up_stays_inside():
    corpus = _corpus([2**20], units=[0, 1])
    last = np.array([np.nextafter(1.0, 0.0)])
    tokens, targets = corpus.windows(np.array([0]), last, 2**20 - 1)
    assert (tokens[0, 0], targets[0, -1]) == (0, 2**20 - 1)
    assert module._chosen(np.array([1.0]), np.array([3])).tolist() == [2]


# --- units --------------------------------------------------------------------------------------


@given(st.lists(st.integers(1, 5), min_size=1, max_size=20), inside)
def test_a_document_is_one_of_its_unit(sizes, pick):
    starts = np.concatenate([[0], np.cumsum(sizes)])
    corpus = _corpus([1] * int(starts[-1]), units=starts)
    units = np.arange(len(sizes))
    documents = corpus.documents_of(units, np.full(len(sizes), pick))
    assert (documents >= starts[:-1]).all() and (documents < starts[1:]).all()
    assert (corpus.units, corpus.documents) == (len(sizes), starts[-1])


def test_documents_of_a_unit_are_chosen_alike():
    corpus = _corpus([1] * 8, units=[0, 1, 4, 8])
    picks = (np.arange(1200) + 0.5) / 1200
    for unit, documents in ((0, [0]), (1, [1, 2, 3]), (2, [4, 5, 6, 7])):
        chosen, counts = np.unique(
            corpus.documents_of(np.full(1200, unit), picks), return_counts=True
        )
        assert chosen.tolist() == documents
        assert set(counts) == {1200 // len(documents)}


# --- the split ----------------------------------------------------------------------------------


@given(st.integers(1, 60_000))
def test_the_split_holds_every_unit_once(units):
    corpus = _corpus([1], units=np.zeros(units + 1, dtype=int))
    training, held_out = corpus.split()
    assert held_out.size == held_out_units(units)
    assert np.array_equal(np.sort(np.concatenate([training, held_out])), np.arange(units))
    assert (np.diff(training) > 0).all() and (np.diff(held_out) > 0).all()


@pytest.mark.parametrize(
    ("units", "expected"),
    [(1, 1), (39, 1), (40, 2), (1000, 50), (40_960, 2048), (40_979, 2048), (10**6, 2048)],
)
def test_a_twentieth_is_held_out_up_to_a_limit(units, expected):
    assert held_out_units(units) == expected


def test_the_split_is_the_same_everywhere_and_forever():
    # The first numbers of splitmix64 from seed 0, as Vigna's reference code gives them.
    expected = [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]
    assert module._scrambled(3).tolist() == expected
    assert _corpus([1], units=np.zeros(4, dtype=int)).split()[1].tolist() == [2]


def test_the_split_does_not_lean_to_one_end():
    _, held_out = _corpus([1], units=np.zeros(100_001, dtype=int)).split()
    counts = np.bincount(held_out // 10_000, minlength=10)
    # 2048 of 100,000: each tenth holds 205 ± 14.
    assert counts.min() > 150 and counts.max() < 260


@given(st.integers(1, 50_000))
def test_one_person_more_moves_at_most_one_other(units):
    before, _ = _corpus([1], units=np.zeros(units + 1, dtype=int)).split()
    after, _ = _corpus([1], units=np.zeros(units + 2, dtype=int)).split()
    assert len(set(before.tolist()) ^ set(after.tolist()) - {units}) <= 1


# --- loading ------------------------------------------------------------------------------------


def _lines(tmp_path, units=1200, each=1, *, name="f.jsonl", extra=()):
    path = tmp_path / name
    rows = [
        json.dumps({"text": f"what {unit} said, number {n}: " + "x" * 32, "who": f"P{unit}"})
        for n in range(each)
        for unit in range(units)
    ]
    path.write_text("\n".join([*rows, *extra]))
    return CorpusSource(kind="jsonl", path=str(path), unit_column="who" if each > 1 else None)


def test_persons_gather_their_rows(tmp_path):
    corpus = load(_lines(tmp_path, units=1100, each=3), cache=tmp_path / "c")
    assert (corpus.units, corpus.documents, corpus.vocabulary_size) == (1100, 3300, 256)
    documents = corpus.documents_of(np.array([7, 7, 7]), np.array([0.1, 0.5, 0.9]))
    tokens, _ = corpus.windows(documents, np.zeros(3), 23)
    said = [bytes(row.astype("u1")).decode() for row in tokens]
    assert said == [f"what 7 said, number {n}: " [:23] for n in range(3)]  # fmt: skip


def test_it_is_read_once(tmp_path, monkeypatch):
    source = _lines(tmp_path, extra=["torn", '{"text": "short"}', '{"text": ""}'])
    shares: list[float] = []
    first = load(source, cache=tmp_path / "c", progress=shares.append)
    assert shares[-1] == 1.0
    assert first.refused == (("not a JSON object", 1), ("empty", 1), ("too short", 1))
    monkeypatch.setattr(sources, "rows", None)
    second = load(source, cache=tmp_path / "c")
    for name in ("tokens", "document_starts", "unit_starts"):
        assert np.array_equal(getattr(first, name), getattr(second, name))
    assert (second.fingerprint, second.refused) == (first.fingerprint, first.refused)


def test_a_changed_file_is_read_again(tmp_path):
    first = load(_lines(tmp_path), cache=tmp_path / "c")
    second = load(_lines(tmp_path, units=1300), cache=tmp_path / "c")
    assert (first.units, second.units) == (1200, 1300)
    assert first.fingerprint != second.fingerprint
    assert len(list((tmp_path / "c" / "corpora").iterdir())) == 1


def test_the_cache_is_where_the_variable_says(tmp_path, monkeypatch):
    monkeypatch.setenv("KESSAI_CACHE", str(tmp_path / "chosen"))
    load(_lines(tmp_path))
    assert len(list((tmp_path / "chosen" / "corpora").iterdir())) == 1


def test_too_few_people_are_refused_and_not_kept(tmp_path):
    # 105 units: 5 are held out, 100 train.
    assert load(_lines(tmp_path, units=105), cache=tmp_path / "c").units == 105
    with pytest.raises(
        InputError, match=r"documents to train on in .*got 104, of which 5 are held out"
    ):
        load(_lines(tmp_path, units=104, name="g"), cache=tmp_path / "c")
    assert len(list((tmp_path / "c" / "corpora").iterdir())) == 1


def test_another_window_is_another_family_of_the_same_text(tmp_path):
    source = _lines(tmp_path)
    first, longer = (load(replace(source, window=w), cache=tmp_path / "c") for w in (64, 256))
    assert (first.window, longer.window) == (64, 256)
    assert first.fingerprint == longer.fingerprint, "the same people: their ε adds up"
    assert longer.family == first.family.replace("-f-", "-f-w256-")
    documents, offsets = np.zeros(1, dtype=int), np.zeros(1)
    assert longer.windows(documents, offsets, longer.window)[0].shape == (1, 256)
    for window in (15, 1025):
        with pytest.raises(InputError, match="Expected a window of 16 to 1024 tokens"):
            replace(source, window=window)


def test_rows_of_few_people_do_not_count_as_people(tmp_path):
    with pytest.raises(InputError, match="got 60,"):
        load(_lines(tmp_path, units=60, each=40), cache=tmp_path / "c")


def test_a_broken_file_is_refused_without_its_text(tmp_path):
    extra = [f'{{"text": "my secret diary {i}' for i in range(200)]
    with pytest.raises(
        InputError, match=r"got 200 of 1400 \(not a JSON object: 200, at 1201"
    ) as no:
        load(_lines(tmp_path, extra=extra), cache=tmp_path / "c")
    assert "secret" not in str(no.value)
    assert list((tmp_path / "c" / "corpora").iterdir()) == []


def test_a_document_of_32_tokens_is_long_enough(tmp_path):
    source = _lines(tmp_path, extra=[json.dumps({"text": "x" * n}) for n in (31, 32)])
    corpus = load(source, cache=tmp_path / "c")
    assert corpus.refused == (("too short", 1),)
    assert np.diff(corpus.document_starts).min() == 32


@pytest.mark.parametrize(
    ("name", "slug"), [("My "
        "mails_2.jsonl", "my-mails-2-"), ("日本.jsonl", ""), ("a" * 90, "a" * 24 + "-")]
)  # fmt: skip
def test_a_family_is_a_slug_of_its_own(tmp_path, name, slug):
    corpus = load(_lines(tmp_path, name=name), cache=tmp_path / "c")
    assert corpus.family == f"gpt-bytes-{slug}{corpus.fingerprint[:8]}"
    assert _SLUG.fullmatch(corpus.family) and len(corpus.family) <= 64


def test_an_unknown_kind_is_refused(tmp_path):
    with pytest.raises(InputError, match="Expected a corpus of kind docstrings, python-source"):
        load(CorpusSource(kind="xlsx", path=str(tmp_path)), cache=tmp_path)


@pytest.mark.parametrize("kind", docstrings.KINDS)
def test_the_default_corpus_has_a_family_of_its_name(tmp_path, monkeypatch, kind):
    documents = [Row(text=f"{n:040}", unit=None, place=n) for n in range(1100)]
    rows = [*documents, Refused(reason="said before", place=1)]
    monkeypatch.setattr(docstrings, "rows", lambda kind, progress: iter(rows))
    monkeypatch.setattr(docstrings, "state", lambda kind: kind)
    corpus = load(CorpusSource(kind=kind), cache=tmp_path)
    assert (corpus.family, corpus.name) == (f"gpt-bytes-{kind}", kind)
    assert (corpus.units, corpus.refused) == (1100, (("said before", 1),))


def test_a_disk_that_forgets_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(corpuscache, "read", lambda *a: None)
    with pytest.raises(InputError, match="read the corpus back"):
        load(_lines(tmp_path), cache=tmp_path / "c")


def test_it_loads_no_torch():
    code = "import sys, engine.pilot.text.corpus; print({'torch', 'opacus'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.slow
def test_the_docstrings_of_this_installation(tmp_path):
    corpus = load(CorpusSource(kind="docstrings"), cache=tmp_path)
    # The text that the shipped campaign was trained on, see data/CAMPAIGN.md: with other packages
    # pinned, its losses would be those of another text.
    assert (corpus.documents, corpus.tokens.size) == (26_854, 24_646_052)
    assert corpus.fingerprint.startswith("fc259fc1bdce6ae8")
    assert corpus.units == corpus.documents
    starts = corpus.document_starts
    texts = {corpus.tokens[a:b].tobytes() for a, b in pairwise(starts)}
    assert len(texts) == corpus.documents
    assert any(re.search(rb"broadcast", text) for text in texts)
