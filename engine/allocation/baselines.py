"""Other ways to choose the configuration, and the compute they need for the same loss.

The non-private rule trains a model of M parameters on 20·M tokens (Hoffmann et al., arXiv
2203.15556, table 3), so C = 6·M·20·M. It comes in two strengths: as *practised*, with the batch
that non-private training would use, 0.2920·C^0.3271 tokens (DeepSeek LLM, arXiv 2401.02954,
equation 1); and *tuned*, with the batch size (and so the iterations) that is best under DP. The
headline saving is against the tuned one. A *fixed model size* with everything else tuned is the
third alternative: what a company that already has an architecture would do.
"""

import math
from dataclasses import dataclass

import numpy as np

from engine.allocation.lattice import Line, Points, Terms, resampled_losses
from engine.allocation.space import Space
from engine.config import FLOPS_PER_PARAMETER_AND_TOKEN
from engine.law.fit import FitResult

TOKENS_PER_PARAMETER = 20.0
SEARCHED_FLOPS = 1e27
"""No alternative is followed beyond this compute, a thousand times the largest budget."""
_SPLITS = 33
"""Numbers of iterations tried for each compute, before a parabola through the best three."""
_ROUNDING = 1e-9


def searched_compute(line: Line) -> np.ndarray:
    """Compute at which alternatives are evaluated: the line's, continued upwards, FLOPs."""
    step = line.allowed_flops[1] / line.allowed_flops[0]
    last = line.allowed_flops[-1]
    further = max(math.ceil(math.log(SEARCHED_FLOPS / last) / math.log(step)), 0)
    return np.concatenate([line.allowed_flops, last * step ** np.arange(1, further + 1)])


def rule_tuned(fit: FitResult, terms: Terms, space: Space, compute: np.ndarray) -> Points:
    """The 20-tokens rule with the best batch size under DP, at each ``compute``, shape (n,)."""
    return _best_split(fit, terms, space, compute, _rule_size(compute))


def rule_practised(fit: FitResult, terms: Terms, space: Space, compute: np.ndarray) -> Points:
    """The 20-tokens rule with the usual non-private batch size, at each ``compute``, shape (n,)."""
    size = _rule_size(compute)
    examples = TOKENS_PER_PARAMETER * size / space.sequence_length
    batch = np.maximum(0.2920 * compute**0.3271 / space.sequence_length, 1.0)
    return _evaluated(fit, terms, space, size, batch, examples / batch)


def fixed_model(
    fit: FitResult, terms: Terms, space: Space, compute: np.ndarray, model_size: float
) -> Points:
    """A given model size with batch and iterations tuned, at each ``compute``, shape (n,)."""
    return _best_split(fit, terms, space, compute, np.full(compute.shape, float(model_size)))


@dataclass(frozen=True, kw_only=True)
class Factor:
    """Compute that an alternative needs over what was spent; None: never, or open above."""

    value: float | None
    low: float | None
    high: float | None


def compute_factor(fit: FitResult, points: Points, recommended: Points, *, level: float) -> Factor:
    """How much more compute the alternative needs to reach the ``recommended`` loss (one point).

    ``points``: the alternative by ascending compute. The range holds over the law's resamples,
    each of which judges both sides.
    """
    spent = float(recommended.compute_flops[0])
    goals = resampled_losses(fit, recommended)[:, 0]
    curves = resampled_losses(fit, points)
    factors = np.array(
        [
            _crossing(points.compute_flops, curve, goal, spent)
            for curve, goal in zip(curves, goals, strict=True)
        ]
    )
    value = _crossing(
        points.compute_flops, points.cross_entropy, recommended.cross_entropy[0], spent
    )
    return Factor(
        value=_finite(value),
        low=_finite(np.quantile(factors, (1 - level) / 2, method="nearest")),
        high=_finite(np.quantile(factors, (1 + level) / 2, method="nearest")),
    )


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


