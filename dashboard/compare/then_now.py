"""What a scenario answered when it was saved, what it answers now, and what changed, by cause."""

import streamlit as st

from dashboard.answers import first_fit, scenario_cache
from dashboard.state import widgets
from dashboard.ui import blocks
from engine.api.decisions import CertificateRequest
from engine.api.scenarios import Saved, Since, Standing, wording
from engine.errors import InputError
from engine.text import formats
from engine.text.i18n import Words


def asked_for(found: scenario_cache.Kept) -> Saved | None:
    """The scenario that another page sent here for, if it is still kept."""
    name = widgets.typed("compare", "since")
    return next((one for one in found.scenarios if one.name == name), None)


def draw_first(found: scenario_cache.Kept, words: Words) -> list[CertificateRequest]:
    """At the head of the page, where another page sent here for it; else nothing."""
    one = asked_for(found)
    if one is None:
        return []
    waiting = draw(one, found.standings.get(one.name), words)
    st.button(
        words.say("Close"),
        icon=":material/close:",
        on_click=widgets.type_into,
        args=("compare", "since", ""),
    )
    return waiting


def draw(one: Saved, standing: Standing | None, words: Words) -> list[CertificateRequest]:
    """Both side by side, and the steps from one to the other; the promises that it waits for."""
    blocks.heading(words.say("Then and now: {name}", name=formats.literally(one.name)))
    if one.frozen is None:
        st.caption(wording.nothing_frozen(standing, words))
        return []
    if not first_fit.is_there(one.evidence_id, words, f":since:{one.name}"):
        return []
    own = wording.own_words(one, words)
    try:
        with st.spinner(words.say("Asking the laws and assumptions of then and now …")):
            found = scenario_cache.then_and_now(one)
    except InputError as error:
        blocks.refused(error, words)
        return []
    except scenario_cache.NotYet as waiting:
        st.caption(words.say("What changed stands here when the promise of today is certified."))
        st.table(dict(wording.frozen_rows(one.frozen, own)), border="horizontal")
        return [waiting.promise]
    _draw(found, standing, own)
    return []


def _draw(found: Since, standing: Standing | None, words: Words) -> None:
    st.markdown(f"**{wording.headline(found, words)}**")
    st.caption(wording.origin(found.then, standing, st.context.timezone, words))
    shown = wording.rows(found, words)
    blocks.columns(
        {
            words.say("Figure"): [row.name for row in shown],
            words.say("Then"): [row.then for row in shown],
            words.say("Now"): [f"**{row.now}**" if row.is_changed else row.now for row in shown],
        }
    )
    if found.steps:
        steps = wording.steps(found, words)
        st.caption(wording.order(words))
        blocks.columns(
            {
                words.say("What changed since then"): [name for name, _ in steps],
                words.say("Net present value"): [amount for _, amount in steps],
            }
        )
