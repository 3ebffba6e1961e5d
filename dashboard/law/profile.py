"""The profile of one number of the leading form, where asked.

A fragment: some seventeen fits take seconds, and nothing else needs to be drawn anew.
"""

import streamlit as st

from dashboard.answers import law_cache
from dashboard.glossary import lookup
from dashboard.law import charts
from dashboard.state import widgets
from dashboard.ui import blocks
from dashboard.ui.colours import palette
from engine.api.laws import Inspection
from engine.errors import InputError
from engine.text import law_parameters
from engine.text.i18n import Words
from engine.text.law_profile import profiled

_HEIGHT = 300
_NONE = ""


@st.fragment
def draw(evidence_id: str, inspection: Inspection, words: Words) -> None:
    """The choice of a number; its sentence and chart."""
    named = {
        one.name: law_parameters.named(inspection, one.name, words)
        for one in inspection.leading.estimates
    }
    chosen = st.selectbox(
        words.say("How well is it known? Hold a number and fit all others anew"),
        [_NONE, *named],
        format_func=lambda one: named.get(one) or words.say("choose a number"),
        help=lookup.tip("interval", words),
        **widgets.bind_page("law", f"profile:{evidence_id}"),
    )
    if not chosen or chosen not in named:
        return
    try:
        with st.spinner(words.say("Fitting with the number held …")):
            found = law_cache.profile(evidence_id, chosen)
    except InputError as error:
        blocks.refused(error, words)
        return
    estimate = next(one for one in inspection.leading.estimates if one.name == chosen)
    unit, show = law_parameters.scale(inspection, estimate, words)
    st.markdown(profiled(found, words, name=named[chosen], show=show))
    title = named[chosen]
    if unit != words.say("none"):
        title = words.say("{text} ({by})", text=title, by=unit)
    blocks.plot(charts.profile(found, title, show, words, palette(st.context.theme.type)), _HEIGHT)
    st.caption(
        words.say(
            "Each mark is a fit with the number held there. Below the line the law fits about as "
            "well as at its best. The threshold lets the points of one curve err together; the "
            "weak prior counts, as in the fit."
        )
    )
