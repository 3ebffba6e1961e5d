"""One training on several devices: how many processes, the command that starts them, and where one
of them finds itself.

torchrun (``python -m torch.distributed.run``) starts a process a device on every machine and ends
all of them where one is lost. The same command runs two processes of one machine and 64 GPUs of
eight: only the numbers and the meeting point differ.

Loads no torch: pages and commands import it.
"""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.errors import InputError

PORT = 29400
"""Where the processes of several machines find each other, on the first of them."""
FIRST_MACHINE = "FIRST_MACHINE"
"""Stands in a printed command for that machine's name."""
_MOST = 4096
_HELD_BYTES = 24
"""A parameter of a rank that holds a whole training: weight, sum, two moments, average, noise."""
_USABLE = 0.8
"""Of a device's memory: the rest is for activations."""


@dataclass(frozen=True, kw_only=True)
class Ranks:
    """Processes of one training, each on a device of its own."""

    nodes: int = 1
    """Machines."""
    per_node: int = 1
    """Processes on each."""

    def __post_init__(self) -> None:
        if self.nodes < 1 or self.per_node < 1 or self.total > _MOST:
            raise InputError(
                "Expected 1 to {most} processes in all, at least one on each machine, got {nodes} "
                "machines with {per_node} each.",
                most=_MOST,
                nodes=self.nodes,
                per_node=self.per_node,
            )

    @property
    def total(self) -> int:
        return self.nodes * self.per_node


@dataclass(frozen=True, kw_only=True)
class Place:
    """One process among those that torchrun started."""

    rank: int
    """0 leads."""
    local_rank: int
    """On its machine, which is also the number of its device."""
    ranks: Ranks


def is_too_large(model_size: int, memory_bytes: int | None) -> bool:
    """Whether a training of so many parameters has no room on a device with so much memory: ranks
    then hold the model in parts.

    >>> is_too_large(1_000_000_000, 80_000_000_000), is_too_large(3_000_000_000, 80_000_000_000)
    (False, True)
    """
    return memory_bytes is not None and _HELD_BYTES * model_size > _USABLE * memory_bytes


def place_of(environment: Mapping[str, str]) -> Place | None:
    """Where ``environment`` puts this process; None where torchrun did not start it, or it
    alone."""
    if "TORCHELASTIC_RUN_ID" not in environment or environment["WORLD_SIZE"] == "1":
        return None
    return Place(
        rank=int(environment["RANK"]),
        local_rank=int(environment["LOCAL_RANK"]),
        ranks=Ranks(
            nodes=int(environment["GROUP_WORLD_SIZE"]),
            per_node=int(environment["LOCAL_WORLD_SIZE"]),
        ),
    )


def ranks_of(total: int, nodes: int) -> Ranks:
    """``total`` processes on ``nodes`` machines. Raises :class:`InputError` where they do not
    divide."""
    if nodes < 1 or total % nodes:
        raise InputError(
            "Expected as many processes on each machine, got {total} on {nodes}: let the machines "
            "divide them.",
            total=total,
            nodes=nodes,
        )
    return Ranks(nodes=nodes, per_node=total // nodes)


def torchrun(
    ranks: Ranks, program: Sequence[str], *, meeting: str, run_id: str, python: str = "python"
) -> list[str]:
    """The command that runs ``program``, a module and its arguments, once a rank; to be started on
    each machine.

    ``meeting``: HOST:PORT of the first machine. No process is started again by itself: who was
    lost, and what that cost, is for people to see.
    """
    return [
        python,
        "-m",
        "torch.distributed.run",
        f"--nnodes={ranks.nodes}",
        f"--nproc-per-node={ranks.per_node}",
        "--max-restarts=0",
        "--rdzv-backend=c10d",
        f"--rdzv-endpoint={meeting}",
        f"--rdzv-id={run_id}",
        "-m",
        *program,
    ]


def printed(folder: Path, ranks: Ranks, *, meeting: str = f"{FIRST_MACHINE}:{PORT}") -> str:
    """The command that runs the pilot in ``folder`` on ``ranks``, for a shell in the checkout."""
    program = ["engine.pilot", "run", str(folder)]
    return shlex.join(torchrun(ranks, program, meeting=meeting, run_id=folder.name))
