"""A part of a page that a button elsewhere leads to: shown at once, not below what stands above it.

Streamlit opens a page at its top. A part that is named by such a button scrolls itself into view,
again while charts above it still grow, and no more once the visitor moves.
"""

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


def scroll_to(part: str) -> None:
    """Scroll the container with the key ``part`` into view; drawn last in it, so that nothing is
    drawn anew when this goes."""
    st.html(_SCRIPT % part, unsafe_allow_javascript=True)
