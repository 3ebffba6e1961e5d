r"""What an attacker can do with the trained model, in plain numbers, from the whole δ(ε) profile.

The best test of "was this person in?" at false-positive rate α finds at most
TPR(α) = min over ε ≥ 0 of min(e^ε·α + δ(ε), 1 − e^{−ε}·(1 − δ(ε) − α)) of those who were (Wasserman
and Zhou, arXiv 0811.2501, theorem 2.4; Dong, Roth and Su, arXiv 1905.02383, proposition 2.12). Its
*advantage*, the largest TPR − FPR, is δ(0). The same curve bounds reconstruction: who would guess a
secret of a person with probability κ without the model guesses it with at most TPR(κ) with it
(Hayes, Mahloujifar and Balle, arXiv 2302.07225, theorem 2). A single ε at a single δ overstates all
of this grossly, so none is taken here.

The attacker knows everything but the one person's participation and sees every noisy step: real
attacks do worse. Deterministic batches (and q = 1) are one Gaussian of μ = √k/σ, in closed form;
the subsampled Gaussian is near-exact (:mod:`engine.accounting.tradeoff`) and takes the worse of
adding and removing. Not covered: leaks other than the model, such as logs, the data itself, or
learning rates chosen on it; and people who share data with others.

>>> fixed = Mechanism.deterministic(noise_multiplier=2.0, participations=4)
>>> risk = attack_risk(fixed, prior=0.01)
>>> f"{risk.found:.0f} of {PEOPLE:,} instead of {risk.guessed:.0f}, advantage {risk.advantage:.1%}"
'92 of 1,000 instead of 10, advantage 38.3%'
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from engine.accounting.gaussian import FloatArray
from engine.accounting.mechanism import Mechanism, mechanism_of
from engine.accounting.search import better_sampling
from engine.allocation.noise import bands_of
from engine.allocation.result import Allocation, WiggleRoom
from engine.config import Budget, Sampling, TrainingConfig
from engine.errors import InputError

PEOPLE = 1_000
"""Odds are told as so many of this many people (natural frequencies are understood best)."""
DEFAULT_PRIOR = 0.01
"""Chance of a right guess without the model: 10 of 1,000 people."""
SECRET_PRIOR = 1e-6
"""A secret of six digits, each as likely as any other."""
_EPSILONS = np.concatenate([[0.0], np.geomspace(1e-4, 30.0, 1_600)])
"""Each ε of the grid gives a valid bound; the grid's ratio of 1.008 costs under 1e-4 of TPR."""
MOST_COMPARED = 40
"""Plans compared at a time: at 5 to 10 ms each, under half a second."""


@dataclass(frozen=True, kw_only=True)
class AttackRisk:
    """The best attacker against one mechanism. Rates and probabilities are fractions.

    ``found`` of :data:`PEOPLE` people have their secret guessed right, where ``guessed`` would be
    without the model: the prior times :data:`PEOPLE`.
    """

    mechanism: Mechanism
    prior: float
    found: float
    guessed: float
    advantage: float
    """Largest TPR − FPR; also the most by which any yes-or-no guess improves."""
    tpr_at_1_percent: float
    """True-positive rate at a false-positive rate of 1 %."""
    tpr_at_01_percent: float
    """True-positive rate at a false-positive rate of 0.1 %."""
    reconstruction: float
    """Chance that a secret of six digits is guessed right, one in a million without the model."""


def planned_mechanism(allocation: Allocation, data_budget: int) -> Mechanism:
    """The recommendation's mechanism before its noise is certified."""
    config = allocation.config
    return mechanism_of(
        data_budget,
        config.batch_size,
        config.iterations,
        allocation.noise_multiplier,
        allocation.sampling,
        allocation.bands,
    )


def mechanism_under(
    config: TrainingConfig, noise_multiplier: float, budget: Budget, sampling: Sampling
) -> Mechanism:
    """The mechanism of a configuration whose noise was found for ``budget`` and ``sampling``."""
    bands = 1
    if sampling is Sampling.BANDED:
        sampling = Sampling.POISSON
        bands = bands_of(
            config, data_budget=budget.data_budget, epsilon=budget.epsilon, delta=budget.delta
        )
    if sampling is Sampling.BEST:
        sampling = better_sampling(
            data_budget=budget.data_budget,
            batch_size=config.batch_size,
            iterations=config.iterations,
            epsilon=budget.epsilon,
            delta=budget.delta,
        )
    return mechanism_of(
        budget.data_budget,
        config.batch_size,
        config.iterations,
        noise_multiplier,
        sampling,
        bands,
    )


