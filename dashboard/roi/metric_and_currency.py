"""What the return is measured by, and the currency that it is shown in."""

import streamlit as st

from dashboard.state import session, widgets
from engine.api.scenarios import fields as grammar
from engine.text import figures
from engine.text.i18n import Words


def draw(words: Words) -> None:
    """Both choices on one line."""
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        st.segmented_control(
            words.say("Measured by"),
            grammar.METRIC.options(),
            format_func=lambda kind: figures.kind(kind, words),
            required=True,
            **widgets.bind_default(grammar.METRIC, session.value(grammar.METRIC)),
        )
        st.segmented_control(
            words.say("Currency"),
            grammar.CURRENCY.options(),
            format_func=lambda code: figures.currency(code, words),
            required=True,
            **widgets.bind_default(grammar.CURRENCY, session.value(grammar.CURRENCY)),
        )
