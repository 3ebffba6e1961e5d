"""The configurations that a pilot's budget affords, and the two that it tests.

The recommendation is the configuration with the least predicted loss among the ladder's shapes that
the budget affords on this machine, under the promised ε and the corpus's own number of units. The
non-private rule (20 tokens a parameter, Hoffmann et al., arXiv 2203.15556, table 3) gets the same
compute, the same ε and the batch that the law expects to be best for it under DP. Its size may lie
beyond the evidence; the prediction's interval then widens, and its learning rate is that of the
nearest size that was tried.

Where noise is to be correlated over b steps, the configuration is the one that independent noise
would have, among batches of at most a group's units: what correlation does to the loss is not in
the law.

Not covered: a machine that is busier while it trains than while it was measured.

Loads no torch.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from engine.accounting.domain import group_size
from engine.accounting.search import noise_multiplier
from engine.allocation.baselines import TOKENS_PER_PARAMETER
from engine.allocation.search import minimise
from engine.config import FLOPS_PER_PARAMETER_AND_TOKEN, TrainingConfig
from engine.errors import InputError
from engine.interval import FloatArray
from engine.pilot.ladder import LARGEST, SMALLEST, parameter_count, shape_for
from engine.pilot.plan import Shape
from engine.pilot.prepared import Prepared
from engine.pilot.question import PilotBudget, PilotLaw, PrivacyTerms
from engine.runs.curves import FIRST_ITERATION

FEWEST_STEPS = math.ceil(1.05 * FIRST_ITERATION)
"""Of a planned training: more than a law counts, so that a few steps that an interruption loses do
not drop it from the law."""
START_SECONDS = 8.0
"""Loading libraries and text, and the last evaluations: once a training."""
EVALUATED_WINDOWS = 512
_SIZES = 25
_ROUNDS = 8
"""Fixed-point rounds that share a time budget between the arms."""
_CLOSE = 0.95
"""Share of the time budget that is close enough to all of it."""
_SHARE_OF_STEP = 0.4
"""Evaluating an example takes about this share of training on it: a forward pass of three parts."""

_Affordable = Callable[[FloatArray, FloatArray], FloatArray]
"""(model sizes of shape (n,), iterations (k, n) or (n,)) -> examples a step, as iterations."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """A shape of the ladder, and how it would be trained."""

    shape: Shape
    config: TrainingConfig


def within_budget(
    prepared: Prepared,
    law: PilotLaw,
    terms: PrivacyTerms,
    budget: PilotBudget,
    *,
    with_rule: bool,
    repeats: int,
) -> dict[str, Found]:
    """Both arms. Seconds are shared so that the arms, equal in compute, end within them."""
    search = partial(_arms, prepared, law, terms, with_rule)
    if budget.compute_flops is not None:
        return search(partial(by_compute, law.space.sequence_length, budget.compute_flops))
    assert budget.seconds is not None  # a budget has FLOPs or seconds
    share = budget.seconds / repeats
    spent = share / 2 if with_rule else share
    chosen: dict[str, Found] = {}
    kept: dict[str, Found] | None = None
    for _ in range(_ROUNDS):
        chosen = search(partial(by_time, prepared, max(spent - START_SECONDS, 1.0)))
        total = sum(seconds_of(prepared, found.config) for found in chosen.values())
        if total <= share:
            kept = chosen
        if _CLOSE * share <= total <= share:
            break
        spent *= (1 + _CLOSE) / 2 * share / total
    return kept or chosen


def by_compute(
    sequence_length: int, flops: float, sizes: FloatArray, steps: FloatArray
) -> FloatArray:
    """Examples a step that so many FLOPs pay for."""
    examples: FloatArray = flops / (FLOPS_PER_PARAMETER_AND_TOKEN * sizes * sequence_length * steps)
    return examples


def by_time(prepared: Prepared, seconds: float, sizes: FloatArray, steps: FloatArray) -> FloatArray:
    """Examples a step that so many seconds on this machine allow."""
    once = np.array([prepared.seconds_per_step(size, 0.0) for size in sizes])
    each = np.array([prepared.seconds_per_step(size, 1.0) for size in sizes]) - once
    examples: FloatArray = (seconds / steps - once) / each
    return examples


def _arms(
    prepared: Prepared, law: PilotLaw, terms: PrivacyTerms, with_rule: bool, affordable: _Affordable
) -> dict[str, Found]:
    """The recommendation within what is ``affordable``; the rule at its compute."""
    low, high = law.space.tried_model_size
    shapes = {parameter_count(shape): shape for shape in _shapes(low, high, prepared, law)}
    found = {"recommended": _best(prepared, law, terms, shapes, affordable)}
    if with_rule:
        compute = found["recommended"].config.compute_flops
        size = math.sqrt(compute / (FLOPS_PER_PARAMETER_AND_TOKEN * TOKENS_PER_PARAMETER))
        shape = _shape(size, prepared, law)
        found["rule"] = _best(
            prepared,
            law,
            terms,
            {parameter_count(shape): shape},
            partial(by_compute, law.space.sequence_length, compute),
        )
    return found


def _best(
    prepared: Prepared,
    law: PilotLaw,
    terms: PrivacyTerms,
    shapes: dict[int, Shape],
    affordable: _Affordable,
) -> Found:
    """Least predicted loss over shapes and iterations; the batch takes what is left."""
    low, high = law.space.tried_iterations
    low = max(low, FEWEST_STEPS, terms.bands)
    sizes = np.array(sorted(shapes), dtype=float)

    def batch_of(steps: FloatArray) -> FloatArray:
        most = group_size(prepared.units, terms.bands)
        return np.minimum(np.floor(affordable(sizes, steps)), most)

    def loss(_: FloatArray, log_steps: FloatArray) -> FloatArray:
        steps = np.exp(log_steps)
        batch = batch_of(steps)
        safe = np.maximum(batch, 1.0)
        sigma = noise_multiplier(
            data_budget=float(prepared.units),
            batch_size=safe,
            iterations=np.broadcast_to(steps, safe.shape),
            epsilon=terms.epsilon,
            delta=terms.delta,
            sampling=terms.sampling,
        )
        found = law.fit.law.cross_entropy(sizes, steps, sigma / safe, safe)
        return np.where(batch >= 1, found, np.inf)

    held = np.log(sizes)
    _, log_steps = minimise(
        loss, sizes.size, size=(held, held), steps=(math.log(low), math.log(high))
    )
    steps = np.maximum(np.round(np.exp(log_steps)), math.ceil(low))
    batch = batch_of(steps)
    if not (batch >= 1).any():
        raise InputError(
            "The budget affords less than {steps} steps of one example: choose a larger one.",
            steps=f"{steps[0]:g}",
        )
    best = int(np.argmin(loss(held, np.log(steps)[None])))
    size = int(sizes[best])
    return Found(
        shape=shapes[size],
        config=TrainingConfig(
            model_size=size,
            batch_size=int(batch[best]),
            iterations=int(steps[best]),
            sequence_length=law.space.sequence_length,
        ),
    )


def seconds_of(prepared: Prepared, config: TrainingConfig) -> float:
    """How long one training takes, from loading the text to its last evaluation."""
    size = config.model_size
    evaluations = 2 + 2 * math.log2(max(config.iterations / 32, 1))
    each = prepared.seconds_per_step(size, 1.0) - prepared.seconds_per_step(size, 0.0)
    evaluated = evaluations * EVALUATED_WINDOWS * each * _SHARE_OF_STEP
    trained = config.iterations * prepared.seconds_per_step(size, config.batch_size)
    return START_SECONDS + trained + evaluated


def _shapes(low: float, high: float, prepared: Prepared, law: PilotLaw) -> list[Shape]:
    found = [_shape(size, prepared, law) for size in np.geomspace(low, high, _SIZES)]
    return [shape for shape in found if low <= parameter_count(shape) <= high] or found


def _shape(size: float, prepared: Prepared, law: PilotLaw) -> Shape:
    return shape_for(
        min(max(round(size), SMALLEST), LARGEST),
        vocabulary_size=prepared.vocabulary_size,
        sequence_length=law.space.sequence_length,
    )
