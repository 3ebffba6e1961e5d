"""Save what is on show: under which name, when, and with the figures that it answers."""

from datetime import UTC, datetime

import streamlit as st

from dashboard.answers import scenario_cache
from dashboard.state import link, session, visitor
from dashboard.ui import blocks
from engine.api.access import Right
from engine.api.scenarios import Frozen, acts
from engine.errors import InputError
from engine.text.i18n import Words
from engine.text.labels import example


def marked(name: str, words: Words) -> str:
    """A name to keep a scenario under; the tour's example stays known as one among the others."""
    made_up = session.value(link.TOUR) is not None
    return example(name, words) if made_up and name.strip() else name


def frozen(at: str, words: Words) -> Frozen | None:
    """What this scenario answers, to be kept with it; None where it has no answer, and for who may
    not save, which the act itself then says and writes down."""
    if not visitor.person().may(Right.SAVE):
        return None
    try:
        with st.spinner(words.say("Certifying the figures that are frozen …")):
            return scenario_cache.frozen_now(
                session.current().question, at=at, wait=scenario_cache.SAVE_WAITS
            )
    except InputError:
        return None


def tell_kept(kept: Frozen | None, words: Words) -> None:
    """Once figures are kept: say so where they are estimated, as their certificate was late."""
    if kept is not None and kept.is_estimated:
        st.toast(
            words.say(
                "The figures that are kept rest on estimated noise: their certificate was not "
                "there in time. Propose the scenario, or overwrite it, to have them certified."
            ),
            icon=":material/hourglass_top:",
        )


def keep(name: str, who: str, words: Words) -> None:
    """Save this scenario under a name, with what it answers."""

    def act() -> None:
        at = now()
        answered = frozen(at, words)
        acts.created(
            scenario_cache.scenario_folder(),
            name,
            session.fields(),
            who=who,
            at=at,
            frozen=answered,
            by=visitor.person(),
        )
        tell_kept(answered, words)

    blocks.attempt(act, words.say("Saved."), words.refusal)


def now() -> str:
    """The moment, for a history."""
    return datetime.now(UTC).isoformat(timespec="seconds")
