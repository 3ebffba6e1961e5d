"""A pilot that begins from a public start: the configuration with the least expected loss that the
budget affords, certified, with what the law of fine-tuning expects of it written down before.

The law speaks of one text. On another its prediction takes the start's own loss there, measured on
held-out text before anything is trained, and an assumption of how far texts differ in what
fine-tuning takes away (:data:`TEXTS`): it can then be refuted and not confirmed, as every
transferred one. The learning rate is the best one of the nearest configuration that was tried.

Not covered: the privacy spent by looking at held-out losses, which no ε here includes; the text
that the start was trained on.

Loads no torch.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from engine.accounting.search import noise_multiplier
from engine.allocation.reach import NEAR
from engine.code_version import code_version
from engine.config import FLOPS_PER_PARAMETER_AND_TOKEN, TrainingConfig
from engine.errors import InputError
from engine.interval import FloatArray, Interval
from engine.law.fine_tuning.fit import FARTHEST, TuningFit
from engine.law.fine_tuning.points import Configurations, places
from engine.pilot.imported_start import AS_CHOSEN, Asked, propose_imported
from engine.pilot.ladder import trainable_count
from engine.pilot.limit import End, Limit
from engine.pilot.plan import Arm, CorpusSource, PilotPlan, TrainingSettings
from engine.pilot.prepared import Prepared
from engine.pilot.propose import CLIP_NORM, certificate_of
from engine.pilot.question import PilotBudget, PrivacyTerms
from engine.pilot.search import START_SECONDS, by_compute, by_time, seconds_of
from engine.pilot.starts import Card, StartFile, card_of, is_foreign
from engine.pilot.text.tokens import tokenizer_of
from engine.runs.fine_tuned import TunedPoint

TEXTS = 0.15
"""Standard deviation of ln L between texts, beside the law's own: an assumption. Fine-tuning takes
5 to 35 % of the start's loss away on the text that was measured."""
_NORMAL_90 = 1.645
_WARMUP = 8
"""Steps, as in the trainings behind the law."""
_STEPS = 49


@dataclass(frozen=True, kw_only=True)
class TuningBasis:
    """What a proposal from a start rests on."""

    fit: TuningFit
    points: Sequence[TunedPoint]
    """The trainings behind it."""
    text: str
    """Family of their text."""
    evidence_id: str
    evidence_hash: str


def propose_from_start(
    prepared: Prepared,
    start: StartFile,
    basis: TuningBasis,
    terms: PrivacyTerms,
    budget: PilotBudget,
    *,
    asked: Asked = AS_CHOSEN,
    repeats: int = 1,
    keep_weights: bool = False,
) -> PilotPlan:
    """The plan of one arm; a rank of None: of those tried, the one expected to do best. From an
    imported start: as :func:`engine.pilot.imported_start.propose_imported`.

    Raises :class:`InputError` for a text that the start cannot read or was prepared before the
    start came, a rank that was never tried, a budget that affords nothing near what was, and steps,
    a rate or kept weights where the law chooses.
    """
    start_cross_entropy = _begun(prepared, start)
    if is_foreign(start.card.shape):
        return propose_imported(
            prepared,
            start,
            start_cross_entropy,
            terms,
            budget,
            asked,
            evidence=(basis.evidence_id, basis.evidence_hash),
            repeats=repeats,
            keep_weights=keep_weights,
        )
    if asked.steps is not None or asked.learning_rate is not None or keep_weights:
        raise InputError(
            "Expected steps, a learning rate or kept weights with an imported start only, got them "
            "with {name}, for which the law of fine-tuning chooses and no model is kept.",
            name=start.name,
        )
    lora_rank = asked.lora_rank
    tried = {point.method.lora_rank for point in basis.points}
    ranks = tried if lora_rank is None else tried & {lora_rank}
    if not ranks:
        raise InputError(
            "Expected a rank that was tried, {known}, got {value}.",
            known=", ".join(map(str, sorted(tried))),
            value=lora_rank,
        )
    found = [
        one
        for rank in sorted(ranks)
        if (one := _best(prepared, start, start_cross_entropy, basis, terms, budget, rank, repeats))
    ]
    if not found:
        raise InputError(
            "The budget affords no training from {name} near those that were measured: choose a "
            "larger one, or a start of a size nearer to theirs.",
            name=start.name,
        )
    chosen = min(found, key=lambda one: one.expected)
    arm = _arm(prepared, start, start_cross_entropy, basis, terms, chosen)
    return PilotPlan(
        corpus=prepared.source,
        corpus_fingerprint=prepared.fingerprint,
        bytes_per_token=None if prepared.bytes_per_token == 1 else prepared.bytes_per_token,
        family=prepared.family,
        epsilon=terms.epsilon,
        delta=terms.delta,
        privacy_unit=terms.privacy_unit,
        arms=(arm,),
        repeats=repeats,
        evidence_id=basis.evidence_id,
        evidence_hash=basis.evidence_hash,
        code_version=code_version(),
        expected_seconds=repeats * seconds_of(prepared, arm.settings.config),
        device=prepared.device,
        transferred_runs=None if prepared.family == basis.text else 0,
        start_cross_entropy=start_cross_entropy,
        limit=Limit(
            end=chosen.end,
            asked_flops=budget.compute_flops,
            asked_seconds=budget.seconds,
            given_flops=arm.settings.config.compute_flops,
            evidence_flops=_most(basis, prepared.sequence_length),
            units=prepared.units,
        ),
    )


