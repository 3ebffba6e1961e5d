"""Choose runs: which of them are in, whether they suffice, and a law fitted to them alone.

The law of chosen runs becomes a version; nothing rests on it until somebody makes it the current
one.
"""

from collections.abc import Collection, Sequence, Set

import streamlit as st

from dashboard.answers import first_fit, law_cache, run_cache
from dashboard.law import facts, wording
from dashboard.state import chosen_runs, visitor, widgets
from dashboard.ui import blocks, run_filter
from engine.api.laws import ALL_RUNS, LONGEST_NOTE, Choice, law_versions, refits
from engine.api.runs import Listed, filtering
from engine.errors import InputError
from engine.text import formats
from engine.text.i18n import Words

_MADE = "_law_of_chosen_runs"


def draw(evidence_id: str, words: Words) -> None:
    """The folded table, and above it what became of the last choice."""
    _awaited(evidence_id, words)
    place = st.expander(
        words.say("Choose runs"), icon=":material/checklist:", key="law:choose", on_change="rerun"
    )
    if place.open:
        with place:
            _choose(evidence_id, words)


def made(evidence_id: str) -> str | None:
    """The version that the last fit of chosen runs became, once."""
    found: tuple[str, str] | None = widgets.told(_MADE)
    return found[1] if found is not None and found[0] == evidence_id else None


def _awaited(evidence_id: str, words: Words) -> None:
    one = chosen_runs.awaited(evidence_id)
    if one is None:
        return
    if not one.has_ended:
        first_fit.running(one, words)
        return
    chosen_runs.wait_for(None)
    refits.forget(one)
    if one.refusal is not None:
        blocks.refused(one.refusal, words)
    elif one.law is not None:
        widgets.tell_next(_MADE, (evidence_id, one.law.version))
        st.success(wording.made_of_chosen(one.law, words), icon=":material/check:")
    else:
        st.info(
            words.say("The fit was stopped. The law is the one that it was."),
            icon=":material/stop:",
        )


def _choose(evidence_id: str, words: Words) -> None:
    version = run_cache.catalogue_version()
    listed = run_cache.listed(version)
    runs = [one for one in listed if one.family == evidence_id and one.is_point]
    current = law_versions.current(evidence_id)
    choice = chosen_runs.chosen(evidence_id, ALL_RUNS if current is None else current.choice)
    choice = choice.among({one.run_id for one in listed})
    suspicious = law_cache.suspicious_runs(evidence_id, version)
    st.caption(
        words.say(
            "A law of chosen runs is kept as a version beside the others: it can be compared with "
            "them, and nothing rests on it until it is made the current one. Suspicious runs are "
            "out by themselves; what you take in of them is in the version too."
        )
    )
    asked = run_filter.draw(
        runs,
        lambda name: widgets.bind_page("law", f"choose:{name}"),
        words,
        of_families=False,
    )
    found = filtering.matching(runs, asked)
    if found:
        places = blocks.choice(
            facts.chosen_runs(found[: run_filter.MOST_ROWS], choice, suspicious, words),
            f"law:choose:{version}:{asked}:{hash(choice)}",
        )
        if len(found) > run_filter.MOST_ROWS:
            st.caption(
                words.say("The first {most} are listed.", most=formats.exact(run_filter.MOST_ROWS))
            )
        every = {one.run_id for one in runs}
        _move(
            evidence_id, every, found, [found[n] for n in places], choice, suspicious.keys(), words
        )
    else:
        blocks.empty(words.say("No run is like this: change the filter above."))
    _fit(evidence_id, choice, version, words)


def _move(
    evidence_id: str,
    every: Set[str],
    found: Sequence[Listed],
    marked: Sequence[Listed],
    choice: Choice,
    suspicious: Collection[str],
    words: Words,
) -> None:
    """The buttons that take runs in or out: those that are marked, else all that the filter lets
    through."""
    those = marked or found
    ids = [one.run_id for one in those]
    if marked:
        out = words.count(
            "Leave out the {n} marked run", "Leave out the {n} marked runs", len(those)
        )
        into = words.count("Take in the {n} marked run", "Take in the {n} marked runs", len(those))
    else:
        out = words.count("Leave out the {n} run above", "Leave out the {n} runs above", len(those))
        into = words.count("Take in the {n} run above", "Take in the {n} runs above", len(those))
    acts = {
        "out": (out, ":material/remove:", choice.taking(ids, suspicious=suspicious, inside=False)),
        "in": (into, ":material/add:", choice.taking(ids, suspicious=suspicious, inside=True)),
        "only": (
            words.say("Only these"),
            ":material/filter_alt:",
            ALL_RUNS.taking(every - set(ids), suspicious=suspicious, inside=False).taking(
                ids, suspicious=suspicious, inside=True
            ),
        ),
        "all": (words.say("All runs again"), ":material/undo:", ALL_RUNS),
    }
    with st.container(horizontal=True):
        for name, (label, icon, after) in acts.items():
            st.button(
                label,
                icon=icon,
                key=f"law:choose:{name}",
                disabled=after == choice,
                on_click=chosen_runs.choose,
                args=(evidence_id, after),
            )


def _fit(evidence_id: str, choice: Choice, version: str, words: Words) -> None:
    """What is left and whether it is enough, and the button."""
    left = law_cache.remaining(evidence_id, version, choice)
    said = wording.remaining(left, choice, words)
    if left.refusal is None:
        st.markdown(f":green[:material/check_circle:] {said}")
    else:
        st.markdown(f":orange[:material/warning:] {said}")
        st.caption(words.refusal(left.refusal))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        note = st.text_input(
            words.say("Note"),
            max_chars=LONGEST_NOTE,
            placeholder=words.say("why these runs"),
            **widgets.bind_page("law", "choose:note"),
        )
        if st.button(
            words.say("Fit the law to these runs"),
            icon=":material/refresh:",
            type=blocks.emphasis(),
            key="law:choose:fit",
            disabled=left.refusal is not None or not choice,
        ):
            _begin(evidence_id, choice, (note or "").strip(), words)


def _begin(evidence_id: str, choice: Choice, note: str, words: Words) -> None:
    try:
        one = refits.begun(evidence_id, choice, note=note, by=visitor.person())
    except InputError as error:
        blocks.refused(error, words)
        return
    chosen_runs.wait_for(one)
    st.rerun()
