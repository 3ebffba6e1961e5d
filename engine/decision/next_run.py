"""The next run: which measurement would narrow the range of today's plan most per yen.

Candidates are a grid of sizes, steps and noise within what the search may choose
(:class:`engine.allocation.space.Space`), so that a run may lead beyond the evidence as plans do, at
the evidence's own batch, and priced as any training. What each would do to the range of the loss at
the plan is foreseen without a fit (:mod:`engine.law.foresight`). Runs that narrow it by less than
:data:`LEAST` are no candidates, for per yen the smallest training of all would win; of the others
those stay that no cheaper one matches.

Not covered: what people and machines cost beside the computing, several runs that are chosen
together, and what a run would say of another plan.
"""

from dataclasses import dataclass

import numpy as np

from engine.config import FLOPS_PER_PARAMETER_AND_TOKEN
from engine.cost import Cost, cost
from engine.decision.decide import LEVEL, decide
from engine.decision.fitted import fitted_evidence, standing_selection
from engine.decision.question import Question
from engine.interval import FloatArray
from engine.law.foresight import narrowing
from engine.law.version import fit_version
from engine.runs.imports.selection import Carries

LEAST = 0.01
"""Share of the range that a run has to take away to be a candidate."""
USUAL_BATCH = 1024
"""Examples a step where the evidence does not say what it drew: McKenna et al. (2025)."""
_SIZES, _STEPS, _NOISES = 9, 6, 7


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A run that could be made."""

    model_size: int
    """Parameters."""
    iterations: int
    noise_batch_ratio: float
    batch_size: int
    """Examples a step."""
    cost: Cost
    narrowing: float
    """Share of the range of the loss at today's plan that it is expected to take away."""

    @property
    def per_million_jpy(self) -> float:
        """Narrowing per million yen."""
        return self.narrowing / (self.cost.jpy / 1e6)


@dataclass(frozen=True, kw_only=True)
class NextRuns:
    """The candidates for today's question."""

    question: Question
    deviation: float
    """Standard deviation of ln L at today's plan."""
    scatter: float
    """The part of it that no run takes away: how far single runs scatter."""
    candidates: tuple[Candidate, ...]
    """By falling narrowing per yen; none of them is dearer than one that narrows as much."""
    most: Candidate
    """Of all that were looked at, the one that narrows most, however little."""
    tried: int
    """Trainings that were looked at."""
    sequence_length: int
    """Tokens of an example in the evidence."""
    law: str
    """Version of the law that says so, the one in use."""
    level: float = LEVEL

    @property
    def first(self) -> Candidate:
        """The most telling run per yen; where none is a candidate, the most telling of all."""
        return self.candidates[0] if self.candidates else self.most


def next_runs(question: Question) -> NextRuns:
    """The runs that would narrow the range of the loss at today's plan, by the law in use and its
    own runs; a second or less once that is fitted.

    Raises :class:`engine.errors.InputError` for a question without an answer, and where runs of the
    law in use were deleted.
    """
    selection = standing_selection(question.evidence_id, whole=True)
    fitted = fitted_evidence(question.evidence_id)
    fit, space = fitted.fit, fitted.space
    plan = decide(
        question.budget, fitted, sampling=question.sampling, assumptions=question.prices
    ).recommendation
    batch = round(fit.law.batch_size or USUAL_BATCH)
    sizes = _values(space.searched_model_size, _SIZES, plan.config.model_size)
    steps = _values(space.searched_iterations, _STEPS, plan.config.iterations)
    noises = _values(space.noise_batch_ratio, _NOISES, plan.noise_batch_ratio)
    size, step, noise = (part.ravel() for part in np.meshgrid(sizes, steps, noises, indexing="ij"))
    own_frame = selection.evidence.frame if selection.carries is Carries.LAW else None
    at_plan = (
        plan.config.model_size,
        plan.config.iterations,
        plan.noise_batch_ratio,
        plan.config.batch_size,
    )
    size_, step_, noise_, batch_ = (np.array([float(value)]) for value in at_plan)
    deviation, narrowed = narrowing(
        fit,
        own_frame,
        (size_, step_, noise_, batch_),
        (size, step, noise, np.full(size.size, float(batch))),
    )
    flops = FLOPS_PER_PARAMETER_AND_TOKEN * size * batch * step * space.sequence_length
    every = [
        Candidate(
            model_size=round(size[k]),
            iterations=round(step[k]),
            noise_batch_ratio=float(noise[k]),
            batch_size=batch,
            cost=cost(float(flops[k]), question.prices),
            narrowing=float(narrowed[k]),
        )
        for k in range(size.size)
    ]
    found = [one for one in every if one.narrowing >= LEAST]
    return NextRuns(
        question=question,
        deviation=deviation,
        scatter=fit.scatter,
        candidates=tuple(sorted(efficient(found), key=lambda one: -one.per_million_jpy)),
        most=max(every, key=lambda one: (one.narrowing, -one.cost.jpy)),
        tried=size.size,
        sequence_length=space.sequence_length,
        law=fit_version(fit),
    )


def efficient(found: list[Candidate]) -> list[Candidate]:
    """Those that no cheaper one, or one as cheap, matches."""
    kept: list[Candidate] = []
    for one in sorted(found, key=lambda each: (each.cost.jpy, -each.narrowing)):
        if not kept or one.narrowing > kept[-1].narrowing:
            kept.append(one)
    return kept


def _values(ends: tuple[float, float], count: int, planned: float) -> FloatArray:
    """Values to try: even in the logarithm, to two digits as a person would choose them, and the
    plan's own."""
    found: FloatArray = np.unique(
        [float(f"{value:.1e}") for value in (*np.geomspace(*ends, count), planned)]
    )
    return found
