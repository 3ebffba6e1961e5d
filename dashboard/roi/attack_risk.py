"""Risk in plain numbers: the best attacker's odds, peers, plans that leak less, legal cost."""

import streamlit as st

from dashboard.glossary import lookup
from dashboard.roi import attack_risk_charts, wording
from dashboard.ui import blocks
from dashboard.ui.colours import Palette
from engine.api.decisions import Answer, deployments
from engine.text import sources
from engine.text.i18n import Words


def draw(answer: Answer, words: Words, colours: Palette) -> None:
    """The odds on the left, published deployments on the right."""
    attack = answer.risk
    left, right = st.columns(2, gap="medium")
    with left:
        blocks.chart(
            words.say("What an attacker finds"),
            attack_risk_charts.odds(attack, words, colours),
            height=190,
            help=lookup.tips(words, "odds", "advantage"),
        )
        st.markdown(wording.odds(attack, words))
        blocks.table(wording.rates(attack, words))
        st.markdown(wording.legal(answer, words))
        st.caption(wording.exposures(answer.exposures, attack.advantage, words))
    with right:
        peers = deployments()
        blocks.chart(
            words.say("ε among published deployments"),
            attack_risk_charts.peers(answer, peers, words, colours),
            help=lookup.tips(words, "epsilon", "privacy_unit"),
        )
        st.caption(words.say("Units differ: look along the strip, do not rank by it."))
        with st.expander(words.say("Sources")):
            st.markdown(
                "\n".join(
                    f"- {p.organisation}: {sources.source(p.what, words)}. [{p.source}]({p.url})"
                    for p in peers
                )
            )
