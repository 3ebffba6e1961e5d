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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from dashboard.state import figures
from engine import cost
from engine.config import (
    COMPUTE_RANGE,
    DATA_RANGE,
    DEFAULT_DELTA,
    DELTA_RANGE,
    Budget,
    Sampling,
    require_within,
)
from engine.cost import CostAssumptions
from engine.decision import fitted
from engine.errors import InputError
from engine.roi.assumptions import Assumptions
from engine.roi.defaults import with_costs
from engine.roi.kinds import MetricKind
from engine.roi.metric import Curve
from engine.text import formats
from engine.text.i18n import LANGUAGES

Value = float | str | None


@dataclass(frozen=True, kw_only=True)
class Number:
    """A field that holds a number inside ``bounds``; ``whole`` if it counts something."""

    name: str
    bounds: tuple[float, float]
    default: float | None
    example: str
    unit: str = ""
    whole: bool = False

    def read(self, text: str) -> float:
        value = formats.parse(text, name=self.name, example=self.example)
        require_within(self.name, value, self.bounds, unit=self.unit)
        return round(value) if self.whole else value

    def write(self, value: float) -> str:
        return formats.link_text(value)


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A field that holds one of a few words."""

    name: str
    options: Callable[[], Sequence[str]]
    default: str | None

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
class Pilot:
    """A field that names the pilot on show by its id, or asks for a new one."""

    default: None = None

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
class Figures:
    """A field that holds a person's own figures (:mod:`dashboard.state.figures`)."""

    name: str
    tidy: Callable[[str], str | None]
    default: None = None

    def read(self, text: str) -> str | None:
        return self.tidy(text)

    def write(self, value: str) -> str:
        return value


NEW_PILOT = "new"
CURRENCIES = ("JPY", "USD")
_DEFAULTS = cost.DEFAULTS
ACCELERATORS = {
    "-".join(device.name.lower().split()): device for device in cost.ACCELERATORS.values()
}
"""The catalogue by names that suit a URL: nvidia-h200."""

FIELDS: dict[str, Number | Choice | Pilot | Figures] = {
    "compute": Number(
        name="compute_flops", bounds=COMPUTE_RANGE, default=3.8e20, example="3.8e20", unit="FLOPs"
    ),
    "data": Number(
        name="data_budget",
        bounds=DATA_RANGE,
        default=10_000_000,
        example="1e7",
        unit="people",
        whole=True,
    ),
    "epsilon": Number(name="epsilon", bounds=(0.1, 64.0), default=4.0, example="4"),
    "delta": Number(name="delta", bounds=DELTA_RANGE, default=DEFAULT_DELTA, example="1e-8"),
    "sampling": Choice(
        name="sampling", options=lambda: [s.value for s in Sampling], default=Sampling.POISSON.value
    ),
    "evidence": Choice(
        name="evidence", options=lambda: list(fitted.EVIDENCE), default=fitted.EVIDENCE[0]
    ),
    "accelerator": Choice(
        name="accelerator",
        options=lambda: list(ACCELERATORS),
        default=next(k for k, a in ACCELERATORS.items() if a == _DEFAULTS.accelerator),
    ),
    "price": Number(name="price_per_hour_usd", bounds=(0.01, 1000.0), default=None, example="2.5"),
    "utilisation": Number(
        name="utilisation", bounds=(0.01, 1.0), default=_DEFAULTS.utilisation, example="0.4"
    ),
    "overhead": Number(
        name="dp_overhead", bounds=(1.0, 50.0), default=_DEFAULTS.dp_overhead, example="1.5"
    ),
    "rate": Number(
        name="jpy_per_usd", bounds=(10.0, 1000.0), default=_DEFAULTS.jpy_per_usd, example="150"
    ),
    "metric": Choice(
        name="metric_kind",
        options=lambda: [kind.value for kind in MetricKind],
        default=MetricKind.MINUTES_SAVED.value,
    ),
    "figures": Figures(name="figures", tidy=figures.read),
    "pairs": Figures(name="pairs", tidy=figures.pairs_text),
    "currency": Choice(name="currency", options=lambda: list(CURRENCIES), default=CURRENCIES[0]),
    "pilot": Pilot(),
    "slide": Number(name="slide", bounds=(1, 999), default=1, example="1", whole=True),
    "tour": Number(name="tour", bounds=(1, 6), default=None, example="1", whole=True),
    "lang": Choice(name="lang", options=lambda: list(LANGUAGES), default=None),
}
"""Key in the URL → field. ``price`` None: the accelerator's list price; ``lang``: the browser's;
``figures`` and ``pairs``: the default assumptions and curve; ``pilot``: the one that runs, else the
last; ``tour``: none is under way."""

BUDGETS = ("compute", "data", "epsilon")
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
    values, refused = defaults(), {}
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
    kind = MetricKind(values["metric"])
    table = figures.table(kind, values["figures"])
    curve = figures.curve(kind, values["pairs"], table)
    return with_costs(table, assumptions(values)), curve


def write_all(values: dict[str, Value]) -> dict[str, str]:
    """The query of a link: the budgets, and whatever differs from its default."""
    return {
        key: write(key, values[key])
        for key, field in FIELDS.items()
        if values[key] is not None and (key in BUDGETS or values[key] != field.default)
    }


def budget(values: Mapping[str, Value]) -> Budget:
    """The budgets among the values of all fields."""
    return Budget(
        compute_flops=values["compute"],
        data_budget=values["data"],
        epsilon=values["epsilon"],
        delta=values["delta"],
    )


def assumptions(values: Mapping[str, Value]) -> CostAssumptions:
    """The price assumptions among the values of all fields."""
    accelerator = ACCELERATORS[values["accelerator"]]
    if values["price"] is not None:
        accelerator = replace(accelerator, price_per_hour_usd=values["price"])
    return CostAssumptions(
        accelerator=accelerator,
        utilisation=values["utilisation"],
        dp_overhead=values["overhead"],
        jpy_per_usd=values["rate"],
    )


def steps(key: str) -> list[float]:
    """Positions of a budget's slider: ten a decade, round numbers, both ends included.

    >>> steps("epsilon")[:4], steps("epsilon")[-2:]
    ([0.1, 0.12, 0.15, 0.2], [60.0, 64.0])
    """
    low, high = FIELDS[key].bounds
    nice = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8)
    exponents = range(-1, 25)
    inside = [v for e in exponents for m in nice if low <= (v := float(f"{m}e{e}")) <= high]
    grid = sorted({float(low), *inside, float(high)})
    return [round(v) for v in grid] if FIELDS[key].whole else grid
