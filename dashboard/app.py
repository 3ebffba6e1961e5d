"""The dashboard's entry: ``streamlit run dashboard/app.py`` from the repository's root.

A page is one line in ``PAGES``. The widgets of the sidebar are drawn before the page runs, so the
same scenario follows a person over all pages.

Streamlit imports this file once, as the server that it starts (``app``), and runs it as a script
for each page that it draws.
"""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

_ROOT = str(Path(__file__).resolve().parents[1])
if _ROOT not in sys.path:  # Streamlit puts dashboard/ there, and our packages live one above.
    sys.path.insert(0, _ROOT)

import streamlit as st  # noqa: E402
from starlette.middleware import Middleware  # noqa: E402
from streamlit.starlette import App  # noqa: E402

from dashboard.compare import page as compare_page  # noqa: E402
from dashboard.decide import page as decide_page  # noqa: E402
from dashboard.explore import page as explore_page  # noqa: E402
from dashboard.gate import Gate  # noqa: E402
from dashboard.late_timers import LateTimers  # noqa: E402
from dashboard.law import page as law_page  # noqa: E402
from dashboard.pilot import page as pilot_page  # noqa: E402
from dashboard.present import page as present_page  # noqa: E402
from dashboard.roi import page as roi_page  # noqa: E402
from dashboard.runs import page as runs_page  # noqa: E402
from dashboard.shell import (  # noqa: E402
    mobile,
    sidebar,
    sign_in,
    top_line,
)
from dashboard.state import address, arrival, link, session  # noqa: E402
from dashboard.state.scenario import Scenario  # noqa: E402
from dashboard.tour import answer as tour_answer  # noqa: E402
from dashboard.tour import card as tour_card  # noqa: E402
from dashboard.tour import offer as tour_offer  # noqa: E402
from dashboard.ui import blocks  # noqa: E402
from dashboard.warm_up import before_serving  # noqa: E402
from engine.errors import InputError  # noqa: E402
from engine.text.i18n import N_  # noqa: E402

PAGES = (
    # name in the URL, title, icon, what draws it
    ("decide", N_("Decide"), ":material/approval:", decide_page.render),
    ("explore", N_("Explore"), ":material/explore:", explore_page.render),
    ("roi", N_("ROI"), ":material/savings:", roi_page.render),
    ("pilot", N_("Pilot"), ":material/science:", pilot_page.render),
    ("law", N_("Law"), ":material/show_chart:", law_page.render),
    ("compare", N_("Compare"), ":material/compare_arrows:", compare_page.render),
    ("runs", N_("Runs"), ":material/dataset:", runs_page.render),
    ("present", N_("Present"), ":material/co_present:", present_page.render),
)


_ROOT_PATH = "start"  # a name for the page at /, which Streamlit never shows
_ICON = Path(__file__).parent / "icon.svg"
_MEETING = "present"  # without a sidebar: its slides carry the sliders they are about
_SIDEBAR_WIDTH = 340  # pixels: a slider's label and its typed entry fit on one line


def main() -> None:
    """One run of the script."""
    is_new_link = address.follow_url()
    words = session.current().words
    st.set_page_config(
        page_title=words.say("Kessai"),
        page_icon=str(_ICON),
        layout="wide",
        initial_sidebar_state=_SIDEBAR_WIDTH,
    )
    if not sign_in.admitted(words):
        return
    pages = {
        name: st.Page(
            partial(_show, draw),
            title=words.say(title),
            icon=icon,
            url_path=_ROOT_PATH if name == PAGES[0][0] else name,
            default=name == PAGES[0][0],
        )
        for name, title, icon, draw in PAGES
    }
    session.remember_pages(pages)
    named = _first_by_name(pages)
    page = st.navigation([*pages.values(), named], position="top")
    if page is named:
        st.switch_page(pages[PAGES[0][0]], query_params=st.query_params.to_dict())
    name = next(name for name, one in pages.items() if one is page)
    arrival.drawing(name)
    step_of_link = session.value(link.TOUR)
    if is_new_link and step_of_link is not None:
        tour_card.begin(step_of_link, pages)
    st.logo(str(_ICON), size="large")
    mobile.speak(name, words)
    if name != _MEETING:
        with st.sidebar:
            sidebar.draw(words)
    step = tour_card.under_way(name)
    place = tour_card.draw(step, pages, session.current(), words) if step else None
    address.write_url()
    if name != _MEETING:
        top_line.draw(pages, words)
    for sentence in session.refused_link(words):
        st.error(sentence, icon=":material/link_off:")
    if name != _MEETING:
        mobile.budgets(words)
    page.run()
    if step and place:
        tour_answer.draw(step, place, session.current(), words)
    if name == _MEETING:
        top_line.draw(pages, words)
    tour_offer.remember()


def _first_by_name(pages: dict[str, st.Page]) -> st.Page:
    """Streamlit serves the first page at / alone; whoever types its name is led there."""
    first = PAGES[0][0]
    return st.Page(lambda: None, title=pages[first].title, url_path=first, visibility="hidden")


def _show(draw: Callable[[Scenario], None]) -> None:
    """Draw a page; one that cannot be drawn at all says why."""
    scenario = session.current()
    try:
        draw(scenario)
    except InputError as error:
        blocks.refused(error, scenario.words)


if __name__ == "__main__":
    main()
else:
    app = App(
        __file__, middleware=[Middleware(Gate), Middleware(LateTimers)], lifespan=before_serving
    )
