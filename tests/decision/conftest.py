"""Decisions that can be changed at will: those of the dashboard's stand-in, and one of the real
engine."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from engine.allocation.result import Doubling
from engine.decision.answer import Answer, certified_answer
from engine.decision.decide import Decision
from engine.decision.fitted import FittedEvidence
from engine.decision.question import question
from engine.interval import Interval
from tests.dashboard import fake_engine


@pytest.fixture
def decided() -> Callable[..., Decision]:
    """The stand-in's decision for a usual budget, with these fields changed."""

    def make(**changes) -> Decision:
        asked = question(3.8e20, 10_000_000, 4.0)
        found = fake_engine.decide(
            asked.budget, None, sampling=asked.sampling, assumptions=asked.prices
        )
        return replace(found, **changes)

    return make


@pytest.fixture(scope="session")
def certified(fitted: FittedEvidence) -> Answer:
    """The real answer to the example's question, with its certificate."""
    return certified_answer(question(3.8e20, 10_000_000, 4.0), fitted)


def doubling(compute: float, data: float, epsilon: float) -> Doubling:
    """What doubling each budget buys."""

    def interval(value: float) -> Interval:
        return Interval(value=value, low=value / 2, high=value * 2, level=0.9)

    return Doubling(compute=interval(compute), data=interval(data), epsilon=interval(epsilon))
