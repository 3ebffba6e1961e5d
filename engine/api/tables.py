"""Tables that people bring: how they were read, and what a person may say of it."""

from engine.tables.numbers import Ambiguous, Mark, Number, Reading, parse_number, unclear
from engine.tables.reader import Corrections, Detected

__all__ = [
    "Ambiguous",
    "Corrections",
    "Detected",
    "Mark",
    "Number",
    "Reading",
    "parse_number",
    "unclear",
]
