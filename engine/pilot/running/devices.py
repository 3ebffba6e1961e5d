"""The device that trains: a GPU where torch finds one, else the
processor; never a machine's name."""

import platform
from dataclasses import dataclass
from pathlib import Path

import torch


@dataclass(frozen=True, kw_only=True)
class Device:
    """``kind`` as torch calls it, ``hardware`` in words."""

    kind: str
    hardware: str
    precision: str
    """Of the forward and backward pass; norms and sums stay float32."""
    physical_batch_size: int
    """Examples a micro-batch; halved where memory does not suffice."""


def device() -> Device:
    """What this process trains on."""
    if torch.cuda.is_available():
        return Device(
            kind="cuda",
            hardware=torch.cuda.get_device_name(),
            precision="bfloat16",
            physical_batch_size=256,
        )
    threads = torch.get_num_threads()
    return Device(
        kind="cpu",
        hardware=f"{processor()}, {threads} thread{'s' if threads > 1 else ''}",
        precision="float32",
        physical_batch_size=64,
    )


def processor() -> str:
    """The processor's name, as far as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
