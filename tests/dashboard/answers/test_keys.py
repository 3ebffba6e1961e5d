"""Kept answers are found by the text of a question: no two questions share one."""

from dataclasses import fields, replace

import pytest

from dashboard.answers import decision_cache
from dashboard.answers.keys import BY_TEXT
from dashboard.state import link, scenario
from engine.api.decisions import Question

TEXT = BY_TEXT[Question]


def asked(**over):
    return scenario.asked({**link.defaults(), **over}, "en").question


OTHERS = (
    {"epsilon": 4.000000000000001},
    {"compute": 3.8000000000000006e20},
    {"sampling": "deterministic"},
    {"evidence": "gpt-bytes-docstrings"},
    {"currency": "USD"},
    {"figures": "adoption=0.6000000000000001~0.3~0.85~pert"},
    {"pairs": "2,4.5;2.5,3.9;3,2.4"},
    {"metric": "tickets-resolved"},
)


@pytest.mark.parametrize("over", OTHERS, ids=lambda over: next(iter(over)))
def test_a_question_that_differs_in_a_last_digit_has_another_text(over):
    assert asked(**over) != asked()
    assert TEXT(asked(**over)) != TEXT(asked())
    assert TEXT(asked(**over)) == TEXT(asked(**over))


def test_every_field_of_a_question_is_in_its_text():
    """A field that a text would leave out could not tell two answers apart."""

    def text_of(value, name):
        assert "..." not in repr(value), name  # a long array is cut short
        for field in fields(value) if hasattr(value, "__dataclass_fields__") else ():
            assert field.repr and field.compare, f"{name}.{field.name}"
            text_of(getattr(value, field.name), f"{name}.{field.name}")

    text_of(asked(), "question")
    text_of(asked(pairs="2,4.5;2.5,3.9;3,2.4"), "question")


def test_one_answer_is_kept_for_everybody_who_asks():
    first, again = asked(epsilon=5.0), asked(epsilon=5.0)
    assert first is not again
    assert decision_cache.answer(first) is decision_cache.answer(again)
    assert decision_cache.answer(replace(first, currency=asked(currency="USD").currency)) != (
        decision_cache.answer(first)
    )
