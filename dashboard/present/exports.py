"""The files that a deck can be taken along as. All are made from the
same deck, in light colours."""

from collections.abc import Callable
from dataclasses import dataclass

from engine.api.reports import Deck, pdf, record, slides, webpage, workbook
from engine.text.i18n import N_, Words


@dataclass(frozen=True, kw_only=True)
class Export:
    """One kind of file: what makes it from a deck, and how it is called."""

    label: str
    name: str
    mime: str
    make: Callable[[Deck], bytes]
    needs_font: bool = False


def _page(deck: Deck) -> bytes:
    return webpage.webpage(deck).encode()


_OFFICE = "application/vnd.openxmlformats-officedocument"

EXPORTS = (
    Export(
        label=N_("Slides (PowerPoint)"),
        name="kessai.pptx",
        mime=f"{_OFFICE}.presentationml.presentation",
        make=slides.pptx,
    ),
    Export(
        label=N_("Slides (PDF, A4)"),
        name="kessai.pdf",
        mime="application/pdf",
        make=pdf.pdf,
        needs_font=True,
    ),
    Export(
        label=N_("Decision record (PDF, A4)"),
        name="kessai-record.pdf",
        mime="application/pdf",
        make=record.record_pdf,
        needs_font=True,
    ),
    Export(label=N_("Web page (HTML)"), name="kessai.html", mime="text/html", make=_page),
    Export(
        label=N_("All tables (Excel)"),
        name="kessai.xlsx",
        mime=f"{_OFFICE}.spreadsheetml.sheet",
        make=workbook.workbook,
    ),
    Export(
        label=N_("All tables (CSV)"),
        name="kessai-csv.zip",
        mime="application/zip",
        make=workbook.archive,
    ),
)


def label(export: Export, words: Words) -> str:
    return words.say(export.label)
