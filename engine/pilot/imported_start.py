"""Starts that come from a folder in Hugging Face format, pilots that begin from them, and what was
trained taken out again.

No law knows such a start: nothing near its size and its tokens was measured here. So its plan
predicts nothing and the verdict tells the loss beside the start's own; steps, rank and learning
rate are those asked for, or round figures of practice (:data:`STEPS`, :data:`RANK`, :data:`RATES`)
that were not tuned on anybody's text.

Not covered: the public text that the model was trained on, and whoever stands in it and in the
private text; what the model's licence allows.

Loads no torch.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine import durable
from engine.code_version import code_version
from engine.config import TrainingConfig
from engine.errors import InputError
from engine.pilot import huggingface, huggingface_export, starts
from engine.pilot.audits.card import CARD_FILE
from engine.pilot.audits.weights import WEIGHTS_FILE
from engine.pilot.ladder import trainable_count
from engine.pilot.limit import BYTES_A_PARAMETER, End, Limit
from engine.pilot.plan import Arm, PilotPlan, TrainingSettings
from engine.pilot.prepared import Prepared
from engine.pilot.propose import CLIP_NORM, certificate_of
from engine.pilot.question import PilotBudget, PrivacyTerms
from engine.pilot.running.folder import folder_of
from engine.pilot.search import START_SECONDS, by_compute, by_time, seconds_of
from engine.pilot.starts import Card, StartFile
from engine.pilot.text import public_tokenizers
from engine.untrusted.weights import safetensors_file

IMPORTED = "imported"
"""Kind of the public text of a start that was not trained here."""
STEPS, RANK = 100, 8
RATES = {True: 1e-3, False: 1e-4}
"""Of low-rank parts, and of all weights: of the order that practice reports (Li et al.,
arXiv:2110.05679, table 11; Yu et al., arXiv:2110.06500, appendix)."""
_WARMUP = 8
_BYTES = 4
"""Of a weight that does not move."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a pilot from an imported start is trained with; None: the round figure."""

    lora_rank: int | None = None
    """0: all weights."""
    steps: int | None = None
    learning_rate: float | None = None


AS_CHOSEN = Asked()


def import_folder(folder: Path, name: str, *, window: int) -> tuple[Card, Path]:
    """Keep the model of a folder as a start of this installation, with its tokenizer beside it.

    Raises :class:`InputError` for a name that is taken, what
    :func:`engine.pilot.huggingface.read_folder` refuses, and a folder without a tokenizer whose
    tokens the model knows.
    """
    starts.require_new(name)
    found = huggingface.read_folder(folder, window)
    if found.tokenizer is None:
        raise InputError(
            "Expected the model's tokenizer as {file} in {path}, found none: save it there with "
            "the package tokenizers.",
            file=huggingface.TOKENIZER_FILE,
            path=folder,
        )
    content, tokenizer = public_tokenizers.described(
        found.tokenizer, f"of the public model that was imported as {name}"
    )
    if tokenizer.vocabulary_size > found.shape.vocabulary_size:
        raise InputError(
            "Expected a tokenizer of at most {most} tokens, which the model knows, got {found}.",
            most=f"{found.shape.vocabulary_size:,}",
            found=f"{tokenizer.vocabulary_size:,}",
        )
    card = Card(
        shape=found.shape,
        corpus=IMPORTED,
        fingerprint=found.sha256,
        batch_size=0,
        iterations=0,
        learning_rate=0.0,
        seed=0,
        cross_entropy=None,
        tokenizer=tokenizer.name,
    )
    public_tokenizers.keep(starts.tokenizer_file(name), content, tokenizer)
    return card, starts.write(name, card, found.weights)


