"""The question turned round: the least compute, people or ε for a target; the ε that earns most."""

import streamlit as st

from dashboard.answers import money_cache
from dashboard.roi import targets_wording
from dashboard.state import widgets
from dashboard.state.scenario import Scenario
from dashboard.ui import blocks
from engine.api.decisions import Answer
from engine.api.money import Goal
from engine.errors import InputError
from engine.text import figures
from engine.text.i18n import Words

_GOALS: tuple[Goal, ...] = tuple(Goal)
_WITHOUT_VALUE = (Goal.LOSS,)
"""What can be asked for where no step leads from loss to value."""


def draw(now: Scenario, found: Answer, words: Words) -> None:
    """Nothing is computed until a target is typed."""
    blocks.heading(words.say("The question turned round"))
    left, right = st.columns(2, gap="large")
    with left:
        goal = st.selectbox(
            words.say("What is to be reached"),
            _GOALS if found.study else _WITHOUT_VALUE,
            format_func=lambda key: figures.goal(key, words),
            **widgets.bind_page("goal", "kind"),
        )
        target = st.number_input(
            words.say("Target"),
            value=None,
            placeholder=targets_wording.example(found, goal, words),
            **widgets.bind_page("goal", f"target-{goal}"),
        )
    with right:
        try:
            if target is None:
                blocks.empty(targets_wording.untold(found, goal, words))
            else:
                target = figures.jpy(target, words) if goal is Goal.NPV else target
                with st.spinner(words.say("Searching …")):
                    least = money_cache.least_budgets(now.question, goal, target)
                blocks.table(targets_wording.least(least, words))
            if found.study and st.toggle(
                words.say("Which ε earns most?"), **widgets.bind_page("goal", "epsilon")
            ):
                best = money_cache.best_epsilon(now.question)
                here = now.question.budget.epsilon
                st.markdown(targets_wording.best_epsilon(best, here, found.study, words))
            if found.study and st.toggle(
                words.say("How many people earn most?"), **widgets.bind_page("goal", "people")
            ):
                best = money_cache.best_people(now.question)
                most = now.question.budget.data_budget
                of_all = found.study.appraisal.npv.value
                st.markdown(targets_wording.best_people(best, most, of_all, words))
        except InputError as error:
            st.error(words.refusal(error), icon=":material/block:")
