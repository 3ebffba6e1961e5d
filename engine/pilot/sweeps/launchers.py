"""A sweep in parts, or a pilot, as processes of their own wherever a launcher puts them.

A part is the command line itself (``python -m engine sweep PLAN --part 2/8``) and takes every n-th
run of the plan, so that no two parts ever train the same run, whether or not locks reach from one
machine to the other. All parts write to the run log and the folders that the environment names,
which must be shared between the machines. A part that is lost goes on from its checkpoints when it
is started again: Ray starts it again by itself, Slurm where a job is requeued, else whoever runs
the sweep again.

A pilot is one part. Its folder, with checkpoint and ledger, is shared like those of a sweep, and it
goes on in the same way.

Launchers: processes of this machine; Slurm through submitit, and submitit's own local executor;
Ray, on a cluster whose address is given or on this machine. submitit and Ray are optional and named
in a sentence where they are missing.

Clusters on which somebody else launches get a file: :mod:`engine.pilot.sweeps.manifests`. Not
covered: machines without a shared folder, but for a sweep on Ray, whose parts then send back what
they made (:mod:`engine.pilot.sweeps.shipping`).
"""

import math
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, redirect_stdout
from enum import StrEnum
from pathlib import Path
from typing import IO, Any, Protocol

from engine.errors import InputError
from engine.pilot.sweeps.parts import ROOT, Command, Ended, last_line, missing, refused, share
from engine.pilot.sweeps.shipping import Files, Shipment, apart
from engine.pilot.sweeps.submitted import Submitit

_POLL = 0.5
_RETRIES = 3
_GRACE = 30.0
"""Seconds in which a part may write its checkpoint before it is killed."""

Say = Callable[[str], None]


class Where(StrEnum):
    """Which launcher."""

    LOCAL = "local"
    SLURM = "slurm"
    SUBMITIT_LOCAL = "submitit-local"
    RAY = "ray"


class Launcher(Protocol):
    """Runs commands side by side and says when each has ended."""

    def run(self, commands: Sequence[Command], *, say: Say) -> list[Ended]: ...


def launcher(
    where: Where, options: Mapping[str, str], folder: Path, shipment: Shipment | None = None
) -> Launcher:
    """The launcher for ``where``; ``options`` are its own, such as ``partition`` of Slurm.
    ``shipment``: what goes along and comes back where ``shared=no`` is among them; None: nothing
    can.

    Raises :class:`InputError` where its library or its cluster is missing, and for an option that
    it does not know.
    """
    if where is Where.LOCAL:
        if options:
            raise InputError(
                "Expected --on slurm, submitit-local or ray with --job, got this machine: leave "
                "--job out."
            )
        return Local()
    if where is Where.RAY:
        return Ray(
            address=options.get("address"),
            cpus=_number("cpus", options, 1.0),
            shipment=_shipment(options, shipment),
        )
    return _submitit(where, options, folder)


def shipped(command: Command, files: Files) -> tuple[int, str, Files]:
    """The same on a machine without the folders, with what it made."""
    return apart(share, command, files)


class Local:
    """Processes of this machine."""

    def run(self, commands: Sequence[Command], *, say: Say) -> list[Ended]:
        with ExitStack() as stack:
            files = [stack.enter_context(tempfile.TemporaryFile("w+")) for _ in commands]
            processes = [
                subprocess.Popen(
                    list(command),
                    cwd=ROOT,
                    stdout=subprocess.DEVNULL,
                    stderr=file,
                    start_new_session=True,
                )
                for command, file in zip(commands, files, strict=True)
            ]
            try:
                return self._followed(processes, files, say)
            except BaseException:
                _stop(processes)
                raise

    @staticmethod
    def _followed(
        processes: Sequence["subprocess.Popen[bytes]"], files: Sequence[IO[str]], say: Say
    ) -> list[Ended]:
        found: dict[int, Ended] = {}
        while len(found) < len(processes):
            for part, (process, file) in enumerate(zip(processes, files, strict=True), start=1):
                if part in found or process.poll() is None:
                    continue
                file.seek(0)
                found[part] = Ended.of(part, process.returncode, last_line(file.read()))
                say(found[part].line(len(processes)))
            time.sleep(_POLL)
        return [found[part] for part in sorted(found)]


