"""What every page holds for phones, paper and screen readers: the three sliders, the document's
language.

On a phone the sidebar is folded away; the three sliders then stand above the sentence that they
change. Where there is room for the sidebar, a style sheet takes them off the page, for eyes,
keyboard and screen readers alike. Streamlit writes ``lang="en"`` whatever is shown; a line of
script corrects it.
"""

import streamlit as st

from dashboard.shell import budget_sliders
from dashboard.ui import names, styles, window
from engine.text.i18n import Words

_BUDGETS = ("compute", "data", "epsilon")


def speak(page: str, words: Words) -> None:
    """The style sheet, and the language that screen readers speak the page in. Another ``page`` is
    shown from its top: Streamlit leaves it scrolled as far as the one before."""
    st.html(styles.sheet(st.context.theme.type, words))
    with st.container(key=styles.LANGUAGE):
        st.html(
            f"<script>document.documentElement.lang = '{words.language}'</script>",
            unsafe_allow_javascript=True,
        )
        st.html(
            f"<script>/* {page} */ document.querySelector('[data-testid=\"stMain\"]')"
            ".scrollTo(0, 0)</script>",
            unsafe_allow_javascript=True,
        )
        st.html(names.script(words), unsafe_allow_javascript=True)
        window.listen()


def budgets(words: Words) -> None:
    """The three sliders in an expander; drawn only when it is open, so that a desktop has them
    once.

    The label says no values: with another label the folder would be another one, and closed.
    """
    label = words.say("Change the budgets: compute, people, ε")
    with st.container(key=styles.BUDGETS):
        folded = st.expander(
            label, icon=":material/tune:", key=f"{styles.BUDGETS}-open", on_change="rerun"
        )
        if folded.open:
            with folded:
                budget_sliders.draw(_BUDGETS, words)