def propose_imported(
    prepared: Prepared,
    start: StartFile,
    begun: float,
    terms: PrivacyTerms,
    budget: PilotBudget,
    asked: Asked,
    *,
    evidence: tuple[str, str],
    repeats: int = 1,
    keep_weights: bool = False,
) -> PilotPlan:
    """The plan of one arm, which predicts nothing. ``begun``: the start's loss on the text;
    ``evidence``: id and hash of what the installation's fine-tunings are held to.

    Raises :class:`InputError` for a rank, steps or a rate that no training has, and a budget or a
    memory that does not suffice for a batch of one.
    """
    shape = start.card.shape
    rank = RANK if asked.lora_rank is None else asked.lora_rank
    steps = STEPS if asked.steps is None else asked.steps
    rate = RATES[rank > 0] if asked.learning_rate is None else asked.learning_rate
    if not 0 <= rank <= shape.width or steps < 1 or not 0 < rate < 1:
        raise InputError(
            "Expected a rank of 0 to {width}, at least 1 step and a learning rate between 0 and 1, "
            "got {rank}, {steps} and {rate}.",
            width=shape.width,
            rank=rank,
            steps=steps,
            rate=f"{rate:g}",
        )
    _require_memory(prepared, start, rank)
    afforded = int(_affordable(prepared, budget, start.card.model_size, steps, repeats))
    if afforded < 1:
        raise InputError(
            "Expected a budget for {steps} steps of one example from {name}, got less: ask for "
            "fewer steps or more time.",
            steps=steps,
            name=start.name,
        )
    config = TrainingConfig(
        model_size=start.card.model_size,
        batch_size=min(afforded, prepared.units),
        iterations=steps,
        sequence_length=prepared.sequence_length,
    )
    certificate = certificate_of(prepared, terms, config)
    settings = TrainingSettings(
        shape=shape,
        config=config,
        data_budget=prepared.units,
        noise_batch_ratio=certificate.noise_multiplier / config.batch_size,
        clip_norm=CLIP_NORM,
        learning_rate=rate,
        warmup=min(_WARMUP, steps - 1),
        precision=prepared.precision,
        physical_batch_size=prepared.physical_batch_size,
        recompute=prepared.recompute,
        sampling=terms.sampling,
        start=start.begun(rank),
    )
    arm = Arm(name="recommended", settings=settings, certificate=certificate, predicted=None)
    return PilotPlan(
        corpus=prepared.source,
        corpus_fingerprint=prepared.fingerprint,
        family=prepared.family,
        epsilon=terms.epsilon,
        delta=terms.delta,
        privacy_unit=terms.privacy_unit,
        arms=(arm,),
        repeats=repeats,
        evidence_id=evidence[0],
        evidence_hash=evidence[1],
        code_version=code_version(),
        expected_seconds=repeats * seconds_of(prepared, config),
        device=prepared.device,
        keep_weights=keep_weights,
        start_cross_entropy=begun,
        bytes_per_token=prepared.bytes_per_token,
        limit=Limit(
            end=End.ASKED if afforded <= prepared.units else End.TEXT,
            asked_flops=budget.compute_flops,
            asked_seconds=budget.seconds,
            given_flops=config.compute_flops,
            evidence_flops=config.compute_flops,
            units=prepared.units,
        ),
    )


def _affordable(
    prepared: Prepared, budget: PilotBudget, size: float, steps: int, repeats: int
) -> float:
    """Examples a step."""
    sizes, many = np.array([float(size)]), np.array([float(steps)])
    if budget.compute_flops is not None:
        found = by_compute(prepared.sequence_length, budget.compute_flops, sizes, many)
    else:
        seconds = budget.time / repeats - 2 * START_SECONDS
        found = by_time(prepared, seconds, sizes, many)
    return float(found[0])


def _require_memory(prepared: Prepared, start: StartFile, rank: int) -> None:
    moved = trainable_count(start.card.shape, rank)
    needed = BYTES_A_PARAMETER * moved + _BYTES * start.card.model_size
    if prepared.memory_bytes is not None and needed > prepared.memory_bytes:
        raise InputError(
            "Expected a device with {needed} GB for this start, got {found} GB: choose a smaller "
            "start, or low-rank parts.",
            needed=f"{needed / 2**30:.1f}",
            found=f"{prepared.memory_bytes / 2**30:.1f}",
        )


def export_trained(plan_id: str, folder: Path) -> tuple[str, ...]:
    """Write what the first training of a pilot made of an imported start into a new folder: an
    adapter, or the whole model, with the model's card and the tokenizer; names of the files.

    Raises :class:`InputError` for a pilot that kept no weights or did not begin from an imported
    start, and a folder that holds something.
    """
    pilot = folder_of(plan_id)
    plan = pilot.plan()
    arm = plan.arms[0]
    begun, place = arm.settings.start, pilot.training_folder(arm.name, 0)
    if begun is None or not starts.is_foreign(arm.settings.shape):
        raise InputError(
            "Expected a pilot that began from an imported start, got {plan_id}, which did not: no "
            "other package loads its architecture.",
            plan_id=plan_id,
        )
    if not (place / WEIGHTS_FILE).is_file():
        raise InputError(
            "Expected a pilot that has ended and kept its weights, got {plan_id}: run one with "
            "--keep-weights.",
            plan_id=plan_id,
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError("Expected a new folder, got {path}, which holds something.", path=folder)
    trained, _ = safetensors_file(place / WEIGHTS_FILE)
    if begun.lora_rank:
        files = huggingface_export.adapter_files(
            arm.settings.shape, begun.lora_rank, trained, base=begun.name
        )
    else:
        files = huggingface_export.model_files(arm.settings.shape, trained)
    files[CARD_FILE] = (place / CARD_FILE).read_bytes()
    files[huggingface.TOKENIZER_FILE] = starts.tokenizer_file(begun.name).read_bytes()
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        durable.write(folder / name, content)
    return tuple(sorted(files))
