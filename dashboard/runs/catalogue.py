"""All runs in a table: filter, look at one or two, delete and bring back, take a file away.

A fragment: what is done here draws nothing else anew. A curve is read when its run is looked at.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial

import streamlit as st

from dashboard.answers import run_cache
from dashboard.run_card import card
from dashboard.runs import annotation, deletion, facts
from dashboard.state import looked_at, widgets
from dashboard.ui import blocks, run_filter
from engine.api.decisions import fitted
from engine.api.runs import ExportKind, Listed, RunFilter, export, filtering, groups
from engine.text import formats, labels
from engine.text.i18n import Words

_COMPARED = 2


@st.fragment
def draw(words: Words) -> None:
    """The filter, the table, and what can be done with the rows that are chosen."""
    version = run_cache.catalogue_version()
    runs = run_cache.listed(version)
    asked = run_filter.draw(runs, lambda name: widgets.bind_page("runs", f"filter:{name}"), words)
    found = filtering.matching(runs, asked)
    if not found:
        blocks.empty(words.say("No run is like this: change the filter above."))
    else:
        st.caption(_counted(len(found), len(runs), words))
        together = st.toggle(
            words.say("Seeds of one configuration in one row"),
            **widgets.bind_page("runs", "filter:seeds"),
        )
        # Places mean other runs under another filter: another table then.
        key = _key(version, asked)
        chosen = _of_groups(found, key, words) if together else _of_runs(found, key, words)
        if chosen:
            click = looked_at.bind_points("runs", "curves")
            card.draw(chosen[:_COMPARED], version, words, **click)
        with st.container(horizontal=True):
            annotation.button(chosen, filtering.tags_of(runs), words)
            deletion.button(chosen, words)
            deletion.imports(words)
            _export(asked.family, words)
    deletion.bin(version, words)
    card.clicked("runs", words)


def _of_runs(found: Sequence[Listed], key: str, words: Words) -> list[Listed]:
    """The table of runs; those that are chosen in it."""
    shown = found[: run_filter.MOST_ROWS]
    return [shown[n] for n in blocks.choice(facts.runs_table(shown, words), key)]


def _of_groups(found: Sequence[Listed], key: str, words: Words) -> list[Listed]:
    """The table of configurations, and under it the seeds of those that are chosen: the runs that
    are chosen there, or all of them."""
    shown = groups(found)[: run_filter.MOST_ROWS]
    st.caption(
        words.say(
            "The spread is the standard deviation of one run's loss, from the seeds there are. "
            "Choose a row to see its seeds."
        )
    )
    places = blocks.choice(facts.groups_table(shown, words), f"{key}:seeds")
    runs = [one for place in places for one in shown[place].runs]
    if len(runs) < 2:
        return runs
    inner = f"{key}:seeds:{','.join(map(str, places))}"
    return _of_runs(runs, inner, words) or runs


def _key(version: str, asked: RunFilter) -> str:
    return f"runs:table:{version}:{asked}"


def _counted(found: int, of: int, words: Words) -> str:
    said = words.say(
        "{found} of {all}. Choose one to see it, two to compare them.",
        found=formats.exact(found),
        all=words.count("{n} run", "{n} runs", of),
    )
    if found <= run_filter.MOST_ROWS:
        return said
    first = words.say("The first {most} are listed.", most=formats.exact(run_filter.MOST_ROWS))
    return words.joined([said, first])


def _export(family: str | None, words: Words) -> None:
    """A button a kind of file; made when it is pressed."""
    kinds = {
        ExportKind.CSV: words.say("CSV, for Excel"),
        ExportKind.PARQUET: words.say("Parquet, with curves"),
        ExportKind.DUCKDB: words.say("DuckDB, with curves"),
    }
    with st.popover(words.say("Export"), icon=":material/download:"):
        name = labels.evidence_name(family, words) if family else words.say("all families")
        st.markdown(words.say("The runs of {family} as a file.", family=formats.literally(name)))
        for kind, label in kinds.items():
            st.download_button(
                label,
                partial(_made, kind, family),
                f"{family or 'runs'}-{datetime.now(UTC):%Y-%m-%d}{kind}",
                on_click="ignore",
                key=f"runs:export:{kind}",
                width="stretch",
            )
        only = f" --family {family}" if family else ""
        st.caption(words.say("Into an MLflow server or database, from a terminal on this machine:"))
        st.code(f"python -m engine runs export --mlflow URI{only}", language="sh")


def _made(kind: ExportKind, family: str | None) -> bytes:
    return export(fitted.run_log(), kind, family=family, with_bom=kind is ExportKind.CSV)
