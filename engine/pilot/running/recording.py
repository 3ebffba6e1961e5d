"""One finished training as a record of the run log.

A record's id is a hash of what was asked. Two private trainings of one configuration were asked the
same and are two experiments all the same: so the source of a private run names plan, arm and
repeat. A seeded run is the same wherever it is made again: its source names a hash of all its
settings and of the corpus instead, and the seed.

A curve goes into the record where each of its points is a training of so many steps: under a
constant learning rate. With one that decays, a point half-way is no such training.

Loads no torch.
"""

import hashlib
from dataclasses import asdict, replace
from datetime import datetime

from engine.errors import InputError
from engine.pilot.ladder import trainable_count
from engine.pilot.plan import SOURCE, Arm, PilotPlan, Schedule, TrainingSettings
from engine.pilot.running.spending import is_private
from engine.pilot.running.status import TrainingResult
from engine.pilot.starts import is_foreign
from engine.runs.checks import canonical_json
from engine.runs.fine_tuned import tuned_family, tuned_source
from engine.runs.record import Provenance, RunRecord


def settings_of(arm: Arm, repeat: int) -> TrainingSettings:
    """Settings of one repeat: repeats of a seeded arm take the seeds that follow."""
    if arm.settings.seed is None:
        return arm.settings
    return replace(arm.settings, seed=arm.settings.seed + repeat)


def canaries_of(plan: PilotPlan, arm: Arm) -> int:
    """Canaries that are drawn for a training of ``arm``."""
    return plan.canaries if arm == plan.arms[0] else 0


def record_of(plan: PilotPlan, arm: Arm, result: TrainingResult) -> RunRecord:
    """The record of ``result``. Raises :class:`InputError` where the log holds no such outcome.

    The stated ε is that of all steps promised: an upper bound of what was charged.
    """
    if canaries_of(plan, arm):
        raise InputError(
            "A training with canaries spends part of its model on them: its loss is not "
            "comparable, and is no record."
        )
    if arm.settings.bands > 1:
        raise InputError(
            "A training with noise correlated over {bands} steps is no record: the law knows "
            "independent noise only, and would take its loss for that of such a training.",
            bands=arm.settings.bands,
        )
    if arm.settings.documents > 1:
        raise InputError(
            "A training that averages up to {documents} windows of a person is no record: the law "
            "knows one window a step, and would take its loss for that of such a training.",
            documents=arm.settings.documents,
        )
    settings = settings_of(arm, result.repeat)
    config = replace(settings.config, iterations=result.iterations)
    private = is_private(arm)
    certificate = arm.certificate
    return RunRecord(
        family=plan.family if settings.start is None else tuned_family(plan.family),
        source=_source(plan, settings, arm.name, result.repeat),
        provenance=Provenance.MEASURED,
        model_size=config.model_size,
        batch_size=config.batch_size,
        physical_batch_size=settings.physical_batch_size,
        iterations=config.iterations,
        sequence_length=config.sequence_length,
        noise_multiplier=settings.noise_batch_ratio * config.batch_size,
        noise_batch_ratio=settings.noise_batch_ratio,
        compute_flops=config.compute_flops,
        data_budget=settings.data_budget,
        epsilon=certificate.epsilon if private else None,
        delta=plan.delta if private else None,
        privacy_unit=plan.privacy_unit if private else None,
        neighbouring_relation=certificate.neighbouring_relation,
        sampling=certificate.sampling,
        learning_rate=settings.learning_rate,
        seed=settings.seed,
        vocabulary_size=settings.shape.vocabulary_size,
        cross_entropy=result.cross_entropy,
        hardware=result.hardware,
        versions=canonical_json(
            {
                **result.versions,
                "corpus": plan.corpus_fingerprint,
                "plan": plan.plan_id,
                "planned_by": plan.code_version,
                "arm": arm.name,
                "repeat": result.repeat,
                "charged": result.charged,
                **({} if plan.apart is None else {"apart": plan.apart}),
                **_begun(plan, settings),
            }
        ),
        created_at=datetime.fromisoformat(result.created_at),
        curve=_curve(settings, result),
    )


def _curve(settings: TrainingSettings, result: TrainingResult) -> tuple[tuple[int, float], ...]:
    if settings.schedule is not Schedule.CONSTANT:
        return ()
    return tuple(point for point in result.curve if point[0] <= result.iterations)


def _begun(plan: PilotPlan, settings: TrainingSettings) -> dict[str, object]:
    """What a fine-tuning's record must tell beside its method (:mod:`engine.runs.fine_tuned`)."""
    if settings.start is None:
        return {}
    shape = settings.shape
    moved = trainable_count(shape, settings.start.lora_rank)
    return {
        "start": asdict(settings.start),
        "start_cross_entropy": plan.start_cross_entropy,
        "width": shape.width,
        "depth": shape.depth,
        "activation": shape.activation,
        # Of other architectures width and depth do not say it.
        **({"trainable_size": moved} if is_foreign(shape) else {}),
    }


def _source(plan: PilotPlan, settings: TrainingSettings, arm: str, repeat: int) -> str:
    if settings.start is not None:
        start = settings.start
        return tuned_source(start.name, start.lora_rank, f"{plan.plan_id}/{arm}-{repeat}")
    if settings.seed is None:
        return f"{SOURCE} {plan.plan_id}/{arm}-{repeat}"
    # Speed is no part of what was asked.
    asked = replace(settings, physical_batch_size=1).to_dict()
    digest = hashlib.sha256(canonical_json([asked, plan.corpus_fingerprint]).encode())
    return f"{SOURCE} {digest.hexdigest()[:16]}"
