"""A company's answers to three questions as the fields of a link; pure but for the engine."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from dashboard.state.scenario import asked, with_table
from engine.api.decisions import Decision, Question, profiles
from engine.api.money import MetricKind
from engine.api.scenarios import fields as grammar

TAKEN = ("compute", "data", "epsilon", "metric", "figures", "pairs")
"""The fields that an answer changes."""


@dataclass(frozen=True, kw_only=True)
class About:
    """What a company says of itself: people with text, sites that hold it, the task and how often
    it is done a year."""

    people: int
    sites: int
    metric: MetricKind
    tasks_per_year: float


def fields(
    about: About, values: Mapping[str, grammar.Value], decided: Callable[[Question], Decision]
) -> dict[str, grammar.Value]:
    """The fields of :data:`TAKEN` for a company, with as much compute as its data can use; prices
    and figures that it was not asked for stay those of ``values``.

    Raises :class:`engine.errors.InputError` for what cannot be answered.
    """
    now = asked(values, "en").question
    table = profiles.table_of(
        now.assumptions,
        now.metric,
        metric=about.metric,
        tasks_per_year=about.tasks_per_year,
        sites=about.sites,
    )
    own = {
        **values,
        "data": about.people,
        "epsilon": grammar.EPSILON.default,
        "metric": about.metric.value,
        "pairs": values["pairs"] if about.metric is now.metric else None,
        "compute": grammar.COMPUTE.default,
    }
    own = with_table(own, table)
    own["compute"] = profiles.enough_compute(decided(asked(own, "en").question).saturation)
    return {key: own[key] for key in TAKEN}
