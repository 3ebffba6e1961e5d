"""The sliders of budgets outside the sidebar: on a slide, and on a phone."""

import streamlit as st

from dashboard.shell import budgets
from dashboard.state import session
from engine.text.i18n import Words


def draw(keys: tuple[str, ...], words: Words) -> None:
    """Draw one slider a budget, side by side; ``keys`` are those of a link."""
    if not keys:
        return
    found = budgets.sliders(session.current(), words)
    for column, key in zip(st.columns(len(keys), gap="large"), keys, strict=True):
        slider = found[key]
        options, place = slider.bind("live")
        with column:
            st.select_slider(slider.label, options, format_func=slider.show, **place)
