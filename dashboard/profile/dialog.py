"""Is it for us? Three questions, in a dialog, that lead to a verdict for one's own company."""

import streamlit as st

from dashboard.answers import decision_cache
from dashboard.profile.scenario import About, fields
from dashboard.state import session
from dashboard.ui import blocks
from engine.api.decisions import profiles
from engine.api.money import MetricKind
from engine.api.scenarios import fields as grammar
from engine.text import formats
from engine.text import profiles as text_of
from engine.text.i18n import Words

_KEY = "profile"


def button(words: Words) -> None:
    """The button that opens the dialog."""
    if st.button(
        words.say("Is it for us?"), icon=":material/domain:", type="tertiary", key=f"{_KEY}:open"
    ):
        st.dialog(words.say("Is it for us? Three questions"), width="medium")(_questions)(words)


def _questions(words: Words) -> None:
    codes = [kind.code for kind in profiles.PROFILES]
    chosen = st.segmented_control(
        words.say("Begin from"),
        codes,
        format_func=lambda code: text_of.name(code, words),
        default=codes[0],
        required=True,
        key=f"{_KEY}:kind",
    )
    kind = next(kind for kind in profiles.PROFILES if kind.code == chosen)
    st.caption(text_of.basis(kind, words))
    people = st.text_input(
        words.say("1. How many people have written text that you may use?"),
        formats.amount(kind.people, words.language),
        key=f"{_KEY}:people:{kind.code}",
    )
    scattered = st.segmented_control(
        words.say("2. Where does the text lie?"),
        [False, True],
        format_func=lambda many: (
            words.say("At several sites") if many else words.say("In one place")
        ),
        default=False,
        required=True,
        key=f"{_KEY}:scattered",
    )
    sites = 1
    if scattered:
        sites = st.number_input(
            words.say("Number of sites"), 2, profiles.MOST_SITES, 10, key=f"{_KEY}:sites"
        )
        st.caption(
            words.say(
                "Each site gets the model and sends an update back at every step; that traffic is "
                "in the costs. What training over sites does to the loss was not measured."
            )
        )
    metrics = grammar.METRIC.options()
    metric = st.selectbox(
        words.say("3. What should the model do better?"),
        metrics,
        metrics.index(kind.metric.value),
        format_func=lambda one: text_of.task(MetricKind(one), words),
        key=f"{_KEY}:task:{kind.code}",
    )
    tasks = st.text_input(
        words.say("Such tasks a year, in the whole company"),
        formats.amount(kind.tasks_per_year, words.language),
        key=f"{_KEY}:tasks:{kind.code}",
    )
    st.caption(
        words.say(
            "The promise is ε = {epsilon}, and compute as much as the data can use; all figures "
            "can be changed afterwards.",
            epsilon=formats.plain(grammar.EPSILON.default),
        )
    )
    if st.button(words.say("Show the verdict"), type=blocks.emphasis(), key=f"{_KEY}:show"):
        _take(people, sites, MetricKind(metric), tasks, words)


def _take(people: str, sites: int, metric: MetricKind, tasks: str, words: Words) -> None:
    """Make the answers the scenario and open Decide; a refusal is told in the dialog."""

    def act() -> None:
        about = About(
            people=grammar.DATA.read(people),
            sites=sites,
            metric=metric,
            tasks_per_year=formats.parse(tasks, name="tasks_per_year", example="500000"),
        )
        session.end_example()
        session.take(fields(about, session.fields(), decision_cache.decision_on))

    if blocks.accepted(act, words):
        session.open_page("decide")
