"""The versions of the law: which there are, what changed since one of them, which is current."""

import streamlit as st

from dashboard.answers import first_fit, law_cache
from dashboard.law import choose_runs, facts, wording
from dashboard.state import visitor, widgets
from dashboard.ui import blocks
from engine.api.decisions import Question
from engine.api.laws import LONGEST_NOTE, LawVersion, SetAside, law_versions
from engine.errors import InputError
from engine.text.i18n import Words

_SET_ASIDE = "_law_set_aside"
"""What became of a damaged file when a version was chosen, for the next time the page is drawn."""


def current(question: Question, words: Words) -> None:
    """Say that a chosen version answers and not the runs as they stand, and whether those would
    decide otherwise, once their law is fitted; nothing where they do."""
    chosen = law_versions.current(question.evidence_id)
    if chosen is None:
        return
    zone = st.context.timezone
    if law_cache.newest_is_ready(question.evidence_id):
        found = law_cache.comparison(chosen, law_cache.law_now(question.evidence_id), question)
        said = wording.held_version(found, zone, words)
    else:
        said = wording.held(chosen, zone, words)
    st.info(said, icon=":material/push_pin:")


def unreadable(evidence_id: str, words: Words) -> None:
    """The way out where no version can be read as the current one; nothing where one can."""
    try:
        law_versions.current(evidence_id)
    except InputError:
        if st.button(words.say("Follow the runs as they stand"), icon=":material/update:"):
            _use(evidence_id, None, words)


def draw(question: Question, words: Words) -> None:
    """The versions in a table, and what can be done with them."""
    evidence_id = question.evidence_id
    aside: SetAside | None = widgets.told(_SET_ASIDE)
    if aside is not None:
        st.warning(wording.set_aside(aside, words), icon=":material/folder_special:")
    blocks.heading(words.say("Versions of the law"), blocks.tip("law", words))
    kept, chosen = law_cache.law_versions_of(evidence_id), law_versions.current(evidence_id)
    newest = _newest(evidence_id, words)
    if kept:
        name = None if chosen is None else chosen.version
        blocks.columns(facts.versions(kept, name, st.context.timezone, words))
        st.caption(
            words.say(
                "A refit of all runs is kept by itself. In bold: the version that all pages rest "
                "on; without one, they follow the runs as they stand."
            )
        )
    else:
        blocks.empty(
            words.say(
                "No version is kept yet: keep the law as it stands, and later see here what "
                "changed since, and whether the decision did."
            )
        )
    choose_runs.draw(evidence_id, words)
    if newest is None:
        return
    _keep(evidence_id, words)
    if kept:
        _compare(kept, newest, chosen, question, words)


def _newest(evidence_id: str, words: Words) -> LawVersion | None:
    """The law of the runs as they stand; None while it is being fitted, which is drawn."""
    if law_cache.newest_is_ready(evidence_id) or first_fit.is_fitted(evidence_id, words):
        return law_cache.law_now(evidence_id)
    return None


def _keep(evidence_id: str, words: Words) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        note = st.text_input(
            words.say("Note"),
            max_chars=LONGEST_NOTE,
            placeholder=words.say("what it is kept for"),
            **widgets.bind_page("law", "note"),
        )
        if st.button(words.say("Keep the law as it stands"), icon=":material/bookmark_add:"):
            blocks.attempt(
                lambda: law_versions.keep_now(
                    evidence_id, note=(note or "").strip(), by=visitor.person()
                ),
                words.say("Kept."),
                words.refusal,
            )


def _compare(
    kept: tuple[LawVersion, ...],
    newest: LawVersion,
    chosen: LawVersion | None,
    question: Question,
    words: Words,
) -> None:
    by_name = {one.version: one for one in reversed(kept)}
    zone = st.context.timezone

    def shown(name: str) -> str:
        one = by_name[name]
        parts = (name, facts.moment(one, zone), one.note)
        return " · ".join(part for part in parts if part)

    if (made := choose_runs.made(question.evidence_id)) in by_name:
        widgets.type_into("law", "since", made)
    name = st.selectbox(
        words.say("What changed since"),
        list(by_name),
        index=len(by_name) - 1,
        format_func=shown,
        **widgets.bind_page("law", "since"),
    )
    before = by_name[name]
    with st.spinner(words.say("Asking both laws …")):
        found = law_cache.comparison(before, newest, question)
    st.markdown(f"**{wording.since(found, zone, words)}**")
    if before.version != newest.version:
        blocks.columns(facts.changes(found, words))
    with st.container(horizontal=True):
        is_current = chosen is not None and chosen.version == before.version
        if not is_current and st.button(
            words.say("Make this version the current one"), icon=":material/push_pin:"
        ):
            _use(question.evidence_id, before, words)
        if chosen is not None and st.button(
            words.say("Follow the runs as they stand"), icon=":material/update:"
        ):
            _use(question.evidence_id, None, words)


def _use(evidence_id: str, version: LawVersion | None, words: Words) -> None:
    def use() -> None:
        found = law_versions.use(evidence_id, version, by=visitor.person())
        widgets.tell_next(_SET_ASIDE, found)

    blocks.attempt(use, words.say("All pages rest on it from now on."), words.refusal)
