"""The scenario of this session: one value a field, which widgets, the URL and pages ask for.

The modules of this room are the only ones that use ``st.session_state``. The values of the fields
lie in it as ``_values``; :mod:`dashboard.state.address` reads them from a link and writes them to
one, :mod:`dashboard.state.widgets` and :mod:`dashboard.state.table_widgets` tie widgets to them.
"""

from collections.abc import Mapping

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from dashboard.state import arrival, example_session, link
from dashboard.state.scenario import Scenario, asked, follow_metric
from engine.api.money import MetricKind
from engine.api.scenarios import D, T
from engine.api.scenarios import fields as grammar
from engine.text.i18n import Words, from_browser

_TABLE = ("metric", "figures", "pairs")
"""Fields that the table of assumptions and the curve are made from."""


def visit() -> str:
    """What tells this visit from all others while it lasts; of no meaning besides."""
    context = get_script_run_ctx()
    return "" if context is None else context.session_id


def remember_pages(pages: Mapping[str, st.Page]) -> None:
    """Keep the pages, by their names in :data:`dashboard.app.PAGES`."""
    st.session_state["_pages"] = dict(pages)


def open_page(name: str, part: str | None = None) -> None:
    """Go to a page in the same session, to its top or to a ``part``: the scenario goes along."""
    arrival.lead_to(name, part)
    st.switch_page(st.session_state["_pages"][name])


def language() -> str:
    """The language chosen on the page or in the link, else the browser's."""
    return value(link.LANGUAGE) or from_browser(st.context.locale)


def current() -> Scenario:
    """The scenario as it now stands."""
    return asked(st.session_state["_values"], language())


def refused_link(words: Words) -> list[str]:
    """One sentence for every value in the link that could not be used."""
    sentences = [words.refusal(error) for error in st.session_state["_refused_link"].values()]
    return [words.say("{sentence} The default is used instead.", sentence=s) for s in sentences]


def refused_entry(key: str, words: Words) -> str | None:
    """Why the text typed into the field ``key`` is refused; the field keeps its last good value."""
    error = st.session_state["_refused"].get(key)
    return error and words.refusal(error)


def value(field: grammar.Field[T, D]) -> T | D:
    """The value of a field."""
    return field.of(st.session_state["_values"])


def budget(field: grammar.BudgetField) -> float:
    """The value of one of the three budgets."""
    return field.of(st.session_state["_values"])


def price() -> float:
    """USD per device-hour: the price set in the sidebar, else the accelerator's list price."""
    return grammar.price(st.session_state["_values"])


def show(field: grammar.Field[T, D], chosen: T) -> None:
    """Put a pilot (``link.NEW_PILOT`` asks for a new one), a slide or a step of the tour on show,
    also in the link."""
    st.session_state["_values"][field.key] = chosen


def take(fields: Mapping[str, grammar.Value]) -> None:
    """Make these values the scenario's; the other fields stay."""
    state = st.session_state
    for key in fields:
        state["_refused"].pop(key, None)
        state["_refused_link"].pop(key, None)
    read = {k: v if v is None else link.read(k, link.write(k, v)) for k, v in fields.items()}
    before = {key: state["_values"][key] for key in _TABLE}
    state["_values"].update(read)
    if "figures" in read:
        forget_figures()
        return
    follow_metric(state["_values"], state.setdefault("_metrics", {}), before["metric"])
    if {key: state["_values"][key] for key in _TABLE} != before:
        begin_table_anew()


def begin_example(example: Mapping[str, grammar.Value]) -> None:
    """Show an example in place of the visitor's scenario, table and pairs, which are kept."""
    example_session.begin(st.session_state, example)
    renew_table()


def end_example() -> None:
    """End the example and bring back the visitor's scenario; without an example, do nothing."""
    if example_session.end(st.session_state):
        renew_table()


def fields() -> dict[str, grammar.Value]:
    """The value of every field, as it now stands."""
    return dict(st.session_state["_values"])


def ask(question: str) -> None:
    """Remember for this session that something was asked for, or how the session began."""
    st.session_state["_asked"] = st.session_state.get("_asked", frozenset()) | {question}


def is_asked(question: str) -> bool:
    return question in st.session_state.get("_asked", frozenset())


def metric_kind() -> MetricKind:
    return MetricKind(value(grammar.METRIC))


def forget_figures() -> None:
    """Forget what was set aside for other metrics: all figures have been replaced."""
    st.session_state.pop("_metrics", None)
    begin_table_anew()


def begin_table_anew() -> None:
    """Drop what was typed over figures and pairs that have been replaced."""
    for key in ("file", "pairs"):
        st.session_state["_refused"].pop(key, None)
    st.session_state[f"pairs:{metric_kind()}"] = None
    renew_table()


def renew_table() -> None:
    st.session_state["_refused"].pop("table", None)  # Its refused edit goes with the old editor.
    st.session_state["_table_version"] = st.session_state.get("_table_version", 0) + 1
