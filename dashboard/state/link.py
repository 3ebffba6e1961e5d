"""A scenario as a link: short, stable keys; each value read and written exactly, or refused.

Also what a person may type into a field: the same grammar, the same limits, the same sentence.

>>> read("compute", "3.3e20"), write("compute", 3.3e20)
(3.3e+20, '3.3e20')
>>> read("data", "22万人"), write("data", 220_000)
(220000, '2.2e5')
>>> read("epsilon", "100")
Traceback (most recent call last):
engine.errors.InputError: Expected epsilon between 0.1 and 64, got 100: choose a value inside.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar, cast

from dashboard.state import figures
from engine.api.decisions import OPENING, fitted
from engine.api.money import ACCELERATORS as CATALOGUE
from engine.api.money import DEFAULTS as _DEFAULTS
from engine.api.money import Assumptions, CostAssumptions, Curve, MetricKind, with_costs
from engine.config import (
    COMPUTE_RANGE,
    DATA_RANGE,
    DEFAULT_DELTA,
    DELTA_RANGE,
    PLANNED_SAMPLINGS,
    Budget,
    Sampling,
    require_within,
)
from engine.errors import InputError
from engine.text import formats
from engine.text.i18n import LANGUAGES

Value = float | str | None
T = TypeVar("T", bound=Value)
N = TypeVar("N", bound=float)
D = TypeVar("D", bound=Value)


@dataclass(frozen=True, kw_only=True)
class Field(ABC, Generic[T, D]):
    """A field of a link. ``T`` is the type of what a text says; ``D`` that of the default: None for
    a field that may have no value, else ``T``."""

    key: str
    """Its key in the URL."""
    name: str
    """Its name in refusals."""
    default: D

    @abstractmethod
    def read(self, text: str) -> T:
        """The value that ``text`` says; :class:`InputError` if it says none."""

    @abstractmethod
    def write(self, value: T) -> str:
        """The text for ``value``; ``read`` gives it back exactly."""

    def of(self, values: Mapping[str, Value]) -> T | D:
        """This field's value among those of all fields."""
        # The one place where a mapping of mixed values meets the type of its field.
        return cast("T | D", values[self.key])


@dataclass(frozen=True, kw_only=True)
class Number(Field[N, D]):
    """A field that holds a number inside ``bounds``; ``convert`` is ``round`` if it counts
    something."""

    bounds: tuple[float, float]
    example: str
    convert: Callable[[float], N]
    unit: str = ""

    def read(self, text: str) -> N:
        value = formats.parse(text, name=self.name, example=self.example)
        require_within(self.name, value, self.bounds, unit=self.unit)
        return self.convert(value)

    def write(self, value: float) -> str:
        return formats.link_text(value)


@dataclass(frozen=True, kw_only=True)
class Choice(Field[str, D]):
    """A field that holds one of a few words."""

    options: Callable[[], Sequence[str]]

    def read(self, text: str) -> str:
        if text not in self.options():
            raise InputError(
                "Expected {name} to be one of {options}, got “{value}”: choose one of them.",
                name=self.name,
                options=", ".join(self.options()),
                value=text[:40],
            )
        return text

    def write(self, value: str) -> str:
        return value


@dataclass(frozen=True, kw_only=True)
class Evidence(Choice[str]):
    """A field that names a family of runs that a law is fitted to."""

    def read(self, text: str) -> str:
        if text in self.options():
            return text
        fitted.require_choice(text[:_LONGEST_FAMILY])  # says why
        return super().read(text)


@dataclass(frozen=True, kw_only=True)
class Pilot(Field[str, None]):
    """A field that names the pilot on show by its id, or asks for a new one."""

    def read(self, text: str) -> str:
        if text != NEW_PILOT and not re.fullmatch(r"[0-9a-f]{16}", text):
            raise InputError(
                "Expected the id of a pilot, 16 hexadecimal digits, got {value}: list the pilots.",
                value=text[:40],
            )
        return text

    def write(self, value: str) -> str:
        return value


@dataclass(frozen=True, kw_only=True)
class Names(Field[str, None]):
    """A field that holds names of saved scenarios, one a line, ``most`` of them at the most."""

    most: int

    def read(self, text: str) -> str:
        names = names_of(text)
        longest = max(map(len, names), default=0)
        if not 1 <= len(names) <= self.most or longest > _LONGEST_NAME:
            raise InputError(
                "Expected 1 to {most} names of saved scenarios, each on a line of its own, got "
                "“{value}”.",
                most=self.most,
                value=text[:40],
            )
        return "\n".join(names)

    def write(self, value: str) -> str:
        return value


