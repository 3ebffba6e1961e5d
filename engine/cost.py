"""From FLOPs to device hours to money.

device hours = FLOPs · DP overhead / (peak · utilisation · 3600). The catalogue's figures are
starting points for the user to edit; each carries its source and date.

>>> price = cost(3.8e20, DEFAULTS)
>>> f"{price.device_hours:.0f} hours, {price.usd:.0f} USD"
'400 hours, 1601 USD'
"""

import math

from engine.answers import Accelerator, Cost, CostAssumptions
from engine.errors import InputError

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

DEFAULTS = CostAssumptions(
    accelerator=ACCELERATORS["NVIDIA H200"],
    utilisation=0.40,
    dp_overhead=1.5,
    jpy_per_usd=150.0,
)
"""Utilisation: below the 46 % that PaLM reports (Chowdhery et al., arXiv 2204.02311, table 3).
DP overhead: the middle of 1.3–1.8 measured for Opacus hooks over plain AdamW. Exchange rate: a
round planning figure of our own, to be replaced."""


def cost(compute_flops: float, assumptions: CostAssumptions) -> Cost:
    """Price of ``compute_flops`` of training under ``assumptions``.

    Raises :class:`InputError` for a negative or absent price, a utilisation outside (0, 1], an
    overhead below 1, or a rate that is not positive.
    """
    _validate(assumptions)
    device = assumptions.accelerator
    rate = device.peak_flops * assumptions.utilisation * 3600
    hours = compute_flops * assumptions.dp_overhead / rate
    usd = hours * device.price_per_hour_usd
    return Cost(
        device_hours=hours,
        usd=usd,
        jpy=usd * assumptions.jpy_per_usd,
        assumptions=assumptions,
    )


def _validate(assumptions: CostAssumptions) -> None:
    device = assumptions.accelerator
    if not (math.isfinite(device.peak_flops) and device.peak_flops > 0):
        raise InputError("Expected a peak above 0 FLOP/s, got {value}.", value=device.peak_flops)
    if not (math.isfinite(device.price_per_hour_usd) and device.price_per_hour_usd >= 0):
        raise InputError(
            "Expected a price per device hour of at least 0 USD, got {value}.",
            value=device.price_per_hour_usd,
        )
    if not 0 < assumptions.utilisation <= 1:
        raise InputError(
            "Expected a utilisation above 0 % and at most 100 %, got {value}.",
            value=f"{assumptions.utilisation:.0%}",
        )
    if not (math.isfinite(assumptions.dp_overhead) and assumptions.dp_overhead >= 1):
        raise InputError(
            "Expected a DP overhead of at least 1 (a plain step's time), got {value}.",
            value=assumptions.dp_overhead,
        )
    if not (math.isfinite(assumptions.jpy_per_usd) and assumptions.jpy_per_usd > 0):
        raise InputError(
            "Expected an exchange rate above 0 JPY per USD, got {value}.",
            value=assumptions.jpy_per_usd,
        )
