"""The address bar and the links that are handed on: read into the session, and written from it."""

from collections import deque
from collections.abc import Mapping
from typing import NoReturn
from urllib.parse import urlencode

import streamlit as st

from dashboard.state import example_session, link, session
from engine.api.scenarios import fields as grammar
from engine.text.i18n import currency_from_browser

_REMEMBERED_LINKS = 50
_OF_THE_WINDOW = ("lang", "tour", "view", "meeting")
"""Fields that windows of one presentation do not share."""


def follow_url() -> bool:
    """Take the values of the URL on a first run, and when the URL was changed by anything but
    :func:`write_url`; True if so.

    A rerun may still carry an earlier URL of ours, so the last links are remembered; where nothing
    else is behind the browser, Back or Forward was pressed (:func:`_went_back`).
    """
    state = st.session_state
    query = requested()
    is_ours = state.pop("_anew", None) == query
    is_known = not query or query in state.get("_links", ())
    if "_values" in state and is_known and (is_ours or not _went_back(query)):
        return False
    session.end_example()  # A link that is opened ends an example.
    is_first = "_values" not in state and query.keys() <= {"lang"}
    state["_values"], state["_refused_link"] = link.read_all(query)
    if is_first:
        session.ask("first visit")
    if "currency" not in query and query.keys() <= {"lang", "tour"}:  # nobody's scenario
        state["_values"]["currency"] = currency_from_browser(st.context.locale)
    state["_refused"], state["_links"] = {}, deque([query], maxlen=_REMEMBERED_LINKS)
    session.forget_figures()
    return True


def requested() -> dict[str, str]:
    """The address that came with this request, without what is not ours."""
    return {key: st.query_params[key] for key in link.FIELDS if key in st.query_params}


def is_behind(query: Mapping[str, str]) -> bool:
    """Whether this is an address of ours, and not the last one. One without a scenario is none: a
    first visit begins with it, and every change of the page comes with it too."""
    links = st.session_state["_links"]
    return bool(query) and query in links and query != links[-1]


def _went_back(query: Mapping[str, str]) -> bool:
    """Whether an earlier address of ours is asked for, not left over: a request that the browser
    sent before it had the last run also brings what the widgets showed before that run."""
    state = st.session_state
    last_shown = state.get("_shown", {})
    return is_behind(query) and all(
        state[name] == shown for name, shown in last_shown.items() if name in state
    )


def draw_anew() -> NoReturn:
    """Draw the page anew from a timer, whose request may carry an earlier address of ours; who goes
    back at that moment comes with another one."""
    st.session_state["_anew"] = requested()
    st.rerun()


def write_url() -> None:
    """Make the address bar a link to the visitor's own scenario, under an example too."""
    query = link.write_all(example_session.own(st.session_state))
    st.session_state["_drawn_in"] = session.language()
    st.session_state["_links"].append(query)
    if st.query_params.to_dict() != query:
        st.query_params.from_dict(query)


def copied_link() -> str:
    """The link to copy: to the scenario on show, without a tour, from the first slide, and of no
    presentation under way."""
    return _address({"slide": 1, "tour": None, "view": None, "meeting": None})


def presenter_address(token: str) -> str:
    """The link to the presenter's own view of the presentation that is shared under ``token``."""
    return _address({"tour": None, "view": link.PRESENTER, "meeting": token})


def _address(changes: Mapping[str, grammar.Value]) -> str:
    shown = st.session_state["_values"] | changes
    return f"{st.context.url or ''}?{urlencode(link.write_all(shown))}"


def shared() -> dict[str, str]:
    """What windows of one presentation share: all fields but those of the window itself, and what
    was typed for the cover."""
    texts = link.write_all(st.session_state["_values"])
    found = {key: text for key, text in texts.items() if key not in _OF_THE_WINDOW}
    typed_in = {
        str(key): str(text) for key, text in st.session_state.items() if _is_cover(key) and text
    }
    return found | typed_in


def take_shared(texts: Mapping[str, str]) -> None:
    """Show what :func:`shared` gave in another window."""
    state = st.session_state
    query = {key: text for key, text in texts.items() if key in link.FIELDS}
    values, _ = link.read_all(query)
    state["_values"] = values | {key: state["_values"][key] for key in _OF_THE_WINDOW}
    for key in [key for key in state if _is_cover(key)]:
        state[key] = ""
    state.update({key: text for key, text in texts.items() if _is_cover(key)})
    session.forget_figures()


def _is_cover(key: object) -> bool:
    return isinstance(key, str) and key.startswith("cover:")


def version_seen(token: str) -> int:
    """The version of what is shared under ``token`` that this window shows; 0: none yet."""
    seen: tuple[str, int] = st.session_state.get("_seen", ("", 0))
    return seen[1] if seen[0] == token else 0


def see_version(token: str, version: int) -> None:
    """Remember that this window shows that version."""
    st.session_state["_seen"] = (token, version)
