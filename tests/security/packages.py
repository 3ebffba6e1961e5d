"""Hostile presentations, workbooks, weights and model folders, made part by part."""

import io
import json
import struct
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

import openpyxl
from pptx import Presentation

Edit = Callable[[str, bytes], bytes | None]
"""A part's name and content to its new content; None: leave it out."""

LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + i, b"&%c;" % (97 + i) * 10) for i in range(9))
    + b"]>"
)
"""Entities of entities: a billion letters."""


def edited(content: bytes, edit: Edit) -> bytes:
    """A zip file with other parts."""
    made, found = io.BytesIO(), zipfile.ZipFile(io.BytesIO(content))
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        for name in found.namelist():
            part = edit(name, found.read(name))
            if part is not None:
                file.writestr(name, part)
    return made.getvalue()


def template(edit: Edit | None = None) -> bytes:
    """python-pptx's own presentation, edited."""
    made = io.BytesIO()
    Presentation().save(made)
    return made.getvalue() if edit is None else edited(made.getvalue(), edit)


def _in(part: str, before: bytes, after: bytes) -> Edit:
    return lambda name, content: content.replace(before, after) if part in name else content


def _instead(part: str, content: bytes) -> Edit:
    return lambda name, found: content if name.endswith(part) else found


def _without(part: str) -> Edit:
    return lambda name, found: None if part in name else found


_MASTER = b'Target="slideMasters/slideMaster1.xml"'
TEMPLATES = {
    "entities of entities in its theme": template(_instead("theme1.xml", LAUGHS + b"<x>&j;</x>")),
    "entities of entities in itself": template(
        _instead("ppt/presentation.xml", LAUGHS + b"<x>&j;</x>")
    ),
    "a theme of 100,000 levels": template(
        _instead("theme1.xml", b"<a>" * 100_000 + b"</a>" * 100_000)
    ),
    "a theme that is no XML": template(_instead("theme1.xml", b"\0\1")),
    "no theme": template(_without("theme1")),
    "no master": template(_without("slideMaster1.xml")),
    "no layouts": template(_without("slideLayout")),
    "a master on another machine": template(
        _in("presentation.xml.rels", _MASTER, b'Target="http://127.0.0.1:1/" TargetMode="External"')
    ),
    "a master among the server's files": template(
        _in("presentation.xml.rels", _MASTER, b'Target="../../../../etc/passwd"')
    ),
    "slides of no size": template(_in("ppt/presentation.xml", b'cx="9144000"', b'cx="0"')),
    "slides of any size": template(
        _in("ppt/presentation.xml", b'cx="9144000"', b'cx="99999999999999999999"')
    ),
    "a title of negative width": template(_in("slide", b'cx="8229600"', b'cx="-8229600"')),
    "no presentation": edited(template(), lambda name, found: None),
    "a text": b"hello",
    "nothing": b"",
}


def assumptions(rows: list[list[Any]], edit: Edit | None = None) -> bytes:
    """A workbook with the sheet of assumptions."""
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.title = "assumptions"
    for row in rows:
        page.append(row)
    made = io.BytesIO()
    book.save(made)
    return made.getvalue() if edit is None else edited(made.getvalue(), edit)


_HEAD = ["name", "value", "low", "high", "distribution", "source", "dated", "unit"]
_ROW = ["gpu_price", 1, 1, 1, "fixed", "x", "2026-01-01", "USD"]
BOOKS = {
    "no figures": assumptions([_HEAD]),
    "a formula as a name": assumptions([_HEAD, ["=1+1", *_ROW[1:]]]),
    "figures that are none": assumptions([_HEAD, ["gpu_price", "inf", "nan", "-inf", *_ROW[4:]]]),
    "truths as figures": assumptions([_HEAD, ["gpu_price", True, False, True, *_ROW[4:]]]),
    "a name that turns": assumptions([_HEAD, ["a\u202eb", *_ROW[1:]]]),
    "one figure twice": assumptions([_HEAD, _ROW, _ROW]),
    "entities of entities": assumptions(
        [_HEAD, _ROW], _instead("sheet1.xml", LAUGHS + b"<worksheet>&j;</worksheet>")
    ),
    "row 1,000,000,000": assumptions([_HEAD, _ROW], _in("sheet1", b'r="2"', b'r="1000000000"')),
}


def weights(header: Mapping[str, Any] | bytes, body: bytes = b"") -> bytes:
    """A safetensors file."""
    written = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(written)) + written + body


def _tensor(kind: str, shape: list[int], offsets: list[int]) -> dict[str, Any]:
    return {"dtype": kind, "shape": shape, "data_offsets": offsets}


WEIGHTS = {
    "a header longer than the file": struct.pack("<Q", 2**40) + b"{}",
    "a header of 2^63 bytes": struct.pack("<Q", 2**63) + b"{}",
    "tensors over each other": weights(
        {"a": _tensor("F32", [4], [0, 16]), "b": _tensor("F32", [4], [0, 16])}, bytes(16)
    ),
    "a shape that overflows": weights({"a": _tensor("F32", [2**33, 2**33], [0, 16])}, bytes(16)),
    "offsets below zero": weights({"a": _tensor("F32", [1], [-4, 0])}, bytes(4)),
    "notes of 100,000 levels": weights(b'{"__metadata__":' + b"[" * 100_000 + b"]" * 100_000),
    "another kind of number": weights({"a": _tensor("I64", [1], [0, 8])}, bytes(8)),
    "seven bytes": bytes(7),
    "nothing": b"",
}
_GPT2 = {
    "model_type": "gpt2", "n_layer": 2, "n_embd": 16, "n_head": 2, "n_positions": 48,
    "vocab_size": 40,
}  # fmt: skip
SETTINGS: dict[str, bytes] = {
    "a list": b"[]",
    "5,000 levels": b"[" * 5_000,
    "no number": b'{"model_type": "gpt2", "n_layer": NaN}',
    **{
        f"{name} = {value!r}": json.dumps({**_GPT2, name: value}).encode()
        for name, value in (
            ("n_layer", 10**12), ("n_embd", -16), ("n_head", 0), ("n_embd", 16.5),
            ("n_embd", "16"), ("n_layer", True), ("vocab_size", 2**40), ("auto_map", {"a": "b"}),
        )
    },
    "code": json.dumps({**_GPT2, "model_type": "own"}).encode(),
}  # fmt: skip
"""Of a model's folder: config.json."""
SOUND_WEIGHTS = weights({"a": _tensor("F32", [4], [0, 16])}, bytes(16))
TOKENIZERS = {
    "5,000 levels": b'{"model":' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    "an empty model": b'{"model":{}}',
    "merges of tokens that are none": (
        b'{"version":"1.0","model":{"type":"BPE","vocab":{"a":0},"merges":["a b"]}}'
    ),
}