def true_positive_rate(mechanism: Mechanism, false_positive_rate: ArrayLike) -> FloatArray:
    """The best attack's TPR at each α in [0, 1], shape (n,) -> (n,); rises with α, at least α.

    Raises :class:`InputError` for a rate outside [0, 1].
    """
    alpha = np.asarray(false_positive_rate, dtype=float)
    if not np.all((alpha >= 0) & (alpha <= 1)):
        raise InputError("Expected a false-positive rate between 0 and 1.")
    mu = mechanism.gaussian_mu
    if mu is not None:
        rates: FloatArray = np.maximum(ndtr(ndtri(alpha) + mu), alpha)
        return rates
    return trade_off(alpha, _EPSILONS, mechanism.profile(_EPSILONS))


def trade_off(alpha: FloatArray, epsilons: FloatArray, deltas: FloatArray) -> FloatArray:
    """TPR(α) that (ε, δ) at every point of a profile allow; in [α, 1]. Shapes (n,), (k,), (k,)."""
    growth = np.exp(epsilons)
    straight = growth * alpha[..., None] + deltas
    mirrored = 1 - (1 - deltas - alpha[..., None]) / growth
    rates: FloatArray = np.clip(np.minimum(straight, mirrored).min(axis=-1), alpha, 1.0)
    return rates


def attack_risk(mechanism: Mechanism, *, prior: float = DEFAULT_PRIOR) -> AttackRisk:
    """Odds, advantage, TPRs and reconstruction bound; about 10 ms.

    ``prior``: chance of a right guess without the model, in (0, 1).
    """
    if not 0 < prior < 1:
        raise InputError(
            "Expected a prior above 0 and below 1, got {value}: 0.01 says that 10 of 1,000 "
            "guesses would be right without the model.",
            value=f"{prior:g}",
        )
    rates = np.array([prior, 0.01, 0.001, SECRET_PRIOR])
    found, one_percent, one_per_mille, secret = true_positive_rate(mechanism, rates).tolist()
    return AttackRisk(
        mechanism=mechanism,
        prior=prior,
        found=PEOPLE * found,
        guessed=PEOPLE * prior,
        advantage=advantage(mechanism),
        tpr_at_1_percent=one_percent,
        tpr_at_01_percent=one_per_mille,
        reconstruction=secret,
    )


def advantage(mechanism: Mechanism) -> float:
    """Largest TPR − FPR of any attack: δ(0), the total variation distance."""
    return mechanism.total_variation()


@dataclass(frozen=True, kw_only=True)
class Exposure:
    """One plan of the wiggle room and what its best attacker gains."""

    model_size: int
    batch_size: int
    iterations: int
    noise_multiplier: float
    excess_loss: float
    advantage: float


def rank_plans(
    room: WiggleRoom, *, budget: Budget, sampling: Sampling, most: int = MOST_COMPARED
) -> tuple[Exposure, ...]:
    """Plans as good as the best, of equal (ε, δ), the least leaking first.

    Excess vulnerability: mechanisms with one (ε, δ) in common differ elsewhere on the profile
    (Kaissis et al., arXiv 2406.08918). Of the cells within the tolerance at most ``most`` are
    taken, evenly spread. Empty where no cell is within the tolerance.
    """
    rows, columns = np.nonzero(np.nan_to_num(room.excess, nan=np.inf) <= room.tolerance)
    taken = np.unique(np.linspace(0, rows.size - 1, min(most, rows.size)).round().astype(int))
    plans = [_exposure(room, rows[k], columns[k], budget, sampling) for k in taken]
    return tuple(sorted(plans, key=lambda plan: (plan.advantage, plan.excess_loss)))


def _exposure(
    room: WiggleRoom, row: int, column: int, budget: Budget, sampling: Sampling
) -> Exposure:
    config = TrainingConfig(
        model_size=round(float(room.model_size[row])),
        batch_size=min(max(round(float(room.batch_size[column])), 1), budget.data_budget),
        iterations=max(round(float(room.iterations[row, column])), 1),
        sequence_length=1,
    )
    sigma = float(room.noise_multiplier[row, column])
    return Exposure(
        model_size=config.model_size,
        batch_size=config.batch_size,
        iterations=config.iterations,
        noise_multiplier=sigma,
        excess_loss=float(room.excess[row, column]),
        advantage=advantage(mechanism_under(config, sigma, budget, sampling)),
    )
