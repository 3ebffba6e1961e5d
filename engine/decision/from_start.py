"""What a private training gains from a public start: plans from nothing, of all weights, of LoRA.

Asked with people, ε and δ; compute is not held, since at the sizes measured here it costs nothing
beside the rest. From nothing, models are no larger than the largest start: public models come in
all sizes, and what a start is worth must not be mixed with what a larger model is.

The losses are those of one text (:data:`engine.decision.fine_tuning.TUNED_TEXT`), of models of at
most 300,000 parameters on bytes: what carries over to a company's model is the order of the three
and roughly what a start is worth in people, not a loss. How far each plan lies from what was
trained is part of it, by size, steps and σ/B: no plan from a start lies farther than
:data:`~engine.allocation.reach.NEAR`. Batches are larger than any that was trained; both laws take
them to matter through σ/B alone.

Not covered by the promise: the public text that the start was trained on, and whoever stands in
both texts is protected in the private one only.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np

from engine.accounting.search import noise_multiplier
from engine.allocation.points import Points
from engine.allocation.reach import NEAR, word_of
from engine.allocation.result import Word
from engine.allocation.search import best_of, budgets
from engine.allocation.space import Space
from engine.config import COMPUTE_RANGE, DATA_RANGE, EPSILON_RANGE, Budget, Sampling, TrainingConfig
from engine.decision.fine_tuning import (
    SEQUENCE_LENGTH,
    TUNED_TEXT,
    Way,
    tuning_evidence,
    tuning_law,
    tuning_state,
)
from engine.decision.fitted import newest_evidence
from engine.decision.pilot_law import pilot_law
from engine.errors import InputError
from engine.interval import FloatArray, Interval
from engine.law.fine_tuning.fit import TuningFit
from engine.law.fine_tuning.points import Configurations
from engine.pilot.propose import expected
from engine.pilot.question import PilotLaw
from engine.runs.evidence import EvidenceSummary

_STEPS = 33
_BATCHES = 33
"""Of the grids of steps and batches: neighbours differ by a sixth to a half."""
_RUNGS = 65
"""Of people and ε, along which the worth of a start is read off."""
_LEAST_BATCH = 8.0
_LEAST_SHARE = 1e-6
"""Of the people, in a batch: the accountant's domain."""
_EDGE = 0.95
"""Share of the most steps from which a plan counts as one at the end of what may be answered."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The best training of one way; ``way`` None: from nothing."""

    way: Way | None
    config: TrainingConfig
    noise_multiplier: float
    cross_entropy: Interval
    """Nats per byte, held out."""
    reach: Word
    at_edge: bool
    """Whether it trains as long as may be answered: longer may do better, nobody knows."""

    @property
    def noise_batch_ratio(self) -> float:
        """σ/B."""
        return self.noise_multiplier / self.config.batch_size


@dataclass(frozen=True, kw_only=True)
class Worth:
    """What a budget would have to be for a training from nothing to get as far."""

    value: float | None
    """None: nowhere within ``searched``."""
    factor: float | None
    """``value`` over what was asked with."""
    low: float | None
    """Of the factor, 90 %: the errors of both laws at the two plans, as independent ones, turned
    into people or ε along the law from nothing. None: not within ``searched``."""
    high: float | None
    searched: tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The best of each way at one promise, on the text that was measured."""

    budget: Budget
    """Its compute is no limit."""
    family: str
    from_nothing: Plan
    plans: tuple[Plan, ...]
    """From starts: the best of all weights and of LoRA, the better first."""
    people: Worth
    epsilon: Worth
    largest_start: int
    """Parameters; from nothing none is larger."""
    largest_batch: int
    """Examples at a step, of all trainings that both laws rest on."""
    runs: int
    """Fine-tunings behind it."""
    evidence_hash: str
    behind_nothing: EvidenceSummary
    """What the law from nothing rests on."""
    carried_runs: int
    """Trainings from nothing on this text, which carried that law over to it."""

    @property
    def best(self) -> Plan:
        """The best from a start."""
        return self.plans[0]

    @property
    def start_pays(self) -> bool:
        """Whether the best from a start beats the best from nothing beyond their ranges' reach."""
        return self.best.cross_entropy.high < self.from_nothing.cross_entropy.low

    @property
    def nothing_pays(self) -> bool:
        """Whether the best from nothing beats the best from a start in the same sense."""
        return self.from_nothing.cross_entropy.high < self.best.cross_entropy.low

    @property
    def ways(self) -> tuple[Plan, ...]:
        """All three, that from nothing first."""
        return (self.from_nothing, *self.plans)


