"""What failures and checkpoints leave of the time, on devices that all stop when one does.

Failures arrive at random, each device's once in ``device_hours_between`` hours. A run saves its
state every τ = √(2·δ·M) − δ hours (Daly, 2006, doi 10.1016/j.future.2004.11.016;
Young, 1974, doi 10.1145/361147.361115), where δ is the time of a save and M that between failures
of the whole cluster; after a failure it restarts and repeats what was not saved. The expected time
is Daly's complete model, M·e^(R/M)·(e^((τ+δ)/M) − 1)/τ an hour of work, which holds also where
failures come faster than saves. Not covered: failures that a run survives but slows down after,
spare devices that run out, and a cluster that waits for people.

>>> lost = losses(devices=16_384, save_hours=0.01)
>>> f"{lost.hours_between:.1f} h, every {60 * lost.save_every_hours:.0f} min, {lost.kept:.0%}"
'3.1 h, every 14 min, 87%'
"""

import math
from dataclasses import dataclass

from engine.errors import InputError

DEVICE_HOURS_BETWEEN = 54 * 24 * 16_384 / 419
"""Llama 3 405B: 419 unexpected interruptions in 54 days on 16,384 H100 (arXiv 2407.21783, section
3.3.4). OPT-175B restarted about twice as often (53 restarts in 56 days on 992 A100)."""
RESTART_HOURS = 10 / 60
"""From a failure to the next step: assumption."""
_SAVE_FIXED_HOURS = 10 / 3600
_SAVE_BYTES_PER_SECOND = 0.25e9
"""A device's share of what the storage takes: assumption; 16,384 of them have twice the 2 TB/s that
Llama 3's did."""
_SAVED_BYTES = 14
"""A parameter in bf16, with its master copy and two moments in 32 bits."""


@dataclass(frozen=True, kw_only=True)
class Losses:
    """Hours between failures of the cluster, hours between saves, and the share of the time that
    goes forward."""

    hours_between: float
    save_every_hours: float
    kept: float


def save_hours(model_size: float, devices: int) -> float:
    """Hours of one save of a model with its optimiser's state, written by all devices."""
    seconds = _SAVED_BYTES * model_size / (devices * _SAVE_BYTES_PER_SECOND)
    return _SAVE_FIXED_HOURS + seconds / 3600


def losses(
    *,
    devices: int,
    save_hours: float,
    device_hours_between: float = DEVICE_HOURS_BETWEEN,
    restart_hours: float = RESTART_HOURS,
) -> Losses:
    """What failures cost ``devices`` that work as one.

    Raises :class:`InputError` for a time between failures or of a save that is not positive.
    """
    if not (math.isfinite(device_hours_between) and device_hours_between > 0):
        raise InputError(
            "Expected more than 0 hours between the failures of a device, got {value}.",
            value=device_hours_between,
        )
    if not save_hours > 0:
        raise InputError(
            "Expected a save to take more than 0 hours, got {value}.", value=save_hours
        )
    between = device_hours_between / devices
    # Beyond twice the time between failures Daly's best is to save after each of those.
    every = between
    if save_hours < between / 2:
        every = math.sqrt(2 * save_hours * between) - save_hours
    wall = between * math.exp(restart_hours / between) * math.expm1((every + save_hours) / between)
    return Losses(hours_between=between, save_every_hours=every, kept=every / wall)
