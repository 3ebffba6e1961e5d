"""A scenario in a comparison: its column, with its answer or why there is none."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from engine.api.decisions import Answer, LossUnit, Question, unit_of
from engine.api.scenarios import fields as grammar
from engine.errors import InputError

Values = Mapping[str, grammar.Value]


@dataclass(frozen=True, kw_only=True)
class Side:
    """``answer`` None: the scenario has no plan, for the reason in ``refused``."""

    name: str
    values: Values
    question: Question
    answer: Answer | None
    refused: InputError | None = None

    @property
    def unit(self) -> LossUnit:
        """Of its losses."""
        return unit_of(self.question.evidence_id)


def side(name: str, values: Values, answer: Callable[[Question], Answer]) -> Side:
    """A scenario and its answer, or why there is none."""
    question = grammar.question(values)
    try:
        return Side(name=name, values=values, question=question, answer=answer(question))
    except InputError as error:
        return Side(name=name, values=values, question=question, answer=None, refused=error)
