"""What the presenter has before them, in a window of their own: this slide and the next, the notes,
the time."""

from collections.abc import Mapping
from datetime import datetime
from html import escape
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard.present import together
from dashboard.present.meetings import MEETINGS
from dashboard.state import address
from engine.api.reports import Look, Page, stage_html
from engine.text.i18n import Words

_SECOND = 1.0
_STYLE = """<style>
.clock{display:flex;gap:2rem;align-items:baseline;font-variant-numeric:tabular-nums}
.clock b{font-size:2.2rem;line-height:1}.clock span{opacity:.75}
.notes p{font-size:1.15rem;line-height:1.45;margin:.4rem 0}
.heading{opacity:.75;margin:0 0 .25rem}
</style>"""


def link(token: str, words: Words) -> None:
    """The button of the room's window that opens the presenter's; from its click on both are kept
    together."""
    st.link_button(
        words.say("Presenter view"),
        address.presenter_address(token),
        icon=":material/slideshow:",
        help=words.say(
            "Opens a second window with notes, the next slide and a clock; both turn together. "
            "Whoever has its address can turn the slides."
        ),
        on_click=_share,
        args=(token, address.shared()),
    )


def _share(token: str, content: Mapping[str, str]) -> None:
    MEETINGS.begin(token, content)


def missing(token: str, words: Words) -> None:
    """That nothing is shared here yet, or any more."""
    st.warning(
        words.say(
            "This presentation is not under way on this server: choose “Presenter view” on Present "
            "in the window that the room sees."
        ),
        icon=":material/cast:",
    )
    _await(token)


@st.fragment(run_every=_SECOND)
def _await(token: str) -> None:
    if MEETINGS.known(token) is not None:
        address.draw_anew()


def draw(token: str, page: Page, after: Page | None, footer: str, look: Look, words: Words) -> None:
    """Everything under the line of buttons."""
    left, right = st.columns([58, 36], gap="medium")
    with left:
        st.html(stage_html(page, footer, look, "here"))
    with right:
        _clock(token, words)
        st.button(
            words.say("Start the clock again"),
            icon=":material/restart_alt:",
            on_click=MEETINGS.begin_clock,
            args=(token,),
        )
        following = words.say("Next") if after is not None else words.say("This is the last slide.")
        st.html(f'<p class="heading">{escape(following)}</p>')
        if after is not None:
            st.html(stage_html(after, "", look, "next"))
    st.html(f'{_STYLE}<div class="notes">{_paragraphs(page, words)}</div>')


def _paragraphs(page: Page, words: Words) -> str:
    notes = page.notes or (words.say("No notes on this slide."),)
    return "".join(f"<p>{escape(note)}</p>" for note in notes)


@st.fragment(run_every=_SECOND)
def _clock(token: str, words: Words) -> None:
    """Time since it began and time of day, each second; and a look at the other window."""
    together.look(token)
    minutes, seconds = divmod(int(MEETINGS.elapsed(token)), 60)
    now = datetime.now(ZoneInfo(st.context.timezone or "UTC"))
    time_of_day = words.say("It is {time}", time=f"{now:%H:%M}")
    st.html(
        f'<div class="clock"><b>{minutes:02d}:{seconds:02d}</b>'
        f"<span>{escape(time_of_day)}</span></div>"
    )
