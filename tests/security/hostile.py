"""Hostile files, each by the name of what is wrong with it, and a machine that makes more."""

import io
import json
import random
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

from engine.runs.arrow import SCHEMA, to_table
from tests.runs.made_runs import record

NESTED = 5_000
HALF = "\ud800"


def scenario(**changes: object) -> bytes:
    """A scenario's file with other parts."""
    content = {
        "format": "kessai-scenario-1",
        "name": "a plan",
        "fields": {"compute": "1e19", "data": "1e6", "epsilon": "4"},
        "history": [{"at": "2026-11-01T00:00:00+00:00", "who": "a", "fields": {}}],
    }
    return json.dumps(content | changes).encode()


def nested(opening: str, closing: str) -> bytes:
    return (opening * NESTED + closing * NESTED).encode()


TOML = {
    "nested lists": b"a = " + nested("[", "]"),
    "nested tables": b"a = " + b"{a=" * NESTED + b"1" + b"}" * NESTED,
    "400 digits": b"[horizon]\nvalue = " + b"9" * 400,
    "5,000 digits": b"[horizon]\nvalue = " + b"9" * 5000,
    "a hexadecimal giant": b"[horizon]\nvalue = 0x" + b"f" * 20_000,
    "a date": b"horizon = 9999-12-31T23:59:59Z",
    "no UTF-8": b"\xff\xfe\xff",
    "not closed": b'[horizon]\nsource = "',
}
JSON = {
    "nested lists": nested("[", "]"),
    "nested objects": b'{"a":' * NESTED + b"1" + b"}" * NESTED,
    "400 digits": b'{"model_size": ' + b"9" * 400 + b"}",
    "5,000 digits": b'{"model_size": ' + b"9" * 5000 + b"}",
    "no number": b'{"model_size": NaN, "loss": Infinity}',
    "half a character": b'{"run": "\\ud800", "loss": 3}',
    "no UTF-8": b'{"run": "\xff\xfe"}',
    "nothing": b"",
    "null": b"null",
    "no run": b"[]",
    "no field": b"{}",
}
SCENARIOS = {
    **JSON,
    "nested fields": scenario(fields=json.loads("[" * 60 + "]" * 60)),
    "history of numbers": scenario(history=[1, 2]),
    "history of one field": scenario(history=[{"at": "", "who": "", "fields": {"compute": []}}]),
    "half a character in who": scenario(history=[{"at": "", "who": HALF, "fields": {}}]),
    "half a character in a name": scenario(name=HALF),
    "a name that turns": scenario(name="a\u202eb"),
    "a field of objects": scenario(fields={"compute": {}, "data": [], "epsilon": None}),
}


def _parquet(write: Callable[[dict[str, list[object]]], object]) -> bytes:
    """The run log's file of one run, with columns changed by ``write``."""
    columns = to_table([record(1)]).to_pydict()
    write(columns)
    arrays = []
    for field in SCHEMA:
        value = columns[field.name]
        arrays.append(value if isinstance(value, pa.Array) else pa.array(value, field.type))
    return _written(pa.Table.from_arrays(arrays, schema=SCHEMA))


def _written(table: pa.Table) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd", write_page_checksum=True)
    return buffer.getvalue()


def _bad_text(value: bytes) -> pa.Array:
    """A column of one text that is none."""
    return pa.Array.from_buffers(
        pa.string(),
        1,
        [None, pa.py_buffer(np.array([0, len(value)], np.int32)), pa.py_buffer(value)],
    )


def _time(year_seconds: int) -> pa.Array:
    return pa.array([year_seconds * 10**6], pa.int64()).cast(pa.timestamp("us", tz="UTC"))


def expanding_parquet() -> bytes:
    """Some kilobytes that unpack to 200 MB: one text of 100 kB, 2,000 times."""
    return _written(pa.table({"note": ["x" * 100_000] * 2_000}))


PARQUET = {
    "a note that is no UTF-8": _parquet(lambda c: c.update(note=_bad_text(b"\xff\xfe"))),
    "made in the year 10000": _parquet(lambda c: c.update(created_at=_time(253_402_300_800))),
    "made before the year 1": _parquet(lambda c: c.update(created_at=_time(-99_999_999_999))),
    "made beyond all years": _parquet(lambda c: c.update(created_at=_time(9_000_000_000_000))),
    "half a character in versions": _parquet(
        lambda c: c.update(versions=['{"a": "' + "\\ud800" + '"}'])
    ),
    "nested versions": _parquet(
        lambda c: c.update(versions=['{"a":' * NESTED + "1" + "}" * NESTED])
    ),
    "digits in versions": _parquet(lambda c: c.update(versions=['{"a":' + "9" * 5000 + "}"])),
    "it unpacks to 200 MB": expanding_parquet(),
    "cut short": _parquet(lambda c: None)[:-20],
    "nothing": b"",
    "the mark alone": b"PAR1PAR1",
    "other columns": _written(pa.table({"a": [1]})),
}


def workbook(cell: object = 1, rows: int = 1) -> bytes:
    buffer, book = io.BytesIO(), openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.append(["run", "model_size", "tokens", "loss"])
    for place in range(rows):
        page.append([cell, 10**6 + place, 10**8, 3.0])
    book.save(buffer)
    return buffer.getvalue()


def zipped(parts: dict[str, bytes]) -> bytes:
    """A zip file of these parts."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def expanding_zip(name: str) -> bytes:
    """100 kB that unpack to 100 MB."""
    return zipped({name: b"<x>" + b" " * 100_000_000})


EXCEL = {
    "it unpacks to 100 MB": expanding_zip("xl/workbook.xml"),
    "cut short": workbook()[:-30],
    "no workbook": zipped({"a.txt": b"a"}),
    "the mark alone": b"PK\x03\x04",
}
CSV = {
    "a number of 200,000 digits": b"run,model_size,tokens,loss\na," + b"1" * 200_000 + b",1e9,3\n",
    "a cell of 200,000 characters": b"run,model_size,tokens,loss\n" + b"x" * 200_000 + b",1,1,3\n",
    "a quotation mark that never closes": b'run,loss\n"a,3\n' + b"b,3\n" * 1000,
    "zeros": b"run,loss\n\0\0\0,3\n",
    "nothing": b"",
    "one line": b"run",
}


def altered(content: bytes, chance: random.Random) -> bytes:
    """``content`` as a broken disk or an attacker may leave it."""
    data = bytearray(content)
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(data) + 1)
        kind = chance.randrange(6)
        if kind == 0 and data:
            data[at % len(data)] ^= 1 << chance.randrange(8)
        elif kind == 1:
            del data[at : at + chance.randint(1, 64)]
        elif kind == 2:
            data[at:at] = chance.randbytes(chance.randint(1, 32))
        elif kind == 3:
            data[at:at] = data[at : at + chance.randint(1, 200)] * chance.randint(1, 20)
        elif kind == 4:
            digits = [b"9" * 60, b"-1", b"1e999", b"NaN", b"\xff\xff\xff\x7f", "‮".encode(), b'"']
            data[at:at] = chance.choice(digits)
        else:
            del data[at:]
    return bytes(data)


def placed(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path
