"""What a page may ask of a law: what it rests on, how it predicts, its parameters, its reach, the
tests of its fit, what each run does to the decision, and its versions."""

from engine.allocation.reach import EXTRAPOLATED, NEAR
from engine.decision import influence as influences
from engine.decision import law_versions
from engine.decision.influence import Influence, Method, RunInfluence, Stand
from engine.decision.law_store import LONGEST_NOTE, LawVersion
from engine.decision.law_versions import Comparison
from engine.law.diagnostics import Diagnostics, Kind, Outcome, Test, diagnose
from engine.law.inspection import Estimate, Inspection, Rows, inspect

__all__ = [
    "EXTRAPOLATED",
    "LONGEST_NOTE",
    "NEAR",
    "Comparison",
    "Diagnostics",
    "Estimate",
    "Influence",
    "Inspection",
    "Kind",
    "LawVersion",
    "Method",
    "Outcome",
    "Rows",
    "RunInfluence",
    "Stand",
    "Test",
    "diagnose",
    "influences",
    "inspect",
    "law_versions",
]
