"""From FLOPs to device hours to money: one training run, and everything around it.

device hours = FLOPs · DP overhead / (peak · utilisation · 3600). What a device
does and asks an hour: :mod:`engine.accelerator_prices`. :func:`cost` prices a
run; :func:`breakdown` a project: search, communication, pilots, data, people, serving.

>>> price = cost(3.8e20, DEFAULTS)
>>> f"{price.device_hours:.0f} hours, {price.usd:.0f} USD"
'400 hours, 1601 USD'
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from engine.accelerator_prices import ACCELERATORS, Accelerator
from engine.cluster.ring import ring_seconds
from engine.config import TrainingConfig
from engine.errors import InputError
from engine.interval import FloatArray


@dataclass(frozen=True, kw_only=True)
class CostAssumptions:
    """From FLOPs to money. Utilisation and overhead are fractions and factors, not percent.

    ``dp_overhead``: time of a DP-SGD step over that of a plain step. ``jpy_per_usd``: the rate.
    """

    accelerator: Accelerator
    utilisation: float
    dp_overhead: float
    jpy_per_usd: float


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Price of one training run."""

    device_hours: float
    usd: float
    jpy: float
    assumptions: CostAssumptions


DAYS = 365.0
"""Days a year that the model serves."""

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


# --- a whole project ----------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Workload:
    """What is trained: FLOPs of the final run, parameters, steps, people; ``private`` with DP."""

    compute_flops: float
    model_size: float
    iterations: float
    data_budget: float
    private: bool = True

    @classmethod
    def of(cls, config: TrainingConfig, people: float) -> "Workload":
        """One private training of ``config`` on the data of so many ``people``."""
        return cls(
            compute_flops=config.compute_flops,
            model_size=config.model_size,
            iterations=config.iterations,
            data_budget=people,
        )


@dataclass(frozen=True, kw_only=True)
class Breakdown:
    """Costs of a project in JPY, arrays of one shape: first what is spent once, then per year."""

    training: FloatArray
    search: FloatArray
    communication: FloatArray
    pilots: FloatArray
    data_preparation: FloatArray
    people: FloatArray
    serving_per_year: FloatArray
    operation_per_year: FloatArray

    @property
    def once(self) -> FloatArray:
        """All that is spent before the first user."""
        parts: list[FloatArray] = [getattr(self, name) for name in ONCE]
        return sum(parts, start=np.zeros(()))


_OF_SERVING = (
    "tokens_per_day", "peak_to_average", "serving_peak_flops", "serving_utilisation",
    "serving_devices",
)  # fmt: skip
ONCE = ("training", "search", "communication", "pilots", "data_preparation", "people")


def breakdown(workload: Workload, figures: Mapping[str, ArrayLike]) -> Breakdown:
    """Every cost of a project; ``figures`` by the names of :mod:`engine.roi.inputs`, broadcasting.

    Search: all runs, failed ones included, take ``search_multiplier`` times the compute of the
    final one. People: the team until launch, then those who operate it. Serving: devices that are
    on day and night, whether anybody asks or not. Not covered: storage, models that do not fit into
    one serving device, and the price of the data itself beyond its preparation per person.
    """
    f = {name: _floats(value) for name, value in figures.items()}
    per_hour = f["price_per_device_hour"] * f["jpy_per_usd"]
    overhead = f["dp_overhead"] if workload.private else 1.0
    training = per_hour * device_hours(
        workload.compute_flops * overhead, f["peak_flops"], f["utilisation"]
    )
    per_hour_on = f["serving_price_per_hour"] * f["jpy_per_usd"]
    serving = per_hour_on * 24 * DAYS * serving_devices(workload.model_size, f)
    monthly = f["cost_per_person_month"]
    communication = _communication(workload, f)
    return Breakdown(
        training=training,
        search=(training + communication) * (f["search_multiplier"] - 1),
        communication=communication,
        pilots=f["pilot_cost"],
        data_preparation=workload.data_budget * f["data_preparation_per_person"],
        people=f["team_size"] * f["team_months"] * monthly,
        serving_per_year=serving,
        operation_per_year=12 * f["operation_team_size"] * monthly,
    )


def device_hours(flops: ArrayLike, peak_flops: ArrayLike, utilisation: ArrayLike) -> FloatArray:
    """Hours of one device for so many FLOPs; broadcasts."""
    per_hour = _floats(peak_flops) * _floats(utilisation) * 3600
    return _floats(flops) / per_hour


def serving_devices(model_size: ArrayLike, figures: Mapping[str, ArrayLike]) -> FloatArray:
    """How many serving devices are on: enough for the busiest hours, and never fewer than the
    ``serving_devices`` that keep the work going when one fails; broadcasts."""
    f = {name: _floats(figures[name]) for name in _OF_SERVING}
    tokens_per_second = f["tokens_per_day"] * f["peak_to_average"] / (24 * 3600)
    one = f["serving_peak_flops"] * f["serving_utilisation"]
    busiest: FloatArray = np.ceil(serving_flops(model_size, tokens_per_second) / one)
    return np.maximum(busiest, f["serving_devices"])


def serving_flops(model_size: ArrayLike, tokens: ArrayLike) -> FloatArray:
    """FLOPs of serving: 2·M a token, a forward pass (Kaplan et al., arXiv 2001.08361, table 1)."""
    return 2 * _floats(model_size) * _floats(tokens)


def all_reduce_hours(
    iterations: ArrayLike,
    model_size: ArrayLike,
    devices: ArrayLike,
    bytes_per_parameter: ArrayLike,
    bytes_per_second: ArrayLike,
) -> FloatArray:
    """Device hours that a synchronous ring all-reduce of the gradient adds, not overlapped.

    It is a reduce and a gather (:func:`engine.cluster.ring.ring_seconds`), while all n devices
    wait: T·2·(n − 1)·M·bytes/bandwidth. One device sends nothing.
    """
    gradient = _floats(model_size) * _floats(bytes_per_parameter)
    step = 2 * ring_seconds(gradient, _floats(devices), _floats(bytes_per_second))
    return _floats(iterations) * _floats(devices) * step / 3600


def federated_bytes(
    rounds: ArrayLike, model_size: ArrayLike, links: ArrayLike, bytes_per_parameter: ArrayLike
) -> FloatArray:
    """Bytes between a server and ``links`` sites: the model out and an update back every round."""
    exchanges = 2 * _floats(rounds) * _floats(links)
    return exchanges * _floats(model_size) * _floats(bytes_per_parameter)


def _floats(values: ArrayLike) -> FloatArray:
    return np.asarray(values, dtype=float)


def _communication(workload: Workload, f: Mapping[str, FloatArray]) -> FloatArray:
    waiting = all_reduce_hours(
        workload.iterations,
        workload.model_size,
        f["devices"],
        f["bytes_per_parameter"],
        f["bytes_per_second"],
    )
    sent = federated_bytes(
        workload.iterations, workload.model_size, f["federated_links"], f["bytes_per_parameter"]
    )
    usd = waiting * f["price_per_device_hour"] + sent / 1e9 * f["price_per_gigabyte"]
    return usd * f["jpy_per_usd"]
