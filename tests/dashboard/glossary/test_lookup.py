"""The glossary: every term of art is there, right in what can be checked, short, translated, in
use."""

import ast
import math
import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.glossary import lookup
from dashboard.glossary.terms import LONGEST, TERMS
from engine.allocation.baselines import TOKENS_PER_PARAMETER
from engine.allocation.levers import TOLERANCE
from engine.attack_risk import DEFAULT_PRIOR, PEOPLE
from engine.config import FLOPS_PER_PARAMETER_AND_TOKEN
from engine.text.i18n import LANGUAGES, Words

FOLDER = Path(__file__).resolve().parents[3] / "dashboard"
TERMS_OF_ART = [
    "token",
    "loss",
    "nat",
    "perplexity",
    "model_size",
    "batch_size",
    "iterations",
    "sequence_length",
    "compute",
    "tokens_per_parameter",
    "people",
    "dp",
    "epsilon",
    "delta",
    "privacy_unit",
    "neighbours",
    "poisson",
    "fixed_batches",
    "sampling_probability",
    "clipping",
    "noise_multiplier",
    "noise_batch_ratio",
    "accountant",
    "certificate",
    "evidence",
    "law",
    "fine_tuning",
    "lora",
    "interval",
    "extrapolation",
    "saturation",
    "binding",
    "wiggle_room",
    "usual_rule",
    "regret",
    "utilisation",
    "overhead",
    "npv",
    "discount_rate",
    "draws",
    "break_even",
    "odds",
    "advantage",
    "pilot",
    "held_out",
    "audit",
]
"""What a page says that a manager cannot be expected to know."""
EN, JA = Words("en"), Words("ja")


def meaning(key):
    return lookup.term(key, EN).meaning


def explained_in_the_code():
    """Keys that the dashboard hands to the glossary: in a call, or in a table of keys for one."""
    found = set()
    for path in FOLDER.rglob("*.py"):
        if path.name.startswith("glossary"):
            continue
        tree = ast.parse(path.read_text("utf-8"))
        for node in ast.walk(tree):
            is_call = isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in (
                "tip",
                "tips",
                "term",
            )
            is_table = isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in (
                "_TERMS",
                "TERMS",
                "_CONFIGURATION",
                "_GUARANTEE",
            )
            if is_call or is_table:
                parts = ast.walk(node)
                found |= {part.value for part in parts if isinstance(part, ast.Constant)}
    return found


def test_every_term_of_art_has_an_entry_and_no_other_has():
    assert set(TERMS_OF_ART) == TERMS.keys()


def test_every_entry_is_explained_on_some_page():
    unused = TERMS.keys() - explained_in_the_code()
    assert unused == lookup.LISTED_ONLY


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("key", TERMS)
def test_an_entry_is_short_and_a_sentence(key, language):
    entry = lookup.term(key, Words(language))
    assert len(entry.meaning) <= LONGEST[language], len(entry.meaning)
    assert entry.meaning.endswith("。" if language == "ja" else ".")
    assert len(entry.headed) <= 40


@pytest.mark.parametrize("key", TERMS)
def test_an_entry_is_in_japanese_in_the_japanese_page(key):
    entry = lookup.term(key, JA)
    assert re.search("[ぁ-んァ-ヶ一-龠]", entry.name)
    assert re.search("[ぁ-ん]", entry.meaning)


def test_names_are_told_apart():
    for words in (EN, JA):
        names = [lookup.term(key, words).name for key in TERMS]
        assert len(set(names)) == len(names)


def test_an_unknown_term_says_where_it_belongs():
    with pytest.raises(KeyError, match=r"'flux': add it to dashboard/glossary/terms\.py"):
        lookup.tip("flux", EN)


# --- figures in the texts are the engine's --------------------------------------------------------


def test_figures_agree_with_the_engine():
    assert "six for each" in meaning("compute") and FLOPS_PER_PARAMETER_AND_TOKEN == 6
    assert f"within {TOLERANCE:.0%}" in meaning("saturation")
    assert f"within {TOLERANCE:.0%}" in meaning("wiggle_room")
    assert f"{TOKENS_PER_PARAMETER:g} training tokens" in meaning("usual_rule")
    assert f"{PEOPLE:,} people" in meaning("odds")
    assert f"for {PEOPLE * DEFAULT_PRIOR:g}." in meaning("odds")
    assert f"{1 / math.log(2):.2f} bits" in meaning("nat")
    assert abs(1 - math.exp(-0.1) - 0.10) < 0.01 and "about 10% less" in meaning("perplexity")


def test_draws_are_as_many_as_are_drawn():
    from engine.roi import draws

    counts = [v for v in vars(draws).values() if isinstance(v, int) and v == 20_000]
    assert counts and "20,000 times" in meaning("draws")


# --- the list -------------------------------------------------------------------------------------


def test_a_word_is_found_by_name_symbol_or_meaning_in_either_language():
    assert lookup.found("σ", EN)[0].name == "Noise multiplier"
    assert lookup.found("  CLIPPING ", JA)[0].name == "クリッピング"
    assert lookup.found("クリッピング", EN)[0].name == "Clipping"
    assert "Usual rule" in [entry.name for entry in lookup.found("Hoffmann", EN)]
    assert len(lookup.found("", EN)) == len(TERMS)
    assert lookup.found("zebra", EN) == []


def _list(language):
    import streamlit as st

    from dashboard.glossary import panel as glossary_panel
    from engine.text.i18n import Words

    st.session_state.setdefault("glossary", True)  # as if it had been pressed
    glossary_panel.draw(Words(language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_list_holds_every_term(language):
    page = AppTest.from_function(_list, default_timeout=60, args=(language,)).run()
    for key in TERMS:
        assert lookup.term(key, Words(language)).meaning in page.markdown[0].value


@pytest.mark.parametrize("text", ["zebra", "*" * 200, "<b>{x}</b>"])
def test_an_unknown_word_gets_a_sentence(text):
    page = AppTest.from_function(_list, default_timeout=60, args=("en",)).run()
    page.text_input(key="glossary:sought").set_value(text).run()
    assert not page.exception
    assert f"is not among the {len(TERMS)} words" in page.markdown[0].value


@pytest.mark.usefixtures("fake")
def test_the_glossary_and_the_tour_are_at_hand_and_figures_explain_themselves(app):
    page = app()
    assert not any(each.label == "Find a word" for each in page.text_input)
    page.session_state["glossary"] = True
    page.run()
    assert any(each.label == "Find a word" for each in page.text_input)
    loss = next(metric for metric in page.metric if metric.label == "Expected loss")
    assert meaning("loss") in loss.help
    assert all(metric.help for metric in page.metric)
    assert meaning("evidence") in page.selectbox(key="evidence:choice").help
    assert meaning("delta") in page.text_input(key="delta:typed").help
