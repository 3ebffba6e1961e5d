r"""How many right guesses of membership a differentially private training allows.

Let each of m candidates take part by a fair coin, independent of the others and of the data. From
what an (ε, δ)-DP training gave out, an attacker makes r guesses and abstains from the rest. Then at
least v of the guesses are right with probability at most

    p(ε, δ) = P[W ≥ v] + 2·m·δ · max over i ≥ 1 of P[v > W ≥ v − i] / i, W ~
    Binomial(r, e^ε/(1 + e^ε))

(Steinke, Nasr and Jagielski, "Privacy Auditing with One (1) Training Run", NeurIPS 2023, arXiv
2305.08846, theorem 5.2 and corollary 5.4). An ε with p at most 1 − confidence is refuted, and the
bound is the largest that a bisection finds. Which one it finds does not matter for the
confidence: an (ε, δ)-DP training is also (ε′, δ)-DP for every ε′ above, and the events "v
refutes ε′" are nested, so that the largest of them bounds all together. p need therefore not
rise with ε everywhere.

Where one coin stands for more than one change (a swap removes one unit and adds another), group
privacy gives the ε and δ between the two sides of the coin.

r must be fixed before the scores are seen.
"""

import math

import numpy as np
from scipy.special import expit

_BISECTIONS = 60
"""The bound is then exact to the last digit of a float."""


def p_value(
    epsilon: float, *, delta: float, candidates: int, guesses: int, correct: int, changes: int = 1
) -> float:
    """Largest probability of ``correct`` or more right guesses under any (ε, δ)-DP training.

    ``changes``: units added or removed by one coin: 1, or 2 for a swap.
    """
    # Group privacy: (k·ε, δ·(1 + e^ε + … + e^((k−1)·ε))).
    delta *= math.fsum(math.exp(min(change * epsilon, 500.0)) for change in range(changes))
    from scipy.stats import binom  # slow to load, and pages only show what an audit found

    rate = float(expit(changes * epsilon))
    at_least = float(binom.sf(correct - 1, guesses, rate))
    if correct == 0 or delta == 0:
        return min(at_least, 1.0)
    below = np.cumsum(binom.pmf(np.arange(correct - 1, -1, -1), guesses, rate))
    worst = float((below / np.arange(1, correct + 1)).max())
    return min(at_least + 2 * candidates * delta * worst, 1.0)


def lower_bound(
    *,
    delta: float,
    candidates: int,
    guesses: int,
    correct: int,
    confidence: float,
    changes: int = 1,
) -> float:
    """Largest ε found that ``correct`` of ``guesses`` refute at ``confidence``; 0 where none is.

    The example of the paper's appendix D:

    >>> f"{lower_bound(delta=1e-4, candidates=1000, guesses=100, correct=75, confidence=0.95):.3f}"
    '0.673'
    """

    def refuted(epsilon: float) -> bool:
        return (
            p_value(
                epsilon,
                delta=delta,
                candidates=candidates,
                guesses=guesses,
                correct=correct,
                changes=changes,
            )
            <= 1 - confidence
        )

    if not refuted(0.0):
        return 0.0
    low, high = 0.0, 1.0
    while refuted(high):  # ends: from ε = 40 on, a float's rate of right guesses is 1
        low, high = high, 2 * high
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if refuted(middle) else (low, middle)
    return low
