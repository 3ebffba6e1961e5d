"""The exports: files are made when they are asked for, once the privacy loss is certified."""

from functools import partial

import streamlit as st

from dashboard.present import deck
from dashboard.present.exports import EXPORTS, file_name, label
from dashboard.ui.colours import LIGHT
from engine.api.reports import japanese_face
from engine.errors import InputError
from engine.text.i18n import Words


def draw(found: deck.Material, words: Words) -> None:
    """One button a kind of file."""
    ready = found.answer.certificate is not None
    with st.popover(words.say("Exports"), icon=":material/download:"):
        if not ready:
            st.caption(
                words.say("Exports open when the privacy loss has been certified: some seconds.")
            )
        font = _font(words)
        for export in EXPORTS:
            st.download_button(
                label(export, words),
                partial(_made, export.make, found, words),
                file_name(export, found.answer.question, found.basis.day),
                export.mime,
                disabled=not ready or (export.needs_font and not font),
                on_click="ignore",
                width="stretch",
            )


def _made(make, found: deck.Material, words: Words) -> bytes:
    return make(deck.deck(found, words, LIGHT))


def _font(words: Words) -> bool:
    try:
        japanese_face()
    except InputError as error:
        st.warning(words.refusal(error), icon=":material/font_download_off:")
        return False
    return True
