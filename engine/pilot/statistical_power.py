r"""What a pilot can tell, said before it is run.

*Apart.* The probability that recommendation and usual rule end further from each other than two
trainings of one configuration would in 19 of 20 cases, in either direction. The expected difference
and its uncertainty are the law's draws; each arm's mean adds the scatter of trainings, and what the
law may have drifted where no run was. Two configurations that are equally good are told apart by
chance in a tenth of pilots: that is where the probability begins.

*After.* The interval that one more training of the recommended configuration would have once the
pilot has measured it: the scatter alone, of that training and of the pilot's mean.

Not covered: canaries (which spend capacity), steps that interruptions lose, and correlated noise,
for which nothing is predicted. Loads no torch.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from engine.accounting.search import noise_multiplier
from engine.config import TrainingConfig
from engine.errors import InputError
from engine.interval import Interval
from engine.law.fit import FittedLaw
from engine.pilot.plan import PilotPlan
from engine.pilot.prepared import Prepared
from engine.pilot.question import PilotBudget, PilotLaw, PrivacyTerms
from engine.pilot.search import within_budget

ENOUGH = 0.8
"""A pilot that tells the arms apart with this probability is called a test of them."""
_BY_CHANCE = 0.05
"""In each direction, between trainings of one configuration."""
TRIED_SECONDS = (60.0, 180.0, 600.0, 1800.0, 3600.0)
"""Budgets that :func:`least_seconds` tries."""

_Point = tuple[TrainingConfig, float]
"""A configuration and its noise-batch ratio."""


@dataclass(frozen=True, kw_only=True)
class Power:
    """What a plan can tell."""

    apart: float | None
    """Probability in [0, 1]; None where there is no rule to compare with, or no prediction."""
    before: Interval | None
    """Of one training of the recommended configuration, as the plan predicts it."""
    after: Interval | None
    """Of one more such training, once the pilot has measured what is expected."""

    @property
    def is_enough(self) -> bool:
        """Whether the plan is a test of the recommendation against the rule."""
        return self.apart is not None and self.apart >= ENOUGH

    @property
    def falls_short(self) -> bool:
        """Whether the plan would compare the two, and is no test of them."""
        return self.apart is not None and not self.is_enough


def of_prediction(plan: PilotPlan) -> Power:
    """What a plan of one arm can tell without the law that steered it: its prediction alone."""
    return Power(apart=None, before=plan.arms[0].predicted, after=None)


def power(plan: PilotPlan, law: PilotLaw) -> Power:
    """What ``plan`` can tell under ``law``, the one that steered it; milliseconds."""
    first = plan.arms[0]
    if first.predicted is None:
        return Power(apart=None, before=None, after=None)
    points = [(arm.settings.config, arm.settings.noise_batch_ratio) for arm in plan.arms]
    return Power(
        apart=_apart(law.fit, points[0], points[1], plan.repeats) if len(points) > 1 else None,
        before=first.predicted,
        after=_after(law.fit, first.predicted, plan.repeats),
    )


def least_seconds(
    prepared: Prepared, law: PilotLaw, terms: PrivacyTerms, *, repeats: int
) -> float | None:
    """The least of :data:`TRIED_SECONDS` with which a pilot would be a test; None if none is.

    Noise is the search's, not certified: the figure says which budget to ask for, and the plan for
    it says what it can tell.
    """
    if terms.bands > 1 or terms.documents > 1:
        return None
    for seconds in TRIED_SECONDS:
        try:
            found = within_budget(
                prepared,
                law,
                terms,
                PilotBudget(seconds=seconds),
                with_rule=True,
                repeats=repeats,
            )
        except InputError:  # too little for a step
            continue
        first, second = (
            (one.config, _ratio(one.config, prepared, terms)) for one in found.values()
        )
        if _apart(law.fit, first, second, repeats) >= ENOUGH:
            return seconds
    return None


def _ratio(config: TrainingConfig, prepared: Prepared, terms: PrivacyTerms) -> float:
    sigma = noise_multiplier(
        data_budget=prepared.units,
        batch_size=config.batch_size,
        iterations=config.iterations,
        epsilon=terms.epsilon,
        delta=terms.delta,
        sampling=terms.sampling,
    )
    return float(sigma) / config.batch_size


def _apart(fit: FittedLaw, first: _Point, second: _Point, repeats: int) -> float:
    at = tuple(
        np.array(values, dtype=float)
        for values in zip(
            *(
                (config.model_size, config.iterations, ratio, config.batch_size)
                for config, ratio in (first, second)
            ),
            strict=True,
        )
    )
    if fit.draws:
        losses = np.log(np.asarray(fit.resampled_cross_entropy(*at), dtype=float))
    else:
        losses = np.log(fit.law.cross_entropy(*at))[None, :]
    difference = losses[:, 1] - losses[:, 0]
    noise = fit.scatter * math.sqrt(2 / repeats)
    by_chance = -float(ndtri(_BY_CHANCE)) * noise
    drift = fit.drift * np.asarray(fit.distance(*at), dtype=float)
    spread = math.sqrt(noise**2 + float(drift @ drift))
    told = ndtr((difference - by_chance) / spread) + ndtr((-difference - by_chance) / spread)
    return float(told.mean())


def _after(fit: FittedLaw, before: Interval, repeats: int) -> Interval:
    reach = -float(ndtri((1 - before.level) / 2)) * fit.scatter * math.sqrt(1 + 1 / repeats)
    return Interval(
        value=before.value,
        low=max(before.value * math.exp(-reach), before.low),
        high=min(before.value * math.exp(reach), before.high),
        level=before.level,
    )
