"""Tags and a note for the runs that are chosen in the table."""

from collections.abc import Sequence
from datetime import UTC, datetime

import streamlit as st

from dashboard.runs import wording
from dashboard.state import visitor, widgets
from dashboard.ui import blocks
from engine.api.decisions import fitted
from engine.api.runs import LONGEST_NOTE, LONGEST_TAG, Listed, annotate
from engine.text.i18n import Words


def button(chosen: Sequence[Listed], known: Sequence[str], words: Words) -> None:
    """Say something of what is chosen; ``known`` are the tags that there are."""
    label = words.say("Tags and note …")
    with st.popover(label, icon=":material/sell:", disabled=not chosen):
        if not chosen:
            return
        st.markdown(words.count("On {n} run:", "On {n} runs:", len(chosen)))
        _tags(chosen, known, words)
        _note(chosen, words)
        st.caption(words.say("Who wrote it and when is kept beside it."))


def _tags(chosen: Sequence[Listed], known: Sequence[str], words: Words) -> None:
    there = sorted({tag for one in chosen for tag in one.tags})
    if known:
        st.caption(words.say("Tags in use: {tags}.", tags=", ".join(known)))
    put = st.text_input(
        words.say("Put a tag on"), max_chars=LONGEST_TAG, **widgets.bind_page("runs", "tag:add")
    )
    if st.button(words.say("Tag"), key="runs:tag", disabled=not put):
        _said(chosen, words, add=[put or ""])
    if there:
        off = st.multiselect(
            words.say("Take tags off"), there, key=f"runs:tag:remove:{','.join(there)}"
        )
        if st.button(words.say("Take off"), key="runs:untag", disabled=not off):
            _said(chosen, words, remove=off)


def _note(chosen: Sequence[Listed], words: Words) -> None:
    notes = {one.note for one in chosen}
    text = st.text_area(
        words.say("Note on the run"),
        notes.pop() if len(notes) == 1 else "",
        max_chars=LONGEST_NOTE,
        placeholder=words.say("takes the place of the note that is there; empty takes it away"),
        key=f"runs:note:{hash(tuple(one.run_id for one in chosen))}",
    )
    if st.button(words.say("Write the note"), key="runs:note"):
        _said(chosen, words, note=text or "")


def _said(
    chosen: Sequence[Listed],
    words: Words,
    *,
    add: Sequence[str] = (),
    remove: Sequence[str] = (),
    note: str | None = None,
) -> None:
    blocks.attempt(
        lambda: annotate(
            fitted.run_log(),
            [one.run_id for one in chosen],
            at=datetime.now(UTC),
            add=add,
            remove=remove,
            note=note,
            by=visitor.person(),
        ),
        words.say("Written."),
        lambda error: wording.refusal(error, words),
    )
