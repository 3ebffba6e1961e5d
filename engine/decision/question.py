"""What is asked: one frozen :class:`Question`, from which everything that is shown follows."""

from dataclasses import dataclass, replace
from enum import StrEnum

from engine.config import DEFAULT_DELTA, Budget, Sampling
from engine.cost import DEFAULTS, CostAssumptions
from engine.decision.fitted import PUBLISHED_BERT
from engine.roi.appraise import DEFAULT_CURVE
from engine.roi.assumptions import Assumptions
from engine.roi.defaults import DEFAULT_ASSUMPTIONS, price_values, with_costs, with_metric
from engine.roi.kinds import MetricKind
from engine.roi.metric import Curve, assumed

OPENING = Budget(compute_flops=3.8e20, data_budget=10_000_000, epsilon=4.0, delta=DEFAULT_DELTA)
"""The budgets that a visitor is asked about who has entered none."""


class Currency(StrEnum):
    """The one currency that a reader sees; amounts are computed in JPY."""

    JPY = "JPY"
    USD = "USD"


@dataclass(frozen=True, kw_only=True)
class Question:
    """Everything that an answer depends on, and nothing else: no page, no language.

    ``prices`` turn FLOPs into money; ``assumptions`` (of the return on investment) hold the same
    prices, so that no figure is asked for twice: :meth:`at_prices` changes both. ``curve`` leads
    from loss to the metric. Raises :class:`ValueError` where the two differ.
    """

    budget: Budget
    evidence_id: str = PUBLISHED_BERT
    sampling: Sampling = Sampling.POISSON
    prices: CostAssumptions = DEFAULTS
    assumptions: Assumptions = DEFAULT_ASSUMPTIONS
    curve: Curve = DEFAULT_CURVE
    currency: Currency = Currency.JPY

    def __post_init__(self) -> None:
        held = price_values(self.prices)
        for name, value in held.items():
            if self.assumptions[name].value != value:
                raise ValueError(
                    f"prices hold a {name} of {value:g}, assumptions one of "
                    f"{self.assumptions[name].value:g}"
                )

    def at_prices(self, prices: CostAssumptions) -> "Question":
        """The same question at other prices, in the assumptions as well."""
        return replace(self, prices=prices, assumptions=with_costs(self.assumptions, prices))

    def in_yen(self) -> "Question":
        """The same question with money shown in yen, in which everything is computed."""
        return replace(self, currency=Currency.JPY)

    @property
    def metric(self) -> MetricKind:
        """What the return is measured by."""
        return self.curve.kind

    @property
    def jpy_per_usd(self) -> float | None:
        """The rate at which money is shown in dollars; None: it is shown in yen."""
        if self.currency is Currency.JPY:
            return None
        return self.assumptions["jpy_per_usd"].value


def question(
    compute_flops: float,
    data_budget: int,
    epsilon: float,
    *,
    delta: float = DEFAULT_DELTA,
    evidence_id: str = PUBLISHED_BERT,
    sampling: Sampling = Sampling.POISSON,
    prices: CostAssumptions = DEFAULTS,
    metric: MetricKind = MetricKind.MINUTES_SAVED,
    currency: Currency = Currency.JPY,
) -> Question:
    """A question under the default assumptions of ``metric``, at ``prices``.

    Compute in FLOPs, data in people. Raises :class:`engine.errors.InputError` for a budget outside
    the ranges of :mod:`engine.config`.
    """
    assumptions = with_costs(with_metric(DEFAULT_ASSUMPTIONS, metric), prices)
    return Question(
        budget=Budget(
            compute_flops=compute_flops, data_budget=data_budget, epsilon=epsilon, delta=delta
        ),
        evidence_id=evidence_id,
        sampling=sampling,
        prices=prices,
        assumptions=assumptions,
        curve=assumed(metric, assumptions),
        currency=currency,
    )
