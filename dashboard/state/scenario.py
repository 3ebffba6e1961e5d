"""What a page is asked: one frozen :class:`Scenario`, made of the values of a link's fields."""

from collections.abc import Mapping
from dataclasses import dataclass

from dashboard.state import assumption_table, figures, link
from engine.config import Budget, Sampling
from engine.decision.question import Currency, Question
from engine.roi.assumptions import Assumptions
from engine.roi.defaults import with_costs
from engine.roi.kinds import MetricKind
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
        """The language with the metric's names and the currency, at the assumptions' rate."""
        asked = self.question
        return Words(self.language, metric=asked.metric, jpy_per_usd=asked.jpy_per_usd)


def with_table(values: Mapping[str, link.Value], table: Assumptions) -> dict[str, link.Value]:
    """The values that ask what ``values`` do, but by the figures of ``table``: what the sidebar
    shows of them, and the others as a link has them. Raises :class:`engine.errors.InputError` for
    figures that the sidebar, a link or the measured pairs would refuse."""
    kept = {**values, **assumption_table.sidebar(table, link.assumptions(values))}
    begins = figures.table(MetricKind(kept["metric"]), None)
    priced = with_costs(begins, link.assumptions(kept))
    kept["figures"] = figures.written(table, priced, begins)
    link.own_figures(kept)  # refuses what does not go together
    return kept


def asked(values: Mapping[str, link.Value], language: str) -> Scenario:
    """The scenario of these values. Raises :class:`engine.errors.InputError` for figures that do
    not go together, which :func:`dashboard.state.link.read_all` lets nobody have."""
    return Scenario(question=question(values), language=language)


def question(values: Mapping[str, link.Value]) -> Question:
    """The question among the values of all fields; raises as :func:`asked`."""
    assumptions, curve = link.own_figures(values)
    return Question(
        budget=link.budget(values),
        evidence_id=values["evidence"],
        sampling=Sampling(values["sampling"]),
        prices=link.assumptions(values),
        assumptions=assumptions,
        curve=curve,
        currency=Currency(values["currency"]),
    )
