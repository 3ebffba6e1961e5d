"""What a runner says of itself, several times a second, and what it leaves of each training.

The status is for eyes: nothing about privacy rests on it. What was spent is in the ledger of each
training, what came out in its result. A reason is a template and its values, as an
:class:`engine.errors.InputError` keeps them, so that the page says it in its language.

Loads no torch: pages and commands import it.
"""

import errno
import json
import os
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any

from engine.errors import InputError
from engine.pilot.audits.audit import Audit
from engine.pilot.compiling import Trial
from engine.pilot.running.folder import read_text, write_text
from engine.untrusted.regular import descriptor_of
from engine.untrusted.texts import json_value

_FULL = {errno.ENOSPC, errno.EDQUOT}
STALLED_AFTER = 60.0
"""Seconds without a heartbeat after which a living runner counts as stuck."""


class State(StrEnum):
    """Where a pilot stands."""

    PLANNED = "planned"
    """Registered, never started."""
    QUEUED = "queued"
    """The process starts."""
    PREPARING = "preparing"
    """Reads the corpus, builds the model, measures the machine."""
    TRAINING = "training"
    PAUSED = "paused"
    FINISHED = "finished"
    FAILED = "failed"
    """Stopped with a reason; starting it again goes on from the last checkpoint."""
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"
    """The process died without a word (killed, out of power)."""
    UNREADABLE = "unreadable"
    """It is there and may not be looked into: what it has spent is unknown."""


RUNNING = frozenset({State.QUEUED, State.PREPARING, State.TRAINING})
"""States of a living process."""


@dataclass(frozen=True, kw_only=True)
class Status:
    """One pilot, or one preparation, at ``heartbeat``."""

    state: State
    heartbeat: float = 0.0
    """When this was said, in seconds since 1970."""
    started: float = 0.0
    """When the process began, likewise."""
    process: int | None = None
    ranks: int = 1
    """Processes that train together, on ``nodes`` machines."""
    nodes: int = 1
    code_version: str | None = None
    """Of that process: what trains, or trained last."""
    trainings: int = 0
    """Trainings of the plan."""
    trainings_done: int = 0
    arm: str | None = None
    """The training under way."""
    repeat: int | None = None
    iteration: int = 0
    iterations: int = 0
    """Steps that the training under way will take."""
    charged: int = 0
    """Steps that its privacy ledger has charged, lost ones included."""
    epsilon_spent: float | None = None
    """Certified ε of the charged steps, for this training alone."""
    train_loss: float | None = None
    """Of recent batches, nats per token or byte; not private: for the operator's eyes only."""
    curve: tuple[tuple[int, float], ...] = ()
    """(iteration, held-out loss) of the training under way."""
    tokens_per_second: float | None = None
    seconds_left: float | None = None
    """For the whole plan."""
    progress: float = 0.0
    """Share of the whole work that is done, 0 to 1."""
    physical_batch_size: int | None = None
    """Smaller than planned where memory did not suffice."""
    compiled: Trial | None = None
    """What a trial of the compiled pass found; None where none was made."""
    reason: str | None = None
    """Template of the sentence that says why it stopped."""
    values: dict[str, str] = field(default_factory=dict)

    @property
    def is_running(self) -> bool:
        return self.state in RUNNING

    @property
    def sentence(self) -> str:
        """The reason in English; empty where there is none."""
        return (self.reason or "").format(**self.values)

    def is_stalled(self, now: float) -> bool:
        """Whether a living process has said nothing for long."""
        return self.is_running and now - self.heartbeat > STALLED_AFTER

    def to_json(self) -> str:
        return _to_json(self)

    @classmethod
    def from_json(cls, text: str | None) -> "Status | None":
        """Inverse of :meth:`to_json`; None for anything else."""
        try:
            data = _known(cls, json_value(text or ""))
            return cls(
                **{
                    **data,
                    "state": State(data["state"]),
                    "heartbeat": float(data["heartbeat"]),
                    "curve": _points(data["curve"]),
                    "compiled": _trial(data.get("compiled")),
                    "values": {str(k): str(v) for k, v in data["values"].items()},
                }
            )
        except (ValueError, TypeError, KeyError, AttributeError):
            return None


@dataclass(frozen=True, kw_only=True)
class TrainingResult:
    """What came of one training: of each arm, one for every repeat."""

    arm: str
    repeat: int
    cross_entropy: float
    """Held-out loss of the averaged weights at the end, nats per token or byte."""
    train_loss: float | None
    """The same on windows of the training units."""
    curve: tuple[tuple[int, float], ...]
    """(iteration, held-out loss)."""
    iterations: int
    """Steps that made the model."""
    charged: int
    """Steps that privacy was paid for: ``iterations`` and those that a kill lost."""
    seconds: float
    """Spent in steps and evaluations, over all restarts."""
    physical_batch_size: int
    hardware: str
    versions: dict[str, str]
    created_at: str
    """ISO 8601, with the zone."""
    run_id: str | None
    """Record in the run log; None where the log refuses the outcome, see ``reason``."""
    reason: str | None = None
    """Template of the sentence that says why there is no record."""
    values: dict[str, str] = field(default_factory=dict)
    audits: tuple[Audit, ...] = ()
    """What attacks on the model showed: lower bounds on ε, for this training alone."""

    @cached_property
    def audit(self) -> Audit | None:
        """The one that showed most; None where none could be made."""
        return max(self.audits, key=lambda audit: (audit.lower_bound, audit.ceiling), default=None)

    def to_json(self) -> str:
        return _to_json(self)

    @classmethod
    def from_json(cls, text: str | None) -> "TrainingResult | None":
        """Inverse of :meth:`to_json`; None for anything else."""
        try:
            data = _known(cls, json_value(text or ""))
            audits = tuple(Audit.from_dict(audit) for audit in data.get("audits", ()))
            return cls(**{**data, "curve": _points(data["curve"]), "audits": audits})
        except (ValueError, TypeError, KeyError, AttributeError):
            return None


def read_status(path: Path) -> Status | None:
    """The status in the file ``path``; None where there is none to be read."""
    return Status.from_json(read_text(path))


def write_status(path: Path, status: Status) -> None:
    """Replace the status in the file ``path``.

    On a full disk the file is written over in place, which takes no room: it may then be read
    torn, but says why everything stopped.
    """
    try:
        write_text(path, status.to_json())
    except OSError as error:
        if error.errno not in _FULL or not path.exists():
            raise
        with os.fdopen(descriptor_of(path, os.O_RDWR), "r+b") as file:
            file.write(status.to_json().encode())
            file.truncate()


def reason_of(error: InputError) -> dict[str, Any]:
    """``reason`` and ``values`` of a refusal, as statuses and results carry them."""
    return {"reason": error.template, "values": {k: str(v) for k, v in error.values.items()}}


def _to_json(value: Status | TrainingResult) -> str:
    return json.dumps(asdict(value), ensure_ascii=False, allow_nan=False)


def _known(kind: type, data: dict[str, Any]) -> dict[str, Any]:
    """Fields of ``kind`` only: a newer version may have written more."""
    names = {field.name for field in fields(kind)}
    return {name: value for name, value in data.items() if name in names}


def _trial(data: dict[str, Any] | None) -> Trial | None:
    return None if data is None else Trial(**_known(Trial, data))


def _points(points: list[Any]) -> tuple[tuple[int, float], ...]:
    return tuple((int(iteration), float(loss)) for iteration, loss in points)
