"""What the NPV hangs on: a ranked tornado, and the value of each figure at which it is zero.

Both move one figure at a time from the central case. The predicted loss (over its interval), the
law's transfer to another text and the curve (over their own) stand beside the table's figures.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from scipy.special import ndtri

from engine.interval import FloatArray
from engine.roi.appraise import LEVEL, Case, Sample, case_of, central_case
from engine.roi.assumptions import Assumptions
from engine.roi.cashflow import Launch, Timing, flows
from engine.roi.inputs import INPUTS, Kind
from engine.roi.kinds import METRIC_ROWS, METRICS
from engine.roi.metric import Curve, doubt
from engine.roi.plan import Plan

LOSS, TRANSFER, CURVE, FORM = "predicted_loss", "law_transfer", "metric_curve", "curve_form"
"""Unknowns that are no rows of the table."""
WIDEST = 5.0
"""A break-even farther than this factor from the value is none: a business seldom gets there, and
who reads the list would take it for a way out. So is one of a figure that is 0."""
_POINTS = 48
_ZOOMS = 2
_WHOLE = ("horizon_years",)
"""Figures that are one for all cases."""
_OF_TIME = ("launch_months", "ramp_months", "discount_rate")
"""Figures that move the months: apart from the others, whose cases then share one timing."""


@dataclass(frozen=True, kw_only=True)
class Bar:
    """NPV (JPY) with one figure at the ends of its range, all others at their values."""

    name: str
    low: float
    high: float
    npv_at_low: float
    npv_at_high: float

    @property
    def width(self) -> float:
        """How far the figure alone moves the NPV."""
        return abs(self.npv_at_high - self.npv_at_low)


@dataclass(frozen=True, kw_only=True)
class BreakEven:
    """The value of one figure, nearest to its own, at which the NPV is zero."""

    name: str
    value: float
    at: float
    margin: float
    """Relative distance, at/value − 1: how much it may change before the answer does."""


def tornado(found: Sample, table: Assumptions, curve: Curve) -> tuple[Bar, ...]:
    """The uncertain figures, the one that moves the NPV most first."""
    names = [name for name in table.uncertain if name not in _WHOLE]
    npv = np.zeros(0)
    if names:
        cases = _ends(table, tuple(names))
        npv = _npv(found.plan, curve, cases.figures, cases.when)
    bars = [
        Bar(
            name=name,
            low=table[name].low,
            high=table[name].high,
            npv_at_low=float(npv[2 * place]),
            npv_at_high=float(npv[2 * place + 1]),
        )
        for place, name in enumerate(names)
    ]
    bars += _unknowns(found, table, curve)
    return tuple(sorted(bars, key=lambda bar: bar.width, reverse=True))


@lru_cache(maxsize=64)
def _ends(table: Assumptions, names: tuple[str, ...]) -> Case:
    """A case for each end of each name's range, all others at their values."""
    values = table.values
    cases = {name: np.full(2 * len(names), value) for name, value in values.items()}
    cases["horizon_years"] = np.array([values["horizon_years"]])
    for place, name in enumerate(names):
        cases[name][2 * place : 2 * place + 2] = table[name].low, table[name].high
    return case_of(cases)


def break_evens(plan: Plan, table: Assumptions, curve: Curve) -> tuple[BreakEven, ...]:
    """Of each figure that can be moved so far, the one nearest to the edge first; about 20 ms."""
    values = table.values
    names = [name for name in INPUTS if name not in _WHOLE and values[name]]
    about = METRICS[curve.kind]
    grids: list[FloatArray | None] = [
        _grid(name, values[name], (about.least, about.most) if name in METRIC_ROWS else None)
        for name in names
    ]
    for _ in range(_ZOOMS):
        npv = _npv_on(plan, curve, table, names, grids)
        grids = [
            _zoomed(grid, row, values[name])
            for name, grid, row in zip(names, grids, npv, strict=True)
        ]
    found = []
    ends = _npv_on(plan, curve, table, names, grids)
    for name, grid, row in zip(names, grids, ends, strict=True):
        at, value = _crossed(grid, row, values[name]), values[name]
        if at is not None:
            found.append(BreakEven(name=name, value=value, at=at, margin=at / value - 1))
    return tuple(sorted(found, key=lambda each: abs(each.margin)))


def break_even_metric(plan: Plan, table: Assumptions, curve: Curve) -> float | None:
    """The metric at which the NPV is zero, all else central; launched, it is linear."""
    case, way = central_case(table), METRICS[curve.kind].direction
    today = case.figures["metric_today"]
    at_today, above = (
        float(flows(plan, case.figures, today + step, direction=way, when=case.when).npv[0])
        for step in (0.0, 1.0)
    )
    if above == at_today:
        return None
    return table.values["metric_today"] - at_today / (above - at_today)


