"""The tests of the fit, folded away: what they say in words, then coefficients and single rows.

A fragment that works when it is unfolded: the tests take a second or two, and few ask for them.
"""

import streamlit as st

from dashboard.answers import law_cache
from dashboard.glossary import lookup
from dashboard.law import facts
from dashboard.ui import blocks
from engine.api.laws import Diagnostics
from engine.text import law_tests
from engine.text.i18n import Words


@st.fragment
def draw(evidence_id: str, words: Words) -> None:
    """The tests of the leading form in sentences, those of all forms in a table."""
    folded = st.expander(
        words.say("Tests of the fit"),
        icon=":material/troubleshoot:",
        key="law:tests",
        on_change="rerun",
    )
    if not folded.open:
        return
    with folded:
        with st.spinner(words.say("Testing the fit …")):
            found = law_cache.diagnostics(evidence_id)
        leading = found[0]
        if leading.coefficients:
            said = [law_tests.sentence(test, leading, words) for test in leading.tests]
            said += [law_tests.leverage(leading, words), law_tests.condition(leading, words)]
            st.markdown("\n".join(f"- {sentence}" for sentence in said))
        st.caption(law_tests.basis(leading, words), help=lookup.tip("interval", words))
        if leading.coefficients:
            _detail(leading, evidence_id, words)
        _bold(words.say("All forms"))
        blocks.columns(facts.tests(found, words))
        st.caption(
            words.say(
                "p of each test by itself: of twenty tests of a faultless law, one is below 5% by "
                "chance. “Cannot tell”: not found, and with so few runs it would hardly have been."
            )
        )


def _detail(leading: Diagnostics, evidence_id: str, words: Words) -> None:
    _bold(words.say("Coefficients of the leading form, its exponents fixed"))
    blocks.columns(facts.coefficients(leading, words))
    robust = (
        words.say("Robust: clustered by run, for the points of one curve err together.")
        if leading.covariance_kind == "cluster"
        else words.say("Robust: HC3, which lets every run scatter in its own way.")
    )
    st.caption(robust)
    _bold(words.say("Rows that move the coefficients most"))
    blocks.columns(facts.leverage(leading, law_cache.inspection(evidence_id), words))


def _bold(title: str) -> None:
    st.markdown(f"**{title}**")
