"""Other ways to choose the configuration, and the compute they need for the same loss.

The non-private rule trains a model of M parameters on 20·M tokens (Hoffmann et al., arXiv
2203.15556, table 3), so C = 6·M·20·M. It comes in two strengths: as *practised*, with the batch
that non-private training would use, 0.2920·C^0.3271 tokens (DeepSeek LLM, arXiv 2401.02954,
equation 1); and *tuned*, with the batch size (and so the iterations) that is best under DP. The
headline saving is against the tuned one. A *fixed model size* with everything else tuned is the
third alternative: what a company that already has an architecture would do.

An alternative is followed only as far as its own plans lie within the reach of the evidence: a law
says little of a model a thousand times larger than any run, trained on noise that none had. Beyond,
what it needs is a bound.
"""

import math
from dataclasses import replace

import numpy as np

from engine.allocation.frontier import Line
from engine.allocation.levers import Redrawn, crossings, range_of
from engine.allocation.points import Points, PrivacyParameters
from engine.allocation.reach import Coverage
from engine.allocation.redrawn import log_losses
from engine.allocation.search import minimise, under
from engine.allocation.space import Space
from engine.config import FLOPS_PER_PARAMETER_AND_TOKEN
from engine.interval import FloatArray, Range
from engine.law.fit import FittedLaw

TOKENS_PER_PARAMETER = 20.0
_ROUNDING = 1e-9
_EVERY = 2
"""Rungs of an alternative's line that draws are asked about: every second."""


def rule_tuned(
    fit: FittedLaw, privacy: PrivacyParameters, space: Space, compute: FloatArray
) -> Points:
    """The 20-tokens rule with the best batch size under DP, at each ``compute``, shape (n,)."""
    return _best_split(fit, privacy, space, compute, _rule_size(compute))


def rule_practised(
    fit: FittedLaw, privacy: PrivacyParameters, space: Space, compute: FloatArray
) -> Points:
    """The 20-tokens rule with the usual non-private batch size, at each ``compute``, shape (n,)."""
    size = _rule_size(compute)
    examples = TOKENS_PER_PARAMETER * size / space.sequence_length
    batch = np.maximum(0.2920 * compute**0.3271 / space.sequence_length, 1.0)
    return _evaluated(fit, privacy, space, size, batch, examples / batch)


def fixed_model(
    fit: FittedLaw, privacy: PrivacyParameters, space: Space, compute: FloatArray, model_size: float
) -> Points:
    """A given model size with batch and iterations tuned, at each ``compute``, shape (n,)."""
    return _best_split(fit, privacy, space, compute, np.full(compute.shape, float(model_size)))


def comparable(points: Points, privacy: PrivacyParameters, coverage: Coverage) -> Points:
    """An alternative's ``points`` without loss where they lie too far from the evidence to say how
    they compare (:meth:`Coverage.comparable`)."""
    near = coverage.comparable(points, under(privacy, points.compute_flops))
    return replace(points, cross_entropy=np.where(near, points.cross_entropy, np.nan))


def followed(points: Points) -> float:
    """FLOPs of the largest of an alternative's ``points`` that has a loss; 0: none has."""
    known = points.compute_flops[np.isfinite(points.cross_entropy)]
    return float(known.max(initial=0.0))


def compute_factor(
    fit: FittedLaw,
    points: Points,
    recommended: Points,
    drawn: Redrawn,
    *,
    limit: float,
    level: float,
) -> Range:
    """How much more compute the alternative needs to reach the ``recommended`` loss (one point).

    ``points``: the alternative by ascending compute, followed up to ``limit`` FLOPs. In every draw
    both sides are what that draw says: ours is its own best (``drawn``).
    """
    spent = float(recommended.compute_flops[0])
    most = limit / spent
    finite = np.isfinite(points.cross_entropy)
    if most <= 1 or not finite.any():
        return Range(value=None, low=None, high=None, level=level, censored="above")
    some = points.take(np.flatnonzero(finite)[::_EVERY])
    _, curves = log_losses(
        fit,
        some.model_size,
        some.iterations,
        some.noise_batch_ratio,
        some.batch_size,
        drift=fit.drift,
    )
    goals = drawn.here.log_loss[1:, 0]
    factors = crossings(some.compute_flops, curves, goals) / spent
    goal = recommended.cross_entropy[0]
    value = _crossing(points.compute_flops, points.cross_entropy, goal, spent)
    floor = float(some.compute_flops[0]) / spent * (1 + _ROUNDING)
    few = max((1 - level) / 2 - 1 / len(factors), 0.0)
    if value <= floor or np.mean(factors <= floor) > few:
        # The rule's smallest model is good enough at once: with a smaller one it might need less.
        high = np.quantile(factors, (1 + level) / 2, method="nearest")
        known = value if floor < value < math.inf else None
        return Range(value=known, low=None, high=_finite(high), level=level, censored="below")
    return range_of(_finite(value), factors, bound=min(value, most), level=level)


