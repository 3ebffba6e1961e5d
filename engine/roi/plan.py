"""A plan: what would be trained, the loss to expect, and what an attacker could do with it.

Plans are compared with doing nothing (all flows zero): the recommendation; the non-private rule's
configuration at the same compute and privacy; and the recommendation trained without privacy.
"""

import math
from dataclasses import dataclass

import numpy as np

from engine.allocation.result import Allocation
from engine.allocation.space import Space
from engine.attack_risk import advantage, planned_mechanism
from engine.config import TrainingConfig
from engine.cost import Workload
from engine.law.fit import FittedLaw
from engine.roi.draws import LossForecast

TRANSFER = 0.10
"""Standard deviation of ln loss of a law on another text and architecture than those of its
evidence. An assumption: a pilot on one's own text narrows it."""
RECOMMENDATION, RULE, WITHOUT_PRIVACY = "recommendation", "rule-tuned", "without-privacy"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One way to do the project.

    ``advantage``: the best attacker's; None without privacy, where there is no bound.
    ``certified``: whether it is that of certified noise, not of the search's own.
    """

    name: str
    workload: Workload
    loss: LossForecast
    advantage: float | None
    certified: bool = False


def plan_of(allocation: Allocation, name: str, people: int, fit: FittedLaw, space: Space) -> Plan:
    """The plan of one private configuration, trained on the data of so many ``people``."""
    config = allocation.config
    return Plan(
        name=name,
        workload=Workload.of(config, people),
        loss=forecast(
            name, config, allocation.noise_batch_ratio, fit, space, doubt=allocation.doubt
        ),
        advantage=advantage(planned_mechanism(allocation, people)),
    )


def forecast(
    name: str,
    config: TrainingConfig,
    noise_batch_ratio: float,
    fit: FittedLaw,
    space: Space,
    *,
    doubt: float = 0.0,
) -> LossForecast:
    """The law's forecast for one configuration, with all that the fit leaves open.

    ``doubt``: standard deviation of ln σ̄, where noise is correlated over steps.
    """
    at = (config.model_size, config.iterations, noise_batch_ratio, config.batch_size)
    resampled = np.atleast_1d(fit.resampled_cross_entropy(*at)).ravel() if fit.draws else ()
    return LossForecast(
        name=name,
        value=float(fit.law.cross_entropy(*at)),
        resampled=tuple(float(loss) for loss in resampled),
        scatter=math.hypot(fit.scatter, _of_noise(config, noise_batch_ratio, doubt, fit)),
        transfer=TRANSFER,
        drift=fit.level_drift * float(fit.distance(*at)),
        ceiling=float(np.log(space.vocabulary_size)),
    )


def _of_noise(
    config: TrainingConfig, noise_batch_ratio: float, doubt: float, fit: FittedLaw
) -> float:
    """What a standard deviation of ln σ̄ does to ln loss."""
    if not doubt:
        return 0.0
    ends = noise_batch_ratio * np.exp(np.array([doubt, -doubt]))
    more, less = fit.law.cross_entropy(
        config.model_size, config.iterations, ends, config.batch_size
    )
    return 0.5 * math.log(float(more) / float(less))
