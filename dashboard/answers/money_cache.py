"""Kept money: prices, least budgets, the ε and the people that earn most."""

import streamlit as st

from dashboard.answers import law_cache
from dashboard.answers.keys import BY_TEXT
from engine.api.decisions import Question, answers, fitted
from engine.api.money import (
    Cost,
    CostAssumptions,
    Curve,
    Drawn,
    Goal,
    Held,
    Least,
    Sharing,
    Use,
    inverse,
    share_privacy,
)
from engine.api.money import cost as priced


@st.cache_resource(max_entries=512, show_spinner=False, hash_funcs=BY_TEXT)
def cost(compute_flops: float, prices: CostAssumptions) -> Cost:
    """Price of so much compute."""
    return priced(compute_flops, prices)


def least_budgets(question: Question, goal: Goal, target: float) -> tuple[Least, ...]:
    """The least of each budget that reaches a target, the others held."""
    return _least_budgets(question.in_yen(), goal, target, fitted.state_of(question.evidence_id))


@st.cache_resource(max_entries=256, show_spinner=False, hash_funcs=BY_TEXT)
def _least_budgets(question: Question, goal: Goal, target: float, state: str) -> tuple[Least, ...]:
    curve = question.curve if goal is Goal.LOSS else answers.applicable_curve(question)
    return inverse.least_budgets(_held(question, curve), goal, target)


def fewer_people(question: Question, npv: float) -> Drawn | None:
    """Fewer people with whom the plan pays and is worth more than ``npv``, JPY."""
    return _fewer_people(question.in_yen(), npv, fitted.state_of(question.evidence_id))


@st.cache_resource(max_entries=64, show_spinner=False, hash_funcs=BY_TEXT)
def _fewer_people(question: Question, npv: float, state: str) -> Drawn | None:
    return inverse.fewer_people(_held(question, answers.applicable_curve(question)), npv)


def people_with_compute(question: Question) -> Drawn | None:
    """The fewest people with whom a plan pays where the compute may be chosen with them."""
    return _people_with_compute(question.in_yen(), fitted.state_of(question.evidence_id))


@st.cache_resource(max_entries=64, show_spinner=False, hash_funcs=BY_TEXT)
def _people_with_compute(question: Question, state: str) -> Drawn | None:
    held = _held(question, answers.applicable_curve(question))
    return inverse.people_with_compute(held, 0.0)


def best_epsilon(question: Question) -> Drawn:
    """The ε that earns most, legal risk included."""
    return _best_epsilon(question.in_yen(), fitted.state_of(question.evidence_id))


@st.cache_resource(max_entries=64, show_spinner=False, hash_funcs=BY_TEXT)
def _best_epsilon(question: Question, state: str) -> Drawn:
    return inverse.best_epsilon(_held(question, answers.applicable_curve(question)))


def best_people(question: Question) -> Drawn:
    """How many of the people earn most on average."""
    return _best_people(question.in_yen(), fitted.state_of(question.evidence_id))


@st.cache_resource(max_entries=64, show_spinner=False, hash_funcs=BY_TEXT)
def _best_people(question: Question, state: str) -> Drawn:
    return inverse.best_people(_held(question, answers.applicable_curve(question)))


def sharing(question: Question, uses: tuple[Use, ...]) -> Sharing:
    """What each of several uses would get of the people's privacy and of the compute."""
    return _sharing(question.in_yen(), uses, fitted.state_of(question.evidence_id))


@st.cache_resource(max_entries=32, show_spinner=False, hash_funcs=BY_TEXT)
def _sharing(question: Question, uses: tuple[Use, ...], state: str) -> Sharing:
    return share_privacy(uses, _held(question, answers.applicable_curve(question)))


def _held(question: Question, curve: Curve) -> Held:
    return answers.held(question, law_cache.fitted_evidence(question.evidence_id), curve)


def forget() -> None:
    """Drop what rests on the law of before."""
    for kept in (
        _least_budgets,
        _best_epsilon,
        _fewer_people,
        _people_with_compute,
        _best_people,
        _sharing,
    ):
        kept.clear()
