"""Every surface that says something of an answer, as flat text: pages, slides, documents, files."""

import csv
import io
import json
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from datetime import date
from html import unescape
from typing import Any

from docx import Document
from openpyxl import load_workbook
from pptx import Presentation
from streamlit.testing.v1 import AppTest

from dashboard.present import deck as decks
from dashboard.present.cover import Cover
from dashboard.present.exports import EXPORTS
from dashboard.present.tables import Basis
from dashboard.ui.colours import LIGHT
from engine.decision.answer import Answer
from engine.report.deck import Bars, Deck, Table
from engine.text.i18n import Words
from tests.witness.readings import SEPARATOR, flat

PAGES = ("decide", "explore", "roi", "compare", "present")
BASIS = Basis(
    fit_version="fit",
    code_version="code",
    day=date(2026, 11, 24),
    address="http://kessai.example/present",
    cover=Cover(),
)


def _draw(name: str) -> None:
    import importlib

    from dashboard.state import address, session

    address.follow_url()
    importlib.import_module(f"dashboard.{name}.page").render(session.current())


def page(name: str, query: dict[str, str]) -> str:
    """A page of the dashboard as its visitor reads it."""
    shown = AppTest.from_function(_draw, default_timeout=120, args=(name,))
    for key, value in query.items():
        shown.query_params[key] = value
    shown.run()
    assert not shown.exception, shown.exception
    return flat(SEPARATOR.join(["", *_texts(shown.main), ""]))


def _texts(block: Any) -> Iterator[str]:
    """Texts of a block of elements, in the order of the page; charts by what is written on them."""
    for element in block.children.values():
        if hasattr(element, "children"):
            if isinstance(getattr(element, "label", None), str):
                yield element.label
            yield from _texts(element)
            continue
        kind = element.type
        if kind == "metric":
            yield f"{element.label}{SEPARATOR}{element.value}"
        elif kind in ("table", "arrow_data_frame", "dataframe"):
            frame = element.value
            yield SEPARATOR.join(map(str, frame.columns))
            for row in frame.itertuples(index=False):
                yield SEPARATOR.join(str(cell).replace("≠", "") for cell in row)
        elif kind == "plotly_chart":
            yield from _written(json.loads(element.proto.spec))
        elif kind == "html":
            yield unescape(re.sub("<[^>]+>", SEPARATOR, element.proto.body))
        elif isinstance(getattr(element, "value", None), str):
            yield element.value


def _written(value: Any) -> Iterator[str]:
    """Annotations and texts of a chart."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in ("text", "alt") and isinstance(inner, str):
                yield unescape(re.sub("<[^>]+>", " ", inner))
            elif key != "title":  # Titles of axes name what others say.
                yield from _written(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _written(inner)


def slides(made: Deck) -> dict[str, str]:
    """Each slide of the deck with its notes and figure."""
    found = {}
    for slide in (*made.slides, *made.appendix):
        texts = [slide.title, *slide.points, *slide.notes]
        texts += [
            f"{tile.name}{SEPARATOR}{tile.value}{SEPARATOR}{tile.detail}" for tile in slide.tiles
        ]
        if slide.figure is not None:
            texts.append(slide.figure.alt)
            if isinstance(slide.figure, Bars):
                texts += [f"{bar.name}{SEPARATOR}{bar.text}" for bar in slide.figure.bars]
        texts += _rows(slide.table)
        found[f"slide {slide.key}"] = flat(SEPARATOR.join(["", *texts, ""]))
    return found


def _rows(table: Table | None) -> list[str]:
    if table is None:
        return []
    return [SEPARATOR.join(str(cell) for cell in row) for row in table.rows]


def deck(answer: Answer, words: Words) -> Deck:
    """The deck of an answer, on a fixed day."""
    return decks.deck(decks.Material(answer=answer, basis=BASIS), words, LIGHT)


def exports(made: Deck) -> dict[str, str]:
    """Each file that a deck is exported to."""
    read = {
        "kessai.pptx": _pptx, "kessai.pdf": _pdf, "kessai-record.pdf": _pdf,
        "kessai.html": _html, "kessai.xlsx": _xlsx, "kessai-csv.zip": _csv,
        "kessai-record.docx": _docx, "kessai-record.csv": _fields, "kessai-record.json": _fields,
    }  # fmt: skip
    return {
        f"kessai{each.suffix}": flat(_unjoined(read[f"kessai{each.suffix}"](each.make(made))))
        for each in EXPORTS
    }


def _unjoined(text: str) -> str:
    """Without the marks, which nobody sees, that keep a sign and its amount on one line."""
    return text.replace("\u2060", "")


def _pptx(content: bytes) -> str:
    texts = []
    for shown in Presentation(io.BytesIO(content)).slides:
        for shape in shown.shapes:
            if shape.has_text_frame:
                texts.append(shape.text_frame.text)
            if shape.has_table:
                texts += [cell.text for row in shape.table.rows for cell in row.cells]
        if shown.has_notes_slide:
            texts.append(shown.notes_slide.notes_text_frame.text)
    return SEPARATOR.join(["", *texts, ""])


def _docx(content: bytes) -> str:
    made = Document(io.BytesIO(content))
    texts = [paragraph.text for paragraph in made.paragraphs]
    texts += [cell.text for table in made.tables for row in table.rows for cell in row.cells]
    return SEPARATOR.join(["", *texts, ""])


def _fields(content: bytes) -> str:
    """Names and contents, from CSV or JSON."""
    text = content.decode("utf-8-sig")
    if text.startswith("{"):
        pairs = [(each["name"], each["content"]) for each in json.loads(text)["fields"].values()]
    else:
        pairs = [(row[1], row[2]) for row in csv.reader(io.StringIO(text))]
    return SEPARATOR.join(["", *(part for pair in pairs for part in pair), ""])


def _xlsx(content: bytes) -> str:
    book = load_workbook(io.BytesIO(content))
    rows = (row for sheet in book for row in sheet.iter_rows(values_only=True))
    cells = (cell for row in rows for cell in row if cell is not None)
    # A number is a field of its own, so that no name seems to stand before the next name.
    return SEPARATOR.join(cell if isinstance(cell, str) else "#" for cell in cells)


def _csv(content: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(content)) as files:
        texts = [files.read(name).decode("utf-8-sig") for name in files.namelist()]
    rows = (row for text in texts for row in csv.reader(io.StringIO(text)))
    raw = re.compile(r"-?\d+\.(?:0|\d{5,})(?:e.\d+)?")  # series of charts, not read by people
    return SEPARATOR.join(cell for row in rows for cell in row if not raw.fullmatch(cell))


def _html(content: bytes) -> str:
    flowing = re.sub(r"</?span\b[^>]*>", "", content.decode())  # within a line of text
    return unescape(re.sub(r"<style.*?</style>|<[^>]+>", SEPARATOR, flowing, flags=re.S))


def _pdf(content: bytes) -> str:
    """By Poppler; pypdf misreads fonts of more than 256 characters."""
    if shutil.which("pdftotext") is None:
        return ""
    command = ["pdftotext", "-", "-"]
    return subprocess.run(command, input=content, capture_output=True, check=True).stdout.decode()
