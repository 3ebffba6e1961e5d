"""Evaluators of the forms: L and, on request, its exact slopes, in NumPy.

Each takes the parameters (already shaped to broadcast), u = ln(M/M_ref), v = ln(T/T_ref),
s = σ̄/σ̄_ref and V = ln vocabulary, and returns L in nats per token with (∂L/∂u, ∂L/∂v,
∂L/∂ln s). s = 0 is exact: the noise enters as a power of s and its slope vanishes there.
"""

from collections.abc import Callable

import numpy as np

from engine.interval import FloatArray

Slopes = tuple[FloatArray, FloatArray, FloatArray]
Evaluate = Callable[
    [tuple[FloatArray, ...], FloatArray, FloatArray, FloatArray, float, bool],
    tuple[FloatArray, Slopes],
]
"""(parameters, u, v, s, V, want slopes) -> L and slopes (empty arrays when not wanted)."""

_ODDS_LIMIT = 60.0
"""|ln odds| beyond which h is 0 or 1 to double precision; keeps exp from overflowing."""
_POWER_LIMIT = {np.dtype(np.float64): 600.0, np.dtype(np.float32): 80.0}
"""ln of the most that a limit to the m-th may be; far above, everything is unlearnt anyway."""
_NONE: Slopes = (np.empty(0), np.empty(0), np.empty(0))


def signal(
    *, shape: str, top: bool = False, gamma: bool = False, psi: bool = False, onset: bool = False
) -> Callable[..., tuple[FloatArray, Slopes]]:
    """Evaluator of the family that discounts steps by their signal share."""

    def evaluate(
        parts: tuple[FloatArray, ...],
        u: FloatArray,
        v: FloatArray,
        s: FloatArray,
        log_vocabulary: float,
        slopes: bool,
    ) -> tuple[FloatArray, Slopes]:
        values = iter(parts)
        entropy, log_a, alpha, odds, beta, kappa, log_c = (next(values) for _ in range(7))
        power = next(values) if gamma else 1.0
        pace = next(values) if psi else 0.0
        ceiling = next(values) * log_vocabulary if top else log_vocabulary
        start = np.exp(2.0 * (next(values) - v)) if onset else 0.0
        # Per axis first: on a grid the model sizes are few, so these exponentials are cheap.
        scale = np.exp(kappa * u - log_c)
        a = np.exp(log_a - alpha * u)
        capacity = a / (1.0 + a)
        x2 = (scale * s) ** 2
        discount = np.log(1.0 + x2) * power
        k = odds + (v - discount) * (1.0 if shape == "power" else beta) + pace * u
        k = np.clip(k, -_ODDS_LIMIT, _ODDS_LIMIT)
        h_v: FloatArray | float = 0.0
        if shape == "hill":
            rest = np.exp(-k)
            y = rest + start
            h = y / (1.0 + y)
            h_y = (1.0 + y) ** -2.0
            h_k, h_v = -h_y * rest, -2.0 * h_y * start
        elif shape == "exponential":
            rest = np.exp(-k)
            h = -np.expm1(-rest)
            h_k = -rest * (1.0 - h)
        else:
            h = np.exp(-beta * np.logaddexp(0.0, k))
            h_k = -beta * h / (1.0 + np.exp(-k))
        span = ceiling - entropy
        loss = entropy + span * (1.0 - (1.0 - capacity) * (1.0 - h))
        if not slopes:
            return loss, _NONE
        k_v = 1.0 if shape == "power" else beta
        k_s = -k_v * power * 2.0 * x2 / (1.0 + x2)
        open_span = span * (1.0 - capacity)
        gain = open_span * h_k
        by_capacity = -alpha * capacity * (1.0 - capacity) * span * (1.0 - h)
        return loss, (
            by_capacity + gain * (k_s * kappa + pace),
            gain * k_v + open_span * h_v,
            gain * k_s,
        )

    return evaluate


def additive(
    parts: tuple[FloatArray, ...],
    u: FloatArray,
    v: FloatArray,
    s: FloatArray,
    log_vocabulary: float,
    slopes: bool,
) -> tuple[FloatArray, Slopes]:
    """Capacity, steps and noise each add to z, and z/(1 + z) bounds the sum."""
    entropy, log_a, alpha, log_b, beta, kappa, log_c, gamma, rho = parts
    size = np.exp(log_a - alpha * u)
    steps = np.exp(log_b - beta * v)
    noise = s**gamma * np.exp(log_c + gamma * (kappa * u - rho * v))
    z = size + steps + noise
    span = log_vocabulary - entropy
    loss = entropy + span * z / (1.0 + z)
    if not slopes:
        return loss, _NONE
    gain = span / (1.0 + z) ** 2
    by_size = gain * (gamma * kappa * noise - alpha * size)
    by_steps = -gain * (beta * steps + gamma * rho * noise)
    return loss, (by_size, by_steps, gain * gamma * noise)


