"""Devices to rent: how fast, and at which price an hour.

Starting points for the user to edit; each carries its source and date. Offers of single sellers and
machines of one's own: :mod:`engine.device_hour`.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Accelerator:
    """A device to rent: peak FLOP/s (dense bf16), price in USD per
    device-hour, where from, when."""

    name: str
    peak_flops: float
    price_per_hour_usd: float
    source: str
    dated: str


_CLOUD = "middle of specialty clouds' on-demand range, mercatus-ai.com/blog/cloud-gpu-pricing"

ACCELERATORS: dict[str, Accelerator] = {
    device.name: device
    for device in (
        Accelerator(
            name="NVIDIA H200",
            peak_flops=989e12,
            price_per_hour_usd=4.00,
            source=f"peak: NVIDIA H200 datasheet (dense bf16); price: {_CLOUD} (3.50–4.50 USD)",
            dated="2026-05",
        ),
        Accelerator(
            name="NVIDIA H100",
            peak_flops=989e12,
            price_per_hour_usd=3.00,
            source=f"peak: NVIDIA H100 SXM datasheet (dense bf16); price: {_CLOUD} (2.50–3.50 USD)",
            dated="2026-05",
        ),
        Accelerator(
            name="NVIDIA A100 80GB",
            peak_flops=312e12,
            price_per_hour_usd=1.30,
            source=f"peak: NVIDIA A100 datasheet (dense bf16); price: {_CLOUD} (1.10–1.50 USD)",
            dated="2026-05",
        ),
    )
}
