"""A plan: what would be trained, the loss to expect, and what an attacker could do with it.

Plans are compared with doing nothing (all flows zero): the recommendation; the non-private rule's
configuration at the same compute and privacy; and the recommendation trained without privacy.
"""

from dataclasses import dataclass, replace

import numpy as np

from engine.allocation.space import Space
from engine.config import TrainingConfig
from engine.cost import Workload
from engine.decision.answer import Allocation, Decision
from engine.law.fit import FitResult
from engine.risk import Mechanism, advantage, planned_mechanism
from engine.roi.draws import LossForecast

RECOMMENDATION, RULE, WITHOUT_PRIVACY = "recommendation", "rule-tuned", "without-privacy"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One way to do the project.

    ``advantage``: the best attacker's; None without privacy, where there is no bound. ``certified``:
    whether it is that of certified noise, not of the search's own.
    """

    name: str
    workload: Workload
    loss: LossForecast
    advantage: float | None
    certified: bool = False


def plans_of(
    decision: Decision, fit: FitResult, space: Space, *, certified: Mechanism | None = None
) -> tuple[Plan, ...]:
    """The recommendation first, then what it is compared with; about 20 ms.

    The rule is left out where it has no configuration. ``certified``: the recommendation's
    mechanism where its certificate is known.
    """
    best = plan_of(decision.recommendation, RECOMMENDATION, decision, fit, space)
    if certified is not None:
        best = replace(best, advantage=advantage(certified), certified=True)
    found = [best]
    if decision.rule_tuned.allocation is not None:
        found.append(plan_of(decision.rule_tuned.allocation, RULE, decision, fit, space))
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


def plan_of(
    allocation: Allocation, name: str, decision: Decision, fit: FitResult, space: Space
) -> Plan:
    """The plan of one configuration under the decision's people and privacy."""
    people = decision.budget.data_budget
    config = allocation.config
    return Plan(
        name=name,
        workload=Workload(
            compute_flops=config.compute_flops,
            model_size=config.model_size,
            iterations=config.iterations,
            data_budget=people,
        ),
        loss=forecast(name, config, allocation.noise_batch_ratio, fit, space),
        advantage=advantage(planned_mechanism(allocation, people)),
    )


def forecast(
    name: str, config: TrainingConfig, noise_batch_ratio: float, fit: FitResult, space: Space
) -> LossForecast:
    """The law's forecast for one configuration, with all that the fit leaves open."""
    at = (config.model_size, config.iterations, noise_batch_ratio, config.batch_size)
    resampled = np.atleast_1d(fit.resampled_cross_entropy(*at)).ravel() if fit.resampled else ()
    return LossForecast(
        name=name,
        value=float(fit.law.cross_entropy(*at)),
        resampled=tuple(float(loss) for loss in resampled),
        scatter=fit.scatter,
        drift=fit.drift * float(fit.distance(*at)),
        ceiling=float(np.log(space.vocabulary_size)),
    )
