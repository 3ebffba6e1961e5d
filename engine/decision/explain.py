"""Which assumption explains the difference between two plans.

Assumptions are swapped one at a time, from the first question to the second and back; the effect of
one is the mean of what swapping it does at either end (the Shapley value of two assumptions, a mean
of first and last place for more). Effects need not add up to the whole: budgets pay together.
Logarithms are compared, so that a factor counts the same up and down.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from engine.decision.decide import Decision
from engine.decision.question import Question
from engine.errors import InputError
from engine.loss_unit import unit_of
from engine.roi.defaults import PRICE_ROWS, with_costs

Result = Literal["loss", "cost"]
Decide = Callable[[Question], Decision]
SAME: Mapping[Result, float] = {"loss": 0.002, "cost": 0.005}
"""Relative differences below which two results count as equal."""


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What one assumption moves: ln of the second's loss, and cost, over the first's; None where a
    swap leaves no plan, or a loss in another unit."""

    assumption: str
    loss: float | None
    cost: float | None

    def on(self, result: Result) -> float | None:
        """The effect on one of the two results."""
        return self.loss if result == "loss" else self.cost


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """Every assumption that differs with its effect, and the whole differences; ``loss`` is None
    where the two losses are in different units, which do not compare."""

    effects: tuple[Effect, ...]
    loss: float | None
    cost: float

    def whole(self, result: Result) -> float | None:
        """The whole difference in one of the two results."""
        return self.loss if result == "loss" else self.cost

    def main(self, result: Result) -> Effect | None:
        """The assumption that moves a result most in the direction of the difference; None where
        the results are as good as equal."""
        whole = self.whole(result)
        if whole is None:
            return None
        moved = [(e.on(result), e) for e in self.effects]
        known = [(move * math.copysign(1, whole), e) for move, e in moved if move is not None]
        if abs(whole) < SAME[result] or not known:
            return None
        return max(known, key=lambda pair: pair[0])[1]

    def share(self, effect: Effect, result: Result) -> float:
        """The part of the whole that an assumption moves alone, 0 to 1."""
        whole = self.whole(result)
        return min(max((effect.on(result) or 0.0) / whole, 0.0), 1.0) if whole else 0.0


Swap = Callable[[Question, Question], Question]


def _budget(name: str) -> Swap:
    return lambda here, there: replace(
        here, budget=replace(here.budget, **{name: getattr(there.budget, name)})
    )


def _prices(name: str) -> Swap:
    return lambda here, there: here.at_prices(
        replace(here.prices, **{name: getattr(there.prices, name)})
    )


def _figures(here: Question, there: Question) -> Question:
    assumptions = with_costs(there.assumptions, here.prices)
    return replace(here, assumptions=assumptions, curve=there.curve)


SWAPS: Mapping[str, Swap] = {
    "compute": _budget("compute_flops"),
    "data": _budget("data_budget"),
    "epsilon": _budget("epsilon"),
    "delta": _budget("delta"),
    "sampling": lambda here, there: replace(here, sampling=there.sampling),
    "evidence": lambda here, there: replace(here, evidence_id=there.evidence_id),
    "accelerator": _prices("accelerator"),
    "utilisation": _prices("utilisation"),
    "overhead": _prices("dp_overhead"),
    "rate": _prices("jpy_per_usd"),
    "figures": _figures,
}
"""Assumption → a question with that of another one. A price belongs to its accelerator; figures of
the return and the curve belong together and move neither loss nor cost of the training."""


def differing(first: Question, second: Question) -> list[str]:
    """Assumptions that are not the same in both."""
    return [name for name in SWAPS if _differs(name, first, second)]


def explain(first: Question, second: Question, decide: Decide) -> Explanation:
    """Swap one assumption at a time; ``decide`` answers each question, a few per assumption.

    Raises :class:`InputError` where one of the two has no plan.
    """
    here, there = decide(first), decide(second)
    effects = []
    for name in differing(first, second):
        ends = (
            (here, SWAPS[name](first, second), 1.0),
            (there, SWAPS[name](second, first), -1.0),
        )
        moves = [_moves(start, swapped, sign, decide) for start, swapped, sign in ends]
        known = [move for move in moves if move is not None]
        effects.append(
            Effect(
                assumption=name,
                loss=_mean([loss for loss, _ in known if loss is not None]),
                cost=_mean([cost for _, cost in known]),
            )
        )
    loss, cost = _ratio(here, there)
    return Explanation(effects=tuple(effects), loss=loss, cost=cost)


def _differs(name: str, first: Question, second: Question) -> bool:
    if name == "figures":
        return first.curve != second.curve or any(
            first.assumptions[row.name] != row
            for row in second.assumptions.rows
            if row.name not in PRICE_ROWS
        )
    return SWAPS[name](first, second) != first


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _moves(
    here: Decision, swapped: Question, sign: float, decide: Decide
) -> tuple[float | None, float] | None:
    try:
        there = decide(swapped)
    except InputError:  # Half-way between two plans there may be none.
        return None
    loss, cost = _ratio(here, there)
    return None if loss is None else sign * loss, sign * cost


def _ratio(first: Decision, second: Decision) -> tuple[float | None, float]:
    costs = [max(d.cost.jpy, 1e-9) for d in (first, second)]
    cost = math.log(costs[1] / costs[0])
    if unit_of(first.evidence.id) != unit_of(second.evidence.id):
        return None, cost
    losses = [d.recommendation.cross_entropy.value for d in (first, second)]
    return math.log(losses[1] / losses[0]), cost
