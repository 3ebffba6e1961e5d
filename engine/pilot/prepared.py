"""What must be known before a plan: the corpus in figures, and how fast this machine trains.

Speeds are measured at a few model sizes of the ladder and interpolated between them, linearly in
logarithms; beyond them the line goes on, no steeper than the size and never downwards. A step takes
``seconds_per_step`` (noise, optimiser) and ``seconds_per_example`` for each example of its batch.

Not covered: a machine that is busier, or cooler, while it trains than while it was measured.

Loads no torch: pages and commands import it.

>>> speeds = (
...     Speed(model_size=10_000, seconds_per_example=1e-4, seconds_per_step=0.0),
...     Speed(model_size=1_000_000, seconds_per_example=1e-2, seconds_per_step=0.0),
... )
>>> f"{interpolate(speeds, 100_000, 'seconds_per_example'):.3g} s"
'0.001 s'
"""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from engine.pilot.plan import CorpusSource
from engine.pilot.running.folder import read_text
from engine.pilot.running.versions import versions as installed
from engine.pilot.text.identity import IdentityCounts
from engine.untrusted.guard import attempted
from engine.untrusted.texts import json_value

PREPARED_FILE = "prepared.json"
TYPICAL_BATCH = 512
"""Examples a step where the question names none."""
RECOMPUTING = 2.1
"""Times the time of an example where activations are computed anew: of five sizes on a processor
the medians were 1.4 to 2.2 (``python -m pytest tests/benchmarks/test_recomputed.py
--benchmark-enable -n 0``)."""
_FASTEST = 1e-12


@dataclass(frozen=True, kw_only=True)
class Speed:
    """Private training at one model size, in seconds."""

    model_size: int
    seconds_per_example: float
    """Gradient, clipping and sum."""
    seconds_per_step: float
    """All that a step does once: sampling, noise, optimiser, averaging, ledger."""


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A corpus and a machine, ready to plan for."""

    source: CorpusSource
    name: str
    family: str
    fingerprint: str
    units: int
    """Training units: the N of the guarantee."""
    held_out_units: int
    documents: int
    tokens: int
    vocabulary_size: int
    refused: tuple[tuple[str, int], ...]
    """(template of the reason, documents refused for it)."""
    device: str
    """"cuda" or "cpu"."""
    hardware: str
    """The device in words."""
    precision: str
    physical_batch_size: int
    sequence_length: int
    """Of the examples that were timed."""
    speeds: tuple[Speed, ...]
    """In order of model size."""
    versions: dict[str, str]
    made_at: str
    identity: IdentityCounts | None = None
    """How people were counted; None where each document is its own unit."""
    memory_bytes: int | None = None
    """Of the device that trains; None where the system does not tell."""
    bytes_per_token: float | None = None
    """Mean over the text, exact; None where it is not known."""
    start_losses: tuple[tuple[str, float], ...] = ()
    """SHA-256 of each public start that reads this text, and its loss on the held-out part before
    any step, nats per byte."""

    recompute: bool = False
    """Whether trainings on it are to compute activations anew: asked of a plan, not measured."""
    held_by: int = 1
    """Devices like this one that hold a model together, in parts: asked of a plan, not measured."""

    def start_loss(self, sha256: str) -> float | None:
        """Of the start of this file; None where it does not read the text, or came later."""
        return dict(self.start_losses).get(sha256)

    def seconds_per_step(self, model_size: float, batch_size: float) -> float:
        """Time of one training step of ``batch_size`` examples."""
        example = interpolate(self.speeds, model_size, "seconds_per_example")
        if self.recompute:
            example *= RECOMPUTING
        return interpolate(self.speeds, model_size, "seconds_per_step") + batch_size * example

    def tokens_per_second(self, model_size: float, batch_size: float = TYPICAL_BATCH) -> float:
        """Tokens of private training a second."""
        return batch_size * self.sequence_length / self.seconds_per_step(model_size, batch_size)

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1, ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str | None) -> "Prepared | None":
        """Inverse of :meth:`to_json`; None for anything else."""

        def parse() -> Prepared:
            data = json_value(text or "")
            counted = data.get("identity")
            return cls(
                **{
                    **data,
                    "source": CorpusSource(**data["source"]),
                    "refused": tuple((str(reason), int(n)) for reason, n in data["refused"]),
                    "identity": IdentityCounts(**counted) if counted else None,
                    "start_losses": tuple(
                        (str(name), float(loss)) for name, loss in data.get("start_losses", ())
                    ),
                    "speeds": tuple(Speed(**speed) for speed in data["speeds"]),
                }
            )

        return attempted(parse)


def read_prepared(folder: Path) -> Prepared | None:
    """The preparation in ``folder``; None where there is none of the versions installed now."""
    found = Prepared.from_json(read_text(folder / PREPARED_FILE))
    return found if found is not None and found.versions == installed() else None


def interpolate(speeds: Sequence[Speed], model_size: float, name: str) -> float:
    """The figure ``name`` at ``model_size``, on straight lines between logarithms."""
    points = [
        (math.log(speed.model_size), math.log(max(getattr(speed, name), _FASTEST)))
        for speed in speeds
    ]
    x = math.log(model_size)
    if len(points) == 1:  # time grows with the size
        return math.exp(points[0][1] + x - points[0][0])
    above = next((k for k, point in enumerate(points) if k and x <= point[0]), len(points) - 1)
    (x0, y0), (x1, y1) = points[above - 1], points[above]
    slope = (y1 - y0) / (x1 - x0)
    if points[0][0] <= x <= x1:
        return math.exp(y0 + slope * (x - x0))
    # A figure that the clock could not tell from 0 would send the line anywhere.
    slope = min(max(slope, 0.0), 1.0)
    return math.exp(y1 + slope * (x - x1) if x > x1 else y0 + slope * (x - x0))
