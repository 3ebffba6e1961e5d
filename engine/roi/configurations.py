"""The best configuration of each of many budgets, all found in one search, as money asks for it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from engine.allocation.noise import noise_of
from engine.allocation.reach import EXTRAPOLATED, distance_of_correlation
from engine.allocation.search import best_of, budgets, least_compute_of
from engine.allocation.space import Space
from engine.allocation.whole_numbers import whole_config
from engine.attack_risk import advantage, mechanism_under
from engine.config import Budget, Sampling, TrainingConfig
from engine.cost import Workload
from engine.law.fit import FittedLaw
from engine.roi.plan import RECOMMENDATION, Plan, forecast


@dataclass(frozen=True, kw_only=True)
class Found:
    """The configuration that the search recommends for one budget, and its noise multiplier."""

    config: TrainingConfig
    sigma: float
    budget: Budget
    effect: float = 1.0
    """The share of σ that independent noise of the same loss has."""
    doubt: float = 0.0
    """Standard deviation of ln effect."""

    @property
    def noise_batch_ratio(self) -> float:
        """σ/B of the independent noise that the loss is that of."""
        return self.sigma * self.effect / self.config.batch_size


def best_configurations(
    asked: Sequence[Budget], fit: FittedLaw, space: Space, *, sampling: Sampling
) -> Iterator[Found | None]:
    """What the search recommends for each budget, without what surrounds a decision; None where a
    budget is too small for any configuration, or its noise is correlated where nobody measured
    what that does. The budgets share their δ."""
    if not asked:
        return
    least = least_compute_of(space)
    points = best_of(
        fit,
        space,
        budgets(
            [max(one.compute_flops, least) for one in asked],
            [one.data_budget for one in asked],
            [one.epsilon for one in asked],
            delta=asked[0].delta,
            sampling=sampling,
        ),
    )
    possible = [
        k
        for k, one in enumerate(asked)
        if one.compute_flops >= least and np.isfinite(points.cross_entropy[k])
    ]
    configs = {k: whole_config(points.take([k]), asked[k], space) for k in possible}
    noise = noise_of(
        data_budget=[asked[k].data_budget for k in possible],
        batch_size=[configs[k].batch_size for k in possible],
        iterations=[configs[k].iterations for k in possible],
        epsilon=[asked[k].epsilon for k in possible],
        delta=asked[0].delta,
        sampling=sampling,
    )
    count = len(possible)
    columns = (
        np.broadcast_to(values, count).tolist()
        for values in (noise.multiplier, noise.effect, noise.doubt, noise.bands)
    )
    found = {
        k: Found(config=configs[k], sigma=sigma, budget=asked[k], effect=effect, doubt=doubt)
        for k, sigma, effect, doubt, bands in zip(possible, *columns, strict=True)
        if bands == 1 or distance_of_correlation(configs[k], asked[k].data_budget) <= EXTRAPOLATED
    }
    for k in range(len(asked)):
        yield found.get(k)


def best_plans(
    asked: Sequence[Budget], fit: FittedLaw, space: Space, *, sampling: Sampling
) -> Iterator[Plan | None]:
    """The plans of :func:`best_configurations`."""
    for found in best_configurations(asked, fit, space, sampling=sampling):
        yield None if found is None else plan_with(found, fit, space, sampling)


def plan_with(found: Found, fit: FittedLaw, space: Space, sampling: Sampling) -> Plan:
    """What money asks of a configuration."""
    config, budget = found.config, found.budget
    return Plan(
        name=RECOMMENDATION,
        workload=Workload.of(found.config, found.budget.data_budget),
        loss=forecast(
            RECOMMENDATION, config, found.noise_batch_ratio, fit, space, doubt=found.doubt
        ),
        advantage=advantage(mechanism_under(config, found.sigma, budget, sampling)),
    )


def losses_of(found: Sequence[Found], fit: FittedLaw) -> list[float]:
    """The law's own loss of each configuration, nats."""
    if not found:
        return []
    config = [one.config for one in found]
    batch = np.array([one.batch_size for one in config], dtype=float)
    losses = fit.law.cross_entropy(
        np.array([one.model_size for one in config], dtype=float),
        np.array([one.iterations for one in config], dtype=float),
        np.array([one.noise_batch_ratio for one in found]),
        batch,
    )
    return [float(loss) for loss in losses]
