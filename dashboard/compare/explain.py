"""Two scenarios side by side, and which assumption explains the difference between them.

Assumptions are swapped one at a time, from the first scenario to the second and back; the effect of
one is the mean of what swapping it does at either end (the Shapley value of two assumptions, a mean
of first and last place for more). Effects need not add up to the whole: budgets pay together.
Logarithms are compared, so that a factor counts the same up and down.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from dashboard.state import link
from engine.config import Budget, Sampling
from engine.cost import CostAssumptions
from engine.decision.answer import Decision
from engine.errors import InputError
from engine.roi.study import Study

Values = Mapping[str, link.Value]
Appraise = Callable[[Values], Study]
Decide = Callable[[Budget, str, Sampling, CostAssumptions], Decision]

GROUPS: dict[str, tuple[str, ...]] = {
    "compute": ("compute",),
    "data": ("data",),
    "epsilon": ("epsilon",),
    "delta": ("delta",),
    "sampling": ("sampling",),
    "evidence": ("evidence",),
    "accelerator": ("accelerator", "price"),
    "utilisation": ("utilisation",),
    "overhead": ("overhead",),
    "rate": ("rate",),
    "figures": ("metric", "figures", "pairs"),
}
"""Assumption -> the fields that are swapped together: a price belongs to its accelerator, and
figures of one's own to the metric. These move the return, neither loss nor cost."""
SAME_LOSS, SAME_COST = 0.002, 0.005
"""Relative differences below which two results count as equal."""


@dataclass(frozen=True, kw_only=True)
class Side:
    """A scenario in a comparison. ``answer`` None: it has no plan, for the reason in ``refused``;
    ``study`` is what the plan earns."""

    name: str
    values: Values
    answer: Decision | None
    refused: InputError | None = None
    study: Study | None = None


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What one assumption moves: ln of the second's loss, and cost, over the first's; None where a
    swap leaves no plan."""

    assumption: str
    loss: float | None
    cost: float | None


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """Every assumption that differs with its effect, and the whole differences."""

    effects: tuple[Effect, ...]
    loss: float
    cost: float

    def main(self, result: str) -> Effect | None:
        """The assumption that moves ``loss`` or ``cost`` most in the direction of the difference;
        None where the results are as good as equal."""
        whole, least = getattr(self, result), SAME_LOSS if result == "loss" else SAME_COST
        known = [e for e in self.effects if getattr(e, result) is not None]
        if abs(whole) < least or not known:
            return None
        return max(known, key=lambda effect: getattr(effect, result) * math.copysign(1, whole))

    def share(self, effect: Effect, result: str) -> float:
        """The part of the whole that an assumption moves alone, 0 to 1."""
        return min(max(getattr(effect, result) / getattr(self, result), 0.0), 1.0)


def side(name: str, values: Values, decide: Decide, appraise: Appraise | None = None) -> Side:
    """A scenario, its decision and what that earns, or why there is none."""
    try:
        answer = _decided(values, decide)
        study = appraise(values) if appraise else None
        return Side(name=name, values=values, answer=answer, study=study)
    except InputError as error:
        return Side(name=name, values=values, answer=None, refused=error)


def differing(first: Values, second: Values) -> list[str]:
    """Assumptions that are not the same in both."""
    return [
        name
        for name, keys in GROUPS.items()
        if any(_held(first, k) != _held(second, k) for k in keys)
    ]


def explain(first: Side, second: Side, decide: Decide) -> Explanation:
    """Swap one assumption at a time. Both sides have an answer."""
    effects = []
    for name in differing(first.values, second.values):
        ends = (
            (first, _swapped(first.values, second.values, name), 1.0),
            (second, _swapped(second.values, first.values, name), -1.0),
        )
        moves = [_moves(here, values, sign, decide) for here, values, sign in ends]
        known = [move for move in moves if move is not None]
        loss, cost = (
            (sum(move[i] for move in known) / len(known) if known else None) for i in (0, 1)
        )
        effects.append(Effect(assumption=name, loss=loss, cost=cost))
    return Explanation(
        effects=tuple(effects), loss=_ratio(first, second)[0], cost=_ratio(first, second)[1]
    )


def _moves(here: Side, values: Values, sign: float, decide: Decide) -> tuple[float, float] | None:
    try:
        there = Side(name="", values=values, answer=_decided(values, decide))
    except InputError:  # Half-way between two plans there may be none.
        return None
    loss, cost = _ratio(here, there)
    return sign * loss, sign * cost


def _ratio(first: Side, second: Side) -> tuple[float, float]:
    losses = [s.answer.recommendation.cross_entropy.value for s in (first, second)]
    costs = [max(s.answer.cost.jpy, 1e-9) for s in (first, second)]
    return math.log(losses[1] / losses[0]), math.log(costs[1] / costs[0])


def _swapped(values: Values, others: Values, name: str) -> Values:
    return {**values, **{key: others[key] for key in GROUPS[name]}}


def _held(values: Values, key: str) -> link.Value:
    """A price that is the list price is the same, said or not."""
    return link.price(values) if key == link.PRICE.key else values[key]


def _decided(values: Values, decide: Decide) -> Decision:
    return decide(
        link.budget(values),
        link.EVIDENCE.of(values),
        Sampling(link.SAMPLING.of(values)),
        link.assumptions(values),
    )
