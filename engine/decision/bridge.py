"""From the NPV of one question to that of another, one assumption at a time.

Assumptions are changed in a fixed order and stay changed, so that the steps add up exactly; each
step is what its assumption moves after those before it. (:mod:`engine.decision.explain` says what
each moves alone.) Where a question half-way has no answer, its step joins the next.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from engine.decision.explain import SWAPS, differing
from engine.decision.question import Question
from engine.errors import InputError
from engine.roi.defaults import PRICE_ROWS

CURVE, REST = "metric_curve", "figures"
"""Steps that are no row of the table: the curve, and ranges of prices at last."""
Worth = Callable[[Question], float | None]
"""The mean NPV in JPY; None where no value is known. It may raise :class:`InputError`."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """What these assumptions, changed together, add to the NPV, JPY."""

    assumptions: tuple[str, ...]
    amount: float


@dataclass(frozen=True, kw_only=True)
class Bridge:
    """The NPV at both ends, JPY, and the steps between them, which add up."""

    start: float
    steps: tuple[Step, ...]
    end: float


def bridge(first: Question, second: Question, worth: Worth) -> Bridge | None:
    """The way from ``first`` to ``second``; None where one of them has no value.

    Raises :class:`InputError` where one of the two has no plan.
    """
    start, end = worth(first), worth(second)
    if start is None or end is None:
        return None
    steps: list[Step] = []
    waiting: list[str] = []
    before = start
    path = list(_path(first, second))
    for place, (name, asked) in enumerate(path):
        waiting.append(name)
        now = end if place == len(path) - 1 else _worth(asked, worth)
        if now is not None:
            steps.append(Step(assumptions=tuple(waiting), amount=now - before))
            before, waiting = now, []
    return Bridge(start=start, steps=tuple(steps), end=end)


def _path(first: Question, second: Question) -> Iterator[tuple[str, Question]]:
    """Each assumption that differs, with the question after it has been changed too."""
    asked = first
    for name in differing(first, second):
        if name != REST:
            asked = SWAPS[name](asked, second)
            yield name, asked
    for row in second.assumptions.rows:
        if row.name not in PRICE_ROWS and asked.assumptions[row.name] != row:
            asked = replace(asked, assumptions=asked.assumptions.changed([row]))
            yield row.name, asked
    if asked.curve != second.curve:
        asked = replace(asked, curve=second.curve)
        yield CURVE, asked
    if replace(asked, currency=second.currency) != second:
        yield REST, second


def _worth(asked: Question, worth: Worth) -> float | None:
    try:
        return worth(asked)
    except InputError:
        return None
