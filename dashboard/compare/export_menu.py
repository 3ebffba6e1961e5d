"""The comparison to take along: slides, PDF, workbook, CSV."""

from collections.abc import Callable
from datetime import date, datetime
from functools import partial
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard.answers import law_cache
from dashboard.compare import deck
from dashboard.compare.side import Side
from dashboard.state import address
from dashboard.ui import blocks
from dashboard.ui.colours import LIGHT
from engine.api.decisions import Explanation
from engine.api.pilots import code_version
from engine.api.reports import Deck, fit_version, slides, slides_pdf, workbook
from engine.api.scenarios import Standing, saved
from engine.text.i18n import N_, Words

_OFFICE = "application/vnd.openxmlformats-officedocument"
FILES: tuple[tuple[str, str, str, Callable[[Deck], bytes]], ...] = (
    (N_("Slides (PowerPoint)"), ".pptx", f"{_OFFICE}.presentationml.presentation", slides.pptx),
    (N_("Slides (PDF, A4)"), ".pdf", "application/pdf", slides_pdf),
    (N_("All tables (Excel)"), ".xlsx", f"{_OFFICE}.spreadsheetml.sheet", workbook.workbook),
    (N_("All tables (CSV)"), "-csv.zip", "application/zip", workbook.archive),
)
"""Label, how the name ends, type, and what makes it."""

_READABLE = 15
"""Characters of a scenario's name: of four, three bytes each, within the 255 of a file's name."""


def draw(
    sides: list[Side],
    explained: list[Explanation | None],
    standings: dict[str, Standing],
    words: Words,
) -> None:
    """One button a kind of file, once every promise is certified."""
    answers = [each.answer for each in sides if each.answer is not None]
    if len(answers) < 2:
        return
    ready = all(each.certificate is not None or each.refusal is not None for each in answers)
    with st.popover(words.say("Take this comparison along"), icon=":material/download:"):
        if not ready:
            st.caption(
                words.say("Exports open when the privacy loss has been certified: some seconds.")
            )
        day = datetime.now(ZoneInfo(st.context.timezone or "UTC")).date()
        name = sides[0].question.evidence_id
        basis = deck.Basis(
            day=day,
            fit_version=fit_version(law_cache.fitted_evidence(name).fit),
            code_version=code_version(),
            address=address.copied_link(),
        )
        made = partial(deck.deck, sides, explained, standings, basis, words, LIGHT)
        font = blocks.has_print_font(words)
        for label, suffix, mime, make in FILES:
            st.download_button(
                words.say(label),
                partial(_file, make, made),
                file_name(sides, day, suffix),
                mime,
                disabled=not ready or (suffix == ".pdf" and not font),
                on_click="ignore",
                width="stretch",
            )


def file_name(sides: list[Side], day: date, suffix: str) -> str:
    """What a file is called: the names of the scenarios, cut to what every system takes, and the
    day."""
    names = (saved.readable(each.name)[:_READABLE] for each in sides)
    return "_".join(("kessai", "comparison", *names, day.isoformat())) + suffix


def _file(make: Callable[[Deck], bytes], made: Callable[[], Deck]) -> bytes:
    return make(made())
