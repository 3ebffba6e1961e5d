r"""An audit of the mechanism itself: a training on nobody's text, seen from inside at every step.

Canaries with known gradients (:mod:`engine.pilot.dpsgd.gradient_canaries`) are inserted by a fair
coin each into a training of the plan's own settings, and guessed from all noisy gradients, which is
what ε lets an attacker see. Two bounds come of one training, each with half of the error:

- **In one run** (:mod:`engine.pilot.audits.one_run`): what the number of right guesses refutes of
  (ε, δ). It assumes nothing of the canaries but their coins.
- **Against the whole curve**: a certificate promises more than one ε: for every rate of false
  alarms at most so many true ones (Dong, Roth and Su, arXiv 1905.02383). At thresholds set by the
  scores of the canaries left out, the rate of false alarms is at most a quantile of a Beta
  distribution (order statistics), and that of true ones at least Clopper and Pearson's bound. What
  lies above the curve of the mechanism with a share of the noise shows less noise than that; the
  largest share that is left, and the ε that goes with it, is the bound. It takes canaries for
  independent trials. They are, under the mechanism that is promised: coordinates of their own, and
  noise and sampling without memory. So a certificate that it refutes is refuted with the stated
  confidence; read as an ε it says what a training with that much noise gives, as if the noise alone
  were wrong.

What it can refute: noise that is less than promised, from the share that :attr:`least_seen` names;
clipping that is missing or scaled wrongly, units that join more often, a wrong denominator, in the
code, on the device, at the settings of the plan. What it cannot: smaller faults than that; clipping
that differs from layer to layer, as a canary stands in one; faults in how people and their windows
become units; a generator that somebody can predict; the averages and losses that are published
afterwards; floating-point attacks.

Noise that is correlated over b steps is made white again by who knows the strategy, and a canary's
own coefficients filter what it left: each turn of its group is then a trial as a step is otherwise
(:class:`~engine.pilot.dpsgd.gradient_canaries.BandedScores`).

No text is read: the training's words are random, so that it spends no one's ε and can be repeated.
Its weights, ledger and checkpoint are removed with its folder.

Imports torch when it trains and not before.
"""

import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from engine import durable
from engine.accounting.accountant import lower_epsilon
from engine.accounting.certificate import Certificate
from engine.accounting.mechanism import Mechanism
from engine.config import Sampling
from engine.errors import InputError
from engine.interval import FloatArray
from engine.pilot.audits.audit import DEFAULT_CONFIDENCE, FEWEST, Audit, Finding, audit_canaries
from engine.pilot.plan import TrainingSettings
from engine.pilot.running.folder import read_text
from engine.untrusted.guard import attempted
from engine.untrusted.texts import json_value

AUDIT_FILE = "mechanism-audit.json"
"""In a pilot's folder."""
CANARIES = 10_000
"""Enough for promises of up to ε = 7: a ceiling above them."""
MOST_CANARIES = 200_000
LEVELS = (0.003, 0.02, 0.1, 0.3)
"""Rates of false alarms at which true ones are counted. Fixed before any score is seen."""
_EPSILONS = np.concatenate([[0.0], np.geomspace(1e-3, 20.0, 400)])
_GROWTH = np.exp(_EPSILONS)
_CURVE_ERROR = 1e-4
"""What a profile may be off by, in δ, many times over."""
_SHARES = (0.05, 20.0)
"""Shares of the promised noise that are looked at."""
_LEAST_NOISE = 0.25
"""Noise multiplier below which no ε is asked for: it is above 50 there."""
_PRECISION = 1e-3
"""Of a share, relative."""
_SEEN = 2.0
"""Standard deviations of luck that :attr:`MechanismAudit.least_seen` allows for."""
_HELD_OUT = 64


@dataclass(frozen=True, kw_only=True)
class MechanismAudit:
    """What canaries showed of a mechanism, with probability ``confidence`` over coins and noise."""

    one_run: Audit
    """The bound that rests on the coins alone."""
    epsilon: float
    """ε at ``delta`` of the same mechanism with as much of the promised noise as the curve leaves
    possible."""
    noise_share: float
    """That share; below 1 the certificate's curve is refuted."""
    ceiling: float
    """:attr:`epsilon` where every canary is told apart."""
    least_seen: float | None
    """Largest share of the promised noise that an audit of this size refutes in 39 of 40 trainings;
    None where it would see none."""
    promised: float
    delta: float
    confidence: float
    canaries: int
    iterations: int
    """Steps that were seen."""

    @property
    def finding(self) -> Finding:
        """What it says of the promise."""
        if self.noise_share < 1 or self.one_run.refutes(self.promised):
            return Finding.BROKEN
        could = min(self.ceiling, self.one_run.ceiling) > self.promised and self.least_seen
        return Finding.HELD if could else Finding.SILENT

    def to_json(self) -> str:
        """What :func:`read_audit` reads, in JSON."""
        return json.dumps(asdict(self), indent=1, allow_nan=False)


