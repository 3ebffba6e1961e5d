"""A part of a page that a button elsewhere leads to: shown at once, not below what stands above it.

Streamlit opens a page at its top. A part that is named by such a button scrolls itself into view,
again while charts above it still grow, and no more once the visitor moves.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

ASSUMPTIONS, PAIRS, STAGES = "roi-assumptions", "roi-pairs", "roi-stages"
"""Parts of ROI: keys of their containers."""
VERDICT = "decide-verdict"
"""The part of Decide that a step which is tried changes first."""
_SCRIPT = """<script>(() => {
  let left = 25;
  const stop = () => { left = 0; };
  for (const moved of ['wheel', 'keydown', 'pointerdown', 'touchstart'])
    addEventListener(moved, stop, {once: true, passive: true});
  const show = () => {
    const part = document.querySelector('.st-key-%s');
    if (left-- <= 0) return;
    if (part) {
      part.style.scrollMarginTop = '4.5rem';
      part.scrollIntoView({block: 'start'});
    }
    setTimeout(show, 200);
  };
  show();
})()</script>"""


def lead_to(page: str, part: str | None) -> None:
    """Have ``page``, by its name, scrolled to a part of it when that is drawn; None: to its top."""
    st.session_state["_part"] = (page, part)


def drawing(page: str) -> None:
    """Forget the part of another page: whoever went elsewhere is not scrolled there later."""
    if st.session_state.get("_part", (page, None))[0] != page:
        del st.session_state["_part"]


@contextmanager
def part(key: str) -> Iterator[None]:
    """A container of the page, which scrolls itself into view once where :func:`lead_to` named
    it."""
    with st.container(key=key):
        yield
        if st.session_state.get("_part", (None, None))[1] == key:
            del st.session_state["_part"]
            scroll_to(key)


def scroll_to(key: str) -> None:
    """Scroll a container into view; drawn last in it, so that nothing is drawn anew when this
    goes."""
    st.html(_SCRIPT % key, unsafe_allow_javascript=True)
