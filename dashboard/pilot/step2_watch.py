"""Step 2: the training inside its prediction, what it has spent, and how to stop it."""

import streamlit as st

from dashboard.answers import pilot_cache
from dashboard.answers.expected import Expected
from dashboard.pilot import charts, controls, entries, facts, frozen_plan, labels, wording
from dashboard.state import address
from dashboard.state.scenario import Scenario
from dashboard.ui import blocks
from dashboard.ui.colours import Palette
from engine.api.pilots import Entry, PilotPlan, Status, ledger_doubt, lifecycle, standing
from engine.text.i18n import Words

_LOOK_AGAIN = 1.0
Predictions = dict[str, Expected | None]


def draw(entry: Entry, plan: PilotPlan, now: Scenario, words: Words, colours: Palette) -> None:
    """Draw the pilot, anew every second while its process runs."""
    expected = {arm.name: pilot_cache.pilot_expected(plan, arm) for arm in plan.arms}
    if sentence := entries.incomplete(entry, words):
        st.error(sentence, icon=":material/block:")
    if entry.status.is_running:
        _live(plan, expected, words, colours)
    else:
        _picture(plan, entry.status, expected, words, colours)
    with st.expander(words.say("The plan as it was frozen")):
        frozen_plan.draw(plan, now.question.prices, words)


@st.fragment(run_every=_LOOK_AGAIN)
def _live(plan: PilotPlan, expected: Predictions, words: Words, colours: Palette) -> None:
    status = lifecycle.poll(plan.plan_id)
    if not status.is_running:
        address.draw_anew()
    _picture(plan, status, expected, words, colours)


def _picture(
    plan: PilotPlan, status: Status, expected: Predictions, words: Words, colours: Palette
) -> None:
    st.title(wording.watching(status, words), anchor=False)
    if doubt := ledger_doubt(plan.plan_id):
        blocks.refused(doubt, words)
    if sentence := labels.reason(status, words):
        st.error(sentence, icon=":material/block:")
    st.progress(min(max(status.progress, 0.0), 1.0), wording.under_way(status, plan, words))
    controls.draw(plan, status, words)
    for column, metric in zip(st.columns(4), facts.progress(status, plan, words), strict=True):
        with column.container(border=True, height="stretch", gap=None):
            st.metric(metric.label, metric.value, help=metric.help)
            st.caption(metric.detail)
    arm = next((arm for arm in plan.arms if arm.name == status.arm), plan.arms[0])
    done = [r.curve for r in standing.results(plan.plan_id) if r.arm == arm.name]
    drawn = charts.watch(
        arm, status.curve, done, expected[arm.name], words, colours, transfer=plan.transfer
    )
    blocks.chart(words.say("Loss on held-out text"), drawn, help=blocks.tip("held_out", words))
