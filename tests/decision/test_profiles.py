"""A company's own answers become a table of assumptions and a compute that its data can use."""

import pytest

from engine.allocation.result import Saturation
from engine.config import COMPUTE_RANGE
from engine.decision.profiles import MOST_SITES, PROFILES, enough_compute, table_of
from engine.errors import InputError
from engine.interval import Range
from engine.roi.defaults import DEFAULT_ASSUMPTIONS
from engine.roi.kinds import MetricKind

MINUTES, TICKETS = MetricKind.MINUTES_SAVED, MetricKind.TICKETS_RESOLVED


def table(metric=MINUTES, tasks_per_year=500_000.0, sites=1):
    return table_of(
        DEFAULT_ASSUMPTIONS, MINUTES, metric=metric, tasks_per_year=tasks_per_year, sites=sites
    )


def test_the_usual_task_at_one_place_is_the_usual_table():
    assert table() == DEFAULT_ASSUMPTIONS


def test_several_sites_are_links_and_nothing_else_changes():
    found = table(sites=12)
    assert found["federated_links"].value == found["federated_links"].high == 12
    assert found.changed([DEFAULT_ASSUMPTIONS["federated_links"]]) == DEFAULT_ASSUMPTIONS
    assert table_of(found, MINUTES, metric=MINUTES, tasks_per_year=500_000, sites=1) == (
        DEFAULT_ASSUMPTIONS
    ), "back in one place, nothing is sent"


def test_tasks_are_uncertain_by_a_factor_of_two():
    row = table(tasks_per_year=30_000)["tasks_per_year"]
    assert (row.low, row.value, row.high) == (15_000, 30_000, 60_000)


def test_another_metric_brings_its_figures_and_the_same_one_keeps_ours():
    assert table(metric=TICKETS)["value_per_unit"].value == 600
    own = DEFAULT_ASSUMPTIONS.fixed(value_per_unit=77.0)
    kept = table_of(own, MINUTES, metric=MINUTES, tasks_per_year=500_000, sites=1)
    assert kept["value_per_unit"].value == 77.0


@pytest.mark.parametrize("sites", [0, -1, MOST_SITES + 1])
def test_a_number_of_sites_outside_is_refused(sites):
    with pytest.raises(InputError, match="sites"):
        table(sites=sites)


@pytest.mark.parametrize("tasks", [0, -5, float("nan"), float("inf")])
def test_no_number_of_tasks_is_refused(tasks):
    with pytest.raises(InputError, match="tasks"):
        table(tasks_per_year=tasks)


@pytest.mark.parametrize(
    ("value", "low", "enough"),
    [
        (4.28e18, 3e18, 4.3e18),
        (None, 2.51e23, 2.5e23),  # saturates beyond what may be searched: at least this
        (1e12, 1e12, COMPUTE_RANGE[0]),
    ],
)
def test_enough_compute_is_where_more_buys_little(value, low, enough):
    compute = Range(value=value, low=low, high=None, level=0.9, censored="above")
    saturation = Saturation(
        compute=compute, cross_entropy=3.0, best_attainable=2.97, tolerance=0.01
    )
    assert enough_compute(saturation) == pytest.approx(enough)


def test_every_profile_is_a_question_that_may_be_asked():
    for kind in PROFILES:
        table(metric=kind.metric, tasks_per_year=kind.tasks_per_year)
    people = [kind.people for kind in PROFILES]
    assert people == sorted(people)
