"""Refit the law with the pilot's runs on one click, and say how the decision moves."""

import streamlit as st

from dashboard.answers import decision_cache, law_cache, pilot_cache, refit
from dashboard.pilot import prepare
from dashboard.pilot import revision as pilot_revision
from dashboard.state import session, visitor
from dashboard.state.scenario import Scenario
from dashboard.ui import blocks
from engine.api.pilots import PilotPlan, Verdict, lifecycle
from engine.errors import InputError
from engine.text import pilot_effect
from engine.text.i18n import Words


def draw(plan: PilotPlan, found: Verdict, now: Scenario, words: Words) -> None:
    """Draw the button; once clicked, the decision before and after."""
    question = f"revision {plan.plan_id}"
    blocks.heading(words.say("What this changes"))
    if plan.start_cross_entropy is not None:
        st.markdown(
            words.say(
                "This training began from a public model: its record joins the fine-tunings, and "
                "moves no law of trainings from nothing."
            )
        )
        _decision(plan, now)
        return
    if plan.family != plan.evidence_id:
        st.markdown(pilot_revision.other_family(plan, words))
    _decision(plan, now)
    if not session.is_asked(question):
        label = words.say("Refit the law with these runs")
        if st.button(label, type=blocks.emphasis(), icon=":material/refresh:"):
            _ask(question, words)
        return
    prepared = lifecycle.prepared(plan.corpus)
    if prepared is None:
        st.markdown(words.say("Kessai has changed since: prepare the text anew to compare."))
        prepare.draw(plan.corpus, words)
        return
    try:
        with st.spinner(words.say("Fitting the law and searching again: some seconds …")):
            revision = pilot_cache.pilot_revision(plan, prepared, law_cache.evidence_version())
    except InputError as error:
        blocks.refused(error, words)
        return
    st.markdown(f"**{pilot_revision.revision(revision, words)}**")
    measured = found.arms[0].cross_entropy
    st.markdown(pilot_revision.expected_now(revision, measured, words))
    blocks.columns(pilot_revision.table(revision, plan, words))
    st.caption(pilot_revision.evidence_now(revision, plan, words))


def _decision(plan: PilotPlan, now: Scenario) -> None:
    """What it changed for the plan that Decide now shows, and how it speaks to it."""
    words = now.words  # of the decision's unit of loss, not of the pilot's
    try:
        with st.spinner(words.say("Fitting the law and searching again: some seconds …")):
            effect = pilot_cache.effect_of_pilot(decision_cache.answer(now.question), plan.plan_id)
    except InputError as error:
        blocks.refused(error, words)
        return
    if effect is not None:
        st.markdown(f"**{pilot_effect.sentence(effect, words)}**")
        st.markdown(pilot_effect.transfer(effect, words))


def _ask(question: str, words: Words) -> None:
    if blocks.accepted(lambda: refit.renew_evidence(by=visitor.person()), words):
        session.ask(question)
        st.rerun()