@dataclass(frozen=True, kw_only=True)
class Rates:
    """At one threshold: true alarms at least, false alarms at most; both hold with confidence."""

    true: float
    false: float

    def refutes(self, deltas: FloatArray) -> bool:
        """Whether a mechanism whose δ at :data:`_EPSILONS` are ``deltas`` allows no attack as
        good."""
        found = self.true - _GROWTH * self.false, 1 - self.false - _GROWTH * (1 - self.true)
        return bool(np.any(np.maximum(*found) > deltas + _CURVE_ERROR))


def rates_of(scores: FloatArray, included: np.ndarray, *, error: float) -> tuple[Rates, ...]:
    """Rates at each of :data:`LEVELS`, all of which hold with probability 1 − ``error``.

    ``scores`` and ``included``: (m,), independent trials; a high score says "was in".
    """
    inside, outside = scores[included], np.sort(scores[~included])[::-1]
    found = []
    for level in LEVELS:
        rank = _rank(level, len(outside))
        right = int((inside > outside[rank - 1]).sum())  # equal scores count against the attack
        found.append(_rates(right, len(inside), rank, len(outside), error))
    return tuple(found)


def noise_left(mechanism: Mechanism, rates: tuple[Rates, ...]) -> float:
    """Largest share of the mechanism's noise, 0.05 to 20, that no rates refute; 0.05 where they
    refute all."""
    low, high = _SHARES
    if not _refuted(mechanism, high, rates):
        return high
    if _refuted(mechanism, low, rates):
        return low
    while high > low * (1 + _PRECISION):
        middle = math.sqrt(low * high)
        low, high = (low, middle) if _refuted(mechanism, middle, rates) else (middle, high)
    return high  # refuted by a hair's breadth: on the side that blames less


def audit_scores(
    scores: FloatArray,
    included: np.ndarray,
    certificate: Certificate,
    *,
    iterations: int,
    confidence: float = DEFAULT_CONFIDENCE,
) -> MechanismAudit:
    """Both bounds from the scores of one training whose promise is ``certificate``."""
    error = (1 - confidence) / 2
    one_run = audit_canaries(scores, included, delta=certificate.delta, confidence=1 - error)
    mechanism = certificate.mechanism
    inside, outside = int(included.sum()), int((~included).sum())
    if min(inside, outside) < FEWEST:
        raise InputError(
            "Expected at least {fewest} canaries that were inserted and as many that were not, got "
            "{inside} and {outside}: insert more.",
            fewest=FEWEST,
            inside=inside,
            outside=outside,
        )
    share = noise_left(mechanism, rates_of(scores, included, error=error))
    apart = rates_of(np.where(included, 1.0, 0.0), included, error=error)
    return MechanismAudit(
        one_run=one_run,
        epsilon=_epsilon(mechanism, share, certificate.delta),
        noise_share=share,
        ceiling=_epsilon(mechanism, noise_left(mechanism, apart), certificate.delta),
        least_seen=least_seen(mechanism, inside, outside, error=error),
        promised=certificate.epsilon,
        delta=certificate.delta,
        confidence=confidence,
        canaries=len(scores),
        iterations=iterations,
    )


def least_seen(mechanism: Mechanism, inside: int, outside: int, *, error: float) -> float | None:
    """Largest share of the noise, in hundredths, at which the best attack on so many canaries, two
    standard deviations short of its expectation, refutes the mechanism; None: none above 0.3."""
    promised = mechanism.profile(_EPSILONS)

    def seen(hundredths: int) -> bool:
        deltas = _scaled(mechanism, hundredths / 100).profile(_EPSILONS)
        for level in LEVELS:
            rank = _rank(level, outside)
            false = rank / outside
            straight, mirrored = _GROWTH * false + deltas, 1 - (1 - deltas - false) / _GROWTH
            true = float(np.clip(np.minimum(straight, mirrored).min(), 0.0, 1.0))
            short = true - _SEEN * math.sqrt(true * (1 - true) / inside)
            rates = _rates(int(max(short, 0.0) * inside), inside, rank, outside, error)
            if rates.refutes(promised):
                return True
        return False

    low, high = 30, 100
    if not seen(low):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if seen(middle) else (low, middle)
    return low / 100


