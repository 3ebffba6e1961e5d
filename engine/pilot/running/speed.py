"""How fast this machine trains privately: a few real steps at a few model sizes, thrown away.

The steps are those of a private training (sampling, clipping, noise, optimiser, ledger) in a folder
that is deleted; nothing of them but their duration leaves this module. Two batch sizes tell what a
step costs once from what every example costs. Both costs grow with the model, so a stall while a
small model was timed shows, and is mended, where a larger one took less.

Not covered: evaluations, checkpoints beyond the first, a machine that is busier later.
"""

import itertools
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from engine import durable
from engine.config import TrainingConfig
from engine.errors import InputError
from engine.pilot.dpsgd.progress import Stop
from engine.pilot.dpsgd.training import Training
from engine.pilot.ladder import parameter_count, shape_for
from engine.pilot.plan import WINDOW, TrainingSettings
from engine.pilot.prepared import Speed
from engine.pilot.running.devices import Device
from engine.pilot.text.corpus import Corpus

SIZES = {"cpu": (30_000, 100_000, 300_000, 1_000_000), "cuda": (300_000, 3_000_000, 30_000_000)}
"""Parameters, by kind of device."""
_BATCHES = {"cpu": (16, 128), "cuda": (64, 1024)}
"""Two batches, of windows of 64 tokens."""
_LEAST_BATCHES = (8, 32)
"""Of windows that are longer: fewer, so that a step takes as long."""
_SECONDS = 0.7
"""Timed for each size and batch, warm-up apart."""
_WARMING = 2
"""Steps before the clock starts."""
_FEWEST_SIZES = 2
_FEWEST = 3
"""Steps timed, however long one takes."""


def measure(
    corpus: Corpus,
    device: Device,
    *,
    sizes: Sequence[int] | None = None,
    progress: Callable[[float], None] = lambda share: None,
) -> tuple[Speed, ...]:
    """Speeds at ``sizes``, rising; ``progress`` is called with the share done, and may raise."""
    chosen = sorted(sizes or sizes_for(device.kind, corpus.vocabulary_size))
    found = []
    for k, size in enumerate(chosen):
        progress(k / len(chosen))
        found.append(_speed(corpus, device, size))
    return without_stalls(found)


def sizes_for(kind: str, vocabulary_size: int) -> tuple[int, ...]:
    """The sizes to time for a vocabulary: those of the device that leave room beside it, and larger
    ones where fewer than two do."""
    usual = SIZES[kind]
    larger = (usual[-1] * 3**n for n in range(1, 12))
    found = [size for size in usual if _has_room(size, vocabulary_size)]
    for size in larger:
        if len(found) >= _FEWEST_SIZES:
            break
        if _has_room(size, vocabulary_size):
            found.append(size)
    return tuple(found)


def batches_for(kind: str, window: int) -> tuple[int, int]:
    """The two batches that are timed, of windows of so many tokens.

    >>> batches_for("cpu", 64), batches_for("cpu", 128), batches_for("cpu", 512)
    ((16, 128), (8, 64), (8, 32))
    """
    small, large = (
        max(least, min(usual, usual * WINDOW // window))
        for least, usual in zip(_LEAST_BATCHES, _BATCHES[kind], strict=True)
    )
    return small, large


def _has_room(size: int, vocabulary_size: int) -> bool:
    try:
        shape_for(size, vocabulary_size=vocabulary_size)
    except InputError:
        return False
    return True


def without_stalls(speeds: Sequence[Speed]) -> tuple[Speed, ...]:
    """``speeds``, rising in size, none of which costs more than that of a larger model."""
    mended: list[Speed] = []
    for speed in reversed(speeds):
        if mended:
            larger = mended[-1]
            speed = replace(
                speed,
                seconds_per_example=min(speed.seconds_per_example, larger.seconds_per_example),
                seconds_per_step=min(speed.seconds_per_step, larger.seconds_per_step),
            )
        mended.append(speed)
    return tuple(reversed(mended))


def _speed(corpus: Corpus, device: Device, size: int) -> Speed:
    small, large = batches_for(device.kind, corpus.window)
    settings = [_settings(corpus, device, size, batch) for batch in (small, large)]
    short, long = (_seconds_per_step(corpus, device, each) for each in settings)
    # Noise in the clock must not make an example free, nor a step's own cost negative.
    example = max((long - short) / (large - small), 0.1 * long / large)
    return Speed(
        model_size=settings[0].config.model_size,
        seconds_per_example=example,
        seconds_per_step=max(long - large * example, 0.0),
    )


def _seconds_per_step(corpus: Corpus, device: Device, settings: TrainingSettings) -> float:
    marks: list[float] = []

    def clock() -> Stop | None:
        """Asked before every step."""
        marks.append(time.perf_counter())
        timed = len(marks) - 1 - _WARMING
        enough = timed >= _FEWEST and marks[-1] - marks[_WARMING] > _SECONDS
        return Stop.CANCELLED if enough else None

    with durable.scratch("speed") as folder:
        training = Training(settings, corpus, folder=folder, device=device.kind)
        training.run(should_stop=clock)
    steps = [after - before for before, after in itertools.pairwise(marks[_WARMING:])]
    return statistics.median(steps)


def _settings(corpus: Corpus, device: Device, size: int, batch: int) -> TrainingSettings:
    shape = shape_for(size, vocabulary_size=corpus.vocabulary_size, sequence_length=corpus.window)
    units = len(corpus.split()[0])
    return TrainingSettings(
        shape=shape,
        config=TrainingConfig(
            model_size=parameter_count(shape),
            batch_size=min(batch, units),
            iterations=1_000_000,  # the clock ends it
            sequence_length=corpus.window,
        ),
        data_budget=units,
        noise_batch_ratio=1.0,
        clip_norm=1.0,
        learning_rate=1e-3,
        warmup=0,
        averaging=8.0,
        physical_batch_size=device.physical_batch_size,
        precision=device.precision,
    )
