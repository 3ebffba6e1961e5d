"""The command that runs a plan on several GPUs or machines, for whoever types it there."""

import streamlit as st

from dashboard.state import visitor, widgets
from dashboard.ui import blocks
from engine.api.pilots import PilotPlan, Ranks, lifecycle
from engine.errors import InputError
from engine.text.i18n import Words

_MACHINES, _GPUS = 8, 8
"""64 GPUs, as a plan of a billion parameters may want them."""


def draw(plan: PilotPlan, words: Words) -> None:
    """The command for so many machines and GPUs, and a button that writes the plan down."""
    with st.expander(words.say("On several GPUs or machines")):
        left, right = st.columns(2)
        machines = left.number_input(
            words.say("Machines"),
            min_value=1,
            value=_MACHINES,
            **widgets.bind_page("pilot", "machines"),
        )
        gpus = right.number_input(
            words.say("GPUs in each"),
            min_value=1,
            value=_GPUS,
            **widgets.bind_page("pilot", "gpus"),
        )
        try:
            command = lifecycle.command(plan, Ranks(nodes=machines, per_node=gpus))
        except InputError as error:
            blocks.refused(error, words)
            return
        st.markdown(
            words.say(
                "Type this on every machine, in the folder of Kessai, with the name of the first "
                "machine in place of FIRST_MACHINE. The folders of pilots and of the text must be "
                "shared. Each training stays one, under the same ε: batch and noise are drawn "
                "once, by the first process."
            )
        )
        st.code(command, language="bash", wrap_lines=True)
        st.caption(
            words.say(
                "What the processes send each other is exact and not encrypted: the network "
                "between them must be yours alone. The time above is that of one device."
            )
        )
        if st.button(words.say("Write the plan down, to start it there")) and blocks.accepted(
            lambda: lifecycle.register(plan, by=visitor.person()), words
        ):
            st.success(words.say("The plan is written down: the command runs it."))
