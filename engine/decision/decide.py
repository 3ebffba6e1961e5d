"""One question, everything that follows from it: budget and fitted law in, decision out.

Takes about a tenth of a second, so that sliders answer at once. Noise comes from the search path;
:func:`engine.accounting.certify.certify` then proves the promise for the one configuration chosen.
"""

from dataclasses import dataclass

import numpy as np

from engine.accounting.search import better_sampling
from engine.allocation import baselines, levers
from engine.allocation.frontier import Line, best_by_compute
from engine.allocation.points import Points, PrivacyParameters
from engine.allocation.result import (
    Allocation,
    Baseline,
    Doubling,
    Extrapolation,
    Frontier,
    Saturation,
    WiggleRoom,
)
from engine.allocation.search import best_of, budgets
from engine.allocation.space import Space, refuse_if_absurd
from engine.allocation.whole_numbers import whole_config
from engine.config import Budget, Sampling, TrainingConfig
from engine.cost import DEFAULTS, Cost, CostAssumptions, cost
from engine.decision.fitted import FittedEvidence
from engine.errors import InputError
from engine.interval import Interval
from engine.law.fit import FittedLaw
from engine.runs.evidence import EvidenceSummary

LEVEL = 0.9
"""All ranges have this level: a law known to nobody but the audit (``python -m engine fit
--check-coverage``) lies inside that often."""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Everything that the Decide page and ``python -m engine recommend`` say about one budget."""

    budget: Budget
    recommendation: Allocation
    cost: Cost
    frontier: Frontier
    saturation: Saturation
    doubling: Doubling
    wiggle_room: WiggleRoom
    plan_ranges: levers.PlanRanges
    rule_tuned: Baseline
    rule_practised: Baseline
    alternative: Baseline | None
    """A model size that the user named, tuned otherwise."""
    extrapolation: Extrapolation
    forms: dict[str, float]
    """Form of the law -> its weight."""
    evidence: EvidenceSummary
    vocabulary_size: int


def decide(
    budget: Budget,
    fitted: FittedEvidence,
    *,
    sampling: Sampling = Sampling.POISSON,
    assumptions: CostAssumptions = DEFAULTS,
    alternative_model_size: int | None = None,
) -> Decision:
    """The best configuration for ``budget`` and what surrounds it.

    Raises :class:`InputError` for a budget too small for any configuration, or one whose answer
    lies absurdly far from the evidence.
    """
    fit, space = fitted.fit, fitted.space
    privacy = PrivacyParameters(
        data_budget=budget.data_budget,
        epsilon=budget.epsilon,
        delta=budget.delta,
        sampling=sampling,
    )
    line = best_by_compute(fit, privacy, space, budget.compute_flops)
    drawn = levers.redrawn(fit, privacy, space, line, budget.compute_flops)
    config = whole_config(line.chosen, budget, space)
    recommendation = _allocation(fit, privacy, config)
    extrapolation = extrapolation_of(fitted, recommendation, budget)
    refuse_if_absurd(extrapolation)

    compute = line.allowed_flops
    tuned = baselines.rule_tuned(fit, privacy, space, compute)
    practised = baselines.rule_practised(fit, privacy, space, compute)

    def compared(name: str, points: Points, limit: float) -> Baseline:
        return _compared(name, fitted, privacy, points, line, budget, drawn, limit)

    limit = baselines.rule_limit(space)

    alternative = None
    if alternative_model_size is not None:
        _require_model_size(alternative_model_size)
        fixed = baselines.fixed_model(fit, privacy, space, compute, alternative_model_size)
        alternative = compared("fixed-model-size", fixed, float(compute[-1]))
    return Decision(
        budget=budget,
        recommendation=recommendation,
        cost=cost(config.compute_flops, assumptions),
        frontier=_frontier(fit, line, tuned, practised),
        saturation=levers.saturation(drawn, line, level=LEVEL),
        doubling=_doubling(fit, privacy, space, line, budget, drawn),
        wiggle_room=levers.wiggle_room(fit, privacy, space, line.chosen),
        plan_ranges=levers.plan_ranges(drawn, line.chosen, privacy, space, level=LEVEL),
        rule_tuned=compared("rule-tuned", tuned, limit),
        rule_practised=compared("rule-practised", practised, limit),
        alternative=alternative,
        extrapolation=extrapolation,
        forms=fit.forms,
        evidence=fitted.summary,
        vocabulary_size=space.vocabulary_size,
    )


def predict(
    config: TrainingConfig,
    fit: FittedLaw,
    *,
    data_budget: int,
    epsilon: float,
    delta: float,
    sampling: Sampling = Sampling.POISSON,
) -> Allocation:
    """Noise and predicted loss of a given configuration.

    Raises :class:`InputError` outside the domain of :mod:`engine.accounting.domain`.
    """
    privacy = PrivacyParameters(
        data_budget=data_budget, epsilon=epsilon, delta=delta, sampling=sampling
    )
    return _allocation(fit, privacy, config)


def _allocation(fit: FittedLaw, privacy: PrivacyParameters, config: TrainingConfig) -> Allocation:
    sigma = privacy.noise_multiplier(
        np.array(float(config.batch_size)), np.array(float(config.iterations))
    )
    return allocation_at(fit, config, float(sigma), _sampling_used(privacy, config))


def allocation_at(
    fit: FittedLaw, config: TrainingConfig, noise_multiplier: float, sampling: Sampling
) -> Allocation:
    """Predicted loss of ``config`` under a given noise: the certified one, say."""
    ratio = noise_multiplier / config.batch_size
    point = config.model_size, config.iterations, ratio, config.batch_size
    low, high = fit.interval(*point, level=LEVEL)
    return Allocation(
        config=config,
        noise_multiplier=noise_multiplier,
        noise_batch_ratio=ratio,
        cross_entropy=Interval(
            value=float(fit.law.cross_entropy(*point)),
            low=float(low),
            high=float(high),
            level=LEVEL,
        ),
        sampling=sampling,
    )


def _sampling_used(privacy: PrivacyParameters, config: TrainingConfig) -> Sampling:
    if privacy.sampling is not Sampling.BEST:
        return privacy.sampling
    return better_sampling(
        data_budget=privacy.data_budget,
        batch_size=config.batch_size,
        iterations=config.iterations,
        epsilon=privacy.epsilon,
        delta=privacy.delta,
    )


def extrapolation_of(
    fitted: FittedEvidence, found: Allocation, budget: Budget | None = None
) -> Extrapolation:
    """How far a configuration, and the ``budget`` that asked for it, lie from the evidence."""
    ratio = found.noise_batch_ratio
    return Extrapolation(
        reach=fitted.coverage.reach(found.config, ratio, budget),
        decades=fitted.space.decades(found.config, ratio),
    )


def _frontier(fit: FittedLaw, line: Line, tuned: Points, practised: Points) -> Frontier:
    best = line.points
    low, high = fit.interval(
        best.model_size, best.iterations, best.noise_batch_ratio, best.batch_size, level=LEVEL
    )
    shown = slice(0, line.allowed_flops.size)
    return Frontier(
        compute_flops=line.allowed_flops,
        best=best.cross_entropy,
        low=low,
        high=high,
        level=LEVEL,
        model_size=best.model_size,
        batch_size=best.batch_size,
        iterations=best.iterations,
        rule_tuned=tuned.cross_entropy[shown],
        rule_practised=practised.cross_entropy[shown],
    )


def _doubling(
    fit: FittedLaw,
    privacy: PrivacyParameters,
    space: Space,
    line: Line,
    budget: Budget,
    drawn: levers.Redrawn,
) -> Doubling:
    twice = np.array([2.0, 1.0])
    more = budgets(
        budget.compute_flops,
        privacy.data_budget * twice,
        privacy.epsilon * twice[::-1],
        delta=privacy.delta,
        sampling=privacy.sampling,
    )
    found = best_of(fit, space, more)
    return levers.doubling(drawn, line, found.take([0]), found.take([1]), level=LEVEL)


def _compared(
    name: str,
    fitted: FittedEvidence,
    privacy: PrivacyParameters,
    points: Points,
    line: Line,
    budget: Budget,
    drawn: levers.Redrawn,
    limit: float,
) -> Baseline:
    fit, space = fitted.fit, fitted.space
    factor = baselines.compute_factor(fit, points, line.chosen, drawn, limit=limit, level=LEVEL)
    own = points.take(np.array([line.at]))
    allocation = extrapolation = None
    if np.isfinite(own.cross_entropy[0]):
        allocation = _allocation(fit, privacy, whole_config(own, budget, space))
        extrapolation = extrapolation_of(fitted, allocation, budget)
    return Baseline(
        name=name,
        allocation=allocation,
        factor=factor,
        matched_factor=baselines.matched_factor(line, own),
        searched_flops=limit,
        extrapolation=extrapolation,
    )


def _require_model_size(model_size: int) -> None:
    if not 1_000 <= model_size <= 10**13:
        raise InputError(
            "Expected a model size between 1e3 and 1e13 parameters, got {value}.",
            value=f"{model_size:g}",
        )
