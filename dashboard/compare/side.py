"""A scenario in a comparison: its column, with its answer or why there is none."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from engine.api.decisions import Answer, LossUnit, Question, unit_of
from engine.api.scenarios import fields as grammar
from engine.errors import InputError

Values = Mapping[str, grammar.Value]


@dataclass(frozen=True, kw_only=True)
class Side:
    """``answer`` None: the scenario has no plan, for the reason in ``refused``. ``is_saved``: under
    this name."""

    name: str
    values: Values
    question: Question
    answer: Answer | None
    refused: InputError | None = None
    is_saved: bool = False

    @property
    def unit(self) -> LossUnit:
        """Of its losses."""
        return unit_of(self.question.evidence_id)


def side(
    name: str, values: Values, answer: Callable[[Question], Answer], *, is_saved: bool = False
) -> Side:
    """A scenario and its answer, or why there is none."""
    question = grammar.question(values)
    found, refused = None, None
    try:
        found = answer(question)
    except InputError as error:
        refused = error
    return Side(
        name=name,
        values=values,
        question=question,
        answer=found,
        refused=refused,
        is_saved=is_saved,
    )
