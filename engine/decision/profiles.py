"""Where a company of a kind begins: whose text it has, what it would do with it, what to spend.

Three kinds stand for the range that the product is asked about. Their figures are round ones of
ours, to be replaced: what a company answers about itself goes through :func:`table_of` and
:func:`enough_compute` in the same way.
"""

import math
from dataclasses import dataclass

from engine.allocation.result import Saturation
from engine.config import COMPUTE_RANGE
from engine.errors import InputError
from engine.roi.assumptions import Assumptions
from engine.roi.defaults import with_metric
from engine.roi.kinds import MetricKind

MOST_SITES = 1_000
_SPREAD = 2.0
"""A number of tasks that somebody states may be out by this factor either way."""


@dataclass(frozen=True, kw_only=True)
class Profile:
    """A kind of company: people with text, the task by its metric, and such tasks a year."""

    code: str
    people: int
    metric: MetricKind
    tasks_per_year: int


PROFILES = (
    # 100 tasks a year for each employee
    Profile(
        code="manufacturer",
        people=5_000,
        metric=MetricKind.MINUTES_SAVED,
        tasks_per_year=500_000,
    ),
    # one question a year from each customer
    Profile(
        code="service",
        people=1_000_000,
        metric=MetricKind.TICKETS_RESOLVED,
        tasks_per_year=1_000_000,
    ),
    Profile(
        code="platform",
        people=10_000_000,
        metric=MetricKind.TICKETS_RESOLVED,
        tasks_per_year=10_000_000,
    ),
)


def table_of(
    table: Assumptions, now: MetricKind, *, metric: MetricKind, tasks_per_year: float, sites: int
) -> Assumptions:
    """``table``, made for the metric ``now``, with the task's metric and number and the sites that
    hold the text; its other figures stay.

    One site has all data in one place. Of more, each gets the model and sends an update back at
    every step (:func:`engine.cost.federated_bytes`), and pays for that.

    Raises :class:`InputError` for a number of tasks or sites outside what can be answered.
    """
    if not 1 <= sites <= MOST_SITES:
        raise InputError(
            "Expected between 1 and {most} sites, got {value}.", most=MOST_SITES, value=sites
        )
    if not (math.isfinite(tasks_per_year) and tasks_per_year > 0):
        raise InputError(
            "Expected more than no tasks a year, got {value}.", value=f"{tasks_per_year:g}"
        )
    if metric is not now:
        table = with_metric(table, metric)
    links = float(sites if sites > 1 else 0)
    ends = {"low": tasks_per_year / _SPREAD, "high": tasks_per_year * _SPREAD}
    tasks = {"tasks_per_year": {"value": tasks_per_year, **ends}}
    if tasks_per_year == table["tasks_per_year"].value:
        tasks = {}
    return table.edited({**tasks, "federated_links": {"value": links, "low": links, "high": links}})


def enough_compute(saturation: Saturation) -> float:
    """FLOPs, two digits: the compute beyond which more is hardly worth anything; where that lies
    beyond what may be searched, the least that it may be."""
    found = saturation.compute.value
    least = saturation.compute.low if found is None else found
    low, high = COMPUTE_RANGE
    return min(max(float(f"{least:.1e}"), low), high)
