"""How much each form has the say: stacking of predictive densities.

A form is judged by the density that it gave to what it had not seen (:class:`HeldOut`): losses of
left-out configurations, whether the reported optima are optima under a law made without them,
larger compute than it saw, and points off the ridge of optima. The weights are those under which
the mixture of the forms' densities would have done best (Yao et al., Bayesian Analysis 2018, after
Wolpert 1992): forms that err at different places keep each other in check, where a winner of a
close race would be sure of itself.

Densities are Student's t in ln L, as wide as the form's own scatter and drift make them: a form is
not punished for saying how little it knows, nor is one large miss the end of it. A few pseudo
observations that cannot tell the forms apart (:data:`PRIOR`) keep weights from following the luck
of twenty rows.

Where every row is reported as the best at its compute, no hold-out leaves the ridge of optima, and
forms that agree on it are told apart by nothing. There another evidence that was measured off its
ridge may say which forms hold (:class:`FormsBeforehand`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from engine.interval import FloatArray
from engine.law.residuals import SLOPE_TOLERANCE
from engine.law.selection.holdout import HeldOut, LeftOut

DEGREES = 5.0
"""Of freedom of the densities."""
PRIOR = 2.0
"""Pseudo observations, which all forms explain alike unless a prior says otherwise."""
LEAST_WEIGHT = 0.02
"""A form of less than this is left out of the stack."""
BEFOREHAND = 0.5
"""Share of the say that another evidence's weights have: half, since nothing tells which of the two
holds beside the ridge. Table 2's larger computes, by weights that never saw them, are predicted
about best by 0.5 to 0.75 (``python -m tests.benchmarks.ridge_alone``)."""
_FAR = 1.0
"""Observations that one extrapolation counts for: its rows err in one piece."""
_LEAST_SCATTER = 0.003
_ROUNDS = 500


@dataclass(frozen=True, kw_only=True)
class FormsBeforehand:
    """What another evidence, which has rows off the ridge of optima, says of the forms."""

    evidence_id: str
    """Whose weights they are."""
    evidence_hash: str
    runs: int
    """Of that evidence."""
    weights: Mapping[str, float]
    """Form -> weight, of sum 1; forms that are missing have none."""
    share: float = BEFOREHAND
    """Of the say; the rest is by the evidence's own hold-outs."""

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; ``FormsBeforehand(**values)`` gives an equal one back."""
        return asdict(self) | {"weights": dict(self.weights)}


def stack_weights(held: Sequence[HeldOut], prior: FloatArray | None = None) -> FloatArray:
    """(k,) weights of k forms that were held to the same rows: they sum to 1, and are 0 below
    :data:`LEAST_WEIGHT`.

    ``prior`` (k,), of sum 1, says how the forms share the :data:`PRIOR` pseudo observations: all
    alike unless said.
    """
    if prior is None:
        prior = np.full(len(held), 1.0 / len(held))
    kinds = [_kinds(one) for one in held]
    logs = [np.stack(parts, axis=1) for parts in zip(*(k for k, _ in kinds), strict=True)]
    log_density = np.concatenate(logs)
    counts = np.concatenate(
        [np.full(len(part), size / len(part)) for part, size in zip(logs, kinds[0][1], strict=True)]
    )
    density = np.exp(log_density - log_density.max(axis=1, keepdims=True))
    weights = np.full(len(held), 1.0 / len(held))
    for _ in range(_ROUNDS):
        share = density * weights
        share /= share.sum(axis=1, keepdims=True)
        weights = counts @ share + PRIOR * prior
        weights /= weights.sum()
    return _without_least(weights)


def pooled_weights(
    forms: Sequence[str], held: Sequence[HeldOut], beforehand: FormsBeforehand
) -> FloatArray:
    """(k,) weights as :func:`stack_weights`, of which another evidence has a share: a draw of the
    law is one of either."""
    known = np.array([beforehand.weights.get(name, 0.0) for name in forms])
    share = beforehand.share * float(known.sum())  # its forms that fit nothing here have no say
    return _without_least((1.0 - share) * stack_weights(held) + beforehand.share * known)


def _without_least(weights: FloatArray) -> FloatArray:
    kept = np.where(weights < LEAST_WEIGHT, 0.0, weights)
    total: FloatArray = kept / kept.sum()
    return total


def _kinds(held: HeldOut) -> tuple[list[FloatArray], list[float]]:
    """Log densities of every kind of row left out, and what each kind counts for."""
    scatter, drift = max(held.scatter, _LEAST_SCATTER), held.drift
    groups = float(len(held.single.errors))
    parts, sizes = [_losses(held.single, scatter, drift)], [groups]
    if held.single.conditions.size:
        spread = max(1.0, float(np.sqrt(np.mean(held.single.conditions**2))))
        errors = held.single.conditions * SLOPE_TOLERANCE
        parts.append(_log_density(errors, spread * SLOPE_TOLERANCE))
        sizes.append(groups)
    for part in held.large:
        parts.append(_losses(part, scatter, drift))
        sizes.append(_FAR)
    if held.off_ridge is not None:
        parts.append(_losses(held.off_ridge, scatter, drift))
        sizes.append(_FAR)
    return parts, sizes


def _losses(part: LeftOut, scatter: float, drift: float) -> FloatArray:
    return _log_density(part.errors, np.hypot(scatter, drift * part.distances))


def _log_density(error: FloatArray, scale: FloatArray | float) -> FloatArray:
    """Of Student's t, less a constant that all forms share."""
    spread = np.log1p((error / scale) ** 2 / DEGREES)
    found: FloatArray = -0.5 * (DEGREES + 1.0) * spread - np.log(scale)
    return found
