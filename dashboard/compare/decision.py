"""Propose a saved scenario, decide on it, and what was decided."""

import streamlit as st

from dashboard.answers import first_fit, scenario_cache
from dashboard.compare import save, wording
from dashboard.state import visitor, widgets
from dashboard.ui import blocks
from engine.api.access import LONGEST_REASON, Right, Ruling, decisions, require
from engine.api.runs import data_folder
from engine.api.scenarios import Saved, Standing, State, acts, fields
from engine.errors import InputError
from engine.text.i18n import Words


def draw(one: Saved, words: Words) -> None:
    """All decisions on this version and on earlier ones."""
    try:
        found = decisions(one.name, data_folder())
    except InputError:
        return  # It is said where the state would stand.
    if found:
        with st.expander(words.say("Decisions so far"), icon=":material/gavel:"):
            blocks.columns(wording.decisions(found, one.version, st.context.timezone, words))


def propose(one: Saved, standing: Standing | None, who: str, words: Words) -> None:
    """A button for a draft: its figures of now are frozen and put before those who decide."""
    if standing is None or standing.state is not State.DRAFT or standing.was_changed:
        return
    if not st.button(
        words.say("Propose"), icon=":material/outbox:", key=f"compare:propose:{one.version}"
    ):
        return
    may = visitor.person().may(Right.PROPOSE)  # who may not is refused before anything is computed
    if may and not first_fit.is_there(one.evidence_id, words, f":propose:{one.name}"):
        st.caption(words.say("Propose it once more when the law is fitted."))
        return

    def act() -> None:
        at, what = save.now(), {"scenario": one.name, "version": one.version}
        # Before anything is computed; the act asks again.
        require(visitor.person(), Right.PROPOSE, "scenario-propose", what, folder=data_folder())
        with st.spinner(words.say("Certifying the figures that are frozen …")):
            found = scenario_cache.frozen_now(
                fields.question(one.values), at=at, wait=scenario_cache.PROPOSAL_WAITS
            )
        acts.proposed(
            scenario_cache.scenario_folder(), one, found, who=who, at=at, by=visitor.person()
        )

    blocks.attempt(act, words.say("Proposed."), words.refusal)


def form(one: Saved, standing: Standing | None, who: str, words: Words) -> None:
    """Approve or decline the version that is proposed, with a reason."""
    if standing is None or standing.state is not State.PROPOSED:
        return
    with st.popover(words.say("Decide on it …"), icon=":material/gavel:"):
        st.markdown(
            words.say(
                "The decision is on record for the version that is saved, and nobody can take it "
                "back; an approved scenario is locked, and a change makes a new version."
            )
        )
        names = wording.rulings(words)
        ruling = st.segmented_control(
            words.say("Decision"), list(Ruling), format_func=names.__getitem__, key="compare:ruling"
        )
        reason = st.text_input(
            words.say("Reason"),
            max_chars=LONGEST_REASON,
            **widgets.bind_page("compare", "reason"),
        )
        label = words.say("Put the decision on record")
        # The key holds the version: a click on one that was changed meanwhile decides nothing.
        key = f"compare:decide:{one.version}"
        if st.button(label, icon=":material/gavel:", key=key) and ruling:
            blocks.attempt(
                lambda: acts.decided(
                    scenario_cache.scenario_folder(),
                    one,
                    ruling,
                    reason=reason or "",
                    who=who,
                    by=visitor.person(),
                ),
                words.say("On record."),
                words.refusal,
            )
