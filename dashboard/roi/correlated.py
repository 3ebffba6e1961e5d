"""What noise correlated over steps would add to the return, in a line."""

from dashboard.answers import more_learning
from engine.api.decisions import Answer
from engine.config import Sampling
from engine.text.i18n import Words


def draw(answer: Answer, words: Words) -> None:
    """Nothing where no loss has a value, or the plan takes such noise already."""
    if answer.study is not None and answer.question.sampling is not Sampling.BANDED:
        more_learning.draw(answer, words)
