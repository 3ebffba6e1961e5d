"""What the law of fine-tuning says of published trainings when it is asked beyond its reach.

All forms read L = L₀·(1 − G·h), so that what a promise costs *relative to the same training without
it*, ln(L with / L without), needs no start's loss, which hardly anybody prints. It needs size,
trained parameters, steps and noise; the noise follows by accounting from people, batch, steps, ε
and δ. So the law can be asked about each published pair that prints them. All lie more than
:data:`~engine.law.fine_tuning.fit.FARTHEST` e-folds away and keep the answer *unknown*: what stands
here tells where an extrapolation would have held and where it would have been wrong.

Two ranges stand beside each answer: that of the law's numbers alone, which is no 90 % range of what
would be measured, and the one with scatter and drift, which is. The second rests on a drift that
was measured on small models; the published pairs themselves drift by :func:`measured_drift`.

Where a source says that a model was trained as another one of its own was, and prints batch and
steps of that one alone, those are taken and the answer is marked.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import fmean

from engine.accounting.search import noise_multiplier
from engine.decision.fine_tuning import TUNED_TEXT, tuning_law, tuning_state
from engine.fine_tunings import FineTuning, Gap, gaps
from engine.interval import Interval
from engine.law.fine_tuning.points import Configurations

_AS_GPT2 = "privacy parameters as for GPT-2"
"""What a note says of a row whose batch and steps are those of the source's GPT-2."""


@dataclass(frozen=True, kw_only=True)
class AskedGap:
    """A published pair, and what the law extrapolates to."""

    gap: Gap
    as_gpt2: bool
    """Whether batch and steps are those that the source prints for its GPT-2."""
    noise_batch_ratio: float
    """By accounting."""
    distance: float
    """e-folds from the nearest training."""
    extrapolated: Interval
    """ln(L with the promise / L without), 90 % by the resampled numbers of the forms alone."""
    with_drift: Interval
    """The same with the law's scatter and its drift over that distance."""

    @property
    def measured(self) -> float:
        """The same, as printed."""
        return self.gap.log_ratio

    @property
    def inside(self) -> bool:
        """Whether the numbers alone held."""
        return self.extrapolated.low <= self.measured <= self.extrapolated.high

    @property
    def inside_with_drift(self) -> bool:
        """Whether the range that counts distance held."""
        return self.with_drift.low <= self.measured <= self.with_drift.high

    @property
    def times_too_little(self) -> float:
        """What the promise cost, over what the law says."""
        return self.measured / self.extrapolated.value


def asked_gaps() -> tuple[AskedGap, ...]:
    """Every pair of which size, trained parameters, people, batch, steps, ε and δ are known."""
    return _asked_gaps(tuning_state(TUNED_TEXT))


def measured_drift(asked: Sequence[AskedGap]) -> float:
    """Root mean square error of ln L an e-fold of distance, over these pairs."""
    return math.sqrt(fmean(((g.measured - g.extrapolated.value) / g.distance) ** 2 for g in asked))


def missed_near(people: float) -> list[AskedGap]:
    """The pairs whose promise cost more than the law's numbers allow, where that with the nearest
    number of people (in its logarithm) is among them; empty where the numbers held there."""

    def away(one: AskedGap) -> float:
        return abs(math.log(people / (one.gap.private.data_budget or math.inf)))

    asked = asked_gaps()
    missed = [one for one in asked if one.measured > one.extrapolated.high]
    return missed if min(asked, key=away) in missed else []


@lru_cache(maxsize=4)
def _asked_gaps(_state: str) -> tuple[AskedGap, ...]:
    pairs, law, found = gaps(), tuning_law(), []
    for gap in pairs:
        as_gpt2 = _AS_GPT2 in gap.private.note
        private, plain = _model_for(gap, pairs) if as_gpt2 else (gap.private, gap.plain)
        trained = gap.private.trainable_size
        batch, steps, people = private.batch_size, private.iterations, gap.private.data_budget
        epsilon, delta = gap.private.epsilon, gap.private.delta
        if not (trained and batch and steps and people and epsilon and delta):
            continue
        sigma = float(
            noise_multiplier(
                data_budget=people, batch_size=batch, iterations=steps, epsilon=epsilon, delta=delta
            )
        )
        with_it, without = (
            Configurations.of(
                start_cross_entropy=1.0,
                model_size=gap.private.model_size,
                trainable_size=trained,
                iterations=length,
                batch_size=batch,
                noise_batch_ratio=ratio,
            )
            for length, ratio in ((steps, sigma / batch), (plain.iterations or steps, 0.0))
        )
        found.append(
            AskedGap(
                gap=gap,
                as_gpt2=as_gpt2,
                noise_batch_ratio=sigma / batch,
                distance=float(law.distances(with_it)[0]),
                extrapolated=law.log_ratio(with_it, without),
                with_drift=law.log_ratio(with_it, without, drifting=True),
            )
        )
    return tuple(found)


def _model_for(gap: Gap, pairs: list[Gap]) -> tuple[FineTuning, FineTuning]:
    """The source's GPT-2, with the promise and without."""
    other = next(
        one
        for one in pairs
        if one.private.source == gap.private.source and one.private.model.startswith("GPT-2")
    )
    return other.private, other.plain
