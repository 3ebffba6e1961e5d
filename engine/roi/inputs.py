"""The figures that a return on investment rests on: names, units, and what each may be.

The names are the vocabulary of the whole package: the table of assumptions has one row for each,
formulas look values up by them, and every result says by them what it came from.

>>> require("adoption", 0.6)
>>> require("adoption", 3.0)
Traceback (most recent call last):
engine.errors.InputError: Expected adoption between 0 % and 100 %, got 300 %.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from engine.errors import InputError


class Kind(StrEnum):
    """What a figure may be."""

    AMOUNT = "amount"
    """At least 0."""
    POSITIVE = "positive"
    """Above 0."""
    SHARE = "share"
    """From 0 to 1."""
    USED_SHARE = "used-share"
    """Above 0, at most 1."""
    FACTOR = "factor"
    """At least 1."""
    ANY = "any"
    """Any finite number."""


class Group(StrEnum):
    """Where a figure stands in the table."""

    VALUE = "value"
    FINANCE = "finance"
    COMPUTE = "compute"
    PROJECT = "project"
    LEGAL = "legal"


@dataclass(frozen=True, kw_only=True)
class Input:
    """One figure: unit, kind, group, and the largest value that is not a slip of the keyboard."""

    unit: str
    kind: Kind
    group: Group
    most: float = math.inf


_Row = tuple[str, Kind] | tuple[str, Kind, float]
"""Unit, kind and, where there is one, the largest value."""


def _group(group: Group, rows: Mapping[str, _Row]) -> dict[str, Input]:
    return {
        name: Input(
            unit=row[0], kind=row[1], group=group, most=row[2] if len(row) == 3 else math.inf
        )
        for name, row in rows.items()
    }


INPUTS: dict[str, Input] = {
    **_group(
        Group.VALUE,
        {
            "tasks_per_year": ("tasks/year", Kind.AMOUNT),
            "adoption": ("share", Kind.SHARE),
            "launch_months": ("months", Kind.AMOUNT, 120),
            "ramp_months": ("months", Kind.AMOUNT, 120),
            "value_per_unit": ("JPY", Kind.AMOUNT),
            "metric_today": ("metric", Kind.ANY),
            "metric_ceiling": ("metric", Kind.ANY),
            "metric_half_loss": ("nats-per-token", Kind.POSITIVE, 20),
            "metric_width": ("nats-per-token", Kind.POSITIVE, 20),
        },
    ),
    **_group(
        Group.FINANCE,
        {
            "horizon_years": ("years", Kind.POSITIVE, 30),
            "discount_rate": ("share/year", Kind.SHARE),
            "tax_rate": ("share", Kind.SHARE),
            "jpy_per_usd": ("JPY/USD", Kind.POSITIVE),
        },
    ),
    **_group(
        Group.COMPUTE,
        {
            "price_per_device_hour": ("USD/hour", Kind.AMOUNT),
            "peak_flops": ("FLOP/s", Kind.POSITIVE),
            "utilisation": ("share", Kind.USED_SHARE),
            "dp_overhead": ("factor", Kind.FACTOR),
            "search_multiplier": ("factor", Kind.FACTOR),
            "devices": ("devices", Kind.FACTOR),
            "bytes_per_parameter": ("bytes", Kind.POSITIVE),
            "bytes_per_second": ("bytes/s", Kind.POSITIVE),
            "federated_links": ("sites", Kind.AMOUNT),
            "price_per_gigabyte": ("USD/GB", Kind.AMOUNT),
            "tokens_per_day": ("tokens/day", Kind.AMOUNT),
            "peak_to_average": ("factor", Kind.FACTOR),
            "serving_utilisation": ("share", Kind.USED_SHARE),
            "serving_devices": ("devices", Kind.FACTOR),
            "serving_peak_flops": ("FLOP/s", Kind.POSITIVE),
            "serving_price_per_hour": ("USD/hour", Kind.AMOUNT),
        },
    ),
    **_group(
        Group.PROJECT,
        {
            "pilot_cost": ("JPY", Kind.AMOUNT),
            "data_preparation_per_person": ("JPY/person", Kind.AMOUNT),
            "team_size": ("people", Kind.AMOUNT),
            "team_months": ("months", Kind.AMOUNT, 120),
            "cost_per_person_month": ("JPY/month", Kind.AMOUNT),
            "operation_team_size": ("people", Kind.AMOUNT),
        },
    ),
    **_group(
        Group.LEGAL,
        {
            "incident_probability": ("share/year", Kind.SHARE),
            "incident_cost": ("JPY", Kind.AMOUNT),
            "people_exposed": ("share", Kind.SHARE),
            "damages_per_person": ("JPY/person", Kind.AMOUNT),
            "advantage_without_dp": ("share", Kind.USED_SHARE),
        },
    ),
}
CURVE_LOSSES = ("metric_half_loss", "metric_width")
"""Figures in the unit of a loss, which a table states: any of :data:`engine.loss_unit.LINEAR`, one
for both. Files of before units had spellings say nats/token."""


def require(name: str, value: float) -> None:
    """Raise :class:`InputError`, in one sentence, unless the figure ``name`` may be ``value``."""
    if name not in INPUTS:
        raise InputError("Expected a known figure, got {name}.", name=name)
    rule = INPUTS[name]
    if not math.isfinite(value):
        raise InputError("Expected a number for {name}, none was given.", name=name)
    if rule.kind in (Kind.SHARE, Kind.USED_SHARE):
        if not 0 <= value <= 1:
            raise InputError(
                "Expected {name} between 0 % and 100 %, got {value} %.",
                name=name,
                value=f"{100 * value:g}",
            )
        if rule.kind is Kind.USED_SHARE and value == 0:
            raise InputError("Expected {name} above 0, got {value}.", name=name, value="0")
    elif rule.kind is Kind.POSITIVE and value <= 0:
        raise InputError("Expected {name} above 0, got {value}.", name=name, value=f"{value:g}")
    elif (rule.kind is Kind.AMOUNT and value < 0) or (rule.kind is Kind.FACTOR and value < 1):
        raise InputError(
            "Expected {name} of at least {least}, got {value}.",
            name=name,
            least="1" if rule.kind is Kind.FACTOR else "0",
            value=f"{value:g}",
        )
    if value > rule.most:
        raise InputError(
            "Expected {name} of at most {most}, got {value}.",
            name=name,
            most=f"{rule.most:g}",
            value=f"{value:g}",
        )
