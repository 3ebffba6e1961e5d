"""The door of a dashboard with login: sign in, be told why not, sign out."""

import streamlit as st
from streamlit.errors import StreamlitAuthError

from dashboard.state import visitor
from dashboard.ui import blocks
from engine.api.access import SAID, Right, require
from engine.api.runs import data_folder
from engine.errors import InputError
from engine.text import formats
from engine.text.i18n import Words


def admitted(words: Words) -> bool:
    """Whether this person may see the pages; where not, the door is drawn instead."""
    try:
        if visitor.has_login() and not visitor.is_signed_in():
            _offer(words)
            return False
        require(visitor.person(), Right.SEE, "see", folder=data_folder())
    except InputError as error:
        st.title(words.say("Kessai"), anchor=False)
        blocks.refused(error, words)
        if visitor.is_signed_in():
            _sign_out(words)
        return False
    return True


def account(words: Words) -> None:
    """For the line at the top: who is signed in with which roles, and the way out. Nothing without
    login."""
    if not visitor.has_login():
        return
    with st.popover(words.say("Account"), icon=":material/account_circle:", type="tertiary"):
        by = visitor.person()
        st.markdown(formats.literally(by.who))
        st.caption(words.say("Roles: {roles}", roles=", ".join(sorted(by.roles))))
        may = (words.refusal(SAID[right]) for right in Right if by.may(right))
        st.markdown("\n".join([words.say("You may"), "", *(f"- {each}" for each in may)]))
        _sign_out(words)


def _offer(words: Words) -> None:
    st.title(words.say("Kessai"), anchor=False)
    st.markdown(words.say("This Kessai is for people who sign in."))
    for provider in visitor.providers():
        label = (
            words.say("Sign in")
            if provider is None
            else words.say("Sign in with {provider}", provider=provider)
        )
        if st.button(
            label, type=blocks.emphasis(), icon=":material/login:", key=f"sign-in:{provider or ''}"
        ):
            try:
                st.login(provider)
            except StreamlitAuthError:
                st.error(
                    words.say(
                        "Signing in is not set up completely: this Kessai's administrator finds "
                        "what is missing in docs/operations.md."
                    ),
                    icon=":material/block:",
                )


def _sign_out(words: Words) -> None:
    # Not a callback: what signs out also leads away from the page.
    if st.button(words.say("Sign out"), icon=":material/logout:", key="sign-out"):
        visitor.sign_out()
