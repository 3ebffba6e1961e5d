"""The sliders of budgets outside the sidebar: on a slide, and on a phone."""

import streamlit as st

from dashboard.shell import sidebar
from dashboard.state import link, session
from engine.text import formats
from engine.text.i18n import Words


def draw(keys: tuple[str, ...], words: Words) -> None:
    """Draw one slider a budget, side by side; ``keys`` are those of a link."""
    if not keys:
        return
    kinds = {
        "compute": (words.say("Compute (FLOPs)"), formats.scientific),
        "data": (words.say("Data (people)"), lambda n: formats.amount(n, words.language)),
        "epsilon": (words.say("Privacy ε"), formats.plain),
    }
    for column, key in zip(st.columns(len(keys), gap="large"), keys, strict=True):
        field, (label, show) = link.BUDGET_FIELDS[key], kinds[key]
        options, shown = sidebar.positions(field, show)
        with column:
            st.select_slider(
                label, options, format_func=show, **session.bind_value(field, "live", shown)
            )