def _rule_size(compute: np.ndarray) -> np.ndarray:
    return np.sqrt(compute / (FLOPS_PER_PARAMETER_AND_TOKEN * TOKENS_PER_PARAMETER))


def _best_split(
    fit: FitResult, terms: Terms, space: Space, compute: np.ndarray, size: np.ndarray
) -> Points:
    """For each compute and model size, the best way to split examples into batches and steps."""
    examples = compute / (FLOPS_PER_PARAMETER_AND_TOKEN * size * space.sequence_length)
    # All of the data in every batch caps how few steps there can be, one example how many.
    low, high = space.searched_iterations
    least = np.clip(examples / terms.data_budget, low, high)
    most = np.clip(examples, least, high)
    iterations = np.geomspace(least, most, _SPLITS, axis=1)
    grid = _evaluated(fit, terms, space, size[:, None], examples[:, None] / iterations, iterations)
    loss = np.where(np.isnan(grid.cross_entropy), np.inf, grid.cross_entropy)
    best = np.argmin(loss, axis=1)
    cell = np.log(most / least) / (_SPLITS - 1)
    rows = np.arange(size.size)
    between = iterations[rows, best] * np.exp(_parabola(loss, best) * cell)
    points = _evaluated(fit, terms, space, size, examples / between, between)
    # Deterministic batches are a staircase, on which a parabola can mislead.
    better = points.cross_entropy <= grid.cross_entropy[rows, best]
    chosen = np.where(better, between, iterations[rows, best])
    return _evaluated(fit, terms, space, size, examples / chosen, chosen)


def _parabola(loss: np.ndarray, best: np.ndarray) -> np.ndarray:
    """Offset in cells of each row's minimum from its best column, by three points."""
    inner = np.clip(best, 1, loss.shape[1] - 2)
    rows = np.arange(loss.shape[0])
    left, middle, right = (loss[rows, inner + d] for d in (-1, 0, 1))
    with np.errstate(invalid="ignore", divide="ignore"):
        offset = (left - right) / (2 * (left - 2 * middle + right))
    usable = (best == inner) & np.isfinite(offset)
    return np.where(usable, np.clip(offset, -1, 1), 0.0)


def _evaluated(
    fit: FitResult,
    terms: Terms,
    space: Space,
    size: np.ndarray,
    batch: np.ndarray,
    iterations: np.ndarray,
) -> Points:
    """Points with NaN loss where they are impossible or where we would not look ourselves.

    An alternative may use larger models than the search does (that is its point), but no smaller
    ones and no other range of iterations: else it could win by a guess of the law's.
    """
    size, batch, iterations = np.broadcast_arrays(size, batch, iterations)
    low, high = space.searched_iterations
    possible = (batch >= 1 - _ROUNDING) & (batch <= terms.data_budget * (1 + _ROUNDING))
    possible &= (iterations >= low * (1 - _ROUNDING)) & (iterations <= high * (1 + _ROUNDING))
    possible &= size >= space.searched_model_size[0] * (1 - _ROUNDING)
    points = terms.points(
        fit,
        size,
        np.where(possible, np.clip(batch, 1.0, terms.data_budget), 1.0),
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
        cross_entropy=points.cross_entropy * nan,
    )


def _crossing(compute: np.ndarray, loss: np.ndarray, wanted: float, spent: float) -> float:
    """Least compute, over ``spent``, at which ``loss`` is down to ``wanted``; inf if never."""
    finite = np.isfinite(loss)
    log_compute, loss = np.log(compute[finite]), loss[finite]
    below = np.flatnonzero(loss <= wanted)
    if not below.size:
        return math.inf
    first = below[0]
    if first == 0:
        return float(np.exp(log_compute[0])) / spent
    share = (loss[first - 1] - wanted) / (loss[first - 1] - loss[first])
    step = log_compute[first] - log_compute[first - 1]
    return float(np.exp(log_compute[first - 1] + share * step)) / spent


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
