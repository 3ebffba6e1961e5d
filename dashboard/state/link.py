"""A scenario as a link: the fields of :mod:`engine.scenarios.fields`, and what a page shows of it.

Short, stable keys; each value read and written exactly, or refused.

>>> read("compute", "3.3e20"), write("compute", 3.3e20)
(3.3e+20, '3.3e20')
>>> read("slide", "2")
2
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.api.scenarios import (
    BUDGETS,
    BudgetField,
    Choice,
    Field,
    Number,
    Value,
    fields,
)
from engine.errors import InputError
from engine.text.i18n import LANGUAGES

_LONGEST_NAME = 60
MOST_BESIDE = 3
"""Scenarios beside this one on Compare."""
NEW_PILOT = "new"


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
class Token(Field[str, None]):
    """A field that names what several windows share, by a word that nobody guesses."""

    def read(self, text: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9_-]{32}", text):
            raise InputError(
                "Expected the link of a presenter view, got {value}: open it from Present.",
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
PRESENTER = "presenter"
VIEW = Choice(key="view", name="view", options=lambda: [PRESENTER], default=None)
"""Present as the room sees it (None), or as the presenter does."""
MEETING = Token(key="meeting", name="meeting", default=None)
"""The presentation that the windows of :data:`VIEW` share; None: not shared."""
LANGUAGE = Choice(key="lang", name="lang", options=lambda: list(LANGUAGES), default=None)
"""None: the browser's language."""

FIELDS: dict[str, Field[Any, Any]] = {
    **fields.FIELDS,
    **{
        field.key: field
        for field in (PLANE, SHOWN, PILOT, WITH, SLIDE, VIEW, MEETING, TOUR, LANGUAGE)
    },
}
"""Key in the URL → field, for what knows a field by its key only; in the order of a link."""


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
    return fields.read_all(query, FIELDS)


def write_all(values: Mapping[str, Value]) -> dict[str, str]:
    """The query of a link: the budgets, and whatever differs from its default."""
    return {
        key: write(key, values[key])
        for key, field in FIELDS.items()
        if values[key] is not None and (key in BUDGETS or values[key] != field.default)
    }


def steps(field: BudgetField) -> list[float]:
    """Positions of a budget's slider: ten a decade, round numbers, both ends included.

    >>> epsilons = steps(fields.EPSILON)
    >>> epsilons[:4], epsilons[-2:]
    ([0.1, 0.12, 0.15, 0.2], [60.0, 64.0])
    """
    low, high = field.bounds
    nice = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8)
    exponents = range(-1, 25)
    inside = [v for e in exponents for m in nice if low <= (v := float(f"{m}e{e}")) <= high]
    return [field.convert(v) for v in sorted({float(low), *inside, float(high)})]