def _unknowns(found: Sample, table: Assumptions, curve: Curve) -> list[Bar]:
    case = central_case(table)
    values, when = case.figures, case.when
    ends = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
    bars, way = [], METRICS[curve.kind].direction

    def bar(name: str, shown: FloatArray, metric: FloatArray) -> Bar:
        cases = flows(found.plan, values, metric, direction=way, launch=Launch.EACH, when=when)
        return _bar(name, shown[0], shown[1], cases.npv)

    forecast = found.plan.loss
    at_home = replace(forecast, transfer=0.0).draw(found.loss.size)
    if at_home.size > 1:
        losses = np.quantile(at_home, ends)
        bars.append(bar(LOSS, losses, curve.metric(losses, values)))
    if forecast.transfer:
        losses = forecast.value * np.exp(forecast.transfer * ndtri(ends))
        bars.append(bar(TRANSFER, losses, curve.metric(losses, values)))
    if doubt(curve, table, 1) is not None:
        mean = curve.interval(forecast.value, values, level=LEVEL)
        metric = np.array([mean.low, mean.high])
        bars.append(bar(CURVE if curve.measured else FORM, metric, metric))
    return bars


def _bar(name: str, low: float, high: float, npv: FloatArray) -> Bar:
    return Bar(
        name=name,
        low=float(low),
        high=float(high),
        npv_at_low=float(npv[0]),
        npv_at_high=float(npv[1]),
    )


def _npv(
    plan: Plan, curve: Curve, cases: Mapping[str, FloatArray], when: Timing | None = None
) -> FloatArray:
    metric = np.atleast_1d(curve.metric(plan.loss.value, cases))
    way = METRICS[curve.kind].direction
    return flows(plan, cases, metric, direction=way, launch=Launch.EACH, when=when).npv


def _npv_on(
    plan: Plan,
    curve: Curve,
    table: Assumptions,
    names: list[str],
    grids: list[FloatArray | None],
) -> list[FloatArray | None]:
    """NPV along each figure's grid, the others at their values, in one go."""
    found: dict[str, FloatArray] = {}
    values, usual = table.values, central_case(table).when
    others = tuple(name for name in names if name not in _OF_TIME)
    for group, when in ((_OF_TIME, None), (others, usual)):
        live = [
            (name, grid)
            for name, grid in zip(names, grids, strict=True)
            if grid is not None and name in group
        ]
        found |= _npv_of_group(plan, curve, values, live, when)
    return [found.get(name) for name in names]


def _npv_of_group(
    plan: Plan,
    curve: Curve,
    values: Mapping[str, float],
    live: list[tuple[str, FloatArray]],
    when: Timing | None,
) -> dict[str, FloatArray]:
    total = sum(grid.size for _, grid in live)
    cases = {name: np.array([value]) for name, value in values.items()}
    starts, start = {}, 0
    for name, grid in live:
        cases[name] = np.full(total, values[name])
        cases[name][start : start + grid.size] = grid
        starts[name] = slice(start, start + grid.size)
        start += grid.size
    npv = _npv(plan, curve, cases, when) if live else np.zeros(0)
    return {name: npv[place] for name, place in starts.items()}


@lru_cache(maxsize=256)
def _grid(name: str, value: float, possible: tuple[float, float] | None) -> FloatArray:
    """Values to look at first, the figure's own among them, all within reach; read-only.

    ``possible``: least and most that a value of the metric may be.
    """
    low, high = sorted((value / WIDEST, value * WIDEST))
    rule = INPUTS[name]
    if rule.kind is Kind.FACTOR:
        low = max(low, 1.0)
    high = min(high, rule.most, 1.0 if rule.kind in (Kind.SHARE, Kind.USED_SHARE) else np.inf)
    if possible is not None:
        low, high = max(low, possible[0]), min(high, possible[1])
    grid = value * np.geomspace(1 / WIDEST, WIDEST, 2 * _POINTS)
    grid = np.unique(np.concatenate([[low, high], grid[(grid > low) & (grid < high)], [value]]))
    grid.setflags(write=False)
    return grid


def _crossed(grid: FloatArray | None, npv: FloatArray | None, value: float) -> float | None:
    """Where the line between two neighbours of other signs is zero, nearest to ``value``."""
    place = _change(grid, npv, value)
    if place is None or grid is None or npv is None:
        return None
    low, high = npv[place], npv[place + 1]
    return float(grid[place] + (grid[place + 1] - grid[place]) * low / (low - high))


def _change(grid: FloatArray | None, npv: FloatArray | None, value: float) -> int | None:
    """The place on the grid from which to the next the sign changes, nearest to ``value``."""
    if grid is None or npv is None:
        return None
    changes = np.flatnonzero(np.sign(npv[:-1]) != np.sign(npv[1:]))
    if not changes.size:
        return None
    middle = (grid[changes] + grid[changes + 1]) / 2
    return int(changes[np.argmin(np.abs(middle - value))])


def _zoomed(grid: FloatArray | None, npv: FloatArray | None, value: float) -> FloatArray | None:
    """A finer grid across the change of sign nearest to ``value``; None without one."""
    nearest = _change(grid, npv, value)
    if nearest is None or grid is None:
        return None
    return np.linspace(grid[nearest], grid[nearest + 1], _POINTS + 1)
