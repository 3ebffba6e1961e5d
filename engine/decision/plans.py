"""The plans that a decision weighs: its recommendation, and what that is compared with."""

from dataclasses import replace

from engine.accounting.mechanism import Mechanism
from engine.allocation.space import Space
from engine.attack_risk import advantage
from engine.decision.decide import Decision
from engine.law.fit import FittedLaw
from engine.roi.plan import RECOMMENDATION, RULE, WITHOUT_PRIVACY, Plan, forecast, plan_of


def plans_of(
    decision: Decision, fit: FittedLaw, space: Space, *, certified: Mechanism | None = None
) -> tuple[Plan, ...]:
    """The recommendation first, then what it is compared with; about 20 ms.

    The rule is left out where it has no configuration. ``certified``: the recommendation's
    mechanism where its certificate is known.
    """
    people = decision.budget.data_budget
    best = plan_of(decision.recommendation, RECOMMENDATION, people, fit, space)
    if certified is not None:
        best = replace(best, advantage=advantage(certified), certified=True)
    found = [best]
    if decision.rule_tuned.allocation is not None:
        found.append(plan_of(decision.rule_tuned.allocation, RULE, people, fit, space))
    config = decision.recommendation.config
    found.append(
        Plan(
            name=WITHOUT_PRIVACY,
            workload=replace(best.workload, private=False),
            loss=forecast(WITHOUT_PRIVACY, config, 0.0, fit, space),
            advantage=None,
        )
    )
    return tuple(found)
