"""Shapes of the loss after private fine-tuning, L(L₀, M, m, T, σ̄'), bounded at both ends.

A start of M parameters has the loss L₀ on the private text before any step; m of its parameters
move for T steps under the noise-batch ratio σ̄' (that of drawing a batch included,
:func:`engine.law.step_noise.step_noise`). All forms read

    L = L₀·(1 − G·h),   G = 1/(1 + exp(−(g + g_M·ln M + g_s·ln(m/M)))),   h = 1/(1 + u) in (0, 1),

G the share of the start's loss that steps without end and without noise would take away, h how
much of it is reached. So no step leaves the start's loss, and much data without noise approaches
fine-tuning that is not private, whatever the numbers are. Forms differ in how noise delays h:

- ``pace``      u = (τ/T)^α·(1 + n): noise divides what a step is worth, steps make up for it;
- ``plateau``   u = (τ/T)^α + n: a floor that no steps remove;
- ``averaging`` u = (τ/T)^α + n·T^−ν: steps average noise away at a rate of their own,

with ln τ = p + p_M·ln M + p_s·ln(m/M) and n = (κ·σ̄'·m^μ)^β: trained parameters carry the noise
(μ = ½ where every direction of it hurts alike), all parameters the capacity. M, m, T and σ̄' are
relative to the reference of the evidence.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from engine.interval import FloatArray
from engine.law.form import Parameter


@dataclass(frozen=True, kw_only=True)
class Coordinates:
    """What a loss depends on beside L₀: arrays of one shape, relative to the reference."""

    log_size: FloatArray
    """ln M."""
    log_share: FloatArray
    """ln(m/M): 0 where all weights move."""
    log_trainable: FloatArray
    """ln m."""
    log_steps: FloatArray
    log_noise: FloatArray
    """ln σ̄'."""


@dataclass(frozen=True, kw_only=True)
class TuningForm:
    """A form whose numbers are free."""

    name: str
    formula: str
    parameters: tuple[Parameter, ...]
    delay: Callable[[tuple[float, ...], FloatArray, FloatArray, FloatArray], FloatArray]
    """(own numbers, α·ln(τ/T), ln n, ln T) → ln u."""

    def share_taken(self, theta: FloatArray, at: Coordinates) -> FloatArray:
        """1 − L/L₀, in (0, 1)."""
        g, g_size, g_share, p, p_size, p_share, alpha, k, mu, beta, *own = theta
        unlimited = _sigmoid(g + g_size * at.log_size + g_share * at.log_share)
        slow = alpha * (p + p_size * at.log_size + p_share * at.log_share - at.log_steps)
        noise = beta * (k + at.log_noise + mu * at.log_trainable)
        reached: FloatArray = unlimited * _sigmoid(
            -self.delay(tuple(own), slow, noise, at.log_steps)
        )
        return reached


def _sigmoid(x: FloatArray) -> FloatArray:
    found: FloatArray = 1.0 / (1.0 + np.exp(-np.clip(x, -500.0, 500.0)))
    return found


_SHARED = (
    Parameter(
        name="gain",
        meaning="share of the start's loss that can be taken away, as ln odds",
        low=-6.0,
        high=6.0,
        starts=(-0.8,),
        prior=(-0.8, 1.0),
    ),
    Parameter(
        name="gain_size",
        meaning="how that share grows with ln M",
        low=-2.0,
        high=2.0,
        starts=(0.0,),
        prior=(0.0, 0.3),
    ),
    Parameter(
        name="gain_share",
        meaning="how it grows with ln of the part that moves",
        low=-0.5,
        high=1.5,
        starts=(0.1,),
        prior=(0.1, 0.2),
    ),
    Parameter(
        name="log_steps",
        meaning="ln steps at which half of it is reached without noise",
        low=-8.0,
        high=8.0,
        starts=(0.0,),
        prior=(0.0, 1.5),
    ),
    Parameter(
        name="steps_size",
        meaning="how those steps grow with ln M",
        low=-2.0,
        high=2.0,
        starts=(0.0,),
        prior=(0.0, 0.4),
    ),
    Parameter(
        name="steps_share",
        meaning="how they grow with ln of the part that moves",
        low=-2.0,
        high=2.0,
        starts=(0.0,),
        prior=(0.0, 0.3),
    ),
    Parameter(
        name="steps_exponent",
        meaning="how fast steps reach it",
        low=0.05,
        high=3.0,
        starts=(0.6,),
        prior=(0.6, 0.3),
    ),
    Parameter(
        name="log_noise",
        meaning="ln of one over the noise that counts as much as the lack of steps",
        low=-8.0,
        high=8.0,
        starts=(0.0,),
        prior=(0.0, 1.5),
    ),
    Parameter(
        name="noise_size_exponent",
        meaning="how noise grows with the parameters that move",
        low=-0.5,
        high=1.5,
        starts=(0.5,),
        prior=(0.5, 0.3),
    ),
    Parameter(
        name="noise_exponent",
        meaning="how fast noise harms",
        low=0.1,
        high=4.0,
        starts=(1.0,),
        prior=(1.0, 0.4),
    ),
)
_AVERAGING = Parameter(
    name="averaging",
    meaning="how fast steps average noise away",
    low=0.0,
    high=2.0,
    starts=(0.3,),
    prior=(0.3, 0.3),
)

FORMS: tuple[TuningForm, ...] = (
    TuningForm(
        name="pace",
        formula="u = (τ/T)^α·(1 + n)",
        parameters=_SHARED,
        delay=lambda own, slow, noise, steps: slow + np.logaddexp(0.0, noise),
    ),
    TuningForm(
        name="plateau",
        formula="u = (τ/T)^α + n",
        parameters=_SHARED,
        delay=lambda own, slow, noise, steps: np.logaddexp(slow, noise),
    ),
    TuningForm(
        name="averaging",
        formula="u = (τ/T)^α + n·T^−ν",
        parameters=(*_SHARED, _AVERAGING),
        delay=lambda own, slow, noise, steps: np.logaddexp(slow, noise - own[0] * steps),
    ),
)
