"""The plan as it would be frozen, and the one button that starts it."""

from dataclasses import replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.answers import pilot_cache
from dashboard.pilot import facts, frozen_plan, labels, many_devices, wording
from dashboard.pilot.budget import Choices
from dashboard.state import link, session, visitor
from dashboard.state.scenario import Scenario
from dashboard.ui import blocks
from engine.api.pilots import (
    PilotBudget,
    PilotLaw,
    PilotPlan,
    Prepared,
    PrivacyTerms,
    lifecycle,
    of_prediction,
    power,
)
from engine.errors import InputError
from engine.text import figures, privacy
from engine.text.i18n import Words


def draw(
    now: Scenario,
    found: Prepared,
    law: PilotLaw,
    seconds: float,
    choices: Choices,
    title: DeltaGenerator,
    words: Words,
) -> None:
    """What it will take, what is predicted and what it can tell, before it starts; the last is also
    the page's ``title``."""
    found = replace(found, recompute=choices["recompute"])
    unit = labels.privacy_unit(found.source)
    terms = PrivacyTerms(
        epsilon=now.budget.epsilon,
        delta=now.budget.delta,
        privacy_unit=unit,
        documents=choices["documents"],
    )
    try:
        with st.spinner(words.say("Certifying the privacy of each training: some seconds …")):
            run = choices["run"]
            budget = PilotBudget(seconds=seconds) if run is None else PilotBudget(run=run)
            plan = _proposed(found, law, terms, budget, choices)
    except InputError as error:
        blocks.refused(error, words)
        return
    can = power(plan, law) if choices["start"] is None else of_prediction(plan)
    is_cut = plan.limit is not None and plan.limit.cuts
    taken = plan.expected_seconds if is_cut or choices["run"] else seconds
    title.title(wording.offer(taken, can, words), anchor=False)
    least = None
    if can.falls_short:
        with st.spinner(words.say("Searching how long a pilot must be to tell them apart …")):
            least = pilot_cache.least_pilot_seconds(
                found, law, law.summary.hash, terms, plan.repeats
            )
    if sentence := wording.power(can, least, words):
        st.markdown(sentence)
    if caution := privacy.published_whole(found.units, plan.delta, words, unit=unit):
        st.warning(caution, icon=":material/warning:")
    blocks.heading(words.say("What will be tested"))
    frozen_plan.draw(plan, now.question.prices, words)
    price = facts.price(plan.expected_seconds, now.question.prices)
    label = words.say(
        "Start the pilot: {time}, {money}",
        time=labels.wall(plan.expected_seconds, words),
        money=figures.money(price, words),
    )
    if st.button(label, type=blocks.emphasis(), icon=":material/play_arrow:"):
        _start(plan, words)
    many_devices.draw(plan, words)


def _proposed(
    found: Prepared, law: PilotLaw, terms: PrivacyTerms, budget: PilotBudget, choices: Choices
) -> PilotPlan:
    if choices["start"] is not None:
        return pilot_cache.pilot_from_start(
            found, choices["start"], terms, budget, repeats=choices["repeats"]
        )
    return pilot_cache.pilot_plan(
        found,
        law,
        law.summary.hash,
        terms,
        budget,
        with_rule=choices["with_rule"],
        repeats=choices["repeats"],
        keep_weights=choices["keep_weights"],
    )


def _start(plan: PilotPlan, words: Words) -> None:
    if blocks.accepted(lambda: lifecycle.start(plan, by=visitor.person()), words):
        session.show(link.PILOT, plan.plan_id)
        st.rerun()
