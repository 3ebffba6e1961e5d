"""What a page may ask of a decision: question, answer, verdict, risk, maps, evidence.

The dashboard imports the engine through this folder only, so that what it rests on can be read
here; beside it stand the words of :mod:`engine.text` and the base types of :mod:`engine.config`.
"""

from engine import durable, fine_tunings
from engine.accounting.certificate import Certificate
from engine.accounting.domain import proposed_delta
from engine.allocation import maps, search
from engine.allocation.baselines import TOKENS_PER_PARAMETER
from engine.allocation.levers import TOLERANCE
from engine.allocation.maps import BudgetMap, Doublings, PlanLines
from engine.allocation.reach import EXTRAPOLATED
from engine.allocation.result import Allocation, Baseline, Saturation, Support, WiggleRoom, Word
from engine.allocation.space import Space
from engine.attack_risk import PEOPLE, AttackRisk, Exposure
from engine.cluster.forecast import Scale
from engine.decision import answer as answers
from engine.decision import (
    correlated,
    correlated_worth,
    decide,
    devices,
    findings,
    fitted,
    from_start,
    profiles,
)
from engine.decision.answer import Answer, CertificateRequest, to_certify
from engine.decision.bridge import Bridge, bridge
from engine.decision.decide import Decision
from engine.decision.explain import SWAPS, Effect, Explanation, Result, differing, explain
from engine.decision.findings import Binds
from engine.decision.fitted import MEASURED_GPT
from engine.decision.from_start import Comparison
from engine.decision.next_steps import Act, next_steps
from engine.decision.next_steps import Step as NextStep
from engine.decision.published_gaps import missed_near
from engine.decision.question import OPENING, Currency, Question
from engine.decision.start_worth import (
    StartFindings,
    StartWorth,
    start_findings,
    start_worth,
)
from engine.decision.verdict import Code
from engine.deployments import Deployment, deployments
from engine.loss_unit import LossUnit, unit_of
from engine.runs import families
from engine.runs.curves import FIRST_ITERATION
from engine.runs.families import NamedShape

__all__ = [
    "EXTRAPOLATED",
    "FIRST_ITERATION",
    "MEASURED_GPT",
    "OPENING",
    "PEOPLE",
    "SWAPS",
    "TOKENS_PER_PARAMETER",
    "TOLERANCE",
    "Act",
    "Allocation",
    "Answer",
    "AttackRisk",
    "Baseline",
    "Binds",
    "Bridge",
    "BudgetMap",
    "Certificate",
    "CertificateRequest",
    "Code",
    "Comparison",
    "Currency",
    "Decision",
    "Deployment",
    "Doublings",
    "Effect",
    "Explanation",
    "Exposure",
    "LossUnit",
    "NamedShape",
    "NextStep",
    "PlanLines",
    "Question",
    "Result",
    "Saturation",
    "Scale",
    "Space",
    "StartFindings",
    "StartWorth",
    "Support",
    "WiggleRoom",
    "Word",
    "answers",
    "bridge",
    "correlated",
    "correlated_worth",
    "decide",
    "deployments",
    "devices",
    "differing",
    "durable",
    "explain",
    "families",
    "findings",
    "fine_tunings",
    "fitted",
    "from_start",
    "maps",
    "missed_near",
    "next_steps",
    "profiles",
    "proposed_delta",
    "search",
    "start_findings",
    "start_worth",
    "to_certify",
    "unit_of",
]
