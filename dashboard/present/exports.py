"""The files that a deck can be taken along as. All are made from the
same deck, in light colours."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from engine.api.decisions import Question
from engine.api.reports import Deck, record_form, record_pdf, slides, slides_pdf, webpage, workbook
from engine.api.scenarios import saved
from engine.text.i18n import N_, Words


@dataclass(frozen=True, kw_only=True)
class Export:
    """One kind of file: what makes it from a deck, and how its name ends."""

    label: str
    suffix: str
    mime: str
    make: Callable[[Deck], bytes]
    needs_font: bool = False
    on_template: Callable[[Deck, bytes | None], bytes] | None = None
    """Makes it on a company's template, where it can."""


def _page(deck: Deck) -> bytes:
    return webpage.webpage(deck).encode()


_OFFICE = "application/vnd.openxmlformats-officedocument"

EXPORTS = (
    Export(
        label=N_("Slides (PowerPoint)"),
        suffix=".pptx",
        mime=f"{_OFFICE}.presentationml.presentation",
        make=slides.pptx,
        on_template=slides.pptx,
    ),
    Export(
        label=N_("Slides (PDF, A4)"),
        suffix=".pdf",
        mime="application/pdf",
        make=slides_pdf,
        needs_font=True,
    ),
    Export(
        label=N_("Decision record (PDF, A4)"),
        suffix="-record.pdf",
        mime="application/pdf",
        make=record_pdf,
        needs_font=True,
    ),
    Export(
        label=N_("Decision record to fill in (Word)"),
        suffix="-record.docx",
        mime=f"{_OFFICE}.wordprocessingml.document",
        make=record_form.docx,
    ),
    Export(
        label=N_("Fields for a workflow (CSV)"),
        suffix="-record.csv",
        mime="text/csv",
        make=record_form.fields_csv,
    ),
    Export(
        label=N_("Fields for a workflow (JSON)"),
        suffix="-record.json",
        mime="application/json",
        make=record_form.fields_json,
    ),
    Export(label=N_("Web page (HTML)"), suffix=".html", mime="text/html", make=_page),
    Export(
        label=N_("All tables (Excel)"),
        suffix=".xlsx",
        mime=f"{_OFFICE}.spreadsheetml.sheet",
        make=workbook.workbook,
    ),
    Export(
        label=N_("All tables (CSV)"),
        suffix="-csv.zip",
        mime="application/zip",
        make=workbook.archive,
    ),
)


def file_name(export: Export, question: Question, day: date, name: str = "") -> str:
    """What a file is called: the scenario's name where it was saved, its budgets and the day, in
    letters and signs that every system takes, as in
    ``kessai_第1案_10000000-people_eps-4_3.8e20-flops_2026-11-24.pptx``."""
    asked = question.budget
    flops = f"{asked.compute_flops:.3g}".replace("+", "")
    budgets = f"{asked.data_budget}-people_eps-{asked.epsilon:g}_{flops}-flops"
    parts = ("kessai", saved.readable(name), budgets, day.isoformat())
    return "_".join(filter(None, parts)) + export.suffix


def label(export: Export, words: Words) -> str:
    return words.say(export.label)
