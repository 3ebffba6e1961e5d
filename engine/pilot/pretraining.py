"""Training of a public start: without noise, on public text, its seed recorded.

Imports torch when it trains and not before.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from engine import durable
from engine.config import TrainingConfig
from engine.errors import InputError
from engine.pilot import starts
from engine.pilot.ladder import parameter_count, shape_for
from engine.pilot.plan import CorpusSource, TrainingSettings
from engine.pilot.running.freed_memory import keep_freed_memory
from engine.pilot.sweeps.grid import AVERAGING, CLIP_NORM
from engine.pilot.text import corpus as corpora
from engine.pilot.text.corpus import Corpus

WARMUP = 20


@dataclass(frozen=True, kw_only=True)
class Pretraining:
    """What a start is made of."""

    corpus: CorpusSource
    """The public text."""
    model_size: float
    """Target on the ladder of shapes, parameters."""
    batch_size: int
    iterations: int
    learning_rate: float
    seed: int


def losses_of_starts(corpus: Corpus) -> dict[str, float]:
    """Loss of each start that reads a corpus on its held-out windows, before any step, nats per
    byte, by the SHA-256 of the start's file. Exact. A file that is no start has none."""
    found = {}
    for name in starts.names():
        with suppress(InputError):
            start = starts.read(name)
            if start.card.reads(corpus.family, corpus.vocabulary_size):
                found[start.sha256] = _loss_of(start, corpus)
    return found


def _loss_of(start: starts.StartFile, corpus: Corpus) -> float:
    from engine.pilot.dpsgd.training import Training

    settings = TrainingSettings(
        shape=start.card.shape,
        config=TrainingConfig(
            model_size=start.card.model_size,
            batch_size=1,
            iterations=1,
            sequence_length=start.card.shape.sequence_length,
        ),
        data_budget=len(corpus.split()[0]),
        noise_batch_ratio=0.0,
        clip_norm=CLIP_NORM,
        learning_rate=1e-3,
        warmup=0,
        seed=0,
        start=start.begun(),
    )
    return Training(settings, corpus).held_out_loss()


def pretrain(
    name: str, asked: Pretraining, *, report: Callable[[int, float], None]
) -> tuple[starts.Card, Path]:
    """Train a start and keep it under ``name``; ``report`` hears (step, held-out loss).

    Raises :class:`InputError` for a name that is taken, and where the training diverges or cannot
    be stored.
    """
    import torch

    from engine.pilot.dpsgd.progress import Progress
    from engine.pilot.dpsgd.training import Training

    starts.require_new(name)
    shape_for(asked.model_size)  # a size that none has is refused before the text is read
    corpus = corpora.load(asked.corpus)
    shape = shape_for(
        asked.model_size,
        vocabulary_size=corpus.vocabulary_size,
        sequence_length=corpus.window,
    )
    settings = TrainingSettings(
        shape=shape,
        config=TrainingConfig(
            model_size=parameter_count(shape),
            batch_size=asked.batch_size,
            iterations=asked.iterations,
            sequence_length=shape.sequence_length,
        ),
        data_budget=len(corpus.split()[0]),
        noise_batch_ratio=0.0,
        clip_norm=CLIP_NORM,
        learning_rate=asked.learning_rate,
        warmup=min(WARMUP, asked.iterations - 1),
        averaging=AVERAGING,
        seed=asked.seed,
    )
    heard = 0

    def progressed(progress: Progress) -> None:
        nonlocal heard
        if progress.curve and progress.curve[-1][0] > heard:
            heard = progress.curve[-1][0]
            report(*progress.curve[-1])

    torch.set_num_threads(1)
    keep_freed_memory()
    with durable.scratch("start") as folder:
        training = Training(settings, corpus, folder=folder)
        outcome = training.run(on_progress=progressed)
        if outcome.reason is not None:
            raise outcome.reason
        card = starts.Card(
            shape=shape,
            corpus=asked.corpus.kind,
            fingerprint=corpus.fingerprint,
            batch_size=asked.batch_size,
            iterations=asked.iterations,
            learning_rate=asked.learning_rate,
            seed=asked.seed,
            cross_entropy=outcome.cross_entropy,
        )
        weights = {key: tensor.numpy() for key, tensor in training.averaged_weights().items()}
    return card, starts.write(name, card, weights)
