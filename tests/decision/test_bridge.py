"""The steps from one NPV to another add up, name what differs, and pass over what has no answer."""

from dataclasses import replace

import pytest

from engine.decision.bridge import bridge
from engine.decision.question import question
from engine.errors import InputError
from tests.present import present

FIRST = question(3.8e20, 10_000_000, 4.0)


def _worth(asked):
    """A stand-in in which assumptions multiply, so that their order matters."""
    budget = asked.budget
    return budget.data_budget * asked.assumptions["adoption"].value - budget.compute_flops / 1e15


def _second(**figures):
    table = FIRST.assumptions.edited({name: {"value": value} for name, value in figures.items()})
    budget = replace(FIRST.budget, data_budget=20_000_000, compute_flops=1e20)
    return replace(FIRST, budget=budget, assumptions=table)


def test_steps_add_up_and_stay_changed():
    second = _second(adoption=0.8)
    found = present(bridge(FIRST, second, _worth))
    assert (found.start, found.end) == (_worth(FIRST), _worth(second))
    assert [step.assumptions for step in found.steps] == [("compute",), ("data",), ("adoption",)]
    amounts = [step.amount for step in found.steps]
    assert amounts == pytest.approx([2.8e5, 1e7 * 0.6, 2e7 * 0.2])
    assert found.start + sum(amounts) == pytest.approx(found.end)


def test_a_question_without_an_answer_half_way_joins_the_next_step():
    second = _second(adoption=0.8)

    def worth(asked):
        if asked.budget.data_budget == 20_000_000 and asked.assumptions["adoption"].value < 0.8:
            raise InputError("no plan")
        return _worth(asked)

    found = present(bridge(FIRST, second, worth))
    assert [step.assumptions for step in found.steps] == [("compute",), ("data", "adoption")]
    assert found.start + sum(step.amount for step in found.steps) == pytest.approx(found.end)


def test_the_same_question_has_no_steps_and_no_value_no_bridge():
    assert present(bridge(FIRST, FIRST, _worth)).steps == ()
    assert bridge(FIRST, _second(), lambda asked: None) is None


def test_prices_come_with_their_ranges():
    prices = replace(FIRST.prices, jpy_per_usd=160.0)
    second = FIRST.at_prices(prices)
    found = present(bridge(FIRST, second, lambda asked: asked.assumptions["jpy_per_usd"].high))
    assert [step.assumptions for step in found.steps] == [("rate",)]