def audit_mechanism(
    settings: TrainingSettings,
    certificate: Certificate,
    *,
    count: int = CANARIES,
    rng: np.random.Generator | None = None,
    confidence: float = DEFAULT_CONFIDENCE,
    device: str = "cpu",
    report: Callable[[int, int], None] = lambda done, of: None,
) -> MechanismAudit:
    """Train by ``settings`` on random words with ``count`` canaries, and audit what was released.

    ``rng`` throws the coins; None: from the system's entropy. ``report`` hears (step, steps).
    Raises :class:`InputError` for a mechanism that it cannot audit. Takes as long as the training.
    """
    require_audited(settings, count)
    import torch

    if device == "cuda" and not torch.cuda.is_available():
        raise InputError(
            "Expected the GPU that the plan was made for, found none: make the plan anew on this "
            "machine."
        )
    from engine.pilot.dpsgd import gradient_canaries
    from engine.pilot.dpsgd.progress import Progress
    from engine.pilot.dpsgd.training import Training

    rng = rng or np.random.default_rng()
    included = rng.random(count) < 0.5
    promised: dict[str, Any] = {
        "count": count,
        "batch_size": settings.config.batch_size,
        "sampling_probability": settings.sampling_probability,
        "noise_multiplier": certificate.noise_multiplier,
    }
    scores = gradient_canaries.Scores(**promised)
    if settings.bands > 1:
        scores = gradient_canaries.BandedScores(
            **promised, coefficients=np.array(settings.strategy)
        )

    def progressed(progress: Progress) -> None:
        report(progress.iteration, progress.iterations)

    with durable.scratch("audit") as folder:
        training = Training(
            settings,
            _Words(settings, rng),
            folder=folder,
            device=device,
            canaries=gradient_canaries.canaries(
                np.flatnonzero(included), settings.shape.sequence_length
            ),
            wrapped=lambda model: gradient_canaries.CanaryModel(model, count, settings.clip_norm),
            heard=scores.saw,
        )
        if isinstance(scores, gradient_canaries.BandedScores):
            assert training.groups is not None  # b groups take turns
            # Who was left out is in a group as well, drawn as theirs are.
            scores.groups = rng.integers(settings.bands, size=count)
            scores.groups[included] = training.groups[settings.data_budget :]
        outcome = training.run(on_progress=progressed)
        if outcome.reason is not None:
            raise outcome.reason
    return audit_scores(
        scores.values,
        included,
        certificate,
        iterations=outcome.iterations_done,
        confidence=confidence,
    )


def read_audit(folder: Path) -> MechanismAudit | None:
    """The last audit of the mechanism of the plan in ``folder``; None where there is none."""

    def parse() -> MechanismAudit:
        data = json_value(read_text(folder / AUDIT_FILE) or "")
        return MechanismAudit(**{**data, "one_run": Audit.from_dict(data["one_run"])})

    return attempted(parse)


def require_audited(settings: TrainingSettings, count: int) -> None:
    """Raise :class:`InputError` for a training that this audit knows nothing of."""
    if settings.sampling is not Sampling.POISSON:
        raise InputError(
            "Expected Poisson sampling, got {sampling}: gradient canaries are known for it only.",
            sampling=str(settings.sampling),
        )
    if settings.noise_batch_ratio == 0:
        raise InputError("Expected a training with noise, got one without: it promises nothing.")
    if settings.shape.kind != "gpt":
        raise InputError(
            "Expected a decoder (gpt), got {kind}: its masks would cover the canaries.",
            kind=settings.shape.kind,
        )
    if not 2 * FEWEST <= count <= MOST_CANARIES:
        raise InputError(
            "Expected {least} to {most} canaries, got {value}.",
            least=2 * FEWEST,
            most=MOST_CANARIES,
            value=count,
        )


class _Words:
    """Random text of as many units as the settings name."""

    fingerprint = "0" * 64

    def __init__(self, settings: TrainingSettings, rng: np.random.Generator) -> None:
        self.vocabulary_size = settings.shape.vocabulary_size
        self._units, self._rng = settings.data_budget, rng

    def split(self) -> tuple[np.ndarray, np.ndarray]:
        units = np.arange(self._units + _HELD_OUT)
        return units[: self._units], units[self._units :]

    def documents_of(self, units: np.ndarray, picks01: np.ndarray) -> np.ndarray:
        return units

    def documents_in(self, units: np.ndarray) -> np.ndarray:
        return np.ones(len(units), dtype=np.int64)

    def windows(
        self, documents: np.ndarray, offsets01: np.ndarray, sequence_length: int
    ) -> tuple[np.ndarray, np.ndarray]:
        size = len(documents), sequence_length + 1
        tokens = self._rng.integers(self.vocabulary_size, size=size)
        return tokens[:, :-1], tokens[:, 1:]


def _rates(right: int, inside: int, rank: int, outside: int, error: float) -> Rates:
    from scipy.stats import beta  # slow to load, and pages only show what an audit found

    each = error / (2 * len(LEVELS))
    true = 0.0 if right == 0 else float(beta.ppf(each, right, inside - right + 1))
    return Rates(true=true, false=float(beta.ppf(1 - each, rank, outside - rank + 1)))


def _rank(level: float, outside: int) -> int:
    """Of the left-out canary whose score is the threshold; 1 is the highest."""
    return max(1, math.ceil(level * outside))


def _refuted(mechanism: Mechanism, share: float, rates: tuple[Rates, ...]) -> bool:
    deltas = _scaled(mechanism, share).profile(_EPSILONS)
    return any(one.refutes(deltas) for one in rates)


def _scaled(mechanism: Mechanism, share: float) -> Mechanism:
    return replace(mechanism, noise_multiplier=share * mechanism.noise_multiplier)


def _epsilon(mechanism: Mechanism, share: float, delta: float) -> float:
    """A lower bound; 0 where the canaries leave any amount of noise possible."""
    if share >= _SHARES[1]:
        return 0.0
    # More noise has no larger ε, so that this holds for less, where bounds are loose.
    known = max(share, min(1.0, _LEAST_NOISE / mechanism.noise_multiplier))
    return lower_epsilon(_scaled(mechanism, known), delta)
