r"""A second opinion on a promise: a lower bound on ε from how well a model gives its members away.

The null hypothesis is that one training is (ε, δ)-DP under adding or removing one unit.
:mod:`engine.pilot.audits.one_run` tells how many right guesses of membership that allows, when
membership was drawn by independent fair coins.

Two designs:

- :func:`audit_canaries`: extra units of nobody, each inserted by a coin flip of its own. Flipping
  one coin adds or removes one unit: the bound holds as it stands. (The sampling probability must
  not depend on how many were inserted: it stays what the certificate says.)
- :func:`audit_pairs`: training against held-out units, for free. A held-out set of fixed size is no
  coin flips: of each pair exactly one is a member, and only *which* is a fair coin, given that the
  split was drawn uniformly and the pairs at random, both without regard to the text. Flipping that
  coin removes one unit and adds another, two steps of the neighbouring relation: the null
  hypothesis gives the pairs (2ε, (1 + e^ε)·δ) by group privacy, and what they show is halved.
  Its confidence holds, which the customary way (taking a split for coin flips of single units)
  does not ensure.

How many guesses to make (the rest are abstentions) is fixed beforehand, to the shares
:data:`SHARES`; the best of them is taken, at a confidence corrected for their number
(Bonferroni). Candidates with equal scores count against the attack. So the promise of
``confidence`` is one for each audit: who holds k audits against their promises at once should ask
each for 1 − (1 − confidence)/k.

A bound of 0 does not mean that nothing leaks: it says that this attack showed nothing. ``ceiling``
is what it would have shown with every guess right; a promise above that cannot be refuted by an
audit of this size. Not covered: splits that the data decided (by date, by source), learning rates
chosen on the same held-out units, units that share text with others.

>>> scores, included = np.arange(200.0), np.arange(200) >= 100  # members score highest: no privacy
>>> audit = audit_canaries(scores, included, delta=1e-8)
>>> f"epsilon is at least {audit.lower_bound:.2f}: {audit.correct} of {audit.guesses} guesses right"
'epsilon is at least 3.88: 200 of 200 guesses right'
>>> audit.refutes(2.0), audit.refutes(8.0)
(True, False)
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from engine.errors import InputError
from engine.pilot.audits.one_run import lower_bound, p_value

DEFAULT_CONFIDENCE = 0.95
SHARES = (0.1, 0.3, 1.0)
"""Shares of the candidates that are guessed: few and sure, or all. Fixed
before any score is seen."""
FEWEST = 10
"""Candidates below which an audit says nothing: all guesses right would refute no ε above 0.7."""


MOST = 100_000
"""Candidates up to which it is asked how many an audit would take."""


class Method(StrEnum):
    """How membership was drawn."""

    CANARIES = "canaries"
    """Extra units, each inserted by its own coin flip."""
    RANDOM_SPLIT = "random-split"
    """Pairs of a training unit and a held-out unit."""


_CHANGES = {Method.CANARIES: 1, Method.RANDOM_SPLIT: 2}
"""Units that one coin adds or removes."""


class Finding(StrEnum):
    """What an audit says of a promise."""

    BROKEN = "broken"
    HELD = "held"
    """It could have refuted the promise, and did not."""
    SILENT = "silent"
    """It could not have refuted the promise, whatever the model gives away."""


@dataclass(frozen=True, kw_only=True)
class Audit:
    """What an attack showed: with probability ``confidence`` over the membership, ε at ``delta`` is
    at least ``lower_bound``. Compare with the ε of *one* training, not of several together."""

    lower_bound: float
    delta: float
    confidence: float
    canaries: int
    """Candidates: canaries, or pairs."""
    guesses: int
    """Guesses made at the best of the shares; for the others the attack abstained."""
    correct: int
    auc: float
    """Chance that a member scores above a non-member, over all of them; 0.5 is blind guessing."""
    ceiling: float
    """The bound that this audit would have given with every guess right."""
    method: Method

    def refutes(self, epsilon: float) -> bool:
        """Whether the promise of ``epsilon`` is broken, at ``confidence``."""
        return self.lower_bound > epsilon

    def finding(self, epsilon: float) -> Finding:
        """What it says of the promise of ``epsilon``."""
        if self.refutes(epsilon):
            return Finding.BROKEN
        return Finding.HELD if self.ceiling > epsilon else Finding.SILENT

    def candidates_to_refute(self, epsilon: float) -> int | None:
        """Fewest candidates with which such an audit, every guess right, refutes ``epsilon``; None
        where :data:`MOST` are not enough."""
        return _candidates_to_refute(epsilon, self.delta, self.confidence, self.method)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Audit":
        """Inverse of :meth:`to_dict`."""
        return cls(**{**data, "method": Method(data["method"])})


def audit_canaries(
    scores: ArrayLike,
    included: ArrayLike,
    *,
    delta: float,
    confidence: float = DEFAULT_CONFIDENCE,
) -> Audit:
    """Lower bound from units that joined by a fair coin each; a high score says "was in".

    Half of the guesses say "in", of the highest scores, and half "out", of the lowest.
    """
    scores = _finite("scores", scores)
    included = np.asarray(included)
    if included.dtype != np.bool_ or included.shape != scores.shape:
        raise InputError(
            "Expected one true or false for each of {count} scores, got {got}.",
            count=len(scores),
            got=f"{included.dtype} × {included.size}",
        )
    # Highest first. Of equal scores the outsiders come first, where "in" is guessed, and the
    # members last, where "out" is: no more are right than by any order that knows nothing of
    # membership.
    ordered = included[np.lexsort((included, -scores))]

    def right(guesses: int) -> int:
        said_out = guesses // 2
        said_in = guesses - said_out
        return int(ordered[:said_in].sum() + (~ordered[len(ordered) - said_out :]).sum())

    return _best(
        right,
        candidates=len(scores),
        delta=delta,
        confidence=confidence,
        method=Method.CANARIES,
        auc=_auc(scores[included], scores[~included]),
    )


def audit_pairs(
    members: ArrayLike,
    others: ArrayLike,
    *,
    delta: float,
    confidence: float = DEFAULT_CONFIDENCE,
) -> Audit:
    """Lower bound from pairs: ``members[i]`` is the score of a training unit and ``others[i]`` that
    of the held-out unit drawn for it (:func:`draw_pairs`). The higher of the two is guessed to be
    the member, for the pairs that differ most."""
    members, others = _finite("members", members), _finite("others", others)
    if members.shape != others.shape:
        raise InputError(
            "Expected as many training scores as held-out ones, got {members} and {others}.",
            members=members.size,
            others=others.size,
        )
    difference = members - others
    # Of pairs that differ equally, wrong guesses first, as above; two equal scores are a wrong
    # guess.
    won = difference > 0
    ordered = won[np.lexsort((won, -np.abs(difference)))]
    return _best(
        lambda guesses: int(ordered[:guesses].sum()),
        candidates=len(members),
        delta=delta,
        confidence=confidence,
        method=Method.RANDOM_SPLIT,
        auc=_auc(members, others),
    )


def draw_pairs(
    training: np.ndarray, held_out: np.ndarray, rng: np.random.Generator, *, most: int = 2048
) -> tuple[np.ndarray, np.ndarray]:
    """Training units and the held-out units paired with them, at random and without repeats.

    Units in the order of the corpus would not do: what stands near in a corpus is alike. ``rng``
    must owe nothing to the text or to the draw of the split.
    """
    count = min(len(training), len(held_out), most)
    return (
        rng.choice(training, size=count, replace=False),
        rng.choice(held_out, size=count, replace=False),
    )


def _best(
    right: Callable[[int], int],
    *,
    candidates: int,
    delta: float,
    confidence: float,
    method: Method,
    auc: float,
) -> Audit:
    """The best share of guesses, each tried at its part of the error."""
    if candidates < FEWEST:
        raise InputError(
            "Expected at least {fewest} candidates for an audit, got {count}: hold out more units "
            "or insert more canaries.",
            fewest=FEWEST,
            count=candidates,
        )
    if not (0 < confidence < 1 and 0 <= delta < 1):
        raise InputError(
            "Expected a confidence between 0 and 1 and delta of at least 0, got {confidence} and "
            "{delta}.",
            confidence=f"{confidence:g}",
            delta=f"{delta:g}",
        )
    each = 1 - _error(confidence)

    def bound(guesses: int, correct: int) -> float:
        return lower_bound(
            delta=delta,
            candidates=candidates,
            guesses=guesses,
            correct=correct,
            confidence=each,
            changes=_CHANGES[method],
        )

    tries = _tries(candidates)
    found = [(bound(guesses, right(guesses)), guesses) for guesses in tries]
    best, guesses = max(found)  # of equal bounds the one that guesses most
    return Audit(
        lower_bound=best,
        delta=delta,
        confidence=confidence,
        canaries=candidates,
        guesses=guesses,
        correct=right(guesses),
        auc=auc,
        ceiling=max(bound(guesses, guesses) for guesses in tries),
        method=method,
    )


def _error(confidence: float) -> float:
    """The part of the error that one of the shares may make (Bonferroni)."""
    return (1 - confidence) / len(SHARES)


def _tries(candidates: int) -> list[int]:
    """Guesses of each share."""
    return [max(1, round(share * candidates)) for share in SHARES]


@lru_cache(maxsize=256)
def _candidates_to_refute(
    epsilon: float, delta: float, confidence: float, method: Method
) -> int | None:
    def refuting(candidates: int) -> bool:
        return any(
            p_value(
                epsilon,
                delta=delta,
                candidates=candidates,
                guesses=guesses,
                correct=guesses,
                changes=_CHANGES[method],
            )
            <= _error(confidence)
            for guesses in _tries(candidates)
        )

    high = FEWEST
    while not refuting(high):
        if high == MOST:
            return None
        high = min(2 * high, MOST)
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if refuting(middle) else (middle, high)
    return max(high, FEWEST)


def _auc(members: np.ndarray, others: np.ndarray) -> float:
    """Mann and Whitney's statistic, ties counted half; 0.5 where one side is empty."""
    if not (len(members) and len(others)):
        return 0.5
    from scipy.stats import rankdata  # slow to load, and pages only show what an audit found

    ranks = rankdata(np.concatenate([members, others]))[: len(members)].sum()
    return float((ranks / len(members) - (len(members) + 1) / 2) / len(others))


def _finite(name: str, values: ArrayLike) -> np.ndarray:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or not np.isfinite(array).all():
        raise InputError("Expected a list of finite numbers for {name}.", name=name)
    return array
