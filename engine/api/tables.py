"""Tables that people bring: how they were read, and what a person may say of it."""

from engine.tables.guard import csv_text, harmless
from engine.tables.numbers import Ambiguous, Mark, Number, Reading, parse_number, unclear
from engine.tables.table import Corrections, Detected
from engine.untrusted.guard import attempted
from engine.untrusted.texts import json_value

__all__ = [
    "Ambiguous",
    "Corrections",
    "Detected",
    "Mark",
    "Number",
    "Reading",
    "attempted",
    "csv_text",
    "harmless",
    "json_value",
    "parse_number",
    "unclear",
]
