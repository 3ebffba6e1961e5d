"""Device hours, days and price of a training by the number of devices, each with its range.

A training also starts once, as long as after a failure: of many devices for a short one that is
most of the price. The range is that of :func:`engine.cluster.calibration.spread`: how far the hours
of published runs lay from the same forecast, of all but the start, whose minutes are assumed. It
does not cover the time that DP-SGD adds to a step, which is the scenario's own assumption; a search
for learning rates; waiting for machines; a network slower than the machine's; nor runs of a kind
that nobody has published.

>>> from engine.cluster.machines import MACHINES
>>> from engine.cluster.step import training_of
>>> training = training_of(1e9, batch_size=500_000, sequence_length=1024, iterations=10_000)
>>> few, many = (
...     forecast(training, MACHINES["NVIDIA H100"], devices, usd_per_hour=3.0)
...     for devices in (8, 4_096)
... )
>>> few.days.value / many.days.value < 4_096 / 8 and few.hours.value < many.hours.value
True
"""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.cluster.calibration import FITTED, Spread, spread
from engine.cluster.failures import RESTART_HOURS, Losses, losses, save_hours
from engine.cluster.machines import Machine
from engine.cluster.step import Step, Training, best_step, utilisation
from engine.errors import InputError
from engine.interval import Interval

COUNTS = (1, 8, 32, 128, 512, 2_048, 10_000)
"""Numbers of devices that a table shows."""
DEARER = 1.1
"""An hour's work may cost so many times the least before devices are called too many."""


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What a training takes on so many devices. ``utilisation``: share of the peak, the overhead of
    DP-SGD counted as work, as :class:`engine.cost.CostAssumptions` has it; the start and the time
    lost to failures lower it."""

    devices: int
    step: Step
    losses: Losses
    utilisation: Interval
    hours: Interval
    """Device hours."""
    days: Interval
    """By the calendar, were the devices there all the time."""
    usd: Interval
    start: float
    """Share of the device hours that goes into the start, which no computing follows from."""


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Forecasts in rising numbers of devices, and those that cannot be used."""

    training: Training
    machine: Machine
    forecasts: tuple[Forecast, ...]
    unusable: tuple[int, ...]
    """Too few for the model or too many for the batch."""
    errors: Spread
    """Of the published runs behind the ranges."""

    @property
    def most(self) -> Forecast:
        """Of the most devices whose hour's work costs at most :data:`DEARER` times the least."""
        least = min(one.hours.value for one in self.forecasts)
        return [one for one in self.forecasts if one.hours.value <= DEARER * least][-1]

    def on(self, devices: int) -> Forecast | None:
        """The forecast for so many devices; None where it is not among them."""
        return next((one for one in self.forecasts if one.devices == devices), None)


def forecast(
    training: Training,
    machine: Machine,
    devices: int,
    *,
    usd_per_hour: float,
    recompute: bool | None = None,
) -> Forecast:
    """What a training takes on ``devices``; ``usd_per_hour`` of one device. ``recompute``: whether
    its software computes activations again, None where nobody has said.

    Raises :class:`InputError` as :func:`engine.cluster.step.best_step` does.
    """
    step = best_step(training, machine, devices, FITTED, recompute=recompute)
    lost = losses(devices=devices, save_hours=save_hours(training.model_size, devices))
    share = utilisation(training, machine, devices, step.seconds) * lost.kept
    factor = spread(recompute is not None).factor
    start = devices * RESTART_HOURS
    work = training.flops / (3600 * machine.peak_flops * share)
    hours = Interval(
        value=factor.value * work + start,
        low=factor.low * work + start,
        high=factor.high * work + start,
        level=factor.level,
    )
    at_peak = training.flops * training.dp_overhead / (3600 * machine.peak_flops)
    return Forecast(
        devices=devices,
        step=step,
        losses=lost,
        utilisation=Interval(
            value=at_peak / hours.value,
            low=at_peak / hours.high,
            high=at_peak / hours.low,
            level=factor.level,
        ),
        hours=hours,
        days=_times(hours, 1 / devices / 24),
        usd=_times(hours, usd_per_hour),
        start=start / hours.value,
    )


def scale(
    training: Training,
    machine: Machine,
    *,
    usd_per_hour: float,
    counts: Sequence[int] = COUNTS,
    recompute: bool | None = None,
) -> Scale:
    """Forecasts for ``counts``, those that can be used.

    Raises :class:`InputError` where none can.
    """
    found, unusable, refusal = [], [], None
    for devices in sorted(set(counts)):
        try:
            one = forecast(
                training, machine, devices, usd_per_hour=usd_per_hour, recompute=recompute
            )
            found.append(one)
        except InputError as error:
            unusable.append(devices)
            refusal = error
    if not found:
        raise refusal or InputError("Expected at least one number of devices.")
    return Scale(
        training=training,
        machine=machine,
        forecasts=tuple(found),
        unusable=tuple(unusable),
        errors=spread(recompute is not None),
    )


def _times(hours: Interval, factor: float) -> Interval:
    return Interval(
        value=hours.value * factor,
        low=hours.low * factor,
        high=hours.high * factor,
        level=hours.level,
    )
