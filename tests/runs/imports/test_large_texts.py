"""Large texts of histories: in columns they give the runs that their rows give, or no columns."""

import json
from datetime import UTC, datetime

import numpy as np
import pytest

from engine.errors import InputError
from engine.runs.imports import large_texts, reading
from engine.runs.imports.importing import Asked, import_file
from engine.runs.imports.reading import read
from engine.runs.log import RunLog
from engine.tables.columnar import LARGE
from engine.tables.table import Corrections

NOW = datetime(2026, 11, 30, tzinfo=UTC)
HEAD = "run,model_size,batch_size,noise_multiplier,seed,step,loss"
ROWS = [
    f"{name},{size},256,{sigma},{seed},{step},{loss:.5f}"
    for name, size, sigma, seed in (
        ("a", 1_000_000, 0.5, 1),
        ("b", "2.5e6", 0, 2),
        ("1e3", 8e6, 1, 3),
    )
    for step, loss in zip(range(10, 130, 10), np.geomspace(8, 3.1234, 12), strict=True)
]
PLAIN = "\n".join([HEAD, *ROWS]) + "\n"


def quoted(text):
    return "".join(f'"{line}"\n'.replace(",", '","') for line in text.splitlines())


def second(change):
    """The table with its last row but one changed."""
    return "\n".join([HEAD, *ROWS[:-2], change(ROWS[-2]), ROWS[-1]]) + "\n"


IN_COLUMNS = {
    "plain": PLAIN,
    "no line end": PLAIN[:-1],
    "crlf": PLAIN.replace("\n", "\r\n"),
    "bom": "\ufeff" + PLAIN,
    "quoted": quoted(PLAIN),
    "tabs": PLAIN.replace(",", "\t"),
    "semicolons": PLAIN.replace(",", ";"),
    "gap": second(lambda row: row.rsplit(",", 1)[0] + ","),
    "nan": second(lambda row: row.rsplit(",", 1)[0] + ",NaN"),
    "infinite": second(lambda row: row.rsplit(",", 1)[0] + ",-inf"),
    "a word": second(lambda row: row.rsplit(",", 1)[0] + ",diverged"),
    "japanese": PLAIN.replace("\na,", "\n学習 ａ,"),
    "unsorted": "\n".join([HEAD, *ROWS[::-1]]),
    "twice": "\n".join([HEAD, *ROWS, *ROWS]),
}
ROW_BY_ROW = {
    "decimal comma": quoted(PLAIN).replace('"8.00000"', '"8,00000"'),
    "decimal commas": PLAIN.replace(",", ";").replace(".", ","),
    "thousands": PLAIN.replace("1000000", "1.000.000"),
    "cp932": PLAIN.replace("\na,", "\n学習,").encode("cp932"),
    "utf-16": PLAIN.encode("utf-16"),
    "a damaged byte": PLAIN.encode().replace(b"\nb,", b"\nb\xff,"),
    "blank line": PLAIN.replace("\nb,", "\n\nb,", 1),
    "commas alone": second(lambda _: ",,,,,,"),
    "header again": second(lambda _: HEAD),
    "a note": second(lambda _: "see below,,,,,,"),
    "a sum": second(lambda row: "Total" + row[row.index(",") :]),
    "long row": second(lambda row: row + ",9"),
    "short row": second(lambda row: row.rsplit(",", 1)[0]),
    "no number": second(lambda row: row.rsplit(",", 1)[0] + ",about 4"),
    "percent": second(lambda row: row + "%"),
    "full width": second(lambda row: row.rsplit(",", 1)[0] + ",４.１"),
    "kanji": second(lambda row: row.replace("256", "二百五十六").rsplit(",", 1)[0] + ",3.5円"),
    "too large": second(lambda row: row.rsplit(",", 1)[0] + ",1e999"),
    "step of words": second(lambda row: row.replace(",110,", ",110th,")),
    "no step": second(lambda row: row.replace(",110,", ",,")),
    "some quoted": PLAIN.replace("\na,", '\n"a, first",'),
    "padded": PLAIN.replace(",", ", "),
    "title": "our runs,,,,,,\n" + PLAIN,
    "units": PLAIN.replace("\n", "\n,(M),,,,,bits/token\n", 1),
    "index": "".join(f"{n or ''},{line}\n" for n, line in enumerate(PLAIN.splitlines())),
    "old mac": PLAIN.replace("\n", "\r"),
    "seed in parts": second(lambda row: row.replace(",3,", ",3.5,")),
}


@pytest.fixture
def log(tmp_path):
    with RunLog(tmp_path / "log") as opened:
        yield opened


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(reading, "LARGE", 0)


