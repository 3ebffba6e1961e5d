"""What to do next Monday, a button beside each step; and what would make the plan pay."""

import streamlit as st

from dashboard.answers import decision_cache, money_cache
from dashboard.decide import facts, would_pay
from dashboard.state import arrival, session
from dashboard.ui import blocks
from engine.api.decisions import Act, Answer, Code, NextStep, from_start, next_steps
from engine.api.money import Drawn, Goal, Least
from engine.api.scenarios import fields as grammar
from engine.errors import InputError
from engine.text import figures, formats, labels
from engine.text import next_steps as text_of
from engine.text.i18n import Words


def draw(answer: Answer, words: Words) -> None:
    """Draw the steps; where the plan does not pay, first find what would make it pay. That search
    follows the certificate: no slider that is still moving waits for it."""
    blocks.heading(words.say("Next Monday"))
    if answer.provisional and _loses(answer):
        blocks.to_come(words)
        return
    paying, fewer, together = _paying(answer, words)
    steps = next_steps(answer, paying, fewer, together, _start(answer, words))
    for number, step in enumerate(steps, 1):
        said, place = st.columns([11, 4], vertical_alignment="center")
        who, what = text_of.who(step, words), text_of.what(step, answer, words)
        said.markdown(f"{number}. **{who}** · {text_of.when(step, answer, words)}: {what}")
        with place:
            _button(step, answer, words)
    if _loses(answer) and would_pay.pays_at_the_centre(answer):
        st.caption(would_pay.despite(answer, words))
    if paying:
        with st.expander(words.say("What would make it pay"), expanded=True):
            st.caption(would_pay.meaning(answer, paying, words))
            blocks.columns(would_pay.table(answer, paying, words, together))


def _loses(answer: Answer) -> bool:
    """Whether the plan is worth less than nothing, on average over all cases."""
    return answer.study is not None and answer.study.appraisal.npv.value < 0


def _paying(answer: Answer, words: Words) -> tuple[tuple[Least, ...], Drawn | None, Drawn | None]:
    """The least of each budget that pays in the central case, fewer people with whom it does, and
    people and compute that do together where none is enough alone; nothing where the plan does
    already, or nobody knows."""
    study = answer.study
    if study is None or study.appraisal.npv.value >= 0:
        return (), None, None
    with st.spinner(words.say("Searching what would make it pay …")):
        fewer = None
        if answer.verdict.code is Code.WAIT:
            fewer = money_cache.fewer_people(answer.question, study.appraisal.npv.value)
        if would_pay.pays_at_the_centre(answer):
            return (), fewer, None
        alone = money_cache.least_budgets(answer.question, Goal.NPV, 0.0)
        if any(least.value is not None for least in alone):
            return alone, fewer, None
        return alone, fewer, money_cache.people_with_compute(answer.question)


def _start(answer: Answer, words: Words) -> from_start.Comparison | None:
    """Public models to begin from, where a training from nothing is not for now."""
    if answer.provisional or answer.verdict.code is not Code.WAIT:
        return None
    try:
        with st.spinner(words.say("Comparing with trainings that begin from a public model …")):
            return decision_cache.starts(answer.question)
    except InputError:  # why not stands below, under “Start from a public model?”
        return None


def _button(step: NextStep, answer: Answer, words: Words) -> None:
    """Does the step, or leads to where it is done."""
    match step.act:
        case Act.PEOPLE | Act.FEWER:
            people = text_of.enough(step)
            with_it = {} if step.compute_flops is None else {"compute": step.compute_flops}
            _take({"data": people, **with_it}, labels.people(people, words), words)
        case Act.EPSILON:
            epsilon = text_of.enough(step)
            _take({"epsilon": epsilon}, f"ε = {formats.plain(epsilon)}", words)
        case Act.COMPUTE:
            flops = text_of.enough(step)
            price = money_cache.cost(flops, answer.question.prices).jpy
            shown = words.say("{money} of compute", money=figures.money(price, words))
            _take({"compute": flops}, shown, words)
        case Act.EVIDENCE:
            shown = labels.evidence_in_short(step.names[0], words)
            _take({"evidence": step.names[0]}, shown, words)
        case Act.TRAIN:
            with st.popover(
                words.say("Copy the plan"), icon=":material/content_copy:", width="stretch"
            ):
                st.code(facts.job(answer), language="json", wrap_lines=True)
        case _:
            page, part, label, icon = {
                Act.APPROVE: ("present", None, words.say("Put it before the board"), "co_present"),
                Act.PILOT: ("pilot", None, words.say("Set up the pilot"), "science"),
                Act.START: ("pilot", None, words.say("Set up the pilot"), "science"),
                Act.GATE: ("roi", arrival.STAGES, words.say("See the stages"), "savings"),
                Act.MEASURE: (
                    "roi",
                    arrival.ASSUMPTIONS,
                    words.say("Open the assumptions"),
                    "edit_note",
                ),
                Act.PAIRS: ("roi", arrival.PAIRS, words.say("Enter measured pairs"), "edit_note"),
            }[step.act]
            if st.button(
                label, icon=f":material/{icon}:", key=f"monday:{step.act}", width="stretch"
            ):
                session.open_page(page, part)


def _take(values: dict[str, grammar.Value], shown: str, words: Words) -> None:
    """A button that makes the values the scenario's, and shows the verdict that they lead to."""

    def act() -> None:
        session.take(values)
        arrival.lead_to("decide", arrival.VERDICT)

    st.button(
        words.say("Try {value}", value=shown),
        icon=":material/tune:",
        key=f"monday:{next(iter(values))}",
        on_click=act,
        width="stretch",
    )
