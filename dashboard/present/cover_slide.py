"""The cover, the first slide of a deck: the question, who presents it when, what is asked for, and
what that is worth; pure."""

from dashboard.present import request, tables
from dashboard.roi import wording as roi_wording
from engine.api.decisions import Answer
from engine.api.reports import Slide
from engine.text import verdict
from engine.text.i18n import Words


def slide(answer: Answer, basis: tables.Basis, words: Words) -> Slide:
    """Where nothing was entered under “Cover”, it names the day alone."""
    return Slide(
        key="question",
        title=request.question(answer, words),
        points=(
            *basis.cover.lines(tables.day(basis.day, words), words),
            verdict.ask(answer, words),
            roi_wording.headline_of(answer, words),
        ),
        notes=(request.opening(answer, words),),
    )