def compare_starts(
    data_budget: float,
    epsilon: float,
    delta: float,
    *,
    sampling: Sampling = Sampling.POISSON,
    family: str = TUNED_TEXT,
) -> Comparison:
    """The three ways for so many people and this promise.

    Raises :class:`InputError` where no plan of a start lies near what was trained, for banded
    noise, and as :class:`~engine.config.Budget` for figures out of range.
    """
    if sampling is Sampling.BANDED:
        raise InputError(
            "Public starts were fine-tuned with independent noise alone: nothing is known of them "
            "under banded noise. Choose another sampling to compare them."
        )
    return _compared(
        Budget(
            compute_flops=COMPUTE_RANGE[1],
            data_budget=int(data_budget),
            epsilon=epsilon,
            delta=delta,
        ),
        sampling,
        family,
        tuning_state(family),
    )


@lru_cache(maxsize=64)
def _compared(budget: Budget, sampling: Sampling, family: str, state: str) -> Comparison:
    fit, evidence = tuning_law(family), tuning_evidence(family)
    ways = evidence.ways
    trainings = _trainings(fit, budget, sampling)
    found = [
        plan
        for low_rank in (False, True)
        if (
            plan := _best(
                fit, [way for way in ways if (way.method.lora_rank > 0) is low_rank], trainings
            )
        )
        is not None
    ]
    if not found:
        raise InputError(
            "Expected a promise that a fine-tuning near those measured can keep, got {people} "
            "people at ε = {epsilon}: ask with more people or a larger ε.",
            people=f"{budget.data_budget:,.0f}",
            epsilon=f"{budget.epsilon:g}",
        )
    found.sort(key=_loss)
    law, largest = _law_from_nothing(family, state), max(way.model_size for way in ways)
    space = replace(law.space, largest_model=float(largest))
    nothing = _FromNothing(law, space, budget, sampling)
    plan = nothing.plan()
    target = _target(found[0].cross_entropy, plan.cross_entropy)
    return Comparison(
        budget=budget,
        family=family,
        from_nothing=plan,
        plans=tuple(found),
        people=nothing.people(target),
        epsilon=nothing.epsilon(target),
        largest_start=largest,
        largest_batch=_largest_batch(fit, law),
        runs=evidence.runs,
        evidence_hash=evidence.sha256,
        behind_nothing=law.summary,
        carried_runs=law.transferred_runs or 0,
    )


@lru_cache(maxsize=4)
def _law_from_nothing(family: str, _state: str) -> PilotLaw:
    return pilot_law(family, vocabulary_size=None)


def _largest_batch(fit: TuningFit, law: PilotLaw) -> int:
    nothing = max(run[-1] for run in newest_evidence(law.summary.id).coverage.runs)
    return round(max(float(fit.points.batch_size.max()), math.exp(nothing)))


def _target(start: Interval, nothing: Interval) -> Interval:
    """The loss that a training from nothing has to reach, with the errors of both laws."""
    worse = math.hypot(math.log(start.high / start.value), math.log(nothing.value / nothing.low))
    better = math.hypot(math.log(start.value / start.low), math.log(nothing.high / nothing.value))
    return replace(start, low=start.value * math.exp(-better), high=start.value * math.exp(worse))


def _loss(plan: Plan) -> float:
    return plan.cross_entropy.value


@dataclass(frozen=True, kw_only=True, eq=False)
class _Trainings:
    """Steps, batches and the noise that keeps the promise: arrays (n,)."""

    steps: FloatArray
    batches: FloatArray
    sigma: FloatArray

    def of(self, way: Way, chosen: slice = slice(None)) -> Configurations:
        """As the law is asked about them."""
        steps, batches, sigma = self.steps[chosen], self.batches[chosen], self.sigma[chosen]
        return Configurations.of(
            start_cross_entropy=way.start_cross_entropy,
            model_size=way.model_size,
            trainable_size=way.trainable_size,
            iterations=steps,
            batch_size=batches,
            noise_batch_ratio=sigma / batches,
        )


def _trainings(fit: TuningFit, budget: Budget, sampling: Sampling) -> _Trainings:
    """A grid of them, from the fewest steps of the evidence to the most that lie near it."""
    people = float(budget.data_budget)
    longest = fit.points.iterations.max() * math.exp(NEAR)
    grid = np.meshgrid(
        np.geomspace(fit.points.iterations.min(), longest, _STEPS).round(),
        np.geomspace(min(_LEAST_BATCH, people), people, _BATCHES).round(),
        indexing="ij",
    )
    steps, batches = (axis.ravel()[grid[1].ravel() >= _LEAST_SHARE * people] for axis in grid)
    sigma = noise_multiplier(
        data_budget=people,
        batch_size=batches,
        iterations=steps,
        epsilon=budget.epsilon,
        delta=budget.delta,
        sampling=sampling,
    )
    return _Trainings(steps=steps, batches=batches, sigma=sigma)


