"""The dashboard's entry: ``streamlit run dashboard/app.py`` from the repository's root.

A page is one line in ``PAGES``. The widgets of the sidebar are drawn before the page runs, so the
same scenario follows a person over all pages.
"""

import sys
from functools import partial
from pathlib import Path

_ROOT = str(Path(__file__).resolve().parents[1])
if _ROOT not in sys.path:  # Streamlit puts dashboard/ there, and our packages live one above.
    sys.path.insert(0, _ROOT)

import streamlit as st  # noqa: E402

from dashboard import controls, scenario  # noqa: E402
from dashboard.i18n import N_, Words  # noqa: E402
from dashboard.views import (  # noqa: E402
    compare,
    decide,
    explore,
    handheld,
    pilot,
    present,
    roi,
    tour,
    tour_answer,
    tour_offer,
    welcome,
)

PAGES = (
    # name in the URL, title, icon, what draws it
    ("decide", N_("Decide"), ":material/approval:", decide.render),
    ("explore", N_("Explore"), ":material/explore:", explore.render),
    ("roi", N_("ROI"), ":material/savings:", roi.render),
    ("pilot", N_("Pilot"), ":material/science:", pilot.render),
    ("compare", N_("Compare"), ":material/compare_arrows:", compare.render),
    ("present", N_("Present"), ":material/co_present:", present.render),
)


_ROOT_PATH = "start"  # a name for the page at /, which Streamlit never shows
_ICON = Path(__file__).parent / "icon.svg"
_MEETING = "present"  # without a sidebar: its slides carry the sliders they are about
_SIDEBAR_WIDTH = 340  # pixels: a slider's label and its typed entry fit on one line


def main() -> None:
    """One run of the script."""
    is_new_link = scenario.follow_url()
    words = Words(scenario.language())
    st.set_page_config(
        page_title=words.say("Kessai"),
        page_icon=str(_ICON),
        layout="wide",
        initial_sidebar_state=_SIDEBAR_WIDTH,
    )
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
    named = _first_by_name(pages)
    page = st.navigation([*pages.values(), named], position="top")
    if page is named:
        st.switch_page(pages[PAGES[0][0]], query_params=st.query_params.to_dict())
    name = next(name for name, one in pages.items() if one is page)
    if is_new_link and scenario.value("tour") is not None:
        tour.begin(scenario.value("tour"), pages)
    st.logo(str(_ICON), size="large")
    handheld.speak(words)
    if name != _MEETING:
        with st.sidebar:
            controls.draw(words)
    step = tour.under_way(name)
    answer = step and tour.draw(step, pages, scenario.current(), words)
    scenario.write_url()
    if name != _MEETING:
        welcome.draw(pages, words)
    for sentence in scenario.refused_link(words):
        st.error(sentence, icon=":material/link_off:")
    if name != _MEETING:
        handheld.budgets(words)
    page.run()
    if step:
        tour_answer.draw(step, answer, scenario.current(), words)
    if name == _MEETING:
        welcome.draw(pages, words)
    tour_offer.remember()


def _first_by_name(pages: dict[str, st.Page]) -> st.Page:
    """Streamlit serves the first page at / alone; whoever types its name is led there."""
    first = PAGES[0][0]
    return st.Page(lambda: None, title=pages[first].title, url_path=first, visibility="hidden")


def _show(draw) -> None:
    draw(scenario.current())


main()
