"""What a scenario answered when it was saved, what it answers now, and what changed, by cause."""

import streamlit as st

from dashboard.answers import cache
from dashboard.ui import blocks
from engine.api.decisions import CertificateRequest
from engine.api.scenarios import Saved, Since, fields, wording
from engine.errors import InputError
from engine.text import quantities
from engine.text.i18n import Words


def draw(one: Saved, words: Words) -> list[CertificateRequest]:
    """Both side by side, and the steps from one to the other; the promises that it waits for."""
    blocks.heading(words.say("Then and now"))
    if one.frozen is None:
        st.caption(wording.nothing_frozen(words))
        return []
    own = quantities.words_of(fields.question(one.values), words.language)
    try:
        with st.spinner(words.say("Asking the laws and assumptions of then and now …")):
            found = cache.then_and_now(one)
    except InputError as error:
        blocks.refused(error, words)
        return []
    except cache.NotYet as waiting:
        st.caption(words.say("What changed stands here when the promise of today is certified."))
        st.table(dict(wording.frozen_rows(one.frozen, own)), border="horizontal")
        return [waiting.promise]
    _draw(found, own)
    return []


def _draw(found: Since, words: Words) -> None:
    st.markdown(f"**{wording.headline(found, words)}**")
    st.caption(
        words.say(
            "Then: {when}, as it was frozen in the file.",
            when=wording.moment(found.then.at, st.context.timezone),
        )
    )
    shown = wording.rows(found, words)
    blocks.columns(
        {
            words.say("Figure"): [row.name for row in shown],
            words.say("Then"): [row.then for row in shown],
            words.say("Now"): [f"**{row.now}**" if row.is_changed else row.now for row in shown],
        }
    )
    if found.steps:
        steps = wording.steps(found, words)
        st.caption(wording.order(words))
        blocks.columns(
            {
                words.say("What changed since then"): [name for name, _ in steps],
                words.say("Net present value"): [amount for _, amount in steps],
            }
        )
