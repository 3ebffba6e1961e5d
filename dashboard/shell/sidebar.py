"""The sidebar: three budgets, the evidence, the price, the language, the link."""

from collections.abc import Callable

import streamlit as st

from dashboard.answers import cache
from dashboard.glossary import lookup
from dashboard.state import link, session
from engine.text import figures, formats, labels, sources
from engine.text.i18n import LANGUAGES, Words

_ENTRY_WIDTH = 106
_TERMS = {"compute": ("compute",), "data": ("people",), "epsilon": ("epsilon", "dp")}


def draw(words: Words) -> None:
    """Draw every shared widget; the values are read with :func:`scenario.current`."""
    now = session.current()
    spent = cache.cost(now.budget.compute_flops, now.question.prices)
    time, price = labels.duration(spent.device_hours, words), figures.money(spent.jpy, words)
    people, delta = now.budget.data_budget, formats.scientific(now.budget.delta)
    _budget(
        words, "compute", words.say("Compute (FLOPs)"), formats.scientific, f"≈ {time} · {price}"
    )
    _budget(
        words,
        "data",
        words.say("Data (people)"),
        lambda n: formats.amount(n, words.language),
        f"= {labels.people(people, words)}",
    )
    _budget(
        words,
        "epsilon",
        words.say("Privacy ε"),
        formats.plain,
        words.say("Smaller is stricter; at δ = {delta}.", delta=delta),
    )
    st.selectbox(
        words.say("Evidence"),
        link.FIELDS["evidence"].options(),
        format_func=lambda name: labels.evidence_name(name, words),
        help=lookup.tips(words, "evidence", "law"),
        **session.bind(
            "evidence",
            "choice",
            session.value("evidence"),
            options=link.FIELDS["evidence"].options(),
        ),
    )
    st.selectbox(
        words.say("Accelerator"),
        link.FIELDS["accelerator"].options(),
        format_func=lambda name: link.ACCELERATORS[name].name,
        **session.bind(
            "accelerator",
            "choice",
            session.value("accelerator"),
            options=link.FIELDS["accelerator"].options(),
        ),
    )
    with st.expander(words.say("Price assumptions")):
        _prices(words)
    with st.expander(words.say("For experts: δ and sampling")):
        label, meaning = (
            words.say("δ, the chance that the promise fails"),
            lookup.tip("delta", words),
        )
        _typed(words, "delta", label, hidden=False, meaning=meaning)
        st.selectbox(
            words.say("Sampling of batches"),
            link.FIELDS["sampling"].options(),
            format_func=lambda name: labels.sampling(name, words),
            help=lookup.tips(words, "poisson", "fixed_batches", "sampling_probability"),
            **session.bind(
                "sampling",
                "choice",
                session.value("sampling"),
                options=link.FIELDS["sampling"].options(),
            ),
        )
    st.segmented_control(
        "言語 · Language",
        list(LANGUAGES),
        format_func=LANGUAGES.__getitem__,
        required=True,
        **session.bind("lang", "choice", words.language, default="default"),
    )
    with st.popover(words.say("Copy link"), icon=":material/link:", width="stretch"):
        st.code(session.address(), language=None, wrap_lines=True)


def _budget(words: Words, key: str, label: str, show: Callable[[float], str], meaning: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", wrap=False):
        meaning_of = lookup.tips(words, *_TERMS[key])
        st.markdown(f"**{label}**", width="stretch", help=meaning_of)
        _typed(words, key, words.say("{field}: type a value", field=label), hidden=True)
    if sentence := session.refused_entry(key, words):
        st.error(sentence)
    st.caption(meaning)
    options, shown = positions(key, show)
    st.select_slider(
        label,
        options,
        format_func=show,
        label_visibility="collapsed",
        **session.bind(key, "slider", shown),
    )


def _typed(words: Words, key: str, label: str, *, hidden: bool, meaning: str | None = None) -> None:
    st.text_input(
        label,
        label_visibility="collapsed" if hidden else "visible",
        width=_ENTRY_WIDTH if hidden else "stretch",
        help=meaning,
        **session.bind(key, "typed", link.write(key, session.value(key))),
    )
    if not hidden and (sentence := session.refused_entry(key, words)):
        st.error(sentence)


def positions(key: str, show: Callable[[float], str]) -> tuple[list[float], float]:
    """The slider's steps and where it stands: a value between two steps gets one of its own."""
    now = session.value(key)
    by_text = {show(step): step for step in link.steps(key)}
    shown = by_text.setdefault(show(now), now)
    return sorted(by_text.values()), shown


def _prices(words: Words) -> None:
    overhead = lookup.tips(words, "overhead", "clipping")
    for key, label, step, meaning in (
        ("price", words.say("Price of a device-hour (USD)"), 0.1, None),
        (
            "utilisation",
            words.say("Utilisation (share of peak)"),
            0.05,
            lookup.tip("utilisation", words),
        ),
        ("overhead", words.say("DP overhead (× plain training)"), 0.1, overhead),
        ("rate", words.say("Exchange rate (JPY per USD)"), 1.0, None),
    ):
        low, high = link.FIELDS[key].bounds
        shown = float(session.value(key))
        place = session.bind(key, "number", shown)
        st.number_input(label, low, high, step=step, help=meaning, **place)
    accelerator = link.ACCELERATORS[session.value("accelerator")]
    st.caption(
        words.say(
            "Where the list figures are from: {source}; {dated}.",
            source=sources.source(accelerator.source, words),
            dated=accelerator.dated,
        )
    )
