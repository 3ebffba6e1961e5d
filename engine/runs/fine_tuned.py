"""Runs that began from a public start: how the run log tells them from those begun from nothing.

They are a family of their own (the text's, with :data:`ENDING`), which carries no law of size,
steps and noise alone; start and method stand in the record's ``source``, so they are part of what
its run id is a hash of.

>>> method_of(tuned_source("docstrings-99k", 4))
Method(start='docstrings-99k', lora_rank=4)
>>> method_of("kessai pilot 1") is None
True
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from engine.errors import InputError
from engine.runs.curves import noise_of, points
from engine.runs.record import RunRecord
from engine.untrusted.guard import guarded
from engine.untrusted.texts import json_value

FIRST_STEP = 16
"""From here on a curve counts: weights are trained already, so that only the warm-up of the
learning rate (8 steps) lies before."""

ENDING = "-tuned"
"""Of the families' names."""
_SOURCE = re.compile(
    r"kessai tuning 1 of ([a-z0-9-]+), (?:all weights|lora rank (\d{1,4}))(?:, pilot \S+)?"
)


@dataclass(frozen=True)
class Method:
    """How a run was fine-tuned."""

    start: str
    lora_rank: int
    """0: all weights moved."""


def tuned_family(family: str) -> str:
    """The family of runs on the text of ``family`` that began from a start."""
    return f"{family}{ENDING}"


def is_tuned(family: str) -> bool:
    """Whether a family is called as fine-tunings are."""
    return family.endswith(ENDING)


def tuned_source(start: str, lora_rank: int, pilot: str = "") -> str:
    """What a record carries as source, with the training's name where a pilot made it; the number
    rises when losses change meaning."""
    method = f"lora rank {lora_rank}" if lora_rank else "all weights"
    return f"kessai tuning 1 of {start}, {method}" + (f", pilot {pilot}" if pilot else "")


def method_of(source: str) -> Method | None:
    """Start and method that a record's source names; None for a run from nothing."""
    found = _SOURCE.fullmatch(source)
    return None if found is None else Method(found[1], int(found[2] or 0))


@dataclass(frozen=True, kw_only=True)
class TunedPoint:
    """The best of the rates tried for one configuration after so many steps."""

    method: Method
    start_cross_entropy: float
    """Of the start on the private text, nats of a token or byte."""
    model_size: int
    trainable_size: int
    iterations: int
    batch_size: int
    noise_batch_ratio: float
    cross_entropy: float
    learning_rate: float | None
    """Of the run that came nearest."""
    run_id: str
    """The same for all points of one configuration and length of training."""


def tuned_points(records: Iterable[RunRecord]) -> list[TunedPoint]:
    """The points of the records that were fine-tuned, others aside.

    Raises :class:`InputError` for a record that does not say what it began from.
    """
    groups: dict[tuple[Method, int], list[RunRecord]] = defaultdict(list)
    for record in records:
        method = method_of(record.source)
        if method is not None and record.curve and record.curve[-1][0] >= FIRST_STEP:
            # Runs of another length have another seed: the ladder of rates is each length's own.
            groups[method, record.iterations].append(record)
    found = []
    for (method, _), runs in sorted(groups.items(), key=lambda group: _order(*group[0])):
        for point in points(runs, first=FIRST_STEP):
            begun, trainable = _begun(point.best, method)
            found.append(
                TunedPoint(
                    method=method,
                    start_cross_entropy=begun,
                    model_size=point.best.model_size,
                    trainable_size=trainable,
                    iterations=point.iterations,
                    batch_size=point.best.batch_size,
                    noise_batch_ratio=noise_of(point.best),
                    cross_entropy=point.cross_entropy,
                    learning_rate=point.learning_rate,
                    run_id=point.run_id,
                )
            )
    return found


def _order(method: Method, iterations: int) -> tuple[str, int, int]:
    return method.start, method.lora_rank, iterations


def _begun(record: RunRecord, method: Method) -> tuple[float, int]:
    """Loss of the start, and parameters that moved, of what the record's versions tell."""

    def told() -> tuple[float, int]:
        versions = json_value(record.versions)
        if "trainable_size" in versions:
            return float(versions["start_cross_entropy"]), int(versions["trainable_size"])
        width, depth = int(versions["width"]), int(versions["depth"])
        matrices = 3 if versions["activation"] == "swiglu" else 2
        # The feed-forward width is what the size leaves for it, of a decoder without biases.
        norms, attention = 4 * width, 4 * width**2
        blocks = record.model_size - 2 * record.vocabulary_size * width - 2 * width
        hidden = (blocks // depth - norms - attention) // (matrices * width)
        low_rank = depth * method.lora_rank * (6 * width + matrices * (width + hidden))
        return float(versions["start_cross_entropy"]), low_rank or record.model_size

    return guarded(
        told,
        lambda reason: InputError(
            "Expected the run {run} to say what it was fine-tuned from, got {reason}.",
            run=record.run_id[:8],
            reason=reason,
        ),
    )