def limits(
    parts: tuple[FloatArray, ...],
    u: FloatArray,
    v: FloatArray,
    s: FloatArray,
    log_vocabulary: float,
    slopes: bool,
) -> tuple[FloatArray, Slopes]:
    """Capacity, steps and noise each set a limit; z is their m-norm, and z/(1 + z) bounds it."""
    *rest, mixing = parts
    entropy, log_a, alpha, log_b, beta, kappa, log_c, gamma, rho = rest
    with np.errstate(divide="ignore"):  # without noise its limit is 0
        log_noise = log_c + gamma * (kappa * u - rho * v + np.log(s))
    size, steps, noise = (
        np.exp(np.minimum(mixing * limit, _POWER_LIMIT[log_noise.dtype]))
        for limit in (log_a - alpha * u, log_b - beta * v, log_noise)
    )
    total = size + steps + noise
    z = np.exp(np.log(total) / mixing)
    span = log_vocabulary - entropy
    loss = entropy + span * z / (1.0 + z)
    if not slopes:
        return loss, _NONE
    gain = span * z / (1.0 + z) ** 2 / total  # times a limit to the m-th: its part of dL/d ln limit
    return loss, (
        gain * (gamma * kappa * noise - alpha * size),
        -gain * (beta * steps + gamma * rho * noise),
        gain * gamma * noise,
    )


def signal_limits(*, top: bool = False) -> Callable[..., tuple[FloatArray, Slopes]]:
    """Evaluator of the forms in which capacity and what is not yet learnt, its steps discounted by
    their signal share, each set a limit, z their m-norm, which z/(1 + z) bounds."""

    def evaluate(
        parts: tuple[FloatArray, ...],
        u: FloatArray,
        v: FloatArray,
        s: FloatArray,
        log_vocabulary: float,
        slopes: bool,
    ) -> tuple[FloatArray, Slopes]:
        entropy, log_a, alpha, odds, beta, kappa, log_c, onset, mixing, *plateau = parts
        ceiling = plateau[0] * log_vocabulary if top else log_vocabulary
        x2 = (np.exp(kappa * u - log_c) * s) ** 2
        k = np.clip(odds + (v - np.log(1.0 + x2)) * beta, -_ODDS_LIMIT, _ODDS_LIMIT)
        rest, start = np.exp(-k), np.exp(2.0 * (onset - v))
        unlearnt = mixing * np.log(rest + start)
        size = mixing * (log_a - alpha * u)
        # np.logaddexp(size, unlearnt), of operations that processors have vectors for.
        more = unlearnt - size
        total = size + np.maximum(more, 0.0) + np.log(1.0 + np.exp(-np.abs(more)))
        z = np.exp(np.minimum(total / mixing, _ODDS_LIMIT))
        span = ceiling - entropy
        loss = entropy + span * z / (1.0 + z)
        if not slopes:
            return loss, _NONE
        gain = span * z / (1.0 + z) ** 2
        by_size = np.exp(size - total)
        by_rest, by_start = ((1.0 - by_size) * part / (rest + start) for part in (rest, start))
        by_noise = gain * by_rest * beta * 2.0 * x2 / (1.0 + x2)
        by_steps = -gain * (beta * by_rest + 2.0 * by_start)
        return loss, (kappa * by_noise - gain * alpha * by_size, by_steps, by_noise)

    return evaluate


def bounded_l2(
    parts: tuple[FloatArray, ...],
    u: FloatArray,
    v: FloatArray,
    s: FloatArray,
    log_vocabulary: float,
    slopes: bool,
) -> tuple[FloatArray, Slopes]:
    """The paper's L2, y, under the bound y/(1 + (y/V)⁴)^¼."""
    entropy, log_a, alpha, log_b, beta, log_c, gamma, gamma_size, middle = parts
    size = np.exp(log_a - alpha * u)
    steps = np.exp(log_b - beta * v)
    odds = s ** (1 / 1.6) * np.exp(-middle / 1.6)
    share = odds / (1.0 + odds)
    noise = share**gamma * np.exp(log_c - gamma_size * u)
    y = entropy + size + steps + noise
    bound = 1.0 + (y / log_vocabulary) ** 4
    loss = y / bound**0.25
    if not slopes:
        return loss, _NONE
    gain = bound**-1.25
    by_noise = gain * noise * gamma * (1.0 - share) / 1.6
    return loss, (-gain * (alpha * size + gamma_size * noise), -gain * beta * steps, by_noise)
