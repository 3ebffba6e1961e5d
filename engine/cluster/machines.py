"""What a cluster is made of: devices, their memory, and the two networks between them.

Bandwidths are those of one device in one direction, in bytes a second: within a node (NVLink, or
the interconnect of a TPU pod) and between nodes. They are the makers' figures; what is reached of
them is part of what :mod:`engine.cluster.calibration` fits.

>>> machine_named("NVIDIA H100").devices_in_node
8
"""

from dataclasses import dataclass

from engine.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Machine:
    """A kind of device as it stands in a cluster. Peak in FLOP/s (dense bf16), memory in bytes."""

    name: str
    peak_flops: float
    memory_bytes: float
    devices_in_node: int
    """Devices that the fast network reaches."""
    node_bytes_per_second: float
    network_bytes_per_second: float
    source: str


MACHINES: dict[str, Machine] = {
    machine.name: machine
    for machine in (
        Machine(
            name="NVIDIA H200",
            peak_flops=989e12,
            memory_bytes=141e9,
            devices_in_node=8,
            node_bytes_per_second=450e9,
            network_bytes_per_second=50e9,
            source="NVIDIA H200 and DGX H200 datasheets: NVLink 900 GB/s both ways, 400 Gb/s a GPU",
        ),
        Machine(
            name="NVIDIA H100",
            peak_flops=989e12,
            memory_bytes=80e9,
            devices_in_node=8,
            node_bytes_per_second=450e9,
            network_bytes_per_second=50e9,
            source="NVIDIA H100 SXM and DGX H100 datasheets: NVLink 900 GB/s, 400 Gb/s a GPU",
        ),
        Machine(
            name="NVIDIA A100 80GB",
            peak_flops=312e12,
            memory_bytes=80e9,
            devices_in_node=8,
            node_bytes_per_second=300e9,
            network_bytes_per_second=25e9,
            source="NVIDIA A100 and DGX A100 datasheets: NVLink 600 GB/s both ways, 200 Gb/s a GPU",
        ),
        Machine(
            name="NVIDIA A100 40GB",
            peak_flops=312e12,
            memory_bytes=40e9,
            devices_in_node=8,
            node_bytes_per_second=300e9,
            network_bytes_per_second=25e9,
            source="NVIDIA A100 and DGX A100 datasheets: NVLink 600 GB/s both ways, 200 Gb/s a GPU",
        ),
        Machine(
            name="TPU v4",
            peak_flops=275e12,
            memory_bytes=32e9,
            devices_in_node=3072,
            node_bytes_per_second=150e9,
            network_bytes_per_second=1.65e9,
            source="Google Cloud TPU v4; pods and their 81 Tb/s: PaLM, arXiv 2204.02311, section 4",
        ),
        Machine(
            name="TPU v6e",
            peak_flops=918e12,
            memory_bytes=32e9,
            devices_in_node=256,
            node_bytes_per_second=400e9,
            network_bytes_per_second=12.5e9,
            source="Google Cloud TPU v6e: pod of 256, 800 GB/s both ways; between pods: assumption",
        ),
    )
}


def machine_named(name: str) -> Machine:
    """The machine of a device. Raises :class:`InputError` for one whose networks are not known."""
    if name not in MACHINES:
        raise InputError(
            "Expected a device whose memory and networks are known here ({expected}), got {name}.",
            expected=", ".join(MACHINES),
            name=name[:40],
        )
    return MACHINES[name]
