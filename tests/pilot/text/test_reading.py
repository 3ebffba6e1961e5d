import os
import time
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.errors import InputError
from engine.pilot.plan import CorpusSource
from engine.pilot.text import sources
from engine.pilot.text.corpus import load
from engine.pilot.text.reading import LIMITS, rows
from engine.pilot.text.refusals import Refused


def nothing(share):
    return None


def test_what_is_read_beside_is_what_is_read_here(tmp_path):
    """Every kind of row: text in any script, persons of any spelling, rows that are none."""
    path = tmp_path / "text.jsonl"
    lines = [
        '{"text": "one\\nand \\u2028 more", "who": "ann@Example.org"}',
        '{"text": "日本語 😀", "who": 12.0}',
        '{"text": null, "who": 2}',
        "no object",
        '{"text": "three"}',
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    source = CorpusSource(kind="jsonl", path=str(path), unit_column="who")
    found = list(rows(source, nothing))
    assert found == list(sources.rows(source, nothing))
    assert [getattr(one, "spelled", None) for one in found[:2]] == ["ann@Example.org", "12"]
    assert sum(isinstance(one, Refused) for one in found) == 3
    persons = pa.table({"text": ["a"], "who": pa.array([b"\xff\xfe"], pa.binary())})
    pq.write_table(persons, tmp_path / "p.parquet")
    bytes_of = CorpusSource(kind="parquet", path=str(tmp_path / "p.parquet"), unit_column="who")
    assert list(rows(bytes_of, nothing)) == list(sources.rows(bytes_of, nothing))


def test_a_refusal_of_there_is_the_refusal_of_here(tmp_path):
    source = CorpusSource(kind="csv", path=str(tmp_path / "none.csv"))
    with pytest.raises(InputError) as here:
        list(sources.rows(source, nothing))
    with pytest.raises(InputError) as there:
        list(rows(source, nothing))
    assert there.value == here.value


def _parquet_of_one_value(path, count, size):
    column = pa.DictionaryArray.from_arrays(pa.array([0] * count, pa.int8()), ["x" * size])
    pq.write_table(pa.table({"text": column}), path)


def test_a_small_file_that_unpacks_to_more_memory_than_a_text_may_take(tmp_path):
    path = tmp_path / "text.parquet"
    _parquet_of_one_value(path, 1024, 2**21)
    assert path.stat().st_size < 2**20
    source = CorpusSource(kind="parquet", path=str(path))
    with pytest.raises(InputError, match="at most 512 MiB of memory"):
        list(rows(source, nothing, limits=replace(LIMITS, memory=2**29)))


def test_more_rows_than_a_text_may_have(tmp_path):
    path = tmp_path / "text.jsonl"
    path.write_text('{"text": "a"}\n' * 2_001)
    source = CorpusSource(kind="jsonl", path=str(path))
    with pytest.raises(InputError, match=r"at most 0\.002 million rows"):
        list(rows(source, nothing, limits=replace(LIMITS, rows=2_000)))


@pytest.fixture
def nothing_much(tmp_path):
    """Ten gigabytes that take hardly any room on the disk: some text, then one row of zeros."""
    path = tmp_path / "text.jsonl"
    with path.open("wb") as file:
        file.write(b'{"text": "some text"}\n' * 60_000)
        file.truncate(10 * 2**30)
    return CorpusSource(kind="jsonl", path=str(path))


@pytest.mark.parametrize(
    ("limits", "sentence"),
    [
        (replace(LIMITS, seconds=2), "within 0.000556 hours|took longer"),
        (replace(LIMITS, silence=1.0), "within 1 seconds, none came"),
    ],
)
def test_a_row_that_never_ends(nothing_much, limits, sentence):
    begun = time.monotonic()
    with pytest.raises(InputError, match=sentence):
        list(rows(nothing_much, nothing, limits=limits))
    assert time.monotonic() - begun < 30


def test_who_waits_may_stop_it_at_any_moment(nothing_much):
    class StoppedError(Exception):
        pass

    def stop(share):
        raise StoppedError

    def children():
        return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())

    before = children()
    with pytest.raises(StoppedError):
        list(rows(nothing_much, stop))
    assert children() <= before


def test_a_corpus_is_read_beside_and_no_secret_goes_along(tmp_path, monkeypatch):
    """The process would name a secret in its environment if it had one; and what it is told to
    refuse, a corpus is refused for."""
    path = tmp_path / "text.jsonl"
    path.write_text('{"text": "a"}\n' * 10)
    said = tmp_path / "environment"
    monkeypatch.setenv("KESSAI_TEST_SECRET", "s3cret")
    code = f"import os; open({str(said)!r}, 'w').write(repr(dict(os.environ)))"
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "sitecustomize.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "code"))
    with pytest.raises(InputError, match=r"Expected text in .* none of at least 32 tokens"):
        load(CorpusSource(kind="jsonl", path=str(path)), cache=tmp_path / "cache")
    assert "HOME" in said.read_text()
    assert "s3cret" not in said.read_text()
