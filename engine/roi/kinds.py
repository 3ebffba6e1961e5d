"""The metrics a user may measure: unit, which way is better, range, and the form that suits.

>>> require_metric(MetricKind.ERROR_RATE, 3.0)
Traceback (most recent call last):
engine.errors.InputError: Expected metric between 0 % and 100 %, got 300 %.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from engine.errors import InputError

METRIC_ROWS = ("metric_today", "metric_ceiling")
"""Figures of the table that are values of the metric."""


class CurveShape(StrEnum):
    """Scale on which the metric is linear in the loss."""

    LOGISTIC = "logistic"
    EXPONENTIAL = "exponential"


class MetricKind(StrEnum):
    """What the user measures."""

    MINUTES_SAVED = "minutes-saved"
    TICKETS_RESOLVED = "tickets-resolved"
    ERROR_RATE = "error-rate"
    RESPONSE_TIME = "response-time"


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One metric of a task: its unit, which way is better, what it may be, the form that suits.

    ``worst``: of a useless model, where a logistic form starts; a ``share`` runs from 0 to 1.
    """

    unit: str
    higher_is_better: bool
    least: float
    most: float
    shape: CurveShape
    worst: float = 0.0

    @property
    def direction(self) -> float:
        """1 where more of it is worth more, else −1."""
        return 1.0 if self.higher_is_better else -1.0

    @property
    def share(self) -> bool:
        """Whether it is a part of all tasks."""
        return self.unit == "share"


METRICS: Mapping[MetricKind, Metric] = {
    MetricKind.MINUTES_SAVED: Metric(
        unit="minutes", higher_is_better=True, least=-1440, most=1440, shape=CurveShape.LOGISTIC
    ),
    MetricKind.TICKETS_RESOLVED: Metric(
        unit="share", higher_is_better=True, least=0, most=1, shape=CurveShape.LOGISTIC
    ),
    MetricKind.ERROR_RATE: Metric(
        unit="share", higher_is_better=False, least=0, most=1, shape=CurveShape.LOGISTIC, worst=1.0
    ),
    MetricKind.RESPONSE_TIME: Metric(
        unit="seconds", higher_is_better=False, least=0, most=86_400, shape=CurveShape.EXPONENTIAL
    ),
}


def require_metric(kind: MetricKind, value: float, name: str = "metric") -> None:
    """Raise :class:`InputError`, in one sentence, unless the metric may be ``value``."""
    rule = METRICS[kind]
    if rule.share and not rule.least <= value <= rule.most:
        raise InputError(
            "Expected {name} between 0 % and 100 %, got {value} %.",
            name=name,
            value=f"{100 * value:g}",
        )
    if rule.shape is CurveShape.EXPONENTIAL and value <= rule.least:
        raise InputError("Expected {name} above 0, got {value}.", name=name, value=f"{value:g}")
    if not rule.least <= value <= rule.most:
        raise InputError(
            "Expected {name} between {low} and {high}, got {value}.",
            name=name,
            low=f"{rule.least:g}",
            high=f"{rule.most:g}",
            value=f"{value:g}",
        )