def matched_factor(line: Line, other: Points) -> float | None:
    """The budget's compute over the least at which our line has the ``other``'s loss (one point).

    None where the other has no loss, or the line never comes down to it.
    """
    budget = float(line.allowed_flops[line.at])
    loss = float(other.cross_entropy[0])
    if not math.isfinite(loss):
        return None
    share = _crossing(line.allowed_flops, line.points.cross_entropy, loss, budget)
    return 1 / share if math.isfinite(share) else None


def _rule_size(compute: FloatArray) -> FloatArray:
    return np.sqrt(compute / (FLOPS_PER_PARAMETER_AND_TOKEN * TOKENS_PER_PARAMETER))


def _best_split(
    fit: FittedLaw, privacy: PrivacyParameters, space: Space, compute: FloatArray, size: FloatArray
) -> Points:
    """For each compute and model size, the best way to split examples into batches and steps."""
    examples = compute / (FLOPS_PER_PARAMETER_AND_TOKEN * size * space.sequence_length)
    # All of the data in every batch caps how few steps there can be, one example how many.
    low, high = space.searched_iterations
    least = np.clip(examples / privacy.data_budget, low, high)
    most = np.clip(examples, least, high)

    def loss(_: FloatArray, log_steps: FloatArray) -> FloatArray:
        steps = np.exp(log_steps)
        found = _evaluated(fit, privacy, space, size, examples / steps, steps).cross_entropy
        return np.nan_to_num(found, nan=np.inf)

    log_size = np.log(size)
    _, log_steps = minimise(
        loss, size.size, size=(log_size, log_size), steps=(np.log(least), np.log(most))
    )
    steps = np.exp(log_steps)
    return _evaluated(fit, privacy, space, size, examples / steps, steps)


def _evaluated(
    fit: FittedLaw,
    privacy: PrivacyParameters,
    space: Space,
    size: FloatArray,
    batch: FloatArray,
    iterations: FloatArray,
) -> Points:
    """Points with NaN loss where they are impossible or outside what the search may choose."""
    size, batch, iterations = np.broadcast_arrays(size, batch, iterations)
    low, high = space.searched_iterations
    possible = (batch >= 1 - _ROUNDING) & (batch <= privacy.data_budget * (1 + _ROUNDING))
    possible &= (iterations >= low * (1 - _ROUNDING)) & (iterations <= high * (1 + _ROUNDING))
    smallest, largest = space.searched_model_size
    possible &= (size >= smallest * (1 - _ROUNDING)) & (size <= largest * (1 + _ROUNDING))
    points = privacy.points(
        fit,
        size,
        np.where(possible, np.clip(batch, 1.0, privacy.data_budget), 1.0),
        np.where(possible, iterations, low),
        space.sequence_length,
    )
    nan = np.where(possible, 1.0, np.nan)
    return Points(
        compute_flops=FLOPS_PER_PARAMETER_AND_TOKEN
        * size
        * batch
        * iterations
        * space.sequence_length,
        model_size=size,
        batch_size=batch * nan,
        iterations=iterations * nan,
        noise_multiplier=points.noise_multiplier * nan,
        effect=points.effect,
        doubt=points.doubt,
        cross_entropy=points.cross_entropy * nan,
    )


def _crossing(compute: FloatArray, loss: FloatArray, wanted: float, spent: float) -> float:
    """Least compute, over ``spent``, at which ``loss`` is down to ``wanted``; inf if never."""
    finite = np.isfinite(loss)
    return float(crossings(compute[finite], loss[None, finite], np.array([wanted]))[0]) / spent


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
