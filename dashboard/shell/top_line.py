"""The line at the top of every page: three questions about one's company, the tour, the
glossary; with login, who is signed in."""

import streamlit as st

from dashboard.glossary import panel as glossary_panel
from dashboard.profile import dialog as profile
from dashboard.shell import sign_in
from dashboard.state import link, session
from dashboard.tour import offer as tour_offer
from dashboard.tour.buttons import Pages
from engine.text.i18n import Words

_ROOMY = 1420
"""Pixels of a window in which the navigation has room for its icons beside the line and the
sidebar."""
_STYLE = f"""<style>
@media (min-width: 768px) {{ .st-key-offer {{ flex-wrap: nowrap; }} }}
.st-key-welcome button[aria-expanded="true"] {{ color: inherit; }}
.st-key-welcome > [data-testid="stLayoutWrapper"] {{ flex: 0 0 auto; width: auto; }}
@media (min-width: 1200px) {{
  .st-key-welcome {{ position: fixed; top: 0.45rem; right: 1rem; z-index: 999991; width: auto; }}
  [data-testid="stLayoutWrapper"]:has(> .st-key-welcome) {{ display: contents; }}
  .stApp:has(.st-key-welcome) [data-testid="stToolbar"] {{ padding-right: 19.5rem; }}
  .stApp:has(.st-key-welcome > :nth-child(4)) [data-testid="stToolbar"] {{ padding-right: 27rem; }}
}}
@media (min-width: 1200px) and (max-width: {_ROOMY - 1}px) {{
  [data-testid="stTopNavLink"] > span:first-child {{ display: none; }}
}}
</style>"""
"""Where the navigation leaves room, the line stands beside it and takes no room from the page; the
navigation keeps clear of it, with what does not fit in a list of its own."""


def draw(pages: Pages, words: Words) -> None:
    """Draw the line, and above it the offer of the tour on a first visit."""
    is_touring = session.value(link.TOUR) is not None
    if not is_touring:
        tour_offer.draw(pages, words)
    st.html(_STYLE)
    with st.container(horizontal=True, horizontal_alignment="right", gap="small", key="welcome"):
        if not is_touring:
            profile.button(words)
        name, icon = words.say("Tour"), ":material/tour:"
        if not is_touring and st.button(name, icon=icon, type="tertiary", key="welcome:tour"):
            tour_offer.start(pages)
        glossary_panel.draw(words)
        sign_in.account(words)
