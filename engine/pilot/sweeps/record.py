"""What a training of a sweep leaves: its record in the run log, or a note that it failed.

What decides a result and is no field of a record (the text's fingerprint, warm-up, averaging,
shape) stands in its ``versions``; :func:`settings_told` says it in one place, so that a finished
run can be compared with a plan.

Imports torch only to ask a GPU for its name.
"""

import math
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.pilot.plan import TrainingSettings
from engine.pilot.running.versions import versions
from engine.pilot.sweeps.grid import defining
from engine.pilot.text.corpus import Corpus
from engine.runs.checks import canonical_json
from engine.runs.record import UNTRAINED_LOSS, RunRecord
from engine.untrusted.regular import added_to, whole
from engine.untrusted.texts import json_value

FAILED_FILE = "failed.jsonl"
STOPPED_FILE = "stopped.jsonl"
"""Runs that were stopped since they could not change a decision; they may be gone on with."""
NOTES = (FAILED_FILE, STOPPED_FILE)


@dataclass(frozen=True, kw_only=True)
class Result:
    """What one training gave. ``failure`` says why it has no loss; empty otherwise."""

    stopped: bool = False
    failure: str = ""
    cross_entropy: float = math.nan
    train_cross_entropy: float | None = None
    curve: tuple[tuple[int, float], ...] = ()
    seconds: float = 0.0
    physical_batch_size: int | None = None
    start_cross_entropy: float | None = None
    """Held-out loss of the public start before the first step."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a sweep trains and stores; the same for all of its processes."""

    log_folder: Path | None
    """Folder of the run log; None for the installation's."""
    folder: Path
    """Holds a folder for each run under way, and the notes of failures."""
    device: str = "cpu"
    threads: int = 1


@dataclass(frozen=True, kw_only=True)
class Stopped:
    """A run that could not change a decision any more."""

    reason: str
    seconds: float
    """How long it trained, which stays spent."""


def failures(folder: Path) -> dict[str, str]:
    """Run id -> reason, of the notes in ``folder``."""
    return {name: str(note["reason"]) for name, note in _notes(folder / FAILED_FILE).items()}


def stopped_runs(folder: Path) -> dict[str, Stopped]:
    """The runs that were stopped, by id, each as it was the last time."""
    return {
        name: Stopped(reason=str(note["reason"]), seconds=float(note["seconds"]))
        for name, note in _notes(folder / STOPPED_FILE).items()
        if isinstance(note.get("seconds"), (int, float))
    }


def _notes(path: Path) -> dict[str, Mapping[str, Any]]:
    """The last note of each run. A line that no one wrote whole is ignored."""
    try:
        lines = whole(path).decode("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return {}
    found: dict[str, Mapping[str, Any]] = {}
    for line in lines:
        try:
            note = json_value(line)
            found[note["run_id"]] = {**note, "reason": note["reason"]}
        except (ValueError, TypeError, KeyError):
            continue
    return found


def divergence(run: TrainingSettings, result: Result) -> str:
    highest = UNTRAINED_LOSS * math.log(run.shape.vocabulary_size)
    losses = [result.cross_entropy, *(loss for _, loss in result.curve)]
    if not all(map(math.isfinite, losses)):
        return "a loss is not a finite number"
    if result.cross_entropy > highest:
        return (
            f"the final loss {result.cross_entropy:.3f} lies above {highest:.3f} nats, "
            "that of a model that knows nothing"
        )
    return ""


def note(
    folder: Path,
    name: str,
    run: TrainingSettings,
    reason: str,
    *,
    file: str = FAILED_FILE,
    seconds: float | None = None,
) -> None:
    """Write down why a run has no result; ``seconds``: how long it trained, where that is told."""
    line = {
        "run_id": name,
        "reason": reason,
        "model_size": run.config.model_size,
        "iterations": run.config.iterations,
        "noise_batch_ratio": run.noise_batch_ratio,
        "learning_rate": run.learning_rate,
        "seed": run.seed,
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        **({} if seconds is None else {"seconds": round(seconds, 2)}),
    }
    append_notes(folder, [canonical_json(line).encode()], file)


def append_notes(folder: Path, lines: Sequence[bytes], file: str = FAILED_FILE) -> None:
    """Add ``lines`` to the notes in ``folder``. Raises OSError."""
    # One write in append mode, on lines of their own even after a torn one.
    with added_to(folder / file, 0o666, buffering=0) as notes:
        notes.write(b"\n" + b"\n".join(lines) + b"\n")
        os.fsync(notes.fileno())


def record_of(run: TrainingSettings, corpus: Corpus, place: Place, result: Result) -> RunRecord:
    """The record of a finished training."""
    return RunRecord(
        **defining(run, family=corpus.family),
        compute_flops=run.config.compute_flops,
        cross_entropy=result.cross_entropy,
        curve=result.curve,
        hardware=hardware(place),
        versions=canonical_json(
            {
                **settings_told(run, corpus),
                "physical_batch_size": result.physical_batch_size,
                "train_cross_entropy": result.train_cross_entropy,
                **(
                    {}
                    if result.start_cross_entropy is None
                    else {"start_cross_entropy": result.start_cross_entropy}
                ),
                "seconds": round(result.seconds, 2),
                **versions(),
            }
        ),
        created_at=datetime.now(UTC),
    )


def settings_told(run: TrainingSettings, corpus: Corpus) -> dict[str, Any]:
    """What decides a run's result and is no field of its record."""
    started = {} if run.start is None else {"start": asdict(run.start)}
    return {
        **started,
        "corpus": corpus.fingerprint,
        "units": run.data_budget,
        "clip_norm": run.clip_norm,
        "averaging": run.averaging,
        "warmup": run.warmup,
        "schedule": run.schedule,
        "precision": run.precision,
        "engine": run.engine,
        "depth": run.shape.depth,
        "width": run.shape.width,
        "activation": run.shape.activation,
    }


def settings_differ(record: RunRecord, run: TrainingSettings, corpus: Corpus) -> bool:
    """Whether a finished run of the same id was trained otherwise, as far as its record tells."""
    told = json_value(record.versions)
    return any(
        name in told and told[name] != value for name, value in settings_told(run, corpus).items()
    )


def hardware(place: Place) -> str:
    """The device and how much of it a run had, in words; no name of a machine."""
    if place.device == "cpu":
        return f"{_processor()}, {place.threads} thread{'s' if place.threads > 1 else ''}"
    import torch

    return torch.cuda.get_device_name(place.device)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
