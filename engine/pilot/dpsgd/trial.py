"""A short trial of the compiled engine beside the eager one, on random words.

Both see one micro-batch of the training's size: no text is read, nothing is charged and nothing is
released. What is compiled is taken only if its norms, losses and sums are those of the eager engine
up to rounding. The words come from a fixed seed and from no generator that a training uses.
"""

import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor

from engine.errors import InputError
from engine.pilot.compiling import LEAST_SECONDS, Compiling, Trial, refusal
from engine.pilot.dpsgd.clipped import Clipped, ClippedSum
from engine.pilot.dpsgd.fast_engine import FastClippedSum
from engine.pilot.plan import TrainingSettings

_TIMED = 3
_TOLERANCE = {"float32": 1e-3, "float64": 1e-9, "bfloat16": 5e-2}
"""Of the difference's norm over that of what it should be."""
_NOTHING = 1e-12
_FAILURES = (
    *(RuntimeError, OSError, ImportError, AssertionError),
    *(TypeError, ValueError, AttributeError, LookupError),
)
"""Of a compiler, which fails in ways that nobody listed: the eager engine is there."""


def tried(
    eager: ClippedSum,
    settings: TrainingSettings,
    *,
    compiling: Compiling,
    device: torch.device,
    size: int,
    padded: int,
    steps: int,
    ranks: int = 1,
) -> tuple[ClippedSum | None, Trial | None]:
    """The compiled engine where it is to be used, and what was found; None where none was tried.

    ``size``: windows of a micro-batch; ``padded``: rows to a multiple of which the eager engine
    rounds up; ``steps`` that are left. Raises :class:`InputError` where it was asked for and cannot
    be.
    """
    asked = compiling is Compiling.ON
    if compiling is Compiling.OFF or not steps:
        return None, None
    reason = refusal(settings, device.type, ranks=ranks)
    if reason is not None or not isinstance(eager, FastClippedSum):
        if asked and reason is not None:
            raise reason
        return None, None
    rows = max(1, size // settings.documents)
    batch = _batch(settings, rows, device)
    # A Poisson batch is cut into whole micro-batches: half of one is padding on average.
    wanted = settings.config.batch_size
    share = (wanted + padded / 2) / rows
    # One call tells enough of a short training, and costs it no more than a micro-batch.
    if not asked and steps * share * _seconds(eager, batch, calls=1) < LEAST_SECONDS:
        return None, None
    before = share * _seconds(eager, batch)
    compiled, seconds = _compiled(eager, batch, settings.precision)
    if compiled is None:
        if asked:
            raise InputError(
                "Expected torch to compile this training and to come to the same gradients, which "
                "failed: leave --compile out."
            )
        return None, None
    after = _seconds(compiled, batch) * max(1.0, wanted / rows + 0.5)
    trial = Trial.of(eager=before, compiled=after, seconds=seconds, asked=asked)
    return (compiled if trial.is_used else None), trial


def _compiled(
    eager: FastClippedSum, batch: tuple[Tensor, Tensor, Tensor], precision: str
) -> tuple[ClippedSum | None, float]:
    """The compiled engine, None where it fails or answers otherwise; seconds of its first call."""
    from engine.pilot.dpsgd.compiled import CompiledClippedSum  # takes seconds to import

    compiled, began = CompiledClippedSum(eager), time.perf_counter()
    try:
        found = compiled(*batch)
        seconds = time.perf_counter() - began
        if compiled.path == "eager" or not _same(found, eager(*batch), _TOLERANCE[precision]):
            return None, seconds
    except _FAILURES:
        return None, time.perf_counter() - began
    return compiled, seconds


def _same(found: Clipped, expected: Clipped, tolerance: float) -> bool:
    pairs = [
        (torch.cat([part.flatten() for part in a]), torch.cat([part.flatten() for part in b]))
        for a, b in (
            (found.sums, expected.sums),
            ([found.norms], [expected.norms]),
            ([found.losses], [expected.losses]),
        )
    ]
    return all(
        bool(torch.linalg.vector_norm(a - b) <= tolerance * torch.linalg.vector_norm(b) + _NOTHING)
        for a, b in pairs
    )


def _batch(
    settings: TrainingSettings, rows: int, device: torch.device
) -> tuple[Tensor, Tensor, Tensor]:
    windows = (settings.documents,) if settings.documents > 1 else ()
    shape = (2, rows, *windows, settings.shape.sequence_length)
    words = torch.Generator().manual_seed(0)
    tokens, targets = torch.randint(settings.shape.vocabulary_size, shape, generator=words)
    return tokens.to(device), targets.to(device), torch.ones(rows, device=device)


def _seconds(
    work: Callable[..., object], batch: tuple[Tensor, Tensor, Tensor], *, calls: int = _TIMED
) -> float:
    """Median of some calls."""
    times = []
    for _ in range(calls):
        began = time.perf_counter()
        work(*batch)
        if batch[0].device.type == "cuda":
            torch.cuda.synchronize()
        times.append(time.perf_counter() - began)
    return statistics.median(times)
