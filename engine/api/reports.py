"""What a page may ask of documents: decks and the files that they become.

The dashboard imports the engine through this folder only, so that what it rests on can be read
here; beside it stand the words of :mod:`engine.text` and the base types of :mod:`engine.config`.
"""

from engine.law.version import fit_version
from engine.report import record_form, slides, webpage
from engine.report.arrangement import Page
from engine.report.deck import (
    Band,
    Bar,
    Bars,
    Deck,
    Field,
    Line,
    Lines,
    Mark,
    Record,
    Section,
    Slide,
    Table,
    Tile,
)
from engine.report.fonts import japanese_face
from engine.report.master import require_template
from engine.report.print.typeset import record_pdf, sheet_pdf, slides_pdf
from engine.report.stage import Look, stage_html, staged
from engine.report.workbook import book as workbook
from engine.report.workbook.model import Given, Live, Valued

__all__ = [
    "Band",
    "Bar",
    "Bars",
    "Deck",
    "Field",
    "Given",
    "Line",
    "Lines",
    "Live",
    "Look",
    "Mark",
    "Page",
    "Record",
    "Section",
    "Slide",
    "Table",
    "Tile",
    "Valued",
    "fit_version",
    "japanese_face",
    "record_form",
    "record_pdf",
    "require_template",
    "sheet_pdf",
    "slides",
    "slides_pdf",
    "stage_html",
    "staged",
    "webpage",
    "workbook",
]
