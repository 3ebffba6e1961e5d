"""What can be done with a scenario that is kept, how it stands, then and now, and its history."""

import streamlit as st

from dashboard.answers import scenario_cache
from dashboard.compare import decision, save, then_now, wording
from dashboard.state import link, session, visitor, widgets
from dashboard.ui import blocks
from engine.api.decisions import CertificateRequest
from engine.api.scenarios import Saved, Standing, State, acts, is_locked, saved
from engine.api.scenarios import wording as scenario_wording
from engine.text.i18n import Words


def draw(found: scenario_cache.Kept, who: str, words: Words) -> list[CertificateRequest]:
    """One of them: open it, change it, propose it, decide on it, hand it on, delete it; what it
    answered then and answers now; who changed what when. Returns the promises that it waits for."""
    kept = {each.name: each for each in found.scenarios}
    names = wording.names(kept, found.standings, words)
    name = st.selectbox(
        words.say("Saved"),
        list(names),
        format_func=names.__getitem__,
        **widgets.bind_named("compare", "shown", names),
    )
    one, standing = kept[name], found.standings.get(name)
    with st.container(horizontal=True):
        st.button(
            words.say("Open"),
            icon=":material/folder_open:",
            on_click=session.take,
            args=(one.values,),
        )
        _change(one, standing, who, words)
        st.download_button(
            words.say("Export"),
            saved.to_json(one),
            saved.file_name(name),
            icon=":material/download:",
            on_click="ignore",  # To take a file away changes nothing on the page.
        )
        decision.propose(one, standing, who, words)
        decision.form(one, standing, who, words)
        _delete(one, standing, words)
    if found.unknown is not None:
        blocks.refused(found.unknown, words)
    elif standing is not None:
        st.markdown(scenario_wording.standing(standing, st.context.timezone, words))
    decision.draw(one, words)
    waiting = [] if one is then_now.asked_for(found) else then_now.draw(one, standing, words)
    st.caption(words.say("History"))
    claimed = None if standing is None else standing.claimed_changes
    blocks.columns(wording.history(one, st.context.timezone, words, claimed=claimed))
    return waiting


def _change(one: Saved, standing: Standing | None, who: str, words: Words) -> None:
    """Overwrite it; or, where it is approved and so locked, make a new version."""
    made_up = session.value(link.TOUR) is not None  # An example takes no scenario's place.
    state = State.DRAFT if standing is None else standing.state
    if state is State.SUPERSEDED:
        return
    is_new_version = is_locked(state)
    label, icon = (
        (words.say("New version with this scenario"), ":material/difference:")
        if is_new_version
        else (words.say("Overwrite with this scenario"), ":material/edit:")
    )
    if not st.button(label, icon=icon, disabled=made_up):
        return

    def act() -> None:
        at = save.now()
        found = save.frozen(at, words)
        place, values = scenario_cache.scenario_folder(), session.fields()
        if is_new_version:
            acts.new_version(place, one, values, who=who, at=at, frozen=found, by=visitor.person())
        else:
            acts.updated(place, one, values, who=who, at=at, frozen=found, by=visitor.person())
        save.tell_kept(found, words)

    blocks.attempt(act, words.say("Saved."), words.refusal)


def _delete(one: Saved, standing: Standing | None, words: Words) -> None:
    if standing is not None and is_locked(standing.state):
        return
    with st.popover(words.say("Delete …"), icon=":material/delete:"):
        st.markdown(words.say("Delete this scenario with its history, for everyone?"))
        if st.button(words.say("Yes, delete it")):
            blocks.attempt(
                lambda: acts.delete(scenario_cache.scenario_folder(), one, by=visitor.person()),
                words.say("Deleted."),
                words.refusal,
            )
