"""A plan as it is frozen before the first step: both arms, the terms, what the promise is about."""

import streamlit as st

from dashboard.pilot import facts, provenance, wording
from dashboard.ui import blocks
from engine.api.money import CostAssumptions
from engine.api.pilots import PilotPlan, account_for, charge_of, promised_on, standing
from engine.errors import InputError
from engine.text import pilots
from engine.text.i18n import Words


def draw(plan: PilotPlan, costs: CostAssumptions, words: Words) -> None:
    """What ended it, two tables and two sentences."""
    end = pilots.ended(plan, words)
    if plan.limit is not None and plan.limit.cuts:
        st.warning(end, icon=":material/vertical_align_top:")
    elif end:
        st.caption(end)
    left, right = st.columns(2, gap="large")
    with left:
        blocks.columns(facts.arms(plan, words))
        if sentence := provenance.what_is_predicted(plan, words):
            st.markdown(sentence)
        if sentence := pilots.bytes_per_token(plan, words):
            st.markdown(sentence)
        st.markdown(wording.plan_promise(plan, words))
        others = promised_on(plan.corpus_fingerprint, standing.entries(), other_than=plan.plan_id)
        if sentence := wording.promised_before(others, words):
            st.markdown(sentence)
        _account(plan, words)
        st.caption(wording.covered(plan.privacy_unit, words))
    with right:
        blocks.table(facts.terms(plan, costs, words))
        st.caption(pilots.memory(plan, words))


def _account(plan: PilotPlan, words: Words) -> None:
    """What the population's account has left for this plan, where the text is about one."""
    try:
        found = account_for(plan, standing.started_plans)
    except InputError as error:
        blocks.refused(error, words)
        return
    if found is None:
        return
    asked = charge_of(plan)
    sentence = wording.account(found, asked, words)
    if found.admits(asked):
        st.markdown(sentence)
    else:
        st.error(sentence, icon=":material/block:")