class Ray:
    """Tasks of Ray, started again where their machine is lost."""

    def __init__(
        self, *, address: str | None, cpus: float, shipment: Shipment | None = None
    ) -> None:
        """``shipment``: for machines without these folders."""
        try:
            import ray
        except ImportError as error:
            raise missing("ray") from error
        self._ray, self._address, self._cpus = ray, address, cpus
        self._shipment = shipment

    def run(self, commands: Sequence[Command], *, say: Say) -> list[Ended]:
        with redirect_stdout(sys.stderr):  # where Ray tells of workers that it lost
            return self._run(commands, say)

    def _run(self, commands: Sequence[Command], say: Say) -> list[Ended]:
        ray = self._ray
        try:
            ray.init(
                address=self._address,
                include_dashboard=False if self._address is None else None,
                runtime_env={"env_vars": {"PYTHONPATH": str(ROOT), **_folders()}},
                log_to_driver=False,
                logging_level="ERROR",
            )
        except ConnectionError as error:
            raise refused("ray", error) from error
        try:
            remote = ray.remote(num_cpus=self._cpus, max_retries=_RETRIES)
            sent: list[Any] = []
            if self._shipment is not None:
                sent = [ray.put(self._shipment.packed())]
            task = remote(shipped if sent else share)
            waiting = {
                task.remote(list(command), *sent): part
                for part, command in enumerate(commands, start=1)
            }
            found: dict[int, Ended] = {}
            while waiting:
                ready, _ = ray.wait(list(waiting), num_returns=1)
                for each in ready:
                    part = waiting.pop(each)
                    found[part] = self._ended(part, each)
                    say(found[part].line(len(commands)))
            return [found[part] for part in sorted(found)]
        finally:
            ray.shutdown()

    def _ended(self, part: int, reference: Any) -> Ended:
        try:
            code, said, *made = self._ray.get(reference)
            if self._shipment is not None:
                self._shipment.unpacked(*made)
            return Ended.of(part, code, said)
        except (self._ray.exceptions.RayError, InputError, OSError) as error:
            # What it sent back could not be stored here: others' runs are not lost with it.
            return Ended(part=part, code=None, said=last_line(str(error)))


def options_of(given: Sequence[str]) -> dict[str, str]:
    """``["cpus=2"]`` -> {"cpus": "2"}. Raises :class:`InputError` for anything else."""
    pairs = [text.partition("=") for text in given]
    for name, sign, value in pairs:
        if not (name.isidentifier() and sign and value):
            raise InputError(
                "Expected --job NAME=VALUE, got {value}.", value=f"{name}{sign}{value}"[:60]
            )
    return {name: value for name, _, value in pairs}


def part_of(text: str) -> tuple[int, int]:
    """``2/8`` -> (2, 8). Raises :class:`InputError` for anything else."""
    number, _, of = text.partition("/")
    if number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of):
        return int(number), int(of)
    raise InputError(
        "Expected a part such as 2/8, the second of eight, got {value}.", value=text[:40]
    )


def python(*arguments: str) -> list[str]:
    """The command line of this installation."""
    return [sys.executable, "-m", "engine", *arguments]


def _submitit(where: Where, options: Mapping[str, str], folder: Path) -> Submitit:
    """Jobs of Slurm, or of submitit's local executor."""
    minutes = math.ceil(_number("minutes", options, 1440.0))
    others = {name: value for name, value in options.items() if name != "minutes"}
    cluster = "slurm" if where is Where.SLURM else "local"
    return Submitit(cluster=cluster, minutes=minutes, options=others, folder=folder)


def _number(name: str, options: Mapping[str, str], usual: float) -> float:
    """An option of a launcher that is a number above 0."""
    try:
        value = float(options.get(name, usual))
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise InputError(
            "Expected a number above 0 for --job {name}, got {value}.",
            name=name,
            value=options[name][:40],
        )
    return value


def _shipment(options: Mapping[str, str], shipment: Shipment | None) -> Shipment | None:
    """What ``shared=no`` asks for."""
    match options.get("shared", "yes"):
        case "yes":
            return None
        case "no" if shipment is not None:
            return shipment
        case "no":
            raise InputError(
                "Expected --job shared=no for a sweep, got a pilot: its privacy ledger must "
                "outlive the machine."
            )
        case other:
            raise InputError("Expected --job shared=yes or no, got {value}.", value=other[:40])


def _folders() -> dict[str, str]:
    """The settings of this process: a cluster's machines have not got them."""
    return {name: value for name, value in os.environ.items() if name.startswith("KESSAI_")}


def _stop(processes: Sequence["subprocess.Popen[bytes]"]) -> None:
    """Let each write its checkpoint and end; then none is left."""
    for process in processes:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
    deadline = time.monotonic() + _GRACE
    for process in processes:
        try:
            process.wait(max(deadline - time.monotonic(), 0.0))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
