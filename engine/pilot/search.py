"""The configurations that a pilot's budget affords, and the two that it tests.

The recommendation is the configuration with the least predicted loss among the ladder's shapes that
the budget affords on this machine, under the promised ε and the corpus's own number of units. The
non-private rule (20 tokens a parameter, Hoffmann et al., arXiv 2203.15556, table 3) gets the same
compute, the same ε and the batch that the law expects to be best for it under DP. Its size may lie
beyond the evidence; the prediction's interval then widens, and its learning rate is that of the
nearest size that was tried. No model is smaller than the ladder's smallest that has room beside the
text's vocabulary.

Where a unit gives up to k windows a step, the configuration is the one of one window that a k-th of
the compute affords: what averaging does to the loss is not in the law, either.

Where noise is to be correlated over b steps, the configuration is the one that independent noise
would have, among batches of at most a group's units: what correlation does to the loss is not in
the law.

What ends the recommendation (:mod:`engine.pilot.limit`) is the smallest of the batches that the
budget, the law's reach and the text allow it; the rule gets the compute that is left after that.

A run that a law asks for (:func:`as_wanted`) is taken as it is, for whatever it costs.

Not covered: a machine that is busier while it trains than while it was measured.

Loads no torch.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from engine.accounting.domain import group_size
from engine.accounting.search import noise_multiplier
from engine.allocation.baselines import TOKENS_PER_PARAMETER
from engine.allocation.search import minimise
from engine.config import FLOPS_PER_PARAMETER_AND_TOKEN, TrainingConfig
from engine.errors import InputError
from engine.interval import FloatArray
from engine.pilot.ladder import LARGEST, parameter_count, shape_for, smallest_with_room
from engine.pilot.limit import BYTES_A_PARAMETER, RUNG, End
from engine.pilot.prepared import Prepared
from engine.pilot.question import LONGEST_SECONDS, PilotBudget, PilotLaw, PrivacyTerms, WantedRun
from engine.pilot.shape import Shape
from engine.runs.curves import FIRST_ITERATION

FEWEST_STEPS = math.ceil(1.05 * FIRST_ITERATION)
"""Of a planned training: more than a law counts, so that a few steps that an interruption loses do
not drop it from the law."""
START_SECONDS = 8.0
"""Loading libraries and text, and the last evaluations: once a training."""
EVALUATED_WINDOWS = 512
_SIZES = 40
_ROUNDS = 8
"""Fixed-point rounds that share a time budget between the arms."""
_CLOSE = 0.95
"""Share of the time budget that is close enough to all of it."""
_SHARE_OF_STEP = 0.4
"""Evaluating an example takes about this share of training on it: a forward pass of three parts."""

_SAME_SIZE = 0.1
"""Of ln size: how far the nearest shape may lie from a wanted size."""
_SAME_NOISE = 0.1
"""Of ln σ̄: how far that of whole units may lie above a wanted one."""
_DAY = 86_400.0

_Affordable = Callable[[FloatArray, FloatArray], FloatArray]
"""(model sizes of shape (n,), iterations (k, n) or (n,)) -> examples a step, as iterations."""


_USED = 0.99
"""Share of the steps that may be searched, or of the sizes, above which they are all used."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """A shape of the ladder, how it would be trained, and what ended the search."""

    shape: Shape
    config: TrainingConfig
    end: End


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
    if budget.run is not None:
        wanted = as_wanted(prepared, law, terms, budget.run)
        found = {"recommended": wanted}
        if with_rule:
            found["rule"] = _rule(prepared, law, terms, wanted.config.compute_flops)
        _require_time(prepared, found, repeats, terms.documents, is_run=True)
        return found
    search = partial(_arms, prepared, law, terms, with_rule)
    if budget.compute_flops is not None:
        flops = budget.compute_flops / terms.documents
        found = search(partial(by_compute, law.space.sequence_length, flops))
        _require_time(prepared, found, repeats, terms.documents)
        return found
    assert budget.seconds is not None  # a budget has FLOPs or seconds
    share = budget.seconds / repeats
    spent = share / 2 if with_rule else share
    chosen: dict[str, Found] = {}
    kept: dict[str, Found] | None = None
    for _ in range(_ROUNDS):
        chosen = search(
            partial(
                by_time,
                prepared,
                max(spent - START_SECONDS, 1.0),
                documents=terms.documents,
            )
        )
        total = sum(
            seconds_of(prepared, found.config, terms.documents) for found in chosen.values()
        )
        if total <= share:
            kept = chosen
        is_cut = chosen["recommended"].end is not End.ASKED
        if total <= share and (is_cut or total >= _CLOSE * share):
            break
        spent *= (1 + _CLOSE) / 2 * share / total
    return kept or chosen


def by_compute(
    sequence_length: int, flops: float, sizes: FloatArray, steps: FloatArray
) -> FloatArray:
    """Examples a step that so many FLOPs pay for."""
    examples: FloatArray = flops / (FLOPS_PER_PARAMETER_AND_TOKEN * sizes * sequence_length * steps)
    return examples


def by_time(
    prepared: Prepared,
    seconds: float,
    sizes: FloatArray,
    steps: FloatArray,
    *,
    documents: int = 1,
) -> FloatArray:
    """Units a step, of so many windows each, that so many seconds on this machine allow."""
    once = np.array([prepared.seconds_per_step(size, 0.0) for size in sizes])
    each = np.array([prepared.seconds_per_step(size, 1.0) for size in sizes]) - once
    units: FloatArray = (seconds / steps - once) / (documents * each)
    return units


def _arms(
    prepared: Prepared, law: PilotLaw, terms: PrivacyTerms, with_rule: bool, affordable: _Affordable
) -> dict[str, Found]:
    """The recommendation within what is ``affordable``; the rule at its compute."""
    low, high = law.space.tried_model_size
    shapes = {parameter_count(shape): shape for shape in _shapes(low, high, prepared, law)}
    fitting = {size: shape for size, shape in shapes.items() if _fits(size, prepared)}
    if not fitting:
        raise _too_large(min(shapes), prepared)
    best = _best(prepared, law, terms, fitting, affordable)
    if best.end is not End.ASKED and max(fitting) == best.config.model_size < max(shapes):
        best = replace(best, end=End.MEMORY)
    found = {"recommended": best}
    if with_rule:
        found["rule"] = _rule(prepared, law, terms, best.config.compute_flops)
    return found


def _rule(prepared: Prepared, law: PilotLaw, terms: PrivacyTerms, compute: float) -> Found:
    """20 tokens a parameter for so many FLOPs."""
    size = math.sqrt(compute / (FLOPS_PER_PARAMETER_AND_TOKEN * TOKENS_PER_PARAMETER))
    shape = _shape(size, prepared, law)
    if not _fits(parameter_count(shape), prepared):
        raise _too_large(parameter_count(shape), prepared)
    return _best(
        prepared,
        law,
        terms,
        {parameter_count(shape): shape},
        partial(by_compute, law.space.sequence_length, compute),
    )


def as_wanted(prepared: Prepared, law: PilotLaw, terms: PrivacyTerms, run: WantedRun) -> Found:
    """The run of the wanted size (of the ladder's shapes the nearest), steps and σ̄. Its batch is
    the one of which the promise asks just this noise: larger ones have less, smaller ones more.

    Raises :class:`InputError` where the ladder has no such size, the text too few units for so
    little noise, and for more compute than the law reaches or the memory holds.
    """
    shape = _shape(run.model_size, prepared, law)
    size = parameter_count(shape)
    if abs(math.log(size / run.model_size)) > _SAME_SIZE:
        raise InputError(
            "Expected a size that this text can be trained at, {size} parameters at the nearest, "
            "got {value}: choose another run, or a budget.",
            size=f"{size:,}",
            value=f"{run.model_size:,}",
        )
    if not _fits(size, prepared):
        raise _too_large(size, prepared)
    if run.iterations < max(FEWEST_STEPS, terms.bands):
        raise InputError(
            "Expected at least {least} steps, got {value}: fewer are no point of a law.",
            least=max(FEWEST_STEPS, terms.bands),
            value=run.iterations,
        )
    config = TrainingConfig(
        model_size=size,
        batch_size=_batch_of(prepared, terms, run),
        iterations=run.iterations,
        sequence_length=law.space.sequence_length,
    )
    if config.compute_flops > RUNG * law.largest_flops:
        raise InputError(
            "Expected a run of at most {most} FLOPs, ten times the most of those that this law "
            "rests on, got {value}, with the {batch} units a step that ε asks for: choose a "
            "smaller run, or a larger ε.",
            most=f"{RUNG * law.largest_flops:.3g}",
            value=f"{config.compute_flops:.3g}",
            batch=f"{config.batch_size:,}",
        )
    return Found(shape=shape, config=config, end=End.ASKED)


def _batch_of(prepared: Prepared, terms: PrivacyTerms, run: WantedRun) -> int:
    """The largest batch whose σ̄ under the promise is at least the wanted one: it falls as batches
    grow. Raises :class:`InputError` where no batch has about that σ̄."""
    most = group_size(prepared.units, terms.bands)

    def ratio(batch: float) -> float:
        sigma = noise_multiplier(
            data_budget=float(prepared.units),
            batch_size=batch,
            iterations=float(run.iterations),
            epsilon=terms.epsilon,
            delta=terms.delta,
            sampling=terms.sampling,
        )
        return float(sigma) / batch

    if ratio(most) > run.noise_batch_ratio:
        raise InputError(
            "Expected a run whose σ̄ this text allows, at least {least} with all {units} units in "
            "every step, got {value}: choose a larger ε, a text of more people, or another run.",
            least=f"{ratio(most):.2g}",
            units=f"{most:,}",
            value=f"{run.noise_batch_ratio:.2g}",
        )
    if ratio(1) < run.noise_batch_ratio:
        raise InputError(
            "Expected a run whose σ̄ this promise asks for, at most {most} with one unit in a step, "
            "got {value}: choose a smaller ε, or another run.",
            most=f"{ratio(1):.2g}",
            value=f"{run.noise_batch_ratio:.2g}",
        )
    low, high = 1, most + 1  # ratio(low) may be the wanted one; ratio(high) is less, or no batch
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if ratio(middle) >= run.noise_batch_ratio else (low, middle)
    if math.log(ratio(low) / run.noise_batch_ratio) > _SAME_NOISE:
        raise InputError(
            "Expected a run whose σ̄ a whole number of units has under this promise, {above} with "
            "{low} units in a step or {below} with {high}, got {value}: choose another ε, or one "
            "of these.",
            above=f"{ratio(low):.3g}",
            low=f"{low:,}",
            below=f"{ratio(high):.3g}",
            high=f"{high:,}",
            value=f"{run.noise_batch_ratio:.3g}",
        )
    return low


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
    within_reach = partial(by_compute, law.space.sequence_length, RUNG * law.largest_flops)

    def offered(steps: FloatArray) -> dict[End, FloatArray]:
        """The largest batch that each limit allows."""
        asked = np.floor(affordable(sizes, steps))
        return {
            End.ASKED: asked,
            End.REACH: np.floor(within_reach(sizes, steps)),
            End.TEXT: np.full_like(asked, group_size(prepared.units, terms.bands)),
        }

    def batch_of(steps: FloatArray) -> FloatArray:
        least: FloatArray = np.min(list(offered(steps).values()), axis=0)
        return least

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
    end = next(each for each, most in offered(steps).items() if most[best] == batch[best])
    if end is End.TEXT and (best == sizes.size - 1 > 0 or steps[best] >= _USED * high):
        end = End.REACH
    return Found(
        shape=shapes[size],
        config=TrainingConfig(
            model_size=size,
            batch_size=int(batch[best]),
            iterations=int(steps[best]),
            sequence_length=law.space.sequence_length,
        ),
        end=end,
    )


def _fits(model_size: int, prepared: Prepared) -> bool:
    """Whether the memory of the devices holds a training of the size; taken to, where unknown."""
    memory = prepared.memory_bytes
    return memory is None or model_size * BYTES_A_PARAMETER <= memory * prepared.held_by


def _too_large(model_size: int, prepared: Prepared) -> InputError:
    return InputError(
        "Expected a training that fits into the {memory} GB of memory of this machine, got one of "
        "{size} parameters, which takes {needed} GB: choose less compute, leave the usual rule "
        "out, or use a larger machine.",
        memory=f"{(prepared.memory_bytes or 0) * prepared.held_by / 1e9:.3g}",
        size=f"{model_size:,}",
        needed=f"{model_size * BYTES_A_PARAMETER / 1e9:.3g}",
    )


def _require_time(
    prepared: Prepared,
    found: dict[str, Found],
    repeats: int,
    documents: int,
    *,
    is_run: bool = False,
) -> None:
    """Raise :class:`InputError` for compute that takes this machine longer than a pilot may;
    ``is_run``: a run was asked for, and no compute."""
    seconds = repeats * sum(seconds_of(prepared, one.config, documents) for one in found.values())
    if seconds > LONGEST_SECONDS:
        if is_run:
            raise InputError(
                "Expected a run for which this machine takes {most} days, got one that takes "
                "{days}, with all trainings of its pilot: choose a run of fewer parameters or "
                "steps, leave the usual rule or repeats out, or use a faster machine.",
                most=f"{LONGEST_SECONDS / _DAY:g}",
                days=f"{seconds / _DAY:.3g}",
            )
        given = documents * found["recommended"].config.compute_flops
        raise InputError(
            "Expected compute for which this machine takes {most} days, got {given} FLOPs a "
            "training, which take {days} days: ask for about {affordable} FLOPs, or use a faster "
            "machine.",
            most=f"{LONGEST_SECONDS / _DAY:g}",
            given=f"{given:.3g}",
            days=f"{seconds / _DAY:.3g}",
            affordable=f"{0.9 * given * LONGEST_SECONDS / seconds:.1g}",
        )


def seconds_of(prepared: Prepared, config: TrainingConfig, documents: int = 1) -> float:
    """How long one training of up to ``documents`` windows a unit takes, from loading the text to
    its last evaluation."""
    size = config.model_size
    evaluations = 2 + 2 * math.log2(max(config.iterations / 32, 1))
    each = prepared.seconds_per_step(size, 1.0) - prepared.seconds_per_step(size, 0.0)
    evaluated = evaluations * EVALUATED_WINDOWS * each * _SHARE_OF_STEP
    trained = config.iterations * prepared.seconds_per_step(size, documents * config.batch_size)
    return START_SECONDS + trained + evaluated


def _shapes(low: float, high: float, prepared: Prepared, law: PilotLaw) -> list[Shape]:
    least = smallest_with_room(prepared.vocabulary_size)
    sizes = np.geomspace(max(low, least), max(high, least), _SIZES)
    found = [_shape(size, prepared, law) for size in sizes]
    return [shape for shape in found if low <= parameter_count(shape) <= high] or found


def _shape(size: float, prepared: Prepared, law: PilotLaw) -> Shape:
    return shape_for(
        min(max(round(size), smallest_with_room(prepared.vocabulary_size)), LARGEST),
        vocabulary_size=prepared.vocabulary_size,
        sequence_length=law.space.sequence_length,
    )
