"""What a pilot may take: minutes or money, with or without the rule, once or several times."""

from typing import TypedDict

import streamlit as st

from dashboard.pilot import facts, labels
from dashboard.state import wanted_run, widgets
from dashboard.state.scenario import Scenario
from dashboard.ui import blocks
from engine.api.pilots import RECOMPUTING, WantedRun, starts
from engine.text import figures, formats
from engine.text.i18n import Words
from engine.text.labels import training

_MINUTES = 3
"""With what a first visit prepares, a verdict comes within five."""


class Choices(TypedDict):
    """Which trainings a pilot holds."""

    start: str | None
    """Name of a public start to fine-tune; None: from nothing."""

    with_rule: bool
    repeats: int
    keep_weights: bool
    documents: int
    """Of a person, a window of each of which a step averages."""
    recompute: bool
    """Whether activations are computed anew instead of kept."""
    run: WantedRun | None
    """What the law asks for, in place of a budget of time."""


def draw(now: Scenario, by_person: bool, words: Words) -> tuple[float, Choices]:
    """Seconds for all trainings, and what :func:`dashboard.answers.pilot_cache.pilot_plan` is asked
    besides."""
    blocks.heading(words.say("Budget"))
    handed = wanted_run.handed(now.question.evidence_id)
    measure = st.segmented_control(
        words.say("Measured in"),
        [wanted_run.MINUTES, wanted_run.MONEY, *([wanted_run.RUN] if handed else [])],
        default=wanted_run.MINUTES,
        required=True,
        format_func=lambda one: _measure(one, words),
        **widgets.bind_page("pilot", "measure"),
    )
    run = handed if measure == wanted_run.RUN else None
    if run is not None:
        _told(run, words)
        seconds = 0.0
    else:
        seconds = _money(now, words) if measure == wanted_run.MONEY else _minutes(now, words)
    start = None
    if run is None:
        start = st.selectbox(
            words.say("Begin from"),
            [None, *starts.names()],
            format_func=lambda name: words.say("nothing") if name is None else name,
            help=blocks.tip("fine_tuning", words),
            **widgets.bind_page("pilot", "start"),
        )
    with_rule = start is None and st.toggle(
        words.say("Train the usual rule as well, to measure the saving"),
        value=True,
        **widgets.bind_page("pilot", "rule"),
    )
    repeats = st.segmented_control(
        words.say("Trainings of each"),
        [1, 2, 3],
        default=1,
        required=True,
        help=words.say("Several average out chance; each spends its own ε."),
        **widgets.bind_page("pilot", "repeats"),
    )
    keep = start is None and st.toggle(
        words.say("Keep the trained weights"), **widgets.bind_page("pilot", "keep")
    )
    recompute = st.toggle(
        words.say("Less memory, more time"),
        help=words.say(
            "Activations are computed anew on the way back instead of being kept (activation "
            "checkpointing): the same gradients and the same ε, in about {times} times the time, "
            "as measured on CPUs. The plan says how much memory that saves.",
            times=formats.plain(RECOMPUTING, 2),
        ),
        **widgets.bind_page("pilot", "recompute"),
    )
    documents = 1
    if by_person and start is None and run is None:
        documents = st.segmented_control(
            words.say("Documents of a person that a step averages"),
            [1, 2, 4, 8],
            default=1,
            required=True,
            help=words.say(
                "Their mean gradient is clipped as one, so that the promise is the same. A step "
                "takes up to as many times the compute, and the law, which knows one, predicts "
                "nothing."
            ),
            **widgets.bind_page("pilot", "documents"),
        )
    return seconds, {
        "start": start,
        "with_rule": with_rule,
        "repeats": repeats,
        "keep_weights": keep,
        "documents": documents,
        "recompute": recompute,
        "run": run,
    }


def _measure(one: str, words: Words) -> str:
    if one == wanted_run.RUN:
        return words.say("The run taken over from Law")
    return words.say("Money") if one == wanted_run.MONEY else words.say("Minutes")


def _told(run: WantedRun, words: Words) -> None:
    what = training(run.model_size, run.iterations, run.noise_batch_ratio, words)
    st.markdown(f"**{what}**")
    st.caption(
        words.say(
            "Planned as the law asks for it, with the batch of which your ε asks just this noise. "
            "It is a point of that law on the text of its family only; on another, it is one of "
            "that text's."
        )
    )


def _minutes(now: Scenario, words: Words) -> float:
    label = words.say("Minutes for all trainings together")
    seconds = 60.0 * st.slider(label, 1, 60, _MINUTES, **widgets.bind_page("pilot", "minutes"))
    price = figures.money(facts.price(seconds, now.question.prices), words)
    st.caption(
        words.say(
            "≈ {money} of device time, at the sidebar's price of a device-hour. The pilot that "
            "Decide asks for also pays for people and text: {besides} in the table of assumptions.",
            money=price,
            besides=figures.money(now.question.assumptions["pilot_cost"].value, words),
        )
    )
    return seconds


def _money(now: Scenario, words: Words) -> float:
    one = figures.jpy(1.0, words)
    usual = formats.rounded(facts.price(60.0 * _MINUTES, now.question.prices) / one)
    label = words.say("{currency} for all trainings together", currency=now.question.currency)
    place = widgets.bind_page("pilot", f"money-{now.question.currency}")
    money = st.number_input(label, min_value=0.0, value=usual, **place)
    seconds = facts.affordable(money * one, now.question.prices)
    st.caption(words.say("≈ {time} on this machine", time=labels.wall(seconds, words)))
    return seconds