@dataclass(frozen=True, kw_only=True)
class Lead:
    """What the law of fine-tuning says of a training from an imported model: no prediction.

    ``cross_entropy``: nats per token, with the law's range and how far texts differ, for a learning
    rate that was tuned; None beyond ``farthest`` e-folds. ``model_size``: of the smallest and the
    largest start behind the law, parameters.
    """

    cross_entropy: Interval | None
    distance: float
    farthest: float
    model_size: tuple[float, float]


def lead(plan: PilotPlan, fit: TuningFit) -> Lead | None:
    """What the law says of the plan of an imported start; None for any other plan.

    The law takes shares of the start's loss away, so that it may be asked in another unit; that
    shares are alike for other tokens is an assumption, as :data:`TEXTS` is.
    """
    settings = plan.arms[0].settings
    if settings.start is None or plan.start_cross_entropy is None:
        return None
    if not is_foreign(settings.shape):
        return None
    config = settings.config
    (found,) = fit.predict(
        Configurations.of(
            start_cross_entropy=plan.start_cross_entropy,
            model_size=config.model_size,
            trainable_size=trainable_count(settings.shape, settings.start.lora_rank),
            iterations=config.iterations,
            batch_size=config.batch_size,
            noise_batch_ratio=settings.noise_batch_ratio,
        )
    )
    sizes = fit.points.model_size
    return Lead(
        cross_entropy=_of_another_text(found.cross_entropy) if found.known else None,
        distance=found.distance,
        farthest=FARTHEST,
        model_size=(float(sizes.min()), float(sizes.max())),
    )


def require_reading(name: str, source: CorpusSource) -> None:
    """Raise :class:`InputError` where the start ``name`` does not read a text that is prepared so,
    or is none; looks at tokenizer and window alone, so that nobody prepares a text in vain."""
    tokenizer = tokenizer_of(source.tokenizer)
    _require_read_as(
        name,
        card_of(name),
        family=f"gpt-{tokenizer.name}-",
        vocabulary_size=tokenizer.vocabulary_size,
        window=source.window,
    )


def _require_read_as(
    name: str, card: Card, *, family: str, vocabulary_size: int, window: int
) -> None:
    shape = card.shape
    if card.reads(family, vocabulary_size) and shape.sequence_length == window:
        return
    raise InputError(
        "Expected a text read as the start {name} reads it (tokenizer {tokenizer}, {wanted} "
        "tokens, windows of {length}), got {found} tokens in windows of {window}: choose that "
        "tokenizer and that window.",
        name=name,
        tokenizer=card.tokenizer,
        wanted=shape.vocabulary_size,
        length=shape.sequence_length,
        found=vocabulary_size,
        window=window,
    )


def _begun(prepared: Prepared, start: StartFile) -> float:
    """The start's own loss on the text, nats per token or byte; refused where it does not read
    it."""
    shape = start.card.shape
    _require_read_as(
        start.name,
        start.card,
        family=prepared.family,
        vocabulary_size=prepared.vocabulary_size,
        window=prepared.sequence_length,
    )
    if start.card.fingerprint == prepared.fingerprint:
        raise InputError(
            "Expected a text that the start {name} has not read, got the one that it was trained "
            "on: nothing is left to learn, and ε would protect nobody.",
            name=start.name,
        )
    start_cross_entropy = prepared.start_loss(start.sha256)
    if start_cross_entropy is None:
        raise InputError(
            "Expected the loss of the start {name} on this text, which was prepared before the "
            "start came: prepare it anew.",
            name=start.name,
        )
    if start_cross_entropy >= math.log(shape.vocabulary_size):
        raise InputError(
            "Expected a text that the start {name} can read, got one on which its loss is {loss} "
            "nats, above the {guessing} of guessing: begin from a start of that language, or from "
            "nothing.",
            name=start.name,
            loss=f"{start_cross_entropy:.2f}",
            guessing=f"{math.log(shape.vocabulary_size):.2f}",
        )
    return start_cross_entropy


@dataclass(frozen=True, kw_only=True)
class _Chosen:
    lora_rank: int
    iterations: int
    batch_size: int
    expected: float
    end: End


