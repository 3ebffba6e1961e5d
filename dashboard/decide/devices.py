"""How long the training takes, on how many devices."""

import streamlit as st

from dashboard.answers import decision_cache
from dashboard.ui import blocks
from engine.api.decisions import Answer, devices
from engine.errors import InputError
from engine.text import cluster
from engine.text.i18n import Words


def draw(answer: Answer, words: Words) -> None:
    """Draw the finding, and folded its table; where there is no forecast, why."""
    blocks.heading(words.say("How long, on how many devices?"))
    asked = answer.question
    rate = asked.prices.jpy_per_usd
    try:
        found = decision_cache.on_devices(asked)
    except InputError as error:
        st.markdown(words.refusal(error))
        return
    st.markdown(cluster.finding(found, devices.chosen_devices(asked), rate, words))

    def table() -> None:
        blocks.columns(cluster.columns(found, rate, words))
        st.caption(cluster.limits(found, asked.prices.utilisation, words))

    blocks.folded(words.say("By number of devices"), "decide:devices", table)
