"""From nothing, or from a public model: what a start was worth at this promise, and to others."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.answers import decision_cache
from dashboard.glossary import lookup
from dashboard.ui import blocks
from engine.api.decisions import Answer, Code, fine_tunings, missed_near, start_worth
from engine.errors import InputError
from engine.text import public_start, start_advice
from engine.text.i18n import Words


def draw(answer: Answer, hint: DeltaGenerator, words: Words) -> None:
    """Draw the comparison, once no slider moves any more; where none can be made, why. Where a
    training from nothing is not for now and a start would help, ``hint`` says so near the
    verdict."""
    blocks.heading(
        words.say("Start from a public model?"), lookup.tips(words, "fine_tuning", "lora")
    )
    if answer.provisional:
        blocks.to_come(words)
    else:
        _comparison(answer, hint, words)

    def reported() -> None:
        gaps = fine_tunings.gaps()
        st.markdown(public_start.spread(gaps, words))
        blocks.columns(public_start.reported(gaps, words))

    blocks.folded(words.say("What others reported"), "decide:reported", reported)


def _comparison(answer: Answer, hint: DeltaGenerator, words: Words) -> None:
    try:
        with st.spinner(words.say("Comparing with trainings that begin from a public model …")):
            found = decision_cache.starts(answer.question)
    except InputError as error:
        st.markdown(words.refusal(error))
        return
    if answer.verdict.code is Code.WAIT and found.start_pays:
        hint.markdown(f":material/lightbulb: {public_start.hint(found, words)}")
    question = answer.question
    money = _in_money(answer) if found.start_pays else None
    st.markdown(public_start.finding(found, words))
    st.markdown(start_advice.recommendation(found, question, words))
    if worth := start_advice.worths(found, money, words):
        st.markdown(worth)
    if missed := missed_near(found.budget.data_budget):
        st.markdown(public_start.missed(missed, words))
    st.caption(public_start.in_plain_words(words))
    blocks.columns(public_start.ways(found, question, words))
    st.caption(public_start.limits(found, question.evidence_id, words))

    def traced() -> None:
        blocks.columns(start_advice.origins(found, question, money, words))

    blocks.folded(words.say("Where each figure comes from"), "decide:traced", traced)


def _in_money(answer: Answer) -> start_advice.InMoney:
    try:
        return start_worth(answer.question)
    except InputError as error:
        return error