def _best(fit: TuningFit, ways: Sequence[Way], trainings: _Trainings) -> Plan | None:
    """The least loss over ways, steps and batches near the evidence; None where none is near."""
    best: tuple[float, Way, int, float] | None = None
    for way in ways:
        losses = fit.within(trainings.of(way), NEAR)
        near, first = np.isfinite(losses), int(np.argmin(losses))
        if near.any() and (best is None or losses[first] < best[0]):
            best = float(losses[first]), way, first, float(trainings.steps[near].max())
    if best is None:
        return None
    _, way, first, longest = best
    (predicted,) = fit.predict(trainings.of(way, slice(first, first + 1)))
    steps = int(trainings.steps[first])
    return Plan(
        way=way,
        config=TrainingConfig(
            model_size=way.model_size,
            batch_size=int(trainings.batches[first]),
            iterations=steps,
            sequence_length=SEQUENCE_LENGTH,
        ),
        noise_multiplier=float(trainings.sigma[first]),
        cross_entropy=predicted.cross_entropy,
        reach=word_of(predicted.distance),
        at_edge=steps >= _EDGE * longest,
    )


@dataclass(frozen=True)
class _FromNothing:
    """Trainings from nothing under the same promise, by the law of the same text.

    All are searched for together: that takes hardly longer than one.
    """

    law: PilotLaw
    space: Space
    budget: Budget
    sampling: Sampling

    def plan(self) -> Plan:
        """The best one."""
        points = self._best.take([0])
        config = TrainingConfig(
            model_size=int(points.model_size[0]),
            batch_size=max(int(points.batch_size[0]), 1),
            iterations=int(points.iterations[0]),
            sequence_length=self.space.sequence_length,
        )
        ratio = float(points.noise_batch_ratio[0])
        outside = self.law.space.decades(config, ratio).values()
        return Plan(
            way=None,
            config=config,
            noise_multiplier=float(points.noise_multiplier[0]),
            cross_entropy=expected(self.law, config, ratio),
            reach=word_of(math.log(10.0) * math.hypot(*outside)),
            at_edge=config.iterations >= _EDGE * self.space.searched_iterations[1],
        )

    def people(self, target: Interval) -> Worth:
        """The fewest people with whom it would get to ``target``."""
        of_people = self._best.take(np.arange(1, 1 + _RUNGS))
        return _worth(self._people, of_people, target, self.budget.data_budget)

    def epsilon(self, target: Interval) -> Worth:
        """The smallest ε at which it would get to ``target``."""
        of_epsilon = self._best.take(np.arange(1 + _RUNGS, 1 + 2 * _RUNGS))
        return _worth(self._epsilon, of_epsilon, target, self.budget.epsilon)

    @cached_property
    def _people(self) -> FloatArray:
        return np.geomspace(*DATA_RANGE, _RUNGS).round()

    @cached_property
    def _epsilon(self) -> FloatArray:
        return np.geomspace(*EPSILON_RANGE, _RUNGS)

    @cached_property
    def _best(self) -> Points:
        """Of this budget, then with each number of people, then with each ε."""
        rungs = np.ones(_RUNGS)
        people, epsilon = self.budget.data_budget, self.budget.epsilon
        asked = budgets(
            self.budget.compute_flops,
            np.concatenate([[people], self._people, people * rungs]),
            np.concatenate([[epsilon], epsilon * rungs, self._epsilon]),
            delta=self.budget.delta,
            sampling=self.sampling,
        )
        return best_of(self.law.fit, self.space, asked)


def _worth(values: FloatArray, points: Points, target: Interval, asked: float) -> Worth:
    value, low, high = (
        _crossing(values, points.cross_entropy, loss)
        for loss in (target.value, target.high, target.low)
    )

    def over(found: float | None) -> float | None:
        return None if found is None else found / asked

    return Worth(
        value=value,
        factor=over(value),
        low=over(low),
        high=over(high),
        searched=(float(values[0]), float(values[-1])),
    )


def _crossing(values: FloatArray, losses: FloatArray, target: float) -> float | None:
    """Where losses that fall along ``values`` meet the target, log-linear between two; the first
    value where they lie below it from the start, None where they never meet it."""
    below = np.flatnonzero(losses <= target)
    if not below.size:
        return None
    first = int(below[0])
    if not first:
        return float(values[0])
    share = (losses[first - 1] - target) / (losses[first - 1] - losses[first])
    return float(values[first - 1] * (values[first] / values[first - 1]) ** share)
