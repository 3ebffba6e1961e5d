"""The exports: files are made when they are asked for, once the privacy loss is certified."""

from functools import partial

import streamlit as st

from dashboard.present import deck
from dashboard.present.exports import EXPORTS, Export, file_name, label
from dashboard.ui import blocks
from dashboard.ui.colours import LIGHT
from engine.api.reports import require_template
from engine.errors import InputError
from engine.text.i18n import Words

TEMPLATE_MEGABYTES = 20


def draw(found: deck.Material, words: Words) -> None:
    """One button a kind of file."""
    kept = found.basis.kept
    name = "" if kept is None else kept.scenario.name
    ready = all(each.certificate is not None for each in found.answers)
    with st.popover(words.say("Exports"), icon=":material/download:"):
        if not ready:
            st.caption(
                words.say("Exports open when the privacy loss has been certified: some seconds.")
            )
        font = blocks.has_print_font(words)
        template = _template(words)
        for export in EXPORTS:
            st.download_button(
                label(export, words),
                partial(_made, export, found, words, template),
                file_name(export, found.answer.question, found.basis.day, name),
                export.mime,
                disabled=not ready or (export.needs_font and not font),
                on_click="ignore",
                width="stretch",
            )


def _made(export: Export, found: deck.Material, words: Words, template: bytes | None) -> bytes:
    shown = deck.deck(found, words, LIGHT)
    return export.on_template(shown, template) if export.on_template else export.make(shown)


def _template(words: Words) -> bytes | None:
    """A company's own slides to build on; what is none is refused here, before a download."""
    held = st.file_uploader(
        words.say("Your company's template for the slides (.pptx)"),
        type=["pptx"],
        max_upload_size=TEMPLATE_MEGABYTES,
        key="present:template",
        help=words.say("Its layouts, colours and fonts are used; its own slides are left out."),
    )
    if not held:
        return None
    try:
        require_template(held.getvalue())
    except InputError as error:
        st.error(words.refusal(error), icon=":material/block:")
        return None
    return held.getvalue()
