"""Who reads an answer: a language, with the metric's names and the currency of the question."""

from engine.decision.question import Question
from engine.text.i18n import Words


def words_of(question: Question, language: str) -> Words:
    """Words of ``language`` for what answers ``question``, dollars at its assumptions' rate."""
    return Words(language, metric=question.metric, jpy_per_usd=question.jpy_per_usd)
