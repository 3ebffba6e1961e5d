"""The noun :class:`Form`: a bounded shape of L(M, T, σ̄) whose numbers are still free.

Parameters are relative to a :class:`Reference`, the centre of the evidence: that keeps the fit
well conditioned and the weak priors meaningful for any family of models.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike

from engine.interval import FloatArray
from engine.law.gradients import Gradient
from engine.law.shapes import Evaluate, Slopes


@dataclass(frozen=True, kw_only=True)
class Reference:
    """Where ln M, ln T and σ̄ are measured from: parameters, steps, and noise over examples."""

    model_size: float
    iterations: float
    noise_batch_ratio: float


class Unit(StrEnum):
    """What a number of a form is counted in."""

    NONE = "none"
    LOSS = "loss"
    """Nats of the family's token or byte (:mod:`engine.loss_unit`)."""
    LOG_LOSS = "ln loss"
    """The natural logarithm of such nats."""


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One number of a form: its meaning, its box, where fits start, its weak normal prior."""

    name: str
    meaning: str
    low: float
    high: float
    starts: tuple[float, ...]
    prior: tuple[float, float]
    """Mean and standard deviation; the fit adds ((value − mean)/sd)² to its objective."""
    unit: Unit = Unit.NONE


@dataclass(frozen=True, kw_only=True)
class Form:
    """A bounded shape of the law; :class:`Law` is a form with numbers in it."""

    name: str
    formula: str
    parameters: tuple[Parameter, ...]
    evaluate: Evaluate
    gradient: Gradient

    @property
    def names(self) -> tuple[str, ...]:
        """Parameter names in the order of θ."""
        return tuple(parameter.name for parameter in self.parameters)

    def cross_entropy(
        self,
        theta: ArrayLike,
        log_model_size: ArrayLike,
        log_iterations: ArrayLike,
        noise: ArrayLike,
        log_vocabulary: float,
    ) -> FloatArray:
        """L in nats per token.

        ``theta`` is (p,) or (R, p); the other arrays broadcast to a shape S and are relative to
        the reference: ln(M/M_ref), ln(T/T_ref), σ̄/σ̄_ref. Returns S or (R, *S), in single precision
        (six digits, in a third of the time) where ``theta`` is.
        """
        return self.surface(theta, log_model_size, log_iterations, noise, log_vocabulary, False)[0]

    def surface(
        self,
        theta: ArrayLike,
        log_model_size: ArrayLike,
        log_iterations: ArrayLike,
        noise: ArrayLike,
        log_vocabulary: float,
        slopes: bool = True,
    ) -> tuple[FloatArray, Slopes]:
        """L as :meth:`cross_entropy` and ∂L/∂ln M, ∂L/∂ln T, ∂L/∂ln σ̄ (nats per e-fold)."""
        single = np.asarray(theta).dtype == np.float32
        values, u, v, s = (
            _in_precision(x, single=single) for x in (theta, log_model_size, log_iterations, noise)
        )
        extra = (1,) * max(u.ndim, v.ndim, s.ndim) if values.ndim > 1 else ()
        parts = np.moveaxis(values, -1, 0).reshape(-1, *values.shape[:-1], *extra)
        return self.evaluate(tuple(parts), u, v, s, log_vocabulary, slopes)

    def loss_and_gradient(
        self,
        theta: FloatArray,
        log_model_size: FloatArray,
        log_iterations: FloatArray,
        noise: FloatArray,
        log_vocabulary: float,
    ) -> tuple[FloatArray, tuple[FloatArray, ...]]:
        """L (R, n) of θ (R, p) at n points as :meth:`cross_entropy`, and ∂L/∂θ: p slopes, each
        (R, n)."""
        parts = tuple(np.moveaxis(theta, -1, 0)[:, :, None])
        return self.gradient(parts, log_model_size, log_iterations, noise, log_vocabulary)


def _in_precision(values: ArrayLike, *, single: bool) -> FloatArray:
    """Floats; in single precision on request, for what computes alike in both."""
    return np.asarray(values, dtype=np.float32 if single else np.float64)
