"""Which privacy for which use: a table of uses, the button, and what each would get."""

import math
from collections.abc import Hashable, Mapping

import pandas as pd
import streamlit as st

from dashboard.answers import money_cache
from dashboard.state.scenario import Scenario
from dashboard.ui import blocks
from engine.api.money import Use
from engine.config import require_integer
from engine.errors import InputError
from engine.text import figures, formats, uses
from engine.text.i18n import Words


@st.fragment
def draw(now: Scenario, words: Words) -> None:
    """Nothing is computed until the button is pressed."""
    blocks.heading(words.say("Which privacy for which use"))
    st.caption(
        words.say(
            "Do several uses need a model each, trained on the same people? Whoever sees all the "
            "models learns from all of them, so they share one ε and one compute budget. One use a "
            "row; an empty value is that of the table of assumptions."
        )
    )
    typed = st.data_editor(
        pd.DataFrame(_example(now, words)),
        num_rows="dynamic",
        hide_index=True,
        placeholder="",
        column_config={
            "use": st.column_config.TextColumn(words.say("Use"), required=True),
            "people": st.column_config.NumberColumn(
                words.say("People"), required=True, format="localized"
            ),
            "tasks_per_year": st.column_config.NumberColumn(
                figures.name("tasks_per_year", words), required=True, format="localized"
            ),
            "value_per_unit": st.column_config.NumberColumn(
                figures.name("value_per_unit", words), format="localized"
            ),
        },
        key="roi:uses",
    )
    if st.button(
        words.say("Deal out privacy and compute"), icon=":material/balance:", key="roi:deal"
    ):
        blocks.accepted(lambda: _answer(typed, now, words), words)


def _example(now: Scenario, words: Words) -> dict[str, list[object]]:
    """The scenario's own use, to which others are added."""
    asked = now.question
    return {
        "use": [words.say("the use of this scenario")],
        "people": [asked.budget.data_budget],
        "tasks_per_year": [asked.assumptions["tasks_per_year"].value],
        "value_per_unit": [None],
    }


def _answer(typed: pd.DataFrame, now: Scenario, words: Words) -> None:
    """Draw the shares. Raises :class:`InputError` for rows that say too little."""
    wanted = tuple(_use(row, words) for row in typed.to_dict("records"))
    with st.spinner(words.say("Searching …")):
        found = money_cache.sharing(now.question, wanted)
    st.markdown(f"**{uses.sentence(found, words, formats.literally)}**")
    st.markdown(uses.one_model(found, words))
    if said := uses.added(found, words):
        st.markdown(said)
    blocks.listing(uses.columns(found, words, formats.literally))
    st.caption(uses.assumed(words))


def _use(row: Mapping[Hashable, object], words: Words) -> Use:
    name = str(row["use"] or "").strip()
    if not name:
        raise InputError("Expected a name for each use, one row has none.")
    worth = _number(row["value_per_unit"])
    people, tasks = _number(row["people"]), _number(row["tasks_per_year"])
    if people is None or tasks is None:
        raise InputError("Expected people and tasks a year for {name}, one is missing.", name=name)
    return Use(
        name=name,
        people=require_integer("data_budget", people),
        tasks_per_year=tasks,
        value_per_unit=None if worth is None else figures.kept("value_per_unit", worth, words),
    )


def _number(cell: object) -> float | None:
    """What stands in a cell; None in an empty one."""
    if not isinstance(cell, int | float) or math.isnan(cell):
        return None
    return float(cell)
