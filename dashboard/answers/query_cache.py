"""Answers to questions in SQL, kept for the runs of one moment."""

from collections.abc import Callable

import streamlit as st

from engine.api.decisions import fitted
from engine.api.runs import Rows, ask

_MOST = 8
"""Answers; one has up to 32 MB."""


def answer(version: str, sql: str, waiting: Callable[[float], None]) -> Rows:
    """What was asked of the runs at a :func:`dashboard.answers.run_cache.catalogue_version`;
    ``waiting`` may end the query by raising."""
    kept = _answers()
    found = kept.get((version, sql))
    if found is None:
        found = kept[version, sql] = ask(fitted.run_log(), sql, waiting=waiting)
        while len(kept) > _MOST:
            kept.pop(next(iter(kept)), None)
    return found


@st.cache_resource(max_entries=1, show_spinner=False)
def _answers() -> dict[tuple[str, str], Rows]:
    """Filled while a page draws its progress, which a cached function may not."""
    return {}
