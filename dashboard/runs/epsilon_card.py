"""Which ε did my run have? The accountant backwards, for one training or a pasted table of them."""

import math
from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd
import streamlit as st

from dashboard.answers import decision_cache
from dashboard.state import widgets
from dashboard.ui import blocks
from engine.api.accounting import RELATIONS, SAMPLINGS, Training, TrainingEpsilon
from engine.config import NeighbouringRelation, Sampling, require_integer
from engine.errors import InputError
from engine.text import formats, labels, training_epsilon
from engine.text.i18n import Words

MOST_ROWS = 100
_EXAMPLE = {
    "noise_multiplier": [1.0],
    "batch_size": [1_024.0],
    "iterations": [10_000.0],
    "data_budget": [1_000_000.0],
    "delta": [1e-8],
}


@st.fragment
def draw(words: Words) -> None:
    """The table of trainings, how their batches were drawn, the button and the answers."""
    st.caption(
        words.say(
            "One training a row: type, or paste rows from a spreadsheet. The batch is what was "
            "drawn for one step of the optimiser, accumulation counted; the noise multiplier is "
            "that of the summed gradients over the clipping norm."
        )
    )
    typed = st.data_editor(
        pd.DataFrame(_EXAMPLE),
        num_rows="dynamic",
        hide_index=True,
        placeholder="",
        column_config=_columns(words),
        key="runs:trainings",
    )
    left, right = st.columns(2)
    sampling = left.selectbox(
        words.say("Sampling of batches"),
        SAMPLINGS,
        format_func=lambda one: labels.sampling(one, words),
        **widgets.bind_page("runs", "sampling"),
    )
    relation = right.selectbox(
        words.say("Neighbouring relation"),
        (None, *RELATIONS),
        format_func=lambda one: (
            labels.relation(one, words) if one else words.say("the usual one of this sampling")
        ),
        **widgets.bind_page("runs", "relation"),
    )
    if st.button(words.say("Work out ε"), icon=":material/calculate:", key="runs:epsilon"):
        blocks.accepted(lambda: _answer(typed, sampling, relation, words), words)


def _columns(words: Words) -> dict[str, Any]:
    named = {name: words.field(name) for name in _EXAMPLE}
    tiny = {"delta": "scientific"}
    return {
        name: st.column_config.NumberColumn(label, format=tiny.get(name), required=True)
        for name, label in named.items()
    }


def _answer(
    typed: pd.DataFrame, sampling: Sampling, relation: NeighbouringRelation | None, words: Words
) -> None:
    """Draw what the accountant says of each row. Raises :class:`InputError` for no or too many."""
    rows = typed.to_dict("records")
    if not 1 <= len(rows) <= MOST_ROWS:
        raise InputError(
            "Expected between 1 and {most} trainings, got {count}.", most=MOST_ROWS, count=len(rows)
        )
    with st.spinner(words.say("Accounting …")):
        found = [_of(row, sampling, relation) for row in rows]
    only = found[0]
    if len(found) == 1 and isinstance(only, TrainingEpsilon):
        (_, sentence), *facts = training_epsilon.rows(only, words)
        st.markdown(f"**{sentence}**")
        blocks.table(facts)
        return
    answers = {
        words.say("Training"): [formats.exact(number) for number in range(1, len(found) + 1)],
        words.say("Certified ε (upper bound)"): [
            training_epsilon.upper(one) if isinstance(one, TrainingEpsilon) else "–"
            for one in found
        ],
        words.say("ε is at least"): [
            training_epsilon.lower(one) if isinstance(one, TrainingEpsilon) else "–"
            for one in found
        ],
        words.say("Note"): [
            words.refusal(one)
            if isinstance(one, InputError)
            else labels.relation(one.relation, words)
            for one in found
        ],
    }
    blocks.listing(answers)


def _of(
    row: Mapping[Hashable, float], sampling: Sampling, relation: NeighbouringRelation | None
) -> TrainingEpsilon | InputError:
    """The answer for a row, or why there is none."""
    try:
        return decision_cache.training_epsilon(
            Training(
                noise_multiplier=_number(row, "noise_multiplier"),
                batch_size=_whole(row, "batch_size"),
                iterations=_whole(row, "iterations"),
                data_budget=_whole(row, "data_budget"),
                delta=_number(row, "delta"),
                sampling=sampling,
                relation=relation,
            )
        )
    except InputError as error:
        return error


def _number(row: Mapping[Hashable, float], name: str) -> float:
    value = row[name]
    if value is None or math.isnan(value):
        raise InputError("Expected a number for {name}, none was given.", name=name)
    return float(value)


def _whole(row: Mapping[Hashable, float], name: str) -> int:
    return require_integer(name, _number(row, name))
