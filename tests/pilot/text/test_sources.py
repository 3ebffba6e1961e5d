import csv
import errno
import json
import os
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InputError
from engine.pilot.plan import CorpusSource
from engine.pilot.text import documents, refusals, sources
from engine.pilot.text.refusals import Refused, Row
from engine.tables.encoding import unknown_encoding

KINDS = ("folder", "jsonl", "csv", "parquet", "huggingface")


def _read(kind, path, **columns):
    shares: list[float] = []
    rows = list(sources.rows(CorpusSource(kind=kind, path=str(path), **columns), shares.append))
    assert shares == sorted(shares) and all(0 <= share <= 1 for share in shares)
    return rows


def _texts(rows):
    return [row.text for row in rows if isinstance(row, Row)]


def _refused(rows):
    return [(row.place, row.reason) for row in rows if isinstance(row, Refused)]


# --- folder -------------------------------------------------------------------------------------


def test_a_file_is_a_document_wherever_it_lies(tmp_path):
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "b.TXT").write_bytes(b"\xef\xbb\xbfone")
    (tmp_path / "deep" / "a.md").write_text("two")
    (tmp_path / "deep" / "er" / "c.txt").write_bytes("日本".encode("shift-jis"))
    (tmp_path / "e.txt").write_bytes(b"")
    (tmp_path / "f.pdf").write_text("no")
    (tmp_path / "g.txt").mkdir()
    rows = _read("folder", tmp_path)
    assert _texts(rows) == ["one", "two", "日本"]
    assert _refused(rows) == [(4, refusals.EMPTY)]
    assert {row.unit for row in rows if isinstance(row, Row)} == {None}


def test_a_file_linked_twice_is_one_unit(tmp_path):
    (tmp_path / "a.txt").write_text("one")
    (tmp_path / "b.txt").symlink_to(tmp_path / "a.txt")
    os.link(tmp_path / "a.txt", tmp_path / "c.txt")
    (tmp_path / "d.txt").symlink_to(tmp_path / "gone.txt")
    assert _texts(_read("folder", tmp_path)) == ["one"]


def test_a_huge_file_is_refused_unread(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "LONGEST", 4)
    (tmp_path / "a.txt").write_text("1234")
    (tmp_path / "b.txt").write_text("12345")
    rows = _read("folder", tmp_path)
    assert (_texts(rows), _refused(rows)) == (["1234"], [(2, refusals.LONG)])