def names_of(text: str | None) -> list[str]:
    """The names that a field of :class:`Names` holds."""
    return [name for name in (text or "").split("\n") if name.strip()]


@dataclass(frozen=True, kw_only=True)
class Figures(Field[str | None, None]):
    """A field that holds a person's own figures (:mod:`dashboard.state.figures`)."""

    tidy: Callable[[str], str | None]

    def read(self, text: str) -> str | None:
        return self.tidy(text)

    def write(self, value: str | None) -> str:
        return value or ""


_LONGEST_FAMILY, _LONGEST_NAME = 64, 60
MOST_BESIDE = 3
"""Scenarios beside this one on Compare."""
NEW_PILOT = "new"
CURRENCIES = ("JPY", "USD")

ACCELERATORS = {"-".join(device.name.lower().split()): device for device in CATALOGUE.values()}
"""The catalogue by names that suit a URL: nvidia-h200."""

COMPUTE = Number(
    key="compute",
    name="compute_flops",
    bounds=COMPUTE_RANGE,
    default=OPENING.compute_flops,
    example="3.8e20",
    convert=float,
    unit="FLOPs",
)
DATA = Number(
    key="data",
    name="data_budget",
    bounds=DATA_RANGE,
    default=OPENING.data_budget,
    example="1e7",
    convert=round,
    unit="people",
)
EPSILON = Number(
    key="epsilon",
    name="epsilon",
    bounds=(0.1, 64.0),
    default=OPENING.epsilon,
    example="4",
    convert=float,
)
DELTA = Number(
    key="delta",
    name="delta",
    bounds=DELTA_RANGE,
    default=DEFAULT_DELTA,
    example="1e-8",
    convert=float,
)
SAMPLING = Choice(
    key="sampling",
    name="sampling",
    options=lambda: [s.value for s in PLANNED_SAMPLINGS],
    default=Sampling.POISSON.value,
)
EVIDENCE = Evidence(
    key="evidence",
    name="evidence",
    options=lambda: list(fitted.choices()),
    default=fitted.EVIDENCE[0],
)
ACCELERATOR = Choice(
    key="accelerator",
    name="accelerator",
    options=lambda: list(ACCELERATORS),
    default=next(k for k, a in ACCELERATORS.items() if a == _DEFAULTS.accelerator),
)
PRICE = Number(
    key="price",
    name="price_per_hour_usd",
    bounds=(0.01, 1000.0),
    default=None,
    example="2.5",
    convert=float,
)
"""None: the accelerator's list price (:func:`price`)."""
UTILISATION = Number(
    key="utilisation",
    name="utilisation",
    bounds=(0.01, 1.0),
    default=_DEFAULTS.utilisation,
    example="0.4",
    convert=float,
)
OVERHEAD = Number(
    key="overhead",
    name="dp_overhead",
    bounds=(1.0, 50.0),
    default=_DEFAULTS.dp_overhead,
    example="1.5",
    convert=float,
)
RATE = Number(
    key="rate",
    name="jpy_per_usd",
    bounds=(10.0, 1000.0),
    default=_DEFAULTS.jpy_per_usd,
    example="150",
    convert=float,
)
METRIC = Choice(
    key="metric",
    name="metric_kind",
    options=lambda: [kind.value for kind in MetricKind],
    default=MetricKind.MINUTES_SAVED.value,
)
FIGURES = Figures(key="figures", name="figures", tidy=figures.read, default=None)
"""None: the default assumptions."""
PAIRS = Figures(key="pairs", name="pairs", tidy=figures.pairs_text, default=None)
"""None: the default curve."""
CURRENCY = Choice(
    key="currency", name="currency", options=lambda: list(CURRENCIES), default=CURRENCIES[0]
)
PILOT = Pilot(key="pilot", name="pilot", default=None)
"""None: the pilot that runs, else the last."""
PLANE = Choice(
    key="plane",
    name="plane",
    options=lambda: ["compute-data", "compute-epsilon", "data-epsilon"],
    default="compute-data",
)
"""The two budgets along the axes of the map of Explore."""
SHOWN = Choice(
    key="shown",
    name="shown",
    options=lambda: ["loss", "cost", "saving", "size"],
    default="loss",
)
"""What that map shows."""
WITH = Names(key="with", name="with", most=MOST_BESIDE, default=None)
"""What this scenario is compared with, and what are the options of its deck; None: nothing."""
SLIDE = Number(key="slide", name="slide", bounds=(1, 999), default=1, example="1", convert=round)
TOUR = Number(key="tour", name="tour", bounds=(1, 6), default=None, example="1", convert=round)
"""None: no tour is under way."""
LANGUAGE = Choice(key="lang", name="lang", options=lambda: list(LANGUAGES), default=None)
"""None: the browser's language."""

