"""The question turned round: the least compute, people or ε for a target; the ε that earns most."""

import streamlit as st

from dashboard import cache, roi_labels, roi_targets, scenario
from dashboard.i18n import Words
from dashboard.scenario import Scenario
from dashboard.views import parts
from engine.errors import InputError
from engine.roi.inverse import Goal
from engine.roi.study import Study


def draw(now: Scenario, found: Study, words: Words) -> None:
    """Nothing is computed until a target is typed."""
    parts.heading(words.say("The question turned round"))
    left, right = st.columns(2, gap="large")
    with left:
        goal = st.selectbox(
            words.say("What is to be reached"),
            list(Goal),
            format_func=lambda key: roi_labels.goal(key, words),
            **scenario.bind_page("goal", "kind"),
        )
        target = st.number_input(
            words.say("Target"),
            value=None,
            placeholder=roi_targets.example(found, goal, words),
            **scenario.bind_page("goal", f"target-{goal}"),
        )
    with right:
        try:
            if target is None:
                parts.empty(roi_targets.untold(found, goal, words))
            else:
                target = roi_labels.jpy(target, words) if goal is Goal.NPV else target
                with st.spinner(words.say("Searching …")):
                    least = cache.least_budgets(now, goal, target)
                parts.table(roi_targets.least(least, words))
            if st.toggle(words.say("Which ε earns most?"), **scenario.bind_page("goal", "epsilon")):
                st.markdown(roi_targets.best_epsilon(cache.best_epsilon(now), words))
        except InputError as error:
            st.error(words.refusal(error), icon=":material/block:")
