"""The fields of a scenario, each with its text: what a link, a file and a person say of a question.

Keys are short and stable; each value is read and written exactly, or refused. What a person types
into a field follows the same grammar, the same limits, the same sentence.

>>> read("compute", "3.3e20"), write("compute", 3.3e20)
(3.3e+20, '3.3e20')
>>> read("data", "22万人"), write("data", 220_000)
(220000, '2.2e5')
>>> read("epsilon", "100")
Traceback (most recent call last):
engine.errors.InputError: Expected epsilon between 0.1 and 64, got 100: choose a value inside.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar, cast

from engine.accelerator_prices import ACCELERATORS as CATALOGUE
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
from engine.cost import DEFAULTS as _DEFAULTS
from engine.cost import CostAssumptions
from engine.decision import fitted
from engine.decision.question import OPENING, Currency, Question
from engine.errors import InputError
from engine.roi.assumptions import Assumptions
from engine.roi.defaults import with_costs
from engine.roi.kinds import MetricKind
from engine.roi.metric import Curve
from engine.scenarios import figures
from engine.text import formats

Value = float | str | None
T = TypeVar("T", bound=Value)
N = TypeVar("N", bound=float)
D = TypeVar("D", bound=Value)


@dataclass(frozen=True, kw_only=True)
class Field(ABC, Generic[T, D]):
    """A field of a scenario. ``T`` is the type of what a text says; ``D`` that of the default: None
    for a field that may have no value, else ``T``."""

    key: str
    """Its key in a link and in a file."""
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
class Figures(Field[str | None, None]):
    """A field that holds a person's own figures (:mod:`engine.scenarios.figures`)."""

    tidy: Callable[[str], str | None]

    def read(self, text: str) -> str | None:
        return self.tidy(text)

    def write(self, value: str | None) -> str:
        return value or ""


_LONGEST_FAMILY = 64
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
    )
}
"""Key → field, for what knows a field by its key only; in the order of a link."""

BudgetField = Number[float, float] | Number[int, int]
BUDGET_FIELDS: dict[str, BudgetField] = {field.key: field for field in (COMPUTE, DATA, EPSILON)}
BUDGETS = tuple(BUDGET_FIELDS)
"""Always in a link, so that it still means the same when a default changes."""


def read(key: str, text: str) -> Value:
    """The value of ``key`` that ``text`` says; :class:`InputError` if it says none."""
    found: Value = FIELDS[key].read(text)
    return found


def write(key: str, value: Value) -> str:
    """The text for ``value``; ``read`` gives it back exactly."""
    return FIELDS[key].write(value)


def defaults() -> dict[str, Value]:
    return {key: field.default for key, field in FIELDS.items()}


def read_all(
    texts: Mapping[str, str], fields: Mapping[str, Field[Any, Any]] = FIELDS
) -> tuple[dict[str, Value], dict[str, InputError]]:
    """Values of every field, and the refusals; a refused field keeps its default. Figures that do
    not go together are refused as a whole."""
    values: dict[str, Value] = {key: field.default for key, field in fields.items()}
    refused: dict[str, InputError] = {}
    for key, field in ((key, field) for key, field in fields.items() if key in texts):
        try:
            values[key] = field.read(texts[key])
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


def question(values: Mapping[str, Value]) -> Question:
    """The question among the values of all fields. Raises :class:`InputError` for figures that do
    not go together, which :func:`read_all` lets nobody have."""
    table, curve = own_figures(values)
    return Question(
        budget=budget(values),
        evidence_id=EVIDENCE.of(values),
        sampling=Sampling(SAMPLING.of(values)),
        prices=assumptions(values),
        assumptions=table,
        curve=curve,
        currency=Currency(CURRENCY.of(values)),
    )