FIELDS: dict[str, Field[Any, Any]] = {
    field.key: field
    for field in (
        COMPUTE,
        DATA,
        EPSILON,
        DELTA,
        SAMPLING,
        EVIDENCE,
        ACCELERATOR,
        PRICE,
        UTILISATION,
        OVERHEAD,
        RATE,
        METRIC,
        FIGURES,
        PAIRS,
        CURRENCY,
        PLANE,
        SHOWN,
        PILOT,
        WITH,
        SLIDE,
        TOUR,
        LANGUAGE,
    )
}
"""Key in the URL → field, for what knows a field by its key only; in the order of a link."""

BudgetField = Number[float, float] | Number[int, int]
BUDGET_FIELDS: dict[str, BudgetField] = {field.key: field for field in (COMPUTE, DATA, EPSILON)}
BUDGETS = tuple(BUDGET_FIELDS)
"""Always in the link, so that it still means the same when a default changes."""


def read(key: str, text: str) -> Value:
    """The value of ``key`` that ``text`` says; :class:`InputError` if it says none."""
    return FIELDS[key].read(text)


def write(key: str, value: Value) -> str:
    """The text for ``value``; ``read`` gives it back exactly."""
    return FIELDS[key].write(value)


def defaults() -> dict[str, Value]:
    return {key: field.default for key, field in FIELDS.items()}


def read_all(query: Mapping[str, str]) -> tuple[dict[str, Value], dict[str, InputError]]:
    """Values of every field, and the refusals; a refused field keeps its default. Figures that do
    not go together are refused as a whole."""
    values = defaults()
    refused: dict[str, InputError] = {}
    for key in (key for key in FIELDS if key in query):
        try:
            values[key] = read(key, query[key])
        except InputError as error:
            refused[key] = error
    try:
        own_figures(values)
    except InputError as error:
        values |= {"figures": None, "pairs": None}
        refused["figures"] = error
    return values, refused


def own_figures(values: Mapping[str, Value]) -> tuple[Assumptions, Curve]:
    """The table of assumptions, with the sidebar's prices, and the curve among the values of all
    fields. Raises :class:`InputError` for figures that do not go together."""
    kind = MetricKind(METRIC.of(values))
    table = figures.table(kind, FIGURES.of(values))
    curve = figures.curve(kind, PAIRS.of(values), table)
    return with_costs(table, assumptions(values)), curve


def write_all(values: Mapping[str, Value]) -> dict[str, str]:
    """The query of a link: the budgets, and whatever differs from its default."""
    return {
        key: write(key, values[key])
        for key, field in FIELDS.items()
        if values[key] is not None and (key in BUDGETS or values[key] != field.default)
    }


def budget(values: Mapping[str, Value]) -> Budget:
    """The budgets among the values of all fields."""
    return Budget(
        compute_flops=COMPUTE.of(values),
        data_budget=DATA.of(values),
        epsilon=EPSILON.of(values),
        delta=DELTA.of(values),
    )


def assumptions(values: Mapping[str, Value]) -> CostAssumptions:
    """The price assumptions among the values of all fields."""
    return CostAssumptions(
        accelerator=replace(ACCELERATORS[ACCELERATOR.of(values)], price_per_hour_usd=price(values)),
        utilisation=UTILISATION.of(values),
        dp_overhead=OVERHEAD.of(values),
        jpy_per_usd=RATE.of(values),
    )


def price(values: Mapping[str, Value]) -> float:
    """USD per device-hour: the visitor's own price, else the accelerator's list price."""
    own = PRICE.of(values)
    return ACCELERATORS[ACCELERATOR.of(values)].price_per_hour_usd if own is None else own


def steps(field: BudgetField) -> list[float]:
    """Positions of a budget's slider: ten a decade, round numbers, both ends included.

    >>> steps(EPSILON)[:4], steps(EPSILON)[-2:]
    ([0.1, 0.12, 0.15, 0.2], [60.0, 64.0])
    """
    low, high = field.bounds
    nice = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8)
    exponents = range(-1, 25)
    inside = [v for e in exponents for m in nice if low <= (v := float(f"{m}e{e}")) <= high]
    return [field.convert(v) for v in sorted({float(low), *inside, float(high)})]
