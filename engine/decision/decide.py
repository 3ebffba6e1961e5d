"""One question, everything that follows from it: budget and fitted law in, decision out.

Takes about a tenth of a second, so that sliders answer at once. Noise comes from the search path;
:func:`engine.accounting.accountant.certify` then proves the promise for the configuration chosen.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from engine.accounting.search import better_sampling
from engine.allocation import baselines, levers
from engine.allocation.frontier import Line, best_by_compute_and_of
from engine.allocation.points import Points, PrivacyParameters
from engine.allocation.reach import EXTRAPOLATED, distance_of_correlation, word_of
from engine.allocation.result import (
    Allocation,
    Baseline,
    Doubling,
    Extrapolation,
    Frontier,
    Reach,
    Saturation,
    WiggleRoom,
    Word,
)
from engine.allocation.search import Budgets, budgets
from engine.allocation.space import refuse_if_absurd
from engine.allocation.whole_numbers import whole_config
from engine.config import Budget, Sampling, TrainingConfig
from engine.cost import DEFAULTS, Cost, CostAssumptions, cost
from engine.decision.fitted import FittedEvidence
from engine.errors import InputError
from engine.interval import FloatArray, Interval
from engine.law.correlated import correlation
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
    line, doubled = best_by_compute_and_of(
        _doubled(privacy, budget), fit, privacy, space, budget.compute_flops
    )
    drawn = levers.redrawn(fit, privacy, space, line, budget.compute_flops)
    config = whole_config(line.chosen, budget, space)
    recommendation = _allocation(fit, privacy, config)
    extrapolation = extrapolation_of(fitted, recommendation, budget)
    refuse_if_absurd(extrapolation)
    refuse_if_unmeasured(recommendation, budget)

    compute = line.allowed_flops
    tuned = baselines.rule_tuned(fit, privacy, space, compute)
    practised = baselines.rule_practised(fit, privacy, space, compute)

    def compared(name: str, points: Points) -> Baseline:
        known = extrapolation.reach.word is not Word.UNKNOWN
        return _compared(name, fitted, privacy, points, line, budget, drawn, known)

    alternative = None
    if alternative_model_size is not None:
        _require_model_size(alternative_model_size)
        fixed = baselines.fixed_model(fit, privacy, space, compute, alternative_model_size)
        alternative = compared("fixed-model-size", fixed)
    usual = compared("rule-tuned", tuned)
    return Decision(
        budget=budget,
        recommendation=recommendation,
        cost=cost(config.compute_flops, assumptions),
        frontier=_frontier(fit, line, tuned, practised),
        saturation=levers.saturation(drawn, line, level=LEVEL),
        doubling=levers.doubling(drawn, line, doubled.take([0]), doubled.take([1]), level=LEVEL),
        wiggle_room=levers.wiggle_room(fit, privacy, space, line.chosen),
        plan_ranges=levers.plan_ranges(drawn, line.chosen, privacy, space, level=LEVEL),
        rule_tuned=usual,
        rule_practised=_no_better(compared("rule-practised", practised), usual),
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
    noise = privacy.noise(np.array(float(config.batch_size)), np.array(float(config.iterations)))
    effect, doubt, bands = float(noise.effect), float(noise.doubt), int(noise.bands)
    ratio = float(noise.multiplier) * effect / config.batch_size
    return Allocation(
        config=config,
        noise_multiplier=float(noise.multiplier),
        noise_batch_ratio=ratio,
        cross_entropy=_expected(fit, config, ratio, doubt),
        sampling=_sampling_used(privacy, config),
        bands=bands,
        effect=effect,
        share=float(noise.share),
        doubt=doubt,
    )


def with_noise(
    fit: FittedLaw, found: Allocation, noise_multiplier: float, sampling: Sampling
) -> Allocation:
    """The same configuration with another noise of its kind: the certified one, say."""
    ratio = noise_multiplier * found.effect / found.config.batch_size
    return replace(
        found,
        noise_multiplier=noise_multiplier,
        noise_batch_ratio=ratio,
        cross_entropy=_expected(fit, found.config, ratio, found.doubt),
        sampling=sampling,
    )


def _expected(
    fit: FittedLaw, config: TrainingConfig, noise_batch_ratio: float, doubt: float
) -> Interval:
    """The law's loss, with its range and that of what correlation was measured to do."""
    size, steps, batch = (
        np.array(float(x)) for x in (config.model_size, config.iterations, config.batch_size)
    )
    ratio = np.array(noise_batch_ratio)
    low, high = _range(fit, size, steps, ratio, batch, np.array(doubt))
    return Interval(
        value=float(fit.law.cross_entropy(size, steps, ratio, batch)),
        low=float(low),
        high=float(high),
        level=LEVEL,
    )


