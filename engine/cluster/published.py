"""Large trainings that were published, as data: what they took, and how fast their steps were.

The rows of ``data/published/large_runs.csv``; data/published/README.md says what each column is and
which rows set the constants of the model, which judge it, and which have no answer yet.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from engine.cluster.machines import Machine, machine_named
from engine.cluster.step import Training
from engine.errors import InputError
from engine.tables.reader import read_file
from engine.tables.table import Row, Table

PATH = Path(__file__).parents[2] / "data" / "published" / "large_runs.csv"


class Kind(StrEnum):
    """What is published: hours of a whole run, or the speed of its steps."""

    RUN = "run"
    STEPS = "steps"


class Role(StrEnum):
    """What a row is used for."""

    CALIBRATION = "calibration"
    HELD_OUT = "held out"
    QUESTION = "question"


class Counts(StrEnum):
    """Which FLOPs a published speed counts."""

    PARAMETERS = "parameters"
    """6·M a token."""
    MODEL = "model"
    """And those of attention."""
    HARDWARE = "hardware"
    """And the second computation of activations."""


@dataclass(frozen=True, kw_only=True)
class LargeRun:
    """One published training; ``device_hours`` None where none are printed."""

    name: str
    kind: Kind
    role: Role
    year: int
    training: Training
    machine: Machine
    devices: int
    recompute: bool
    device_hours: float | None
    teraflops: float | None
    """Of one device, as printed."""
    counts: Counts | None
    found: bool
    """Whether its figures were found again in a public text; else as the paper is known to say."""
    note: str
    source: str
    url: str

    @property
    def utilisation(self) -> float | None:
        """Share of the peak that 6·M FLOPs a token were; None where neither hours nor a speed is
        published."""
        peak = self.machine.peak_flops
        if self.device_hours is not None:
            return self.training.flops / (self.device_hours * 3600 * peak)
        if self.teraflops is None:
            return None
        one = self.training
        plain = 6 * one.model_size
        counted = plain
        if self.counts is not Counts.PARAMETERS:
            counted += 12 * one.layers * one.width * one.sequence_length
        if self.counts is Counts.HARDWARE:
            counted *= 4 / 3
        return self.teraflops * 1e12 / peak * plain / counted


@lru_cache(maxsize=2)
def large_runs(path: Path = PATH) -> tuple[LargeRun, ...]:
    """All rows, in the file's order. Raises :class:`InputError` for one that cannot be true."""
    table = read_file(path)
    return tuple(_run(table, line) for line in table.rows)


def _run(table: Table, line: Row) -> LargeRun:
    def number(column: str) -> float:
        return float(table.number(line, column))

    def known(column: str) -> float | None:
        return number(column) if table.cell(line, column) else None

    name = table.cell(line, "name")
    length, tokens_per_step = number("sequence_length"), number("tokens_per_step")
    tokens = known("tokens")
    machine = machine_named(table.cell(line, "device"))
    counts = table.cell(line, "counts")
    found = LargeRun(
        name=name,
        kind=Kind(table.cell(line, "kind")),
        role=Role(table.cell(line, "role")),
        year=int(number("year")),
        training=Training(
            model_size=number("model_size"),
            layers=int(number("layers")),
            width=int(number("width")),
            batch_size=tokens_per_step / length,
            sequence_length=int(length),
            iterations=1.0 if tokens is None else tokens / tokens_per_step,
            dp_overhead=number("dp_overhead"),
        ),
        machine=replace(
            machine, network_bytes_per_second=1e9 * number("network_gigabytes_per_second")
        ),
        devices=int(number("devices")),
        recompute=bool(number("recompute")),
        device_hours=known("device_hours"),
        teraflops=known("teraflops"),
        counts=Counts(counts) if counts else None,
        found=table.cell(line, "checked") == "found",
        note=table.cell(line, "note"),
        source=table.cell(line, "source"),
        url=table.cell(line, "url"),
    )
    share = found.utilisation
    if share is not None and not 0 < share < 1:
        raise InputError(
            "Expected hours or a speed of {name} that use between 0 and 100 % of its devices' "
            "peak, got {value}.",
            name=name,
            value=f"{share:.0%}",
        )
    return found
