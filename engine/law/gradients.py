"""What each number of a form does to its loss: ∂L/∂θ of the evaluators in :mod:`engine.law.shapes`.

A fit to rows that say nothing but their loss needs these alone, and one pass gives all of them,
where differences take one pass a number. Arguments are those of an evaluator, parameters (R, 1) and
points (n,); the loss is (R, n), and the slopes stand in the order of the parameters. σ̄ = 0 is
exact, as there. Where an evaluator is clipped the slope is that of the unclipped one.
"""

from collections.abc import Callable

import numpy as np

from engine.interval import FloatArray

Gradient = Callable[
    [tuple[FloatArray, ...], FloatArray, FloatArray, FloatArray, float],
    tuple[FloatArray, tuple[FloatArray, ...]],
]
"""(parameters, u, v, s, V) -> L and ∂L/∂θ."""

_MOST = 600.0
"""ln of the most that a sum of limits may be; far above, everything is unlearnt anyway."""


def signal(
    *, shape: str, top: bool = False, gamma: bool = False, psi: bool = False, onset: bool = False
) -> Gradient:
    """Of :func:`engine.law.shapes.signal`, with the same options."""

    def gradient(
        parts: tuple[FloatArray, ...],
        u: FloatArray,
        v: FloatArray,
        s: FloatArray,
        log_vocabulary: float,
    ) -> tuple[FloatArray, tuple[FloatArray, ...]]:
        values = iter(parts)
        entropy, log_a, alpha, odds, beta, kappa, log_c = (next(values) for _ in range(7))
        power = next(values) if gamma else 1.0
        pace = next(values) if psi else 0.0
        ceiling = next(values) * log_vocabulary if top else log_vocabulary
        start = np.exp(2.0 * (next(values) - v)) if onset else np.zeros(())
        a = np.exp(log_a - alpha * u)
        capacity = a / (1.0 + a)
        x2 = (np.exp(kappa * u - log_c) * s) ** 2
        discount = np.log(1.0 + x2)
        slope = 1.0 if shape == "power" else beta
        k = np.clip(odds + (v - discount * power) * slope + pace * u, -60.0, 60.0)
        span = ceiling - entropy
        by_start = by_beta = np.zeros(())
        if shape == "hill":
            rest = np.exp(-k)
            h = 1.0 - 1.0 / (1.0 + rest + start)
            by_k = -((1.0 - h) ** 2) * rest
            by_start = (1.0 - h) ** 2 * 2.0 * start
        elif shape == "exponential":
            rest = np.exp(-k)
            h = -np.expm1(-rest)
            by_k = -rest * (1.0 - h)
        else:
            waited = np.logaddexp(0.0, k)
            h = np.exp(-beta * waited)
            by_k, by_beta = -beta * h / (1.0 + np.exp(-k)), -waited * h
        missing = 1.0 - (1.0 - capacity) * (1.0 - h)
        open_span = span * (1.0 - capacity)
        steps = open_span * by_k
        noise = steps * slope * power * 2.0 * x2 / (1.0 + x2)
        size = span * (1.0 - h) * capacity * (1.0 - capacity)
        pace_of_beta = open_span * by_beta if shape == "power" else steps * (v - discount * power)
        found = [1.0 - missing, size, -u * size, steps, pace_of_beta, -u * noise, noise]
        if gamma:
            found.append(-steps * slope * discount)
        if psi:
            found.append(steps * u)
        if top:
            found.append(missing * log_vocabulary)
        if onset:
            found.append(open_span * by_start)
        return entropy + span * missing, tuple(found)

    return gradient


