"""What a decision says beyond its numbers: which budget binds, whether anything is learnt at all.

Pages, documents and the command line put these findings into words; none derives its own.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

from engine.allocation.result import Baseline, Doubling
from engine.decision.decide import Decision

NEGLIGIBLE = 0.001
"""Relative fall in loss below which doubling a budget is said to buy nothing."""
_BALANCED = 0.7
"""Share of the largest gain above which another budget is said to bind as well."""
_GUESSING = 0.97
"""Share of the loss of guessing (ln vocabulary) from which an interval counts as reaching it."""
_OVERSPENT = 0.8
"""Saturation, or the plan, below this share of the compute budget is worth saying."""
_SMALLER = 0.95
"""A model below this share of the recommended size is worth calling smaller."""


class Binds(StrEnum):
    """How many of the three budgets bind."""

    NONE = "none"
    ONE = "one"
    TWO = "two"
    ALL = "all"


@dataclass(frozen=True, kw_only=True)
class Binding:
    """Which budgets bind: ``ranked`` names all three, the most binding first; ``gains`` are the
    relative falls in loss that doubling buys, not below 0."""

    binds: Binds
    ranked: tuple[str, str, str]
    gains: dict[str, float]

    @property
    def name(self) -> str | None:
        """The budget that binds most: ``compute``, ``data`` or ``epsilon``; None: none does."""
        return None if self.binds is Binds.NONE else self.ranked[0]


def binding(doubling: Doubling) -> Binding:
    """Which budget binds, by what doubling each one buys."""
    gains = {
        "compute": max(0.0, doubling.compute.value),
        "data": max(0.0, doubling.data.value),
        "epsilon": max(0.0, doubling.epsilon.value),
    }
    first = doubling.binding
    least = min((name for name in gains if name != first), key=lambda name: gains[name])
    (second,) = gains.keys() - {first, least}
    if gains[first] < NEGLIGIBLE:
        binds = Binds.NONE
    elif gains[least] > _BALANCED * gains[first]:
        binds = Binds.ALL
    elif gains[second] > _BALANCED * gains[first]:
        binds = Binds.TWO
    else:
        binds = Binds.ONE
    return Binding(binds=binds, ranked=(first, second, least), gains=gains)


def loss_of_guessing(decision: Decision) -> float:
    """The loss of a model that has learnt nothing, nats of a token or byte."""
    return math.log(decision.vocabulary_size)


def learns_nothing(decision: Decision) -> bool:
    """Whether the model may be no better than guessing: its interval reaches that far."""
    reached = decision.recommendation.cross_entropy.high
    return reached >= _GUESSING * loss_of_guessing(decision)


def unspent(decision: Decision) -> float | None:
    """The share of the compute budget that the plan uses, where the rest would buy nothing."""
    spent = decision.recommendation.config.compute_flops / decision.budget.compute_flops
    return spent if spent < _OVERSPENT else None


def enough(decision: Decision) -> float | None:
    """The share of the compute budget that is as good as all of it, where less would do."""
    if decision.saturation.compute_flops is None:
        return None
    share = decision.saturation.compute_flops / decision.budget.compute_flops
    return share if share <= _OVERSPENT else None


def stronger_rule(decision: Decision) -> Baseline:
    """The usual rule at its stronger setting: the one that a headline may be measured against."""

    def need(rule: Baseline) -> tuple[float, bool]:
        known = rule.compute_factor
        return math.inf if known is None else known, rule.factor.low is None

    # Of two bounds that of the tuned rule counts: it is the stronger by its making.
    return min(decision.rule_tuned, decision.rule_practised, key=need)


def smaller_model(decision: Decision) -> float | None:
    """Parameters of the smallest model within the tolerance, if clearly below the recommended."""
    room, best = decision.wiggle_room, decision.recommendation.config.model_size
    within = (room.excess <= room.tolerance).any(axis=1)
    if not within.any() or room.model_size[within].min() >= _SMALLER * best:
        return None
    return float(room.model_size[within].min())
