"""Delete the runs that are chosen, or a whole import, with a reason; and bring them back."""

from collections.abc import Sequence
from datetime import UTC, datetime

import streamlit as st

from dashboard.answers import run_cache
from dashboard.runs import facts, wording
from dashboard.state import visitor, widgets
from dashboard.ui import blocks
from engine.api.decisions import fitted
from engine.api.runs import Chosen, Listed, journal, removal
from engine.text.i18n import Words


def button(chosen: Sequence[Listed], words: Words) -> None:
    """Delete what is chosen in the table."""
    label = words.say("Delete …")
    with st.popover(label, icon=":material/delete:", disabled=not chosen):
        if not chosen:
            return
        st.markdown(words.count("Delete {n} run?", "Delete {n} runs?", len(chosen)))
        st.caption(words.say("What is deleted can be brought back below."))
        reason = _reason("runs", words)
        if st.button(words.say("Yes, delete"), key="runs:delete"):
            _act(Chosen(runs=tuple(one.run_id for one in chosen)), reason, words)


def imports(words: Words) -> None:
    """Undo a whole import: its runs go, and the corrected file can come in."""
    entries = {entry.id: entry for entry in journal.live(fitted.run_log())}
    if not entries:
        return
    with st.popover(words.say("Undo an import …"), icon=":material/undo:"):
        chosen = st.selectbox(
            words.say("Import"),
            list(reversed(entries)),
            format_func=lambda one: (
                f"{entries[one].file} → {entries[one].family}, {entries[one].moment:%Y-%m-%d %H:%M}"
            ),
            key="runs:undo:import",
        )
        reason = _reason("import", words)
        if st.button(words.say("Yes, undo this import"), key="runs:undo"):
            _act(Chosen(import_id=chosen), reason, words)


def bin(version: str, words: Words) -> None:
    """What was deleted, with when and why; what is chosen comes back."""
    gone = run_cache.listed(version, deleted=True)
    if not gone:
        return
    title = words.count("{n} deleted run", "{n} deleted runs", len(gone))
    with st.expander(title, icon=":material/delete:", key="runs:bin"):
        rows = blocks.choice(facts.deleted_table(gone, words), f"runs:bin:{version}")
        label = words.say("Bring back")
        if st.button(label, icon=":material/undo:", disabled=not rows, key="runs:restore"):
            chosen = Chosen(runs=tuple(gone[row].run_id for row in rows))
            blocks.attempt(
                lambda: removal.restore(
                    fitted.run_log(), chosen, at=datetime.now(UTC), by=visitor.person()
                ),
                words.say("Brought back."),
                lambda error: wording.refusal(error, words),
            )


def _reason(name: str, words: Words) -> str:
    return (
        st.text_input(
            words.say("Reason"),
            placeholder=words.say("kept beside the deletion"),
            max_chars=500,
            **widgets.bind_page("runs", f"reason:{name}"),
        )
        or ""
    )


def _act(chosen: Chosen, reason: str, words: Words) -> None:
    blocks.attempt(
        lambda: removal.delete(
            fitted.run_log(), chosen, at=datetime.now(UTC), reason=reason, by=visitor.person()
        ),
        words.say("Deleted."),
        lambda error: wording.refusal(error, words),
    )