def _range(
    fit: FittedLaw,
    model_size: FloatArray,
    iterations: FloatArray,
    noise_batch_ratio: FloatArray,
    batch_size: FloatArray,
    doubt: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """Both ends of the loss: the law's own, and where noise is correlated, what it may do beyond
    what was measured; the two err on their own, so that their widths in ln add up as squares."""
    low, high = fit.interval(model_size, iterations, noise_batch_ratio, batch_size, level=LEVEL)
    if not np.any(doubt > 0):
        return low, high
    far = correlation().far(1.0, level=LEVEL) * doubt
    middle, least, most = (
        fit.law.cross_entropy(
            model_size, iterations, noise_batch_ratio * np.exp(sign * far), batch_size
        )
        for sign in (0, -1, 1)
    )
    below = np.hypot(np.log(middle / low), np.log(middle / least))
    above = np.hypot(np.log(high / middle), np.log(most / middle))
    return middle * np.exp(-below), np.minimum(middle * np.exp(above), fit.law.log_vocabulary)


def _sampling_used(privacy: PrivacyParameters, config: TrainingConfig) -> Sampling:
    if privacy.sampling is Sampling.BANDED:
        return Sampling.POISSON  # Within the group whose turn it is.
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
    """How far a configuration, and the ``budget`` that asked for it, lie from the evidence: with
    correlated noise, from that of the law or from that of correlation, whichever is farther."""
    ratio = found.noise_batch_ratio
    reach = fitted.coverage.reach(found.config, ratio, budget)
    if found.bands > 1 and budget is not None:
        distance = distance_of_correlation(found.config, budget.data_budget)
        if distance > reach.distance:
            reach = Reach(word=word_of(distance), distance=distance, farthest="correlated_noise")
    return Extrapolation(reach=reach, decades=fitted.space.decades(found.config, ratio))


def refuse_if_unmeasured(found: Allocation, budget: Budget) -> None:
    """Raise :class:`InputError` for a plan with correlated noise that lies farther from the
    trainings that measured what correlation does than any plan may."""
    if found.bands == 1:
        return
    distance = distance_of_correlation(found.config, budget.data_budget)
    if word_of(distance) is Word.UNKNOWN:
        sizes = [cell.model_size for cell in correlation().cells]
        raise InputError(
            "What banded noise does to a loss was measured on models of {least} to {most} "
            "parameters over {steps} steps, and the plan it would make here, {size} parameters "
            "over {iterations} steps, lies {factor} times away (at most {limit} are carried): "
            "choose independent noise, or ask what to try with the command correlated.",
            least=f"{min(sizes):,}",
            most=f"{max(sizes):,}",
            steps=f"{correlation().iterations:,}",
            size=f"{found.config.model_size:,}",
            iterations=f"{found.config.iterations:,}",
            factor=f"{math.exp(distance):,.0f}",
            limit=f"{math.exp(EXTRAPOLATED):,.0f}",
        )


def _frontier(fit: FittedLaw, line: Line, tuned: Points, practised: Points) -> Frontier:
    best = line.points
    low, high = _range(
        fit,
        best.model_size,
        best.iterations,
        best.noise_batch_ratio,
        best.batch_size,
        best.doubt,
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


def _doubled(privacy: PrivacyParameters, budget: Budget) -> Budgets:
    """The budget with twice the people, and with twice the ε."""
    twice = np.array([2.0, 1.0])
    return budgets(
        budget.compute_flops,
        privacy.data_budget * twice,
        privacy.epsilon * twice[::-1],
        delta=privacy.delta,
        sampling=privacy.sampling,
    )


def _compared(
    name: str,
    fitted: FittedEvidence,
    privacy: PrivacyParameters,
    points: Points,
    line: Line,
    budget: Budget,
    drawn: levers.Redrawn,
    known: bool,
) -> Baseline:
    """``known``: whether the recommendation itself lies within reach; else nothing compares."""
    fit, space = fitted.fit, fitted.space
    near = baselines.comparable(points, privacy, fitted.coverage)
    limit = baselines.followed(near) if known else 0.0
    factor = baselines.compute_factor(fit, near, line.chosen, drawn, limit=limit, level=LEVEL)
    own = points.take(np.array([line.at]))
    allocation = extrapolation = None
    if np.isfinite(own.cross_entropy[0]):
        allocation = _allocation(fit, privacy, whole_config(own, budget, space))
        extrapolation = extrapolation_of(fitted, allocation, budget)
    return Baseline(
        name=name,
        allocation=allocation,
        factor=factor,
        matched_factor=baselines.matched_factor(line, near.take(np.array([line.at]))),
        searched_flops=limit,
        extrapolation=extrapolation,
    )


def _no_better(practised: Baseline, tuned: Baseline) -> Baseline:
    """The rule as practised, of which as much is known as of the rule with its batch tuned: that
    one needs no more compute."""
    own, least = practised.factor, tuned.factor.low
    if own.censored != "above" or own.value is not None or least is None:
        return practised
    low = least if own.low is None else max(own.low, least)
    return replace(practised, factor=replace(own, low=low))


def _require_model_size(model_size: int) -> None:
    if not 1_000 <= model_size <= 10**13:
        raise InputError(
            "Expected a model size between 1e3 and 1e13 parameters, got {value}.",
            value=f"{model_size:g}",
        )
