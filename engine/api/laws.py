"""What a page may ask of a law: what it rests on, how it predicts, its parameters, its reach, the
tests of its fit, and what each run does to the decision."""

from engine.allocation.reach import EXTRAPOLATED, NEAR
from engine.decision import influence as influences
from engine.decision.influence import Influence, Method, RunInfluence, Stand
from engine.law.diagnostics import Diagnostics, Kind, Outcome, Test, diagnose
from engine.law.inspection import Estimate, Inspection, Rows, inspect

__all__ = [
    "EXTRAPOLATED",
    "NEAR",
    "Diagnostics",
    "Estimate",
    "Influence",
    "Inspection",
    "Kind",
    "Method",
    "Outcome",
    "Rows",
    "RunInfluence",
    "Stand",
    "Test",
    "diagnose",
    "influences",
    "inspect",
]
