"""The peers that a bounded law is measured against: the paper's L1 and L2, and Chinchilla.

With n the tokens seen (T·B·S at one physical batch, so that n/n_ref = T/T_ref):

* ``chinchilla``  L = E + A/M^α + B/n^β (Hoffmann et al., arXiv 2203.15556, approach 3): no noise;
* ``l1``  L = E + A/M^α + B/n^β + C·σ̄^γ;
* ``l2``  L = E + A/M^α + B/n^β + C·s(σ̄)^γ/M^γ₂, s(σ̄) = sigmoid((ln σ̄ + 8)/1.6)

(McKenna et al., arXiv 2501.18914, section 5). Estimated by a Huber loss on ln L, the same for all
laws of this project, from the best of a grid of exponents; at each grid point the coefficients,
which enter linearly, are solved for (variable projection). A, B and C are ≥ 0 by construction.

Not covered: a bound (fitted to few points they pass ln vocabulary, which no model does), intervals,
and evidence of several physical batch sizes, whose tokens T does not count.

>>> import pandas as pd
>>> frame = pd.DataFrame(
...     [(m, t, s, 1.5 + 30 / m**0.3 + 4 / t**0.4 + 8 * s**0.5)
...      for m in (1e4, 1e5) for t in (64.0, 128.0, 256.0) for s in (0.0, 2**-10, 2**-8)],
...     columns=["model_size", "iterations", "noise_batch_ratio", "cross_entropy"],
... ).assign(vocabulary_size=256)
>>> fit_unbounded("l1", frame).cross_entropy(1e5, 1024, [0.0, 2**-8]).round(2)
array([2.7, 3.2])
"""

import itertools
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.optimize import least_squares, nnls

from engine.errors import InputError
from engine.interval import FloatArray
from engine.law.form import Reference
from engine.law.law import relative
from engine.law.observations import Observations, observations_of
from engine.law.residuals import LOSS_TOLERANCE
from engine.law.solve import HUBER

UNBOUNDED: tuple[str, ...] = ("l1", "l2", "chinchilla")
"""Names that :func:`fit_unbounded` takes."""

_EXPONENTS = {
    "alpha": ((0.02, 2.0), (0.1, 0.3, 0.5, 0.9)),
    "beta": ((0.02, 2.0), (0.1, 0.2, 0.4, 0.8)),
    "gamma": ((0.05, 3.0), (0.3, 0.6, 1.0, 1.6)),
    "gamma2": ((-1.0, 1.0), (-0.3, 0.0)),
}
"""Box and grid of each exponent."""
_HAS = {
    "chinchilla": ("alpha", "beta"),
    "l1": ("alpha", "beta", "gamma"),
    "l2": ("alpha", "beta", "gamma", "gamma2"),
}
_LEAST_COEFFICIENT = 1e-8
"""Nats: a part that the data do not want starts here, whence it can grow again."""
_COEFFICIENTS = (np.log(1e-9), np.log(1e6))
_POLISHED = 3
"""The best points of the grid that are fitted to the end."""


@dataclass(frozen=True, kw_only=True)
class UnboundedLaw:
    """One of the peers with its numbers, relative to ``reference``; see :attr:`parameters`."""

    name: str
    exponents: tuple[float, ...]
    coefficients: tuple[float, ...]
    """E, then what model size, tokens and (but for Chinchilla) noise add at the reference, nats."""
    reference: Reference

    @property
    def parameters(self) -> dict[str, float]:
        """Exponents by name and E in nats per token."""
        named = dict(zip(_HAS[self.name], self.exponents, strict=True))
        return {"entropy": self.coefficients[0], **named}

    def cross_entropy(
        self,
        model_size: ArrayLike,
        iterations: ArrayLike,
        noise_batch_ratio: ArrayLike,
        batch_size: ArrayLike | None = None,
    ) -> FloatArray:
        """Nats per token, without a bound; the arrays broadcast, and the batch has no say."""
        u, v, s = np.broadcast_arrays(
            *relative(self.reference, model_size, iterations, noise_batch_ratio)
        )
        terms = _terms(np.array(self.exponents), u, v, s, self.reference)
        return np.tensordot(np.array(self.coefficients), terms, axes=1)


def fit_unbounded(name: str, frame: pd.DataFrame) -> UnboundedLaw:
    """Fit the peer called ``name`` (columns in :func:`engine.law.observations.observations_of`).

    Deterministic. Raises :class:`InputError` for an unknown name and as ``fit`` does.
    """
    if name not in UNBOUNDED:
        raise InputError(
            "Expected a law among {choices}, got {name}.", choices=", ".join(UNBOUNDED), name=name
        )
    observations = observations_of(frame.drop(columns="drawn_batch_size", errors="ignore"))
    boxes, grids = zip(*(_EXPONENTS[exponent] for exponent in _HAS[name]), strict=True)
    starts = [_projected(np.array(point), observations) for point in itertools.product(*grids)]
    starts.sort(key=lambda start: start[0])
    count = len(boxes)
    parts = 3 if name == "chinchilla" else 4
    low, high = np.array([*boxes, *[_COEFFICIENTS] * parts]).T

    def residual(theta: FloatArray) -> FloatArray:
        terms = _terms(
            theta[:count], observations.u, observations.v, observations.s, observations.reference
        )
        return np.log(np.exp(theta[count:]) @ terms) - observations.log_loss

    fits = [
        least_squares(
            residual,
            np.clip(start, low, high),
            bounds=(low, high),
            loss="huber",
            f_scale=HUBER * LOSS_TOLERANCE,
        )
        for _, start in starts[:_POLISHED]
    ]
    theta = min(fits, key=lambda found: found.cost).x
    return UnboundedLaw(
        name=name,
        exponents=tuple(theta[:count].tolist()),
        coefficients=tuple(np.exp(theta[count:]).tolist()),
        reference=observations.reference,
    )


def _projected(exponents: FloatArray, observations: Observations) -> tuple[float, FloatArray]:
    """Misfit at ``exponents`` with the best coefficients, and both as a start."""
    terms = _terms(
        exponents, observations.u, observations.v, observations.s, observations.reference
    )
    design = (terms / np.exp(observations.log_loss)).T
    coefficients, misfit = nnls(design, np.ones(len(design)))
    return misfit, np.concatenate([exponents, np.log(np.maximum(coefficients, _LEAST_COEFFICIENT))])


def _terms(
    exponents: FloatArray, u: FloatArray, v: FloatArray, s: FloatArray, reference: Reference
) -> FloatArray:
    """(parts, ...) what the coefficients multiply; how many exponents there are says which law."""
    alpha, beta, *noise = exponents
    terms = [np.ones_like(u), np.exp(-alpha * u), np.exp(-beta * v)]
    if len(noise) == 1:
        terms.append(s ** noise[0])
    elif noise:
        gamma, gamma_size = noise
        odds = (s * reference.noise_batch_ratio * np.exp(8.0)) ** (1 / 1.6)
        terms.append((odds / (1.0 + odds)) ** gamma * np.exp(-gamma_size * u))
    return np.stack(terms)
