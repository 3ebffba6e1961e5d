"""The sidebar: three budgets, the evidence, the price, the language, the link."""

import streamlit as st

from dashboard.answers import money_cache
from dashboard.glossary import lookup
from dashboard.shell import budgets
from dashboard.shell.budgets import BudgetSlider
from dashboard.state import address, link, session, widgets
from engine.api import decisions
from engine.api.scenarios import fields as grammar
from engine.text import formats, labels, sources
from engine.text.i18n import LANGUAGES, Words

_ENTRY_WIDTH = 106
_TERMS = {"compute": ("compute",), "data": ("people",), "epsilon": ("epsilon", "dp")}


def draw(words: Words) -> None:
    """Draw every shared widget; the values are read with
    :func:`dashboard.state.session.current`."""
    now = session.current()
    spent = money_cache.cost(now.budget.compute_flops, now.question.prices)
    meanings = {
        "compute": words.say(
            "= {flops} FLOPs, {time}",
            flops=formats.scientific(now.budget.compute_flops),
            time=labels.duration(spent.device_hours, words),
        ),
        "data": f"= {labels.people(now.budget.data_budget, words)}",
        "epsilon": words.say(
            "Smaller is stricter; at δ = {delta}.", delta=formats.scientific(now.budget.delta)
        ),
    }
    for key, slider in budgets.sliders(now, words).items():
        _budget(words, slider, meanings[key])
    _evidence(words)
    st.selectbox(
        words.say("Accelerator"),
        grammar.ACCELERATOR.options(),
        format_func=lambda name: grammar.ACCELERATORS[name].name,
        **_choice(grammar.ACCELERATOR),
    )
    with st.expander(words.say("Price assumptions")):
        _prices(words)
    with st.expander(words.say("For experts: δ and sampling")):
        _delta(words)
        st.selectbox(
            words.say("Sampling of batches"),
            grammar.SAMPLING.options(),
            format_func=lambda name: labels.sampling(name, words),
            help=lookup.tips(words, "poisson", "fixed_batches", "sampling_probability"),
            **_choice(grammar.SAMPLING),
        )
    st.segmented_control(
        "言語 · Language",
        list(LANGUAGES),
        format_func=LANGUAGES.__getitem__,
        required=True,
        **widgets.bind_default(link.LANGUAGE, words.language),
    )
    with st.popover(words.say("Copy link"), icon=":material/link:", width="stretch"):
        st.code(address.copied_link(), language=None, wrap_lines=True)


def _evidence(words: Words) -> None:
    """Families that a plan can rest on; the chosen one stays where its runs were deleted since."""
    chosen, options = session.value(grammar.EVIDENCE), grammar.EVIDENCE.options()
    options = options if chosen in options else [*options, chosen]
    st.selectbox(
        words.say("Evidence"),
        options,
        format_func=lambda name: labels.evidence_choice(name, words),
        help=lookup.tips(words, "evidence", "law"),
        **widgets.bind_index(grammar.EVIDENCE, options, chosen),
    )


def _choice(field: grammar.Choice[str]) -> widgets.WithIndex:
    return widgets.bind_index(field, field.options(), session.value(field))


def _budget(words: Words, slider: BudgetSlider, meaning: str) -> None:
    field, label = slider.field, slider.label
    entry = words.say("Compute in FLOPs") if field is grammar.COMPUTE else label
    with st.container(horizontal=True, vertical_alignment="center", wrap=False):
        meaning_of = lookup.tips(words, *_TERMS[field.key])
        st.markdown(f"**{label}**", width="stretch", help=meaning_of)
        st.text_input(
            words.say("{field}: type a value", field=entry),
            label_visibility="collapsed",
            width=_ENTRY_WIDTH,
            **_typed(field),
        )
    if sentence := session.refused_entry(field.key, words):
        st.error(sentence)
    st.caption(meaning)
    options, place = slider.bind("slider")
    st.select_slider(label, options, format_func=slider.show, label_visibility="collapsed", **place)


def _delta(words: Words) -> None:
    st.text_input(
        words.say("δ, the chance that the promise fails"),
        help=lookup.tip("delta", words),
        **widgets.bind_value(
            grammar.DELTA, "typed", grammar.DELTA.write(session.value(grammar.DELTA))
        ),
    )
    if sentence := session.refused_entry(grammar.DELTA.key, words):
        st.error(sentence)
    budget = session.current().budget
    proposed = decisions.proposed_delta(budget.data_budget)
    if budget.delta > proposed:
        st.caption(
            words.say(
                "Proposed for {people}: δ = {delta}, the smaller of 10⁻⁸ and a tenth of one in the "
                "people.",
                people=labels.people(budget.data_budget, words),
                delta=formats.scientific(proposed),
            )
        )


def _typed(field: grammar.BudgetField) -> widgets.WithValue[str]:
    return widgets.bind_value(field, "typed", field.write(session.budget(field)))


def _prices(words: Words) -> None:
    overhead = lookup.tips(words, "overhead", "clipping")
    utilisation = lookup.tip("utilisation", words)
    price = words.say("Price of a device-hour (USD)")
    _number(grammar.PRICE, session.price(), price, step=0.1)
    for field, label, step, meaning in (
        (grammar.UTILISATION, words.say("Utilisation (share of peak)"), 0.05, utilisation),
        (grammar.OVERHEAD, words.say("DP overhead (× plain training)"), 0.1, overhead),
        (grammar.RATE, words.say("Exchange rate (¥ per $)"), 1.0, None),
    ):
        _number(field, session.value(field), label, step=step, meaning=meaning)
    accelerator = grammar.ACCELERATORS[session.value(grammar.ACCELERATOR)]
    st.caption(
        words.say(
            "Where the list figures are from: {source}; {dated}.",
            source=sources.source(accelerator.source, words),
            dated=accelerator.dated,
        )
    )


def _number(
    field: grammar.Number[float, float] | grammar.Number[float, None],
    shown: float,
    label: str,
    *,
    step: float,
    meaning: str | None = None,
) -> None:
    low, high = field.bounds
    place = widgets.bind_value(field, "number", float(shown))
    st.number_input(label, low, high, step=step, help=meaning, **place)
