"""The law of size and tokens, without steps and noise: L = E + A/N^α + B/D^β.

Hoffmann et al. (arXiv 2203.15556, section 3.3, equation 2); fitted as there and in the replication
by Besiroglu et al. (arXiv 2404.10102): Huber's loss of ln L at δ = 1e-3, minimised from a grid of
starts in (ln A, ln B, ln E, α, β). Intervals are those of resampled runs.

Not covered: noise, steps, batches, and everything a plan needs of them.

>>> import numpy as np
>>> size, tokens = np.meshgrid([1e7, 1e8, 1e9], [1e9, 1e10, 1e11])
>>> law = fit_tokens(size.ravel(), tokens.ravel(), (1.8 + 480 / size**0.35 + 2000 / tokens**0.37)
...                  .ravel(), resamples=0)
>>> round(law.parameters["E"], 2), round(law.parameters["alpha"], 3)
(1.8, 0.35)
"""

import math
from dataclasses import dataclass
from itertools import product

import numpy as np
from scipy.optimize import least_squares

from engine.errors import InputError
from engine.interval import FloatArray, Interval

FORM = "hoffmann"
"""Its name beside the forms that know noise."""
HUBER = 1e-3
"""Residual of ln L beyond which a run counts linearly."""
FORMULA = "L = E + A/N^alpha + B/D^beta"
MEANINGS = {
    "E": "Loss that no size and no tokens remove.",
    "A": "What a model of one parameter lacks.",
    "alpha": "How fast a larger model removes that part.",
    "B": "What one token leaves.",
    "beta": "How fast further tokens reduce that part.",
}
NAMES = tuple(MEANINGS)
IN_NATS = ("E", "A", "B")
"""Those that are losses; the others are exponents."""
_STARTS = tuple(product((5.0, 10.0), (5.0, 10.0), (-0.5, 0.5), (0.3, 0.7), (0.3, 0.7)))
_LOW = np.array([-5.0, -5.0, -10.0, 0.01, 0.01])
_HIGH = np.array([50.0, 50.0, 3.0, 2.5, 2.5])
_LEVEL = 0.9
_FIRST, _KEPT, _MOST = 20, 3, 300
"""Evaluations from every start, how many of the best go on, and how far."""


@dataclass(frozen=True, kw_only=True)
class TokenLaw:
    """The fitted law."""

    parameters: dict[str, float]
    """E in nats; A, alpha of parameters; B, beta of tokens."""
    intervals: dict[str, Interval]
    """The same with their 90 % intervals; empty without resamples."""
    covariance: tuple[tuple[float, ...], ...] | None
    """(5, 5) over the resamples, in the order of :data:`NAMES`; None with fewer than two."""
    draws: int
    """Resamples behind both."""
    scatter: float
    """Robust standard deviation of ln L."""
    rows: int

    def cross_entropy(self, model_size: FloatArray, tokens: FloatArray) -> FloatArray:
        """Nats; the arrays broadcast."""
        p = self.parameters
        found: FloatArray = (
            p["E"] + p["A"] / model_size ** p["alpha"] + p["B"] / tokens ** p["beta"]
        )
        return found


def fit_tokens(
    model_size: FloatArray,
    tokens: FloatArray,
    cross_entropy: FloatArray,
    *,
    resamples: int = 100,
    seed: int = 0,
) -> TokenLaw:
    """The law of runs: arrays of shape (n,) of parameters, tokens and nats.

    Deterministic given ``seed``. Raises :class:`InputError` for fewer runs than parameters.
    """
    if len(cross_entropy) < len(NAMES) + 1:
        raise InputError(
            "Expected at least {minimum} runs for a law of size and tokens, got {count}: add runs.",
            minimum=len(NAMES) + 1,
            count=len(cross_entropy),
        )
    n, d, loss = np.log(model_size), np.log(tokens), np.log(cross_entropy)
    theta = _best(n, d, loss, [np.array(start) for start in _STARTS])
    residual = loss - _predicted(theta, n, d)
    draws = []
    rng = np.random.default_rng(seed)
    for _ in range(resamples):
        some = rng.integers(len(loss), size=len(loss))
        draws.append(_named(_best(n[some], d[some], loss[some], [theta])))
    named = _named(theta)
    return TokenLaw(
        parameters=named,
        intervals={
            name: Interval.of_draws(named[name], [one[name] for one in draws], _LEVEL)
            for name in NAMES
            if draws
        },
        covariance=_covariance(draws) if len(draws) > 1 else None,
        draws=len(draws),
        scatter=1.4826 * float(np.median(np.abs(residual))),
        rows=len(loss),
    )


def _covariance(draws: list[dict[str, float]]) -> tuple[tuple[float, ...], ...]:
    found = np.cov([list(one.values()) for one in draws], rowvar=False)
    return tuple(map(tuple, found.tolist()))


def _predicted(theta: FloatArray, n: FloatArray, d: FloatArray) -> FloatArray:
    a, b, e, alpha, beta = theta
    found: FloatArray = np.logaddexp(np.logaddexp(a - alpha * n, b - beta * d), e)
    return found


def _best(n: FloatArray, d: FloatArray, loss: FloatArray, starts: list[FloatArray]) -> FloatArray:
    def residual(theta: FloatArray) -> FloatArray:
        return _predicted(theta, n, d) - loss

    def jacobian(theta: FloatArray) -> FloatArray:
        a, b, e, alpha, beta = theta
        total = _predicted(theta, n, d)
        first, second = np.exp(a - alpha * n - total), np.exp(b - beta * d - total)
        return np.stack([first, second, np.exp(e - total), -n * first, -d * second], axis=1)

    def solved(start: FloatArray, most: int) -> tuple[float, FloatArray]:
        found = least_squares(
            residual,
            np.clip(start, _LOW + 1e-6, _HIGH - 1e-6),
            jac=jacobian,
            bounds=(_LOW, _HIGH),
            loss="huber",
            f_scale=HUBER,
            x_scale=np.array([1.0, 1.0, 0.1, 0.05, 0.05]),
            max_nfev=most,
        )
        return float(found.cost), found.x

    tried = sorted((solved(start, _FIRST) for start in starts), key=lambda one: one[0])
    return min((solved(theta, _MOST) for _, theta in tried[:_KEPT]), key=lambda one: one[0])[1]


def _named(theta: FloatArray) -> dict[str, float]:
    a, b, e, alpha, beta = theta.tolist()
    return {
        "E": math.exp(e),
        "A": math.exp(a),
        "alpha": alpha,
        "B": math.exp(b),
        "beta": beta,
    }