def limits(*, mixing: bool) -> Gradient:
    """Of :func:`engine.law.shapes.limits`, and of ``additive``, whose limits add."""

    def gradient(
        parts: tuple[FloatArray, ...],
        u: FloatArray,
        v: FloatArray,
        s: FloatArray,
        log_vocabulary: float,
    ) -> tuple[FloatArray, tuple[FloatArray, ...]]:
        entropy, log_a, alpha, log_b, beta, kappa, log_c, gamma, rho = parts[:9]
        m = parts[9] if mixing else 1.0
        with np.errstate(divide="ignore"):  # without noise its limit is 0
            reach = kappa * u - rho * v + np.log(s)
        logs = log_a - alpha * u, log_b - beta * v, log_c + gamma * reach
        size, steps, noise = (np.exp(np.minimum(m * limit, _MOST)) for limit in logs)
        total = size + steps + noise
        z = np.exp(np.log(total) / m)
        missing = z / (1.0 + z)
        span = log_vocabulary - entropy
        gain = span * missing * (1.0 - missing) / total
        size, steps, noise = (gain * limit for limit in (size, steps, noise))
        reach = np.where(s > 0, reach, 0.0)
        found = [
            1.0 - missing,
            size, -u * size,
            steps, -v * steps,
            gamma * u * noise, noise, reach * noise, -gamma * v * noise,
        ]  # fmt: skip
        if mixing:
            middle = size * logs[0] + steps * logs[1] + noise * (log_c + gamma * reach)
            found.append((middle - gain * total * np.log(z)) / m)
        return entropy + span * missing, tuple(found)

    return gradient


def signal_limits(*, top: bool = False) -> Gradient:
    """Of :func:`engine.law.shapes.signal_limits`."""

    def gradient(
        parts: tuple[FloatArray, ...],
        u: FloatArray,
        v: FloatArray,
        s: FloatArray,
        log_vocabulary: float,
    ) -> tuple[FloatArray, tuple[FloatArray, ...]]:
        entropy, log_a, alpha, odds, beta, kappa, log_c, onset, m, *plateau = parts
        ceiling = plateau[0] * log_vocabulary if top else log_vocabulary
        x2 = (np.exp(kappa * u - log_c) * s) ** 2
        learning = v - np.log(1.0 + x2)
        rest, start = np.exp(-(odds + learning * beta)), np.exp(2.0 * (onset - v))
        capacity, unlearnt = log_a - alpha * u, np.log(rest + start)
        more = m * (unlearnt - capacity)
        by_size = 1.0 / (1.0 + np.exp(np.minimum(more, _MOST)))
        log_z = capacity + (np.maximum(more, 0.0) + np.log(1.0 + np.exp(-np.abs(more)))) / m
        z = np.exp(np.minimum(log_z, _MOST))
        missing = z / (1.0 + z)
        span = ceiling - entropy
        gain = span * missing * (1.0 - missing)
        size, other = gain * by_size, gain * (1.0 - by_size) / (rest + start)
        steps = -other * rest
        noise = steps * beta * 2.0 * x2 / (1.0 + x2)
        found = [
            1.0 - missing,
            size, -u * size,
            steps, steps * learning,
            -u * noise, noise,
            2.0 * other * start,
            (size * capacity + (gain - size) * unlearnt - gain * log_z) / m,
        ]  # fmt: skip
        if top:
            found.append(missing * log_vocabulary)
        return entropy + span * missing, tuple(found)

    return gradient


def bounded_l2(
    parts: tuple[FloatArray, ...],
    u: FloatArray,
    v: FloatArray,
    s: FloatArray,
    log_vocabulary: float,
) -> tuple[FloatArray, tuple[FloatArray, ...]]:
    """Of :func:`engine.law.shapes.bounded_l2`."""
    entropy, log_a, alpha, log_b, beta, log_c, gamma, gamma_size, middle = parts
    size, steps = np.exp(log_a - alpha * u), np.exp(log_b - beta * v)
    odds = s ** (1 / 1.6) * np.exp(-middle / 1.6)
    share = odds / (1.0 + odds)
    noise = share**gamma * np.exp(log_c - gamma_size * u)
    y = entropy + size + steps + noise
    bound = 1.0 + (y / log_vocabulary) ** 4
    gain = bound**-1.25
    size, steps, noise = (gain * part for part in (size, steps, noise))
    log_share = np.log(np.where(share > 0, share, 1.0))
    return y / bound**0.25, (
        gain,
        size, -u * size,
        steps, -v * steps,
        noise, noise * log_share, -u * noise,
        -noise * gamma * (1.0 - share) / 1.6,
    )  # fmt: skip
