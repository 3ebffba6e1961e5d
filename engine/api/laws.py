"""What a page may ask of a law: what it rests on, how it predicts, its parameters, its reach."""

from engine.allocation.reach import EXTRAPOLATED, NEAR
from engine.law.inspection import Estimate, FormFigures, Inspection, Rows, inspect

__all__ = [
    "EXTRAPOLATED",
    "NEAR",
    "Estimate",
    "FormFigures",
    "Inspection",
    "Rows",
    "inspect",
]
