"""What a page may ask of documents: decks and the files that they become.

The dashboard imports the engine through this folder only, so that what it rests on can be read
here; beside it stand the words of :mod:`engine.text` and the base types of :mod:`engine.config`.
"""

from engine.law.version import fit_version
from engine.report import record_form, slides, webpage
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
)
from engine.report.fonts import japanese_face
from engine.report.master import require_template
from engine.report.measure import em, wrap
from engine.report.print.typeset import record_pdf, slides_pdf
from engine.report.webpage import large_html
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
    "Mark",
    "Record",
    "Section",
    "Slide",
    "Table",
    "Valued",
    "em",
    "fit_version",
    "japanese_face",
    "large_html",
    "record_form",
    "record_pdf",
    "require_template",
    "slides",
    "slides_pdf",
    "webpage",
    "workbook",
    "wrap",
]
