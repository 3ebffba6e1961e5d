"""What the law of fine-tuning says of published trainings when it is asked beyond its reach.

All forms read L = L₀·(1 − G·h), so that what a promise costs *relative to the same training without
it*, ln(L with / L without), needs no start's loss, which hardly anybody prints. It needs size,
trained parameters, steps and noise; the noise follows by accounting from people, batch, steps, ε
and δ. So the law can be asked about each published pair that prints them. All lie more than
:data:`~engine.law.fine_tuning.fit.FARTHEST` e-folds away and keep the answer *unknown*: what stands
here tells where an extrapolation would have held and where it would have been wrong.

Where a source says that a model was trained as another one of its own was, and prints batch and
steps of that one alone, those are taken and the answer is marked.
"""

from dataclasses import dataclass

from engine.accounting.search import noise_multiplier
from engine.decision.fine_tuning import tuning_law
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

    @property
    def measured(self) -> float:
        """The same, as printed."""
        return self.gap.log_ratio

    @property
    def inside(self) -> bool:
        """Whether the extrapolation held."""
        return self.extrapolated.low <= self.measured <= self.extrapolated.high


def asked_gaps() -> list[AskedGap]:
    """Every pair of which size, trained parameters, people, batch, steps, ε and δ are known."""
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
            )
        )
    return found


def _model_for(gap: Gap, pairs: list[Gap]) -> tuple[FineTuning, FineTuning]:
    """The source's GPT-2, with the promise and without."""
    other = next(
        one
        for one in pairs
        if one.private.source == gap.private.source and one.private.model.startswith("GPT-2")
    )
    return other.private, other.plain
