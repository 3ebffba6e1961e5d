"""Step 3: the verdict in a sentence, both curves, the table, the audit, and the refit."""

import streamlit as st

from dashboard.pilot import charts, entries, facts, frozen_plan, provenance, refit, wording
from dashboard.state.scenario import Scenario
from dashboard.ui import blocks
from dashboard.ui.colours import Palette
from engine.api.pilots import Entry, Finding, PilotPlan, Verdict, mechanism_audit
from engine.text import pilots
from engine.text.i18n import Words

_MARKS = {
    Finding.HELD: ":green[:material/gpp_good:]",
    Finding.SILENT: ":gray[:material/gpp_maybe:]",
}


def draw(
    entry: Entry, plan: PilotPlan, found: Verdict, now: Scenario, words: Words, colours: Palette
) -> None:
    """All that a finished pilot says."""
    st.title(wording.verdict(found, words), anchor=False)
    st.header(wording.caveats(found, words), anchor=False)
    st.markdown(f"**{pilots.next_step(plan, found, words)}**")
    promise = wording.promise(
        found.epsilon_each, found.epsilon_total, found.delta_total, plan.trainings, words
    )
    if entry.ledger_doubt is None:
        st.markdown(f":green[:material/verified_user:] {promise}")
    else:
        st.markdown(f":gray[:material/gpp_maybe:] {promise}")
        blocks.refused(entry.ledger_doubt, words)
    if sentence := provenance.changed_code(plan, found.other_code, words):
        st.warning(sentence, icon=":material/update:")
    for sentence in entries.unrecorded(entry, words):
        st.warning(sentence)
    drawn = charts.result(plan, entry.results, found, words, colours)
    blocks.chart(words.say("Measured against predicted"), drawn)
    if found.saving is not None:
        st.caption(wording.how_measured(words))
    blocks.heading(words.say("Losses ({unit})", unit=words.field(words.loss_unit.measure)))
    if found.start_was_better:
        st.warning(wording.start_was_better(words), icon=":material/warning:")
    blocks.columns(facts.measured(plan, found, entry.results, words))
    _audit(entry, words)
    _mechanism(plan, words)
    refit.draw(plan, found, now, words)
    with st.expander(words.say("The plan as it was frozen")):
        frozen_plan.draw(plan, now.question.prices, words)


def _audit(entry: Entry, words: Words) -> None:
    audits = wording.audits(entries.audited(entry), words)
    blocks.heading(
        words.say("Second opinion: an attack on the models"), help=blocks.tip("audit", words)
    )
    if not audits:
        blocks.empty(
            words.say(
                "An attack on the trained models would stand here, with the least ε that it "
                "proves. None was made, or it did not end; the promise does not rest on it."
            )
        )
        return
    for sentence, finding in audits:
        if finding is Finding.BROKEN:
            st.error(sentence, icon=":material/gpp_bad:")
        else:
            st.markdown(f"{_MARKS[finding]} {sentence}")
    st.caption(words.say("A bound of 0 shows no leak; it does not prove that there is none."))


def _mechanism(plan: PilotPlan, words: Words) -> None:
    found = mechanism_audit(plan.plan_id)
    blocks.heading(
        words.say("Third opinion: the mechanism, seen from inside"),
        help=words.say(
            "A training of its own on random words, with gradients of nobody in it that are looked "
            "for in every noisy step. It reads no text and spends no one's ε."
        ),
    )
    if found is None:
        blocks.empty(
            words.say(
                "Whether noise, clipping and sampling are what the certificate says can be tested "
                "on this machine, in about the time of one training: {command}",
                command=f"`python -m engine pilot audit {plan.plan_id}`",
            )
        )
    elif found.finding is Finding.BROKEN:
        st.error(pilots.mechanism_audit(found, words), icon=":material/gpp_bad:")
    else:
        st.markdown(f"{_MARKS[found.finding]} {pilots.mechanism_audit(found, words)}")