def written(tmp_path, content):
    path = tmp_path / "history.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def seen(path, log, *, in_columns, asked=None):
    """All that an import says of a file."""
    asked = asked or Asked()
    try:
        sheet = read(path, asked.corrections, in_columns=in_columns)
        found = import_file(path, log, asked, created_at=NOW, sheet=sheet)
    except InputError as error:
        return str(error)
    runs = [
        (
            run.name,
            run.measured.line,
            run.run_id,
            run.status,
            run.loss,
            [(one.flag, str(one.reason)) for one in run.flags],
            dict(run.settings),
            dict(run.texts),
            run.measured.steps.tolist(),
            np.nan_to_num(run.measured.losses, nan=-1.0).tolist(),
            run.measured.reached,
        )
        for run in found.runs
    ]
    refused = [(one.line, one.run, str(one.reason)) for one in found.refused]
    return repr((runs, refused, found.detected, found.entry))


@pytest.mark.parametrize("kind", [*IN_COLUMNS, *ROW_BY_ROW])
def test_columns_say_what_rows_say(kind, tmp_path, log):
    content = IN_COLUMNS.get(kind) or ROW_BY_ROW[kind]
    path = written(tmp_path, content)
    by_rows = seen(path, log, in_columns=False)
    assert seen(path, log, in_columns=True) == by_rows
    if kind in IN_COLUMNS:
        assert "refused" not in by_rows[:10] and read(path).columns is not None


@pytest.mark.parametrize("kind", IN_COLUMNS)
def test_a_regular_history_is_never_read_row_by_row(kind, tmp_path, log, monkeypatch):
    path = written(tmp_path, IN_COLUMNS[kind])
    sheet = read(path)
    monkeypatch.setattr(reading, "text_sheet", lambda *_: pytest.fail("read row by row"))
    assert import_file(path, log, Asked(), created_at=NOW, sheet=sheet).runs


def test_what_a_person_corrects_holds(tmp_path, log):
    for said in (Corrections(encoding="cp932"), Corrections(header_line=2)):
        path, asked = written(tmp_path, PLAIN), Asked(corrections=said)
        by_rows = seen(path, log, in_columns=False, asked=asked)
        assert seen(path, log, in_columns=True, asked=asked) == by_rows


def as_json(rows=ROWS, change=str):
    names = HEAD.split(",")
    return "".join(
        change(
            "{"
            + ", ".join(
                f'"{name}": {cell if name not in ("run",) else chr(34) + cell + chr(34)}'
                for name, cell in zip(names, row.split(","), strict=True)
            )
            + "}\n"
        )
        for row in rows
    )


JSON = {
    "plain": as_json(),
    "no line end": as_json()[:-1],
    "null": as_json().replace("3.12340", "null", 1),
    "nan": as_json().replace("3.12340", "NaN", 1),
    "blank line": as_json().replace('{"run": "b"', '\n{"run": "b"', 1),
    "two in a line": as_json().replace('}\n{"run": "b"', '} {"run": "b"', 1) + "\n",
    "doubled key": as_json().replace('"seed"', '"run"', 1),
    "nested": as_json().replace('"loss": 3.12340', '"loss": {"a": 1}', 1),
    "words": as_json().replace("3.12340", '"about 3"', 1),
    "another key": as_json().replace('"loss": 3.12340', '"loss": 3.1, "note": "x"', 1),
    "damaged": as_json().replace("3.12340}", "3.12340", 1),
    "escaped": as_json().replace('"b"', '"\\u5b66\\ud83d\\ude00"'),
    "half": as_json().replace('"b"', '"\\ud83d"'),
    "no UTF-8": as_json().encode().replace(b'"b"', b'"\xff"'),
    "truth": as_json().replace("3.12340", "true", 1),
    "list": "[" + as_json().replace("}\n{", "},\n{") + "]",
}


@pytest.mark.parametrize("kind", JSON)
def test_json_lines_in_columns_say_what_they_say_one_by_one(kind, tmp_path, log):
    path = written(tmp_path, JSON[kind])

    def plain(told):  # 0 and 0.0 are one
        return told.replace(".0,", ",").replace(".0}", "}").replace(".0)", ")")

    by_rows = seen(path, log, in_columns=False)
    assert plain(seen(path, log, in_columns=True)) == plain(by_rows)
    assert (large_texts.sheet_of(path, None) is not None) is (
        kind in ("plain", "no line end", "null", "nan", "escaped")
    )


@pytest.mark.parametrize("at", [0, -1])
@pytest.mark.parametrize(("number", "in_columns"), [(2**53 - 1, True), (2**53 + 1, False)])
def test_whole_numbers_keep_all_their_digits(tmp_path, at, number, in_columns):
    lines = [{"step": k, "cross_entropy": 3.5, "seed": 1} for k in range(4)]
    lines[at]["seed"] = -number if at else number
    path = written(tmp_path, "\n".join(map(json.dumps, lines)))
    assert (large_texts.sheet_of(path, None) is not None) is in_columns


def test_half_a_megabyte_of_history_takes_columns(tmp_path, monkeypatch):
    monkeypatch.undo()
    path = written(tmp_path, "\n".join([HEAD, *ROWS * 1000]))
    assert path.stat().st_size >= LARGE and read(path).columns is not None
    assert read(written(tmp_path, PLAIN)).columns is None
