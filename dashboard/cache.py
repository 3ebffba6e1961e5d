"""Every cache of the dashboard, keyed by small frozen values and bounded.

Answers are shared between people who ask the same, and read-only: hence ``cache_resource``, which
hands out the object itself. A refusal (``InputError``) is raised anew each time, never kept.
"""

import streamlit as st

from dashboard import facts
from dashboard.certificates import Certificates
from dashboard.scenario import Scenario
from engine import cost as price
from engine import decide, fits
from engine.accounting.certify import certify
from engine.answers import Cost, CostAssumptions, Decision
from engine.config import Budget, Sampling
from engine.errors import InputError
from engine.risk import (
    AttackRisk,
    Exposure,
    Mechanism,
    attack_risk,
    mechanism_of,
    planned_mechanism,
    rank_plans,
)
from engine.roi import inverse
from engine.roi.assumptions import Assumptions
from engine.roi.inverse import Candidate, Goal, Least, Question
from engine.roi.metric import Curve
from engine.roi.plan import plans_of
from engine.roi.study import Study
from engine.roi.study import study as appraised


@st.cache_resource(max_entries=4, show_spinner=False, validate=bool)
def evidence_is_ready(evidence_id: str) -> bool:
    """Whether the law is fitted already, so that an answer comes at once; only a yes is kept."""
    return fits.is_ready(evidence_id)


@st.cache_resource(max_entries=4, show_spinner=False)
def fitted_evidence(evidence_id: str) -> fits.FittedEvidence:
    """The law of an evidence; seconds the first time on a machine."""
    return fits.fitted_evidence(evidence_id)


@st.cache_resource(max_entries=256, show_spinner=False)
def decision(
    budget: Budget, evidence_id: str, sampling: Sampling, assumptions: CostAssumptions
) -> Decision:
    """Everything that the Decide page says."""
    fitted = fitted_evidence(evidence_id)
    return decide.decide(budget, fitted, sampling=sampling, assumptions=assumptions)


@st.cache_resource(show_spinner=False, max_entries=1)
def certificates() -> Certificates:
    """The one place where certificates are made and kept, for everybody."""
    return Certificates(certify)


@st.cache_resource(max_entries=512, show_spinner=False)
def cost(compute_flops: float, assumptions: CostAssumptions) -> Cost:
    """Price of so much compute."""
    return price.cost(compute_flops, assumptions)


def certified(
    budget: Budget, evidence_id: str, sampling: Sampling, assumptions: CostAssumptions
) -> Mechanism | None:
    """The recommendation's mechanism with certified noise, where its certificate is known by now."""
    question = facts.to_certify(decision(budget, evidence_id, sampling, assumptions))
    try:
        certificate = certificates().known(**question)
    except InputError:  # No certificate: the Decide page says why.
        return None
    return certificate and mechanism_of(certificate)


@st.cache_resource(max_entries=64, show_spinner=False)
def study(
    budget: Budget,
    evidence_id: str,
    sampling: Sampling,
    assumptions: CostAssumptions,
    table: Assumptions,
    curve: Curve,
    certified: Mechanism | None = None,
) -> Study:
    """Everything that the ROI page says about money."""
    answer = decision(budget, evidence_id, sampling, assumptions)
    fitted = fitted_evidence(evidence_id)
    plans = plans_of(answer, fitted.fit, fitted.space, certified=certified)
    return appraised(plans, table, curve)


@st.cache_resource(max_entries=256, show_spinner=False)
def risk(
    budget: Budget,
    evidence_id: str,
    sampling: Sampling,
    assumptions: CostAssumptions,
    certified: Mechanism | None = None,
) -> tuple[AttackRisk, tuple[Exposure, ...]]:
    """What an attacker gets from the recommendation, and from plans that are as good."""
    answer = decision(budget, evidence_id, sampling, assumptions)
    mechanism = certified or planned_mechanism(answer.recommendation, budget.data_budget)
    others = rank_plans(answer.wiggle_room, budget=budget, sampling=sampling)
    return attack_risk(mechanism), others


@st.cache_resource(max_entries=64, show_spinner=False)
def least_budgets(now: Scenario, goal: Goal, target: float) -> tuple[Least, ...]:
    """The least of each budget that reaches a target, the others held."""
    return inverse.least_budgets(_question(now), goal, target)


@st.cache_resource(max_entries=64, show_spinner=False)
def best_epsilon(now: Scenario) -> Candidate:
    """The ε that earns most, legal risk included."""
    return inverse.best_epsilon(_question(now))[0]


def _question(now: Scenario) -> Question:
    fitted = fitted_evidence(now.evidence_id)
    return Question(
        budget=now.budget,
        fit=fitted.fit,
        space=fitted.space,
        sampling=now.sampling,
        table=now.table,
        curve=now.curve,
    )