def _best(
    prepared: Prepared,
    start: StartFile,
    begun: float,
    basis: TuningBasis,
    terms: PrivacyTerms,
    budget: PilotBudget,
    rank: int,
    repeats: int,
) -> _Chosen | None:
    """The least expected loss over steps; the batch takes what the budget leaves."""
    size = start.card.model_size
    tried = basis.fit.points.iterations
    steps = np.unique(np.geomspace(tried.min(), tried.max() * math.exp(NEAR), _STEPS).round())
    afforded = np.floor(_affordable(prepared, budget, size, steps, repeats))
    batches = np.minimum(afforded, prepared.units)
    held = batches >= 1
    steps, batches, afforded = steps[held], batches[held], afforded[held]
    if not steps.size:
        return None
    sigma = noise_multiplier(
        data_budget=float(prepared.units),
        batch_size=batches,
        iterations=steps,
        epsilon=terms.epsilon,
        delta=terms.delta,
        sampling=terms.sampling,
    )
    at = _configurations(start, begun, rank, steps, batches, sigma / batches)
    losses = basis.fit.within(at, NEAR)
    if not np.isfinite(losses).any():
        return None
    first = int(np.argmin(losses))
    end = End.ASKED if afforded[first] <= batches[first] else End.TEXT
    if end is End.TEXT and not np.isfinite(losses[first + 1 :]).any():
        end = End.REACH
    return _Chosen(
        lora_rank=rank,
        iterations=int(steps[first]),
        batch_size=int(batches[first]),
        expected=float(losses[first]),
        end=end,
    )


def _most(basis: TuningBasis, sequence_length: int) -> float:
    """FLOPs of the largest of the trainings behind the law."""
    sizes = (point.model_size * point.batch_size * point.iterations for point in basis.points)
    return float(FLOPS_PER_PARAMETER_AND_TOKEN * sequence_length * max(sizes))


def _affordable(
    prepared: Prepared, budget: PilotBudget, size: float, steps: FloatArray, repeats: int
) -> FloatArray:
    """Examples a step."""
    sizes = np.array([size])
    if budget.compute_flops is not None:
        return by_compute(prepared.sequence_length, budget.compute_flops, sizes, steps)
    return by_time(prepared, budget.time / repeats - 2 * START_SECONDS, sizes, steps)


def _arm(
    prepared: Prepared,
    start: StartFile,
    begun: float,
    basis: TuningBasis,
    terms: PrivacyTerms,
    chosen: _Chosen,
) -> Arm:
    config = TrainingConfig(
        model_size=start.card.model_size,
        batch_size=chosen.batch_size,
        iterations=chosen.iterations,
        sequence_length=prepared.sequence_length,
    )
    certificate = certificate_of(prepared, terms, config)
    ratio = certificate.noise_multiplier / config.batch_size
    at = _configurations(
        start,
        begun,
        chosen.lora_rank,
        chosen.iterations,
        chosen.batch_size,
        ratio,
    )
    (predicted,) = basis.fit.predict(at)
    loss = predicted.cross_entropy
    return Arm(
        name="recommended",
        settings=TrainingSettings(
            shape=start.card.shape,
            config=config,
            data_budget=prepared.units,
            noise_batch_ratio=ratio,
            clip_norm=CLIP_NORM,
            learning_rate=_rate(basis, chosen.lora_rank, at),
            warmup=min(_WARMUP, config.iterations - 1),
            precision=prepared.precision,
            physical_batch_size=prepared.physical_batch_size,
            recompute=prepared.recompute,
            sampling=terms.sampling,
            start=start.begun(chosen.lora_rank),
        ),
        certificate=certificate,
        predicted=loss if prepared.family == basis.text else _of_another_text(loss),
    )


def _of_another_text(loss: Interval) -> Interval:
    """The same with how far texts differ."""
    reach = _NORMAL_90 * TEXTS
    own = math.log(loss.high / loss.value), math.log(loss.value / loss.low)
    return replace(
        loss,
        high=loss.value * math.exp(math.hypot(own[0], reach)),
        low=loss.value * math.exp(-math.hypot(own[1], reach)),
    )


def _rate(basis: TuningBasis, rank: int, at: Configurations) -> float:
    """The best rate of the nearest configuration of that rank."""
    tried = [
        place
        for place, point in enumerate(basis.points)
        if point.method.lora_rank == rank and point.learning_rate
    ]
    least = float(basis.fit.points.step_noise.min())
    gaps = places(basis.fit.points, least)[tried] - places(at, least)
    rate = basis.points[tried[int(np.argmin((gaps**2).sum(axis=1)))]].learning_rate
    assert rate is not None  # those without one are not tried
    return rate


def _configurations(
    start: StartFile,
    begun: float,
    rank: int,
    steps: ArrayLike,
    batches: ArrayLike,
    ratio: ArrayLike,
) -> Configurations:
    return Configurations.of(
        start_cross_entropy=begun,
        model_size=start.card.model_size,
        trainable_size=trainable_count(start.card.shape, rank),
        iterations=steps,
        batch_size=batches,
        noise_batch_ratio=ratio,
    )
