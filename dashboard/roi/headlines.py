"""The headline figures, each with a way to its inputs in two clicks; and the break-even table."""

import streamlit as st

from dashboard.glossary import lookup
from dashboard.roi import facts
from dashboard.ui import blocks
from engine.api.decisions import Answer
from engine.api.money import Study
from engine.text import reconciliation as text_of
from engine.text.i18n import Words


def headlines(answer: Answer, words: Words) -> None:
    """One card a figure: its value, and a popover with its parts and their inputs."""
    shown = facts.headlines(answer, words)
    for column, figure in zip(st.columns(len(shown)), shown, strict=True):
        with column.container(border=True, height="stretch", gap="xsmall"):
            st.metric(figure.label, figure.value, help=figure.help)
            st.caption(figure.detail)
            with st.popover(
                words.say("Where from"), icon=":material/account_tree:", width="stretch"
            ):
                _parts(answer, figure.key, words)


def _parts(answer: Answer, key: str, words: Words) -> None:
    for part in facts.parts(answer, key, words):
        with st.expander(part.label):
            names, values, sources = zip(*part.inputs, strict=True)
            st.table(
                {
                    words.say("Figure"): names,
                    words.say("Its value"): values,
                    words.say("Source"): sources,
                },
                border="horizontal",
                hide_index=True,
            )


def reconciliation(answer: Answer, words: Words) -> None:
    """How the list price leads to the bar of the chart, and spending to the total cost."""
    with st.expander(words.say("How these amounts lead to one another")):
        blocks.table(text_of.rows(answer, words))


def break_evens(found: Study, words: Words) -> None:
    """How far each figure may move before it no longer pays."""
    rows = facts.break_evens(found, words)
    with st.expander(words.say("At which value of each figure it just pays")):
        if not rows:
            st.markdown(words.say("No single figure changes the answer."))
            return
        st.caption(lookup.term("break_even", words).meaning)
        heads = (
            words.say("Figure"),
            words.say("Its value"),
            words.say("Just pays at"),
            words.say("Margin"),
        )
        columns = zip(*rows, strict=True)
        st.table(dict(zip(heads, columns, strict=True)), border="horizontal", hide_index=True)
