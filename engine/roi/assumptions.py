"""The one table of assumptions: every figure with its range, unit, source and date.

A row's ``distribution`` says how the Monte Carlo draws it: ``fixed`` always the value; ``pert`` a
Beta-PERT between low and high with its mode at the value (mean (low + 4·value + high)/6; Malcolm,
Roseboom, Clark and Fazar, 1959); ``lognormal`` with median value and 5th and 95th percentile at
about low and high.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import Any

from engine.errors import InputError
from engine.loss_unit import LINEAR, measure
from engine.roi.inputs import CURVE_LOSSES, INPUTS, require


class Distribution(StrEnum):
    """How a figure is drawn."""

    FIXED = "fixed"
    PERT = "pert"
    LOGNORMAL = "lognormal"


@dataclass(frozen=True, kw_only=True)
class Assumption:
    """One figure. ``source`` is a reference, or begins with "assumption" where there is none."""

    name: str
    value: float
    low: float
    high: float
    distribution: Distribution
    unit: str
    source: str
    dated: str

    def __post_init__(self) -> None:
        for number in ("value", "low", "high"):
            figure = getattr(self, number)
            if isinstance(figure, bool) or not isinstance(figure, int | float):
                raise InputError("Expected a number for {name}, none was given.", name=self.name)
            require(self.name, figure)
            object.__setattr__(self, number, float(figure))
        if not self.low <= self.value <= self.high:
            raise InputError(
                "Expected low ≤ value ≤ high for {name}, got {low}, {value}, {high}.",
                name=self.name,
                low=f"{self.low:g}",
                value=f"{self.value:g}",
                high=f"{self.high:g}",
            )
        if self.name in CURVE_LOSSES:
            object.__setattr__(self, "unit", _unit_of_loss(self.name, self.unit))
        elif self.unit != INPUTS[self.name].unit:
            raise InputError(
                "Expected {name} in {unit}, got {value}.",
                name=self.name,
                unit=INPUTS[self.name].unit,
                value=self.unit or "no unit",
            )
        if not self.source.strip() or not self.dated.strip():
            raise InputError("Expected a source and a date for {name}.", name=self.name)
        try:
            object.__setattr__(self, "distribution", Distribution(self.distribution))
        except ValueError:
            raise InputError(
                "Expected fixed, pert or lognormal for {name}, got {value}.",
                name=self.name,
                value=self.distribution,
            ) from None
        if self.distribution is Distribution.LOGNORMAL and self.low <= 0:
            raise InputError(
                "Expected a low above 0 for the lognormal {name}, got {value}.",
                name=self.name,
                value=f"{self.low:g}",
            )

    @property
    def uncertain(self) -> bool:
        """Whether it varies in the Monte Carlo."""
        return self.distribution is not Distribution.FIXED and self.low < self.high


def _unit_of_loss(name: str, stated: str) -> str:
    """One of :data:`engine.loss_unit.LINEAR`, however it is written."""
    found = measure(stated)
    if found not in LINEAR:
        raise InputError(
            "Expected {name} in one of {units}, got {value}: a perplexity has no width.",
            name=name,
            units=", ".join(LINEAR),
            value=str(found),
        )
    return str(found)


@dataclass(frozen=True, kw_only=True)
class Assumptions:
    """All figures, each exactly once, in the order of :data:`engine.roi.inputs.INPUTS`."""

    rows: tuple[Assumption, ...]

    def __post_init__(self) -> None:
        names = [row.name for row in self.rows]
        missing = [name for name in INPUTS if name not in names]
        if missing:
            raise InputError(
                "Expected every figure once, {names} missing: add a row for each.",
                names=", ".join(missing),
            )
        if len(names) != len(INPUTS):
            twice = sorted({name for name in names if names.count(name) > 1})
            raise InputError("Expected every figure once, {name} came twice.", name=twice[0])
        units = [row.unit for row in self.rows if row.name in CURVE_LOSSES]
        if len(set(units)) > 1:
            raise InputError(
                "Expected one unit of loss for {names}, got {values}.",
                names=" and ".join(CURVE_LOSSES),
                values=" and ".join(units),
            )
        order = {name: place for place, name in enumerate(INPUTS)}
        rows = tuple(sorted(self.rows, key=lambda row: order[row.name]))
        object.__setattr__(self, "rows", rows)
        horizon = self["horizon_years"]
        if horizon.low != horizon.high:
            raise InputError(
                "Expected one horizon, the same for low, value and high, got {low} to {high}.",
                low=f"{horizon.low:g}",
                high=f"{horizon.high:g}",
            )
        latest = 12 * horizon.value
        if self["launch_months"].high >= latest:
            raise InputError(
                "Expected a launch before the horizon ends after {most} months, got {value}.",
                most=f"{latest:g}",
                value=f"{self['launch_months'].high:g}",
            )

    def __getitem__(self, name: str) -> Assumption:
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> dict[str, Assumption]:
        return {row.name: row for row in self.rows}

    @property
    def values(self) -> dict[str, float]:
        """The central value of each figure."""
        return {row.name: row.value for row in self.rows}

    @property
    def uncertain(self) -> tuple[str, ...]:
        """Names of the figures that vary."""
        return tuple(row.name for row in self.rows if row.uncertain)

    def changed(self, rows: Iterable[Assumption]) -> "Assumptions":
        """With these rows in place of those of the same name."""
        new = {row.name: row for row in rows}
        for name in new:
            if name not in INPUTS:
                raise InputError("Expected a known figure, got {name}.", name=name)
        return Assumptions(rows=tuple(new.get(row.name, row) for row in self.rows))

    def edited(self, changes: Mapping[str, Mapping[str, object]]) -> "Assumptions":
        """With fields of some rows changed, as a person types them: name -> field -> content.

        A value typed outside its range widens the range, and a value typed into a certain row
        stays certain, so that one figure can be changed without two others.
        """
        rows = []
        for name, typed in changes.items():
            if name not in INPUTS:
                raise InputError("Expected a known figure, got {name}.", name=name)
            row = self[name]
            # What a person typed may be anything: the row itself refuses what does not fit.
            content: dict[str, Any] = dict(typed)
            value = content.get("value")
            if isinstance(value, int | float):
                ends = (value, value) if row.low == row.high else (row.low, row.high)
                content.setdefault("low", min(ends[0], value))
                content.setdefault("high", max(ends[1], value))
            rows.append(replace(row, **content))
        return self.changed(rows)

    def fixed(self, **values: float) -> "Assumptions":
        """With these figures certain: value, low and high the same."""
        return self.changed(
            replace(self[name], value=v, low=v, high=v, distribution=Distribution.FIXED)
            for name, v in values.items()
        )
