"""Keeps the windows of one presentation together: each takes over what another one shows, and hands
on what was changed in it."""

import streamlit as st

from dashboard.present.meetings import MEETINGS, Meeting
from dashboard.state import address

_LOOK = 0.7
"""Seconds between two looks at what other windows show."""


def keep_up(token: str) -> Meeting | None:
    """Take over what another window changed since, and draw anew; else hand on what was changed
    here. None: nothing is shared under ``token``."""
    held = MEETINGS.known(token)
    if held is None:
        return None
    own = address.shared()
    if held.version > address.version_seen(token):
        address.see_version(token, held.version)
        if held.content != own:
            address.take_shared(held.content)
            address.draw_anew()
    elif held.content != own:
        changed = MEETINGS.change(token, held.version, own)
        if changed is not None and changed.content == own:
            address.see_version(token, changed.version)
    return held


@st.fragment(run_every=_LOOK)
def watch(token: str) -> None:
    """Draw anew once another window shows something else."""
    look(token)


def look(token: str) -> None:
    """The same within a fragment that draws something itself."""
    held = MEETINGS.known(token)
    if held is not None and held.version > address.version_seen(token):
        address.draw_anew()
