"""Trains one run of a sweep with the pilots' own training loop.

Imports torch when it is called and not before, so that the process that leads a sweep, and the
command line, start without it.
"""

from collections.abc import Callable
from pathlib import Path

from engine.pilot.dpsgd.progress import Stop
from engine.pilot.plan import TrainingSettings
from engine.pilot.running.freed_memory import keep_freed_memory
from engine.pilot.sweeps.record import Result
from engine.pilot.text.corpus import Corpus


def train(
    settings: TrainingSettings,
    corpus: Corpus,
    *,
    folder: Path,
    device: str,
    threads: int,
    should_stop: Callable[[], bool],
) -> Result:
    """Run :class:`engine.pilot.dpsgd.training.Training`, as
    :class:`engine.pilot.sweeps.worker.Trainer`."""
    import torch

    from engine.pilot.dpsgd.training import Training

    torch.set_num_threads(threads)
    keep_freed_memory()
    training = Training(settings, corpus, folder=folder, device=device)
    begun = None if settings.start is None else training.held_out_loss()
    outcome = training.run(should_stop=lambda: Stop.PAUSED if should_stop() else None)
    # A full disk is no fault of this run, and the next one could not be stored either.
    if outcome.stop is Stop.DISK and outcome.reason is not None:
        raise outcome.reason
    return Result(
        stopped=outcome.stop is Stop.PAUSED,
        failure="" if outcome.reason is None else str(outcome.reason),
        cross_entropy=outcome.cross_entropy,
        train_cross_entropy=outcome.train_cross_entropy,
        curve=outcome.curve,
        seconds=outcome.seconds,
        physical_batch_size=outcome.physical_batch_size,
        start_cross_entropy=begun,
    )
