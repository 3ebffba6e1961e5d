"""The question that a page answers: one frozen :class:`Scenario`, made of the values of a link."""

from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass

from dashboard.state import assumption_table
from engine.api.decisions import Question
from engine.api.money import Assumptions, MetricKind, with_costs
from engine.api.scenarios import fields, figures
from engine.api.scenarios import fields as grammar
from engine.config import Budget
from engine.text import quantities
from engine.text.i18n import Words


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """Everything that a page's content depends on: the question, and the reader's language."""

    question: Question
    language: str

    @property
    def budget(self) -> Budget:
        """Compute, people, ε and δ."""
        return self.question.budget

    @property
    def words(self) -> Words:
        """The language with the metric's names, the currency at the assumptions' rate, and units
        of loss."""
        return quantities.words_of(self.question, self.language)


def with_table(values: Mapping[str, grammar.Value], table: Assumptions) -> dict[str, grammar.Value]:
    """``values`` with the figures of ``table``: some in the fields that the sidebar shows, the
    others as the text of a link. Raises :class:`engine.errors.InputError` for figures that the
    sidebar, a link or the measured pairs would refuse."""
    kept: dict[str, grammar.Value] = {
        **values,
        **assumption_table.sidebar(table, grammar.assumptions(values)),
    }
    begins = figures.table(MetricKind(grammar.METRIC.of(kept)), None)
    priced = with_costs(begins, grammar.assumptions(kept))
    kept["figures"] = figures.written(table, priced, begins)
    grammar.own_figures(kept)  # refuses what does not go together
    return kept


def asked(values: Mapping[str, grammar.Value], language: str) -> Scenario:
    """The scenario of these values. Raises :class:`engine.errors.InputError` for figures that do
    not go together, which :func:`dashboard.state.link.read_all` lets nobody have."""
    return Scenario(question=fields.question(values), language=language)


def follow_metric(
    values: MutableMapping[str, grammar.Value],
    aside: MutableMapping[str, tuple[str | None, str | None]],
    before: str,
) -> None:
    """Keep figures with the metric that they belong to: where the metric in ``values`` is another
    one than ``before``, move figures and pairs of that one to ``aside``, and bring back those of
    this one."""
    metric = grammar.METRIC.of(values)
    if metric == before:
        return
    of_metric, others = figures.split(grammar.FIGURES.of(values))
    aside[before] = (of_metric, grammar.PAIRS.of(values))
    of_metric, values["pairs"] = aside.pop(metric, (None, None))
    values["figures"] = figures.joined(others, of_metric)
