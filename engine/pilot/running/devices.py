"""The device that trains: a GPU where torch finds one, else the
processor; never a machine's name."""

import platform
from dataclasses import dataclass
from pathlib import Path

import torch

from engine.errors import InputError
from engine.untrusted.memory import machine_memory


@dataclass(frozen=True, kw_only=True)
class Device:
    """``kind`` as torch calls it, ``hardware`` in words."""

    kind: str
    hardware: str
    precision: str
    """Of the forward and backward pass; norms and sums stay float32."""
    physical_batch_size: int
    """Examples a micro-batch; halved where memory does not suffice."""
    memory_bytes: int | None = None
    """None where the system does not tell."""


def device(number: int = 0) -> Device:
    """What this process trains on, the GPU of this ``number`` where there are some.

    Raises :class:`InputError` where there are not so many.
    """
    if torch.cuda.is_available():
        if number >= (found := torch.cuda.device_count()):
            raise InputError(
                "Expected a GPU for each process of this machine, got {found} GPUs and at least "
                "{wanted} processes: start one process a GPU.",
                found=found,
                wanted=number + 1,
            )
        torch.cuda.set_device(number)
        return Device(
            kind="cuda",
            hardware=torch.cuda.get_device_name(),
            precision="bfloat16",
            physical_batch_size=256,
            memory_bytes=torch.cuda.get_device_properties(number).total_memory,
        )
    threads = torch.get_num_threads()
    return Device(
        kind="cpu",
        hardware=f"{processor()}, {threads} thread{'s' if threads > 1 else ''}",
        precision="float32",
        physical_batch_size=64,
        memory_bytes=machine_memory(),
    )


def processor() -> str:
    """The processor's name, as far as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
