"""The run that a click on a chart's point asks to see, until the page has shown it."""

import streamlit as st

from dashboard.state.widgets import Clicks


def bind_points(page: str, chart: str) -> Clicks:
    """Arguments that make a click on a point of a chart a wish to see its run: each point's
    ``customdata`` is the run's id."""
    count = f"_clicks:{page}:{chart}"
    name = f"{page}:points:{chart}:{st.session_state.get(count, 0)}"

    def take_point() -> None:
        points = st.session_state[name].selection.points
        if points:
            look_at(page, str(points[0].get("customdata", "")))
            # A new chart, on which the same point can be clicked again.
            st.session_state[count] = st.session_state.get(count, 0) + 1

    return {"key": name, "on_select": take_point, "selection_mode": "points"}


def look_at(page: str, run_id: str) -> None:
    """Ask a page to show a run when it is drawn next."""
    st.session_state[_key(page)] = run_id


def taken(page: str) -> str | None:
    """The id that a browser asked a page to show, once; no such run need be there."""
    found: str | None = st.session_state.pop(_key(page), None)
    return found


def _key(page: str) -> str:
    return f"_run:{page}"
