"""One line of the doctor: of what, how it stands, what to do."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How one thing stands."""

    OK = "ok"
    LOOK = "look"
    BROKEN = "broken"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One line: of what, how it stands, what was found and, unless it is ok, what to do."""

    name: str
    state: State
    found: str
    to_do: str = ""
    is_awaited: bool = False
    """Whether the first page waits for it."""
