"""A question in SQL, its answer as a table, a chart and a file; with progress and a stop.

No fragment: a click inside one waits for its end, and the stop would come too late.
"""

import streamlit as st

from dashboard.answers import query_cache, run_cache
from dashboard.run_card import facts as run_facts
from dashboard.runs import charts, wording
from dashboard.state import looked_at, widgets
from dashboard.ui import blocks
from dashboard.ui.colours import palette
from engine.api.runs import QUERY_EXAMPLE, QUERY_ROWS, QUERY_SECONDS, Rows
from engine.api.tables import csv_text
from engine.errors import InputError
from engine.text import formats
from engine.text.i18n import Words

_ASKED = "sql:asked"
_HEIGHT = 360


def draw(words: Words) -> None:
    """The question, and what it found."""
    st.caption(
        words.say(
            "`runs` has a row a run (run, run_id, family, status, flags, tags, remark, model_size, "
            "batch_size, iterations, cross_entropy …), `curves` the losses on the way (run_id, "
            "iteration, cross_entropy). One SELECT in DuckDB's SQL; it sees a copy, changes "
            "nothing, and reaches no file and no network."
        )
    )
    typed = st.text_area(
        words.say("SELECT statement"),
        QUERY_EXAMPLE,
        height=170,
        **widgets.bind_page("runs", "sql:text"),
    )
    st.button(
        words.say("Ask"),
        icon=":material/play_arrow:",
        key="runs:sql:ask",
        on_click=widgets.type_into,
        args=("runs", _ASKED, typed or ""),
    )
    asked = widgets.typed("runs", _ASKED)
    if not asked:
        return
    found = _found(asked, words)
    if found is not None:
        _show(found, words)


def _found(asked: str, words: Words) -> Rows | None:
    place = st.empty()
    with place.container():
        bar = st.progress(0.0, words.say("Asking …"))
        st.button(
            words.say("Stop"),
            icon=":material/stop:",
            key="runs:sql:stop",
            on_click=widgets.type_into,
            args=("runs", _ASKED, ""),
        )

    def waiting(seconds: float) -> None:
        said = words.say("Asking … {seconds} s", seconds=f"{seconds:.0f}")
        bar.progress(min(seconds / QUERY_SECONDS, 1.0), said)

    try:
        found = query_cache.answer(run_cache.catalogue_version(), asked, waiting)
    except InputError as error:
        widgets.type_into("runs", _ASKED, "")
        place.empty()
        blocks.refused(error, words)
        return None
    place.empty()
    return found


def _show(found: Rows, words: Words) -> None:
    if not len(found):
        st.caption(words.say("No rows."))
        return
    said = words.count("{n} row.", "{n} rows.", len(found))
    if found.more:
        first = words.say("The first {most} are shown.", most=formats.exact(QUERY_ROWS))
        said = words.joined([said, first])
    st.caption(said)
    blocks.listing(dict(zip(found.columns, found.cells, strict=True)))
    st.download_button(
        words.say("CSV, for Excel"),
        lambda: csv_text(found.columns, found.by_row(), with_bom=True).encode(),
        "runs-sql.csv",
        on_click="ignore",
        key="runs:sql:csv",
        icon=":material/download:",
    )
    _chart(found, words)


def _chart(found: Rows, words: Words) -> None:
    """Any column of numbers over any other."""
    numbers = wording.number_columns(found)
    if len(numbers) < 2:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        across = st.selectbox(words.say("Across"), numbers, key=f"runs:sql:x:{numbers}")
        up = st.selectbox(words.say("Up"), numbers, len(numbers) - 1, key=f"runs:sql:y:{numbers}")
        is_log = st.toggle(words.say("Logarithmic axes"), key="runs:sql:log")
    if across is None or up is None:
        return
    names = run_facts.run_names(run_cache.listed(run_cache.catalogue_version()))
    colours = palette(st.context.theme.type)
    drawn = charts.points(found, across, up, names, words, colours, is_log=is_log)
    if drawn is None:
        st.caption(words.say("No row has a number that can be drawn in both columns."))
        return
    blocks.plot(drawn, _HEIGHT, **looked_at.bind_points("runs", "sql"))
