"""What a page may ask of a law: what it rests on, how it predicts, its parameters, its reach."""

from engine.allocation.reach import EXTRAPOLATED, NEAR
from engine.law.inspection import Estimate, Inspection, Rows, inspect

__all__ = [
    "EXTRAPOLATED",
    "NEAR",
    "Estimate",
    "Inspection",
    "Rows",
    "inspect",
]
