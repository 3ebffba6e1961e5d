"""Rows that became documents, rows that did not and why, and when that is too many.

A reason is an English sentence part and a message id; a place is the number of a line, row or
file. Neither holds any of the text.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from engine.errors import InputError

Progress = Callable[[float], None]
"""Called with the share done, between 0 and 1."""

SHORTEST_DOCUMENT = 32
"""Tokens; less than that is half a window and says nothing about how well a model learns."""
MOST_BROKEN = 0.1
"""Share of rows; above it the file is not what it was taken for."""

SHORT = "too short"
EMPTY = "empty"
REPEATED = "said before"
ENCODING = "not UTF-8"
NOT_TEXT = "not text"
NO_TEXT = "no text in its column"
NO_UNIT = "no unit in its column"
NOT_JSON = "not a JSON object"
NOT_CSV = "not a CSV row"
LONG = "longer than 64 MiB"
OUTSIDE = "a link that leads out of the folder"

_HARMLESS = frozenset({SHORT, EMPTY, REPEATED})
"""Reasons that say nothing against the file."""
_SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class Row:
    """One document. ``unit`` is the person, None where each document is its own unit."""

    text: str
    unit: str | None
    place: int
    spelled: str | None = field(default=None, compare=False)
    """The person's identifier as it came."""


@dataclass(frozen=True, kw_only=True)
class Refused:
    """One row without a document. ``rows``: how many rows were lost with it."""

    reason: str
    place: int
    rows: int = 1


@dataclass
class Tally:
    """Counts what is read."""

    kept: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    places: dict[str, list[int]] = field(default_factory=dict)
    """The first places of each reason."""

    def refuse(self, refused: Refused) -> None:
        self.refused[refused.reason] += refused.rows
        places = self.places.setdefault(refused.reason, [])
        if len(places) < _SHOWN:
            places.append(refused.place)

    def require_mostly_sound(self, path: str) -> None:
        """Raise :class:`InputError` above :data:`MOST_BROKEN`, or where nothing is left."""
        broken = sum(n for reason, n in self.refused.items() if reason not in _HARMLESS)
        rows = self.kept + self.refused.total()
        if broken > MOST_BROKEN * rows:
            raise InputError(
                "Expected at most {most} % of broken rows in {path}, got {broken} of {rows} "
                "({reasons}): mend them, or check the kind, the columns and the encoding (UTF-8).",
                most=f"{100 * MOST_BROKEN:g}",
                path=path,
                broken=broken,
                rows=rows,
                reasons=self._said(harmless=False),
            )
        if not self.kept:
            raise InputError(
                "Expected text in {path}, got none of at least {shortest} tokens in {rows} rows "
                "({reasons}): choose another file or column.",
                path=path,
                shortest=SHORTEST_DOCUMENT,
                rows=rows,
                reasons=self._said(harmless=True) or "no rows",
            )

    def _said(self, *, harmless: bool) -> str:
        parts = []
        for reason, count in self.refused.most_common():
            if harmless or reason not in _HARMLESS:
                places = ", ".join(str(place) for place in self.places[reason])
                more = " …" if count > len(self.places[reason]) else ""
                parts.append(f"{reason}: {count}, at {places}{more}")
        return "; ".join(parts)