def test_a_file_that_cannot_be_read_is_named_by_its_source(tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_text("x")

    def refuse(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("engine.untrusted.regular.opened", refuse)
    with pytest.raises(InputError, match="as folder: Permission denied"):
        _read("folder", tmp_path)


@pytest.mark.parametrize("device", ["pipe", "/dev/zero"])
@pytest.mark.parametrize("kind", ["jsonl", "csv"])
def test_what_became_a_pipe_or_a_device_since_it_was_looked_at(tmp_path, monkeypatch, kind, device):
    path = tmp_path / "text"
    path.write_text("text\n")
    found = path.resolve()
    path.unlink()
    if device == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(device)
    monkeypatch.setattr(sources, "_found", lambda source: found)
    with pytest.raises(InputError, match="not a regular file"):
        list(sources.rows(CorpusSource(kind=kind, path=str(path)), lambda share: None))


# --- jsonl --------------------------------------------------------------------------------------


def test_lines_of_json_and_what_else_stands_there(tmp_path):
    lines = [
        b'\xef\xbb\xbf{"text": "one", "who": 1}',
        b"",
        b'{"text": "torn',
        b'["text"]',
        b'{"who": 2, "text": null}',
        b'{"text": "\xff", "who": 2}',
        b'{"text": "two"}',
        b'{"text": "\\ud800", "who": 2}',
        b"[" * 100_000,
        b'{"text": "three", "who": " 1"}',
    ]
    (tmp_path / "f.jsonl").write_bytes(b"\r\n".join(lines))
    rows = _read("jsonl", tmp_path / "f.jsonl", unit_column="who")
    assert [(row.text, row.unit) for row in rows if isinstance(row, Row)] == [
        ("one", "1"),
        ("three", "1"),
    ]
    assert _refused(rows) == [
        (3, refusals.NOT_JSON),
        (4, refusals.NOT_JSON),
        (5, refusals.NO_TEXT),
        (6, refusals.ENCODING),
        (7, refusals.NO_UNIT),
        (8, refusals.ENCODING),
        (9, refusals.NOT_JSON),
    ]


@pytest.mark.parametrize("size", [39, 40, 41, 42, 43, 80, 81, 82, 83, 84, 200])
def test_a_long_line_is_one_refusal(tmp_path, monkeypatch, size):
    monkeypatch.setattr(sources, "LONGEST", 40)
    (tmp_path / "f").write_text("x" * size + "\n" + '{"text": "after"}\n')
    rows = _read("jsonl", tmp_path / "f")
    reason = refusals.LONG if size >= 40 else refusals.NOT_JSON
    assert (_refused(rows), _texts(rows)) == ([(1, reason)], ["after"])


@given(st.lists(st.text(min_size=1, alphabet=st.characters(exclude_categories=["Cs", "Cc", "Z"]))))
def test_json_and_csv_give_back_what_was_written(tmp_path_factory, texts):
    folder = tmp_path_factory.mktemp("tables")
    lines = [json.dumps({"text": text}, ensure_ascii=False) for text in texts]
    (folder / "f.jsonl").write_text("\n".join(lines))
    with (folder / "f.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["n", "text"], *([i, text] for i, text in enumerate(texts))])
    assert _texts(_read("jsonl", folder / "f.jsonl")) == texts
    assert _texts(_read("csv", folder / "f.csv")) == texts


def test_progress_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "_ROWS", 2)
    (tmp_path / "f").write_text(f'{{"text": "{"x" * 100_000}"}}\n' * 4)
    shares: list[float] = []
    list(sources.rows(CorpusSource(kind="jsonl", path=str(tmp_path / "f")), shares.append))
    assert shares == pytest.approx([0.5, 1.0], abs=0.1)


# --- csv ----------------------------------------------------------------------------------------


def _csv(tmp_path, content):
    (tmp_path / "f.csv").write_bytes(content)
    return _read("csv", tmp_path / "f.csv", unit_column="who")


def test_rows_may_span_lines(tmp_path):
    rows = _csv(tmp_path, b'\xef\xbb\xbfwho,text\r\n1,"a, ""b""\nc"\r\n\r\n2,d\r\n')
    assert [(row.unit, row.text, row.place) for row in rows] == [
        ("1", 'a, "b"\nc', 2),
        ("2", "d", 5),
    ]


@pytest.mark.parametrize("row", [b"1", b"1,2,3", b'1,"a"b', b'1,"a\nb\nc"d'])
def test_a_row_of_another_shape_is_broken(tmp_path, row):
    rows = _csv(tmp_path, b"who,text\n0,before\n" + row + b"\n2,after\n")
    lines = row.count(b"\n") + 1
    assert [r for r in rows if isinstance(r, Refused)] == [
        Refused(reason=refusals.NOT_CSV, place=3, rows=lines)
    ]
    assert _texts(rows) == ["before", "after"]


def test_a_quote_left_open_costs_all_the_lines_it_swallowed(tmp_path):
    (broken,) = [r for r in _csv(tmp_path, b'who,text\n1,"a\n2,b\n3,c\n') if isinstance(r, Refused)]
    assert (broken.reason, broken.rows) == (refusals.NOT_CSV, 3)


def test_wrong_bytes_refuse_their_row_alone(tmp_path):
    text = "相談の記録です。納得いただきました。"
    rows = _csv(tmp_path, f"who,text\n1,{text}\n2,".encode() + b"\xff\n3,b\n")
    assert (_refused(rows), _texts(rows)) == (
        [(3, refusals.ENCODING)],
        ["相談の記録です。納得いただきました。", "b"],
    )


@pytest.mark.parametrize("encoding", ["cp932", "utf-16", "utf-8-sig", "euc_jp"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_text_of_any_spreadsheet(tmp_path, encoding, separator):
    """An equivalent of a file that was refused whole: what Excel in Japan writes."""
    lines = ["Text,WHO ,,", "相談の記録です,u1,,", ",,,", "お客様は確認を希望,u2", "x,u3,,"]
    content = "\r\n".join(lines).replace(",", separator).encode(encoding)
    rows = _csv(tmp_path, content)
    assert [(row.text, row.unit, row.place) for row in rows if isinstance(row, Row)] == [
        ("相談の記録です", "u1", 2),
        ("お客様は確認を希望", "u2", 4),
        ("x", "u3", 5),
    ]
    assert _refused(rows) == []


def test_other_line_ends_and_a_column_twice(tmp_path):
    assert _texts(_csv(tmp_path, b"who,text\r1,a\r2,b\r")) == ["a", "b"]
    with pytest.raises(InputError, match="once, got who twice"):
        _csv(tmp_path, b"who,text,Who\n1,a,2\n")


@pytest.mark.parametrize("encoding", ["cp932", "utf-16"])
def test_lines_of_json_in_other_encodings(tmp_path, encoding):
    lines = ["相談の記録です", "お客様は確認を希望"]
    content = "\n".join(json.dumps({"text": line}, ensure_ascii=False) for line in lines)
    (tmp_path / "f.jsonl").write_bytes(content.encode(encoding))
    assert _texts(_read("jsonl", tmp_path / "f.jsonl")) == lines


@pytest.mark.parametrize("content", [b"", b'"\n'])
def test_without_a_header_there_is_no_table(tmp_path, content):
    with pytest.raises(InputError, match="no header line"):
        _csv(tmp_path, content)


def test_columns_are_asked_for_but_not_listed(tmp_path):
    with pytest.raises(InputError, match="Expected a column") as refused:
        _csv(tmp_path, b"dear diary,text\nx,y\n")
    assert "diary" not in str(refused.value)


def test_a_line_without_end_is_no_csv(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "LONGEST", 10)
    with pytest.raises(InputError, match="at most 64 MiB"):
        _csv(tmp_path, b"who,text\n1," + b"x" * 20)


# --- which text, in which state -----------------------------------------------------------------


@pytest.mark.parametrize("kind", [*KINDS[:-1], "nonsense", "docstring"])
def test_a_path_must_lead_to_something(kind):
    for path in ("", "/nonexistent/text", "\0"):
        with pytest.raises(InputError, match="Expected"):
            sources.identity(CorpusSource(kind=kind, path=path))


def test_a_folder_is_no_file_and_a_file_no_folder(tmp_path):
    (tmp_path / "f").write_text("")
    with pytest.raises(InputError, match="got a file: name its folder"):
        sources.state(CorpusSource(kind="folder", path=str(tmp_path / "f")))
    for kind in KINDS[1:4]:
        with pytest.raises(InputError, match="got a folder: name the file"):
            sources.state(CorpusSource(kind=kind, path=str(tmp_path)))


@pytest.mark.parametrize("kind", KINDS[:4])
def test_a_pipe_is_called_one(tmp_path, kind):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="got a pipe or a device"):
        sources.state(CorpusSource(kind=kind, path=str(tmp_path / "pipe")))


def test_a_reason_that_is_a_sentence_ends_once():
    refused = documents.unreadable(CorpusSource(kind="jsonl", path="t"), unknown_encoding())
    assert str(refused).endswith("save it in UTF-8. Check the path and the kind.")


def test_nothing_there_is_said_only_where_nothing_is(tmp_path, monkeypatch):
    for path in (tmp_path / "none", tmp_path / "none" / "deeper"):
        with pytest.raises(InputError, match="got nothing there"):
            sources.state(CorpusSource(kind="csv", path=str(path)))

    def closed(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("pathlib.Path.stat", closed)
    with pytest.raises(InputError, match=r"Expected to read .* as csv: Permission denied"):
        sources.state(CorpusSource(kind="csv", path=str(tmp_path / "closed")))


@pytest.mark.parametrize("kind", ["folder", "csv", "huggingface"])
def test_the_state_changes_with_the_files(tmp_path, kind, monkeypatch):
    file = tmp_path / "a.txt"
    file.write_text("one")
    source = CorpusSource(kind=kind, path=str(file if kind == "csv" else tmp_path))
    seen = {sources.state(source), sources.state(source)}
    file.write_text("longer")
    os.utime(file, ns=(0, 0))
    seen.add(sources.state(source))
    os.utime(file, ns=(0, 1))
    seen.add(sources.state(source))
    monkeypatch.setattr(sources, "CODE_VERSION", 0)
    seen.add(sources.state(source))
    assert len(seen) == 4


def test_columns_tell_corpora_apart_in_tables_only(tmp_path):
    (tmp_path / "f").write_text("")

    def identities(kind, path):
        chosen: list[dict[str, Any]] = [{}, {"text_column": "x"}, {"unit_column": "u"}]
        return {sources.identity(CorpusSource(kind=kind, path=str(path), **c)) for c in chosen}

    assert len(identities("jsonl", tmp_path / "f")) == 3
    assert len(identities("folder", tmp_path)) == 1


def test_one_text_has_one_identity_however_it_is_reached(tmp_path, monkeypatch):
    (tmp_path / "f").write_text("")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    paths = [str(tmp_path / "f"), "f", "./f", "~/f"]
    assert len({sources.identity(CorpusSource(kind="csv", path=path)) for path in paths}) == 1


def test_a_corpus_is_called_after_its_file():
    assert sources.name(CorpusSource(kind="csv", path="/a/Mails 2.csv")) == "Mails 2"
    assert sources.name(CorpusSource(kind="folder", path=".")) == "folder"
