"""What a page may ask of a law: what it rests on, how it predicts, its parameters, its reach, the
tests of its fit, what each run does to the decision, and its versions."""

from engine.allocation.reach import EXTRAPOLATED, NEAR
from engine.decision import influence as influences
from engine.decision import law_profile, law_versions, next_run, next_sweep, refits
from engine.decision.influence import Influence, Method, RunInfluence, Stand
from engine.decision.law_store import LONGEST_NOTE, LawVersion, SetAside
from engine.decision.law_versions import Comparison
from engine.decision.next_run import LEAST as LEAST_NARROWING
from engine.decision.next_run import Candidate, NextRuns
from engine.decision.refits import Refit
from engine.law.diagnostics import Diagnostics, Kind, Outcome, Test, diagnose
from engine.law.inspection import Estimate, Inspection, Rows, inspect
from engine.law.profile import Profile
from engine.runs.imports.selection import ALL as ALL_RUNS
from engine.runs.imports.selection import Carries, Choice, Remaining

__all__ = [
    "ALL_RUNS",
    "EXTRAPOLATED",
    "LEAST_NARROWING",
    "LONGEST_NOTE",
    "NEAR",
    "Candidate",
    "Carries",
    "Choice",
    "Comparison",
    "Diagnostics",
    "Estimate",
    "Influence",
    "Inspection",
    "Kind",
    "LawVersion",
    "Method",
    "NextRuns",
    "Outcome",
    "Profile",
    "Refit",
    "Remaining",
    "Rows",
    "RunInfluence",
    "SetAside",
    "Stand",
    "Test",
    "diagnose",
    "influences",
    "inspect",
    "law_profile",
    "law_versions",
    "next_run",
    "next_sweep",
    "refits",
]
