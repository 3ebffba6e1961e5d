"""Kept maps of budgets and lines of plans."""

import numpy as np
import streamlit as st

from dashboard.answers import law_cache
from dashboard.answers.plane import NAMES, Plane, sparse
from engine.api.decisions import fitted, maps, search
from engine.config import Budget, Sampling


def budget_map(plane: Plane) -> tuple[maps.BudgetMap, maps.Doublings]:
    """A map of Explore, and what doubling buys at a few of its points."""
    return _budget_map(plane, fitted.state_of(plane.evidence_id))


@st.cache_resource(max_entries=64, show_spinner=False)
def _budget_map(plane: Plane, state: str) -> tuple[maps.BudgetMap, maps.Doublings]:
    fitted = law_cache.fitted_evidence(plane.evidence_id)
    held = _budgets(plane.held, plane.sampling)
    x, y = NAMES[plane.x], NAMES[plane.y]
    found = maps.budget_map(
        fitted.fit,
        fitted.space,
        fitted.coverage,
        held,
        x=x,
        y=y,
        x_values=np.array(plane.x_values),
        y_values=np.array(plane.y_values),
        with_saving=plane.with_saving,
        target=plane.target,
    )
    few_x, few_y = np.meshgrid(sparse(plane.x_values, 7), sparse(plane.y_values, 5))
    at = {name: np.full(few_x.size, getattr(held, name)) for name in NAMES.values()}
    at |= {x: few_x.ravel(), y: few_y.ravel()}
    points = search.budgets(**at, delta=held.delta, sampling=held.sampling)
    return found, maps.doublings(fitted.fit, fitted.space, points, x=x, y=y)


def plan_lines(
    delta: float,
    evidence_id: str,
    sampling: Sampling,
    compute: tuple[float, ...],
    people: tuple[float, ...],
    epsilons: tuple[float, ...],
) -> maps.PlanLines:
    """The best plans along compute, for a few people and ε."""
    state = fitted.state_of(evidence_id)
    return _plan_lines(delta, evidence_id, sampling, compute, people, epsilons, state)


@st.cache_resource(max_entries=64, show_spinner=False)
def _plan_lines(
    delta: float,
    evidence_id: str,
    sampling: Sampling,
    compute: tuple[float, ...],
    people: tuple[float, ...],
    epsilons: tuple[float, ...],
    state: str,
) -> maps.PlanLines:
    fitted = law_cache.fitted_evidence(evidence_id)
    return maps.plan_lines(
        fitted.fit,
        fitted.space,
        fitted.coverage,
        compute_flops=np.array(compute),
        data_budget=np.array(people),
        epsilon=np.array(epsilons),
        delta=delta,
        sampling=sampling,
    )


def _budgets(budget: Budget, sampling: Sampling) -> search.Budgets:
    return search.budgets(
        budget.compute_flops,
        budget.data_budget,
        budget.epsilon,
        delta=budget.delta,
        sampling=sampling,
    )


def forget() -> None:
    """Drop what rests on the law of before."""
    for kept in (_budget_map, _plan_lines):
        kept.clear()
