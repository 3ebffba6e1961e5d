"""What the live sheets are made from: one central case, with the engine's own figure of each cell.

Every formula is written together with the value that the engine has for it, so that a program that
does not calculate shows the right figure, and so that a test can hold each formula to the engine.
Not covered: the draws, the law and the certificate, which no sheet can calculate; they are values.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from engine.cost import breakdown, serving_devices
from engine.interval import FloatArray
from engine.roi.appraise import Outlay
from engine.roi.assumptions import Assumptions
from engine.roi.cashflow import Flows, Launch, flows
from engine.roi.draws import DRAWS, SEED
from engine.roi.kinds import METRICS
from engine.roi.legal_damage import incident_loss_per_year, risk_left
from engine.roi.measures import internal_rates
from engine.roi.metric import Curve
from engine.roi.plan import Plan
from engine.roi.study import Study

_LEAST_MONTHS, _SPARE_MONTHS, _MOST_MONTHS = 120, 60, 360


@dataclass(frozen=True, kw_only=True)
class Given:
    """A figure that a sheet cannot calculate: of the plan, the law or the certificate."""

    code: str
    """Name of its cell, without the ``plan_`` in front."""
    name: str
    value: float | str
    source: str


@dataclass(frozen=True, kw_only=True)
class Valued:
    """The return of the plan: absent where no step leads from the loss to a value."""

    curve: Curve
    study: Study


@dataclass(frozen=True, kw_only=True)
class Live:
    """The live part of a workbook. Money in JPY.

    ``labels``: what stands beside each cell, by code, in the reader's language; ``units`` and
    ``sources`` likewise for the figures of the table. ``seed`` and ``draws`` are those of the
    Monte Carlo. ``spare_months``: rows beyond the horizon, for a longer one.
    """

    plan: Plan
    table: Assumptions
    given: tuple[Given, ...]
    outlay: Outlay
    valued: Valued | None
    labels: Mapping[str, str]
    units: Mapping[str, str]
    sources: Mapping[str, str]
    japanese: bool
    jpy_per_usd: float | None = None
    spare_months: int = _SPARE_MONTHS
    seed: int = SEED
    draws: int = DRAWS

    @cached_property
    def rows(self) -> int:
        """Months that the sheets have room for."""
        months = round(12 * self.table["horizon_years"].value)
        least = _LEAST_MONTHS if self.spare_months else 0
        return min(_MOST_MONTHS, max(least, months + self.spare_months))

    @cached_property
    def figures(self) -> dict[str, FloatArray]:
        """The table's values, (1,) each."""
        return {name: np.array([value]) for name, value in self.table.values.items()}

    @cached_property
    def metric(self) -> float:
        """The metric at the predicted loss. Raises :class:`AttributeError` without a return."""
        assert self.valued is not None
        found = self.valued.curve.metric(self.plan.loss.value, self.figures)
        return float(np.ravel(found)[0])

    @property
    def direction(self) -> float:
        """1 where more of the metric is better, else −1."""
        assert self.valued is not None
        return METRICS[self.valued.curve.kind].direction

    def flows(self, launch: Launch) -> Flows:
        """The central case, launched as said."""
        metric = np.array([self.metric])
        return flows(self.plan, self.figures, metric, direction=self.direction, launch=launch)

    @cached_property
    def central(self) -> Flows:
        """Launched only where that pays: what the formulas calculate."""
        return self.flows(Launch.EACH)

    @cached_property
    def flows_if_launched(self) -> dict[str, float]:
        """Present value of each running flow of a launched plan."""
        always = self.flows(Launch.ALWAYS).present
        return {name: _one(always[name]) for name in _RUNNING}

    @cached_property
    def values(self) -> dict[str, float]:
        """The engine's figure of each named cell that is calculated, by its code."""
        costs = breakdown(self.plan.workload, self.figures)
        found = {
            name: _one(getattr(costs, name))
            for name in (
                "training", "search", "communication", "pilots", "data_preparation", "people",
                "serving_per_year", "operation_per_year",
            )
        }  # fmt: skip
        found["once"] = _one(costs.once)
        on = serving_devices(self.plan.workload.model_size, self.figures)
        found["serving_devices_on"] = _one(on)
        found["legal_full_per_year"] = _one(incident_loss_per_year(self.plan, self.figures))
        found["risk_left"] = _one(risk_left(self.plan, self.figures))
        found["legal_per_year"] = found["legal_full_per_year"] * found["risk_left"]
        return found | (self._of_return() if self.valued else {})

    def _of_return(self) -> dict[str, float]:
        central, always = self.central, self.flows(Launch.ALWAYS)
        when = central.timing
        net = np.diff(central.cumulative[:, 0], prepend=0.0)
        return {
            "metric": self.metric,
            "gain": _one(central.gain),
            "value_full_per_year": _one(always.value_per_year),
            "months": float(when.months),
            "ramp_months_sum": _one(when.ramp),
            "live_months_sum": _one(when.live),
            "all_months_sum": _one(when.all),
            "live_months": _one(when.live_months),
            "running": sum(self.flows_if_launched.values()),
            "launched": float(central.launched[0]),
            **{f"pv_{name}": _one(amount) for name, amount in central.present.items()},
            "npv": _one(central.npv),
            "npv_by_month": _one(central.npv),
            "npv_if_launched": _one(always.npv),
            "payback": _one(central.payback_months),
            "lowest_month_flow": float(net.min()),
        }

    @cached_property
    def internal_rates(self) -> tuple[float, ...]:
        """Annual rates of the central case."""
        net = np.diff(self.central.cumulative[:, 0], prepend=0.0)
        return tuple(float((1 + rate) ** 12 - 1) for rate in internal_rates(net))


_RUNNING = ("value", "serving", "operation", "legal")


def _one(amount: FloatArray) -> float:
    return float(np.ravel(amount)[0])
