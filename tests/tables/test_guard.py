"""No cell that leaves becomes a formula, and every cell comes back as it was."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.tables.guard import BOM, csv_text, harmless, is_live, original

AWKWARD = "'=+-@ \t\r\n\ufeff\u200b\u3000＝＋－＠﹣a1.%,;eE\""


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\rx", "\nx", "  =1", "\u3000=1", "＝1+1",
     "＋1", "－2+3", "＠SUM", "\ufeff=1", "'=1", "-¥5"],
)  # fmt: skip
def test_formulas_and_what_could_become_one_are_marked(text):
    assert harmless(text) == f"'{text}"
    assert original(harmless(text)) == text


@pytest.mark.parametrize("text", ["", "text", "-5", "+0.25", "-1.5e-8", "-5 %", "a@b.c", "'"])
def test_ordinary_texts_and_numbers_stay(text):
    assert harmless(text) == text


@given(st.text(alphabet=st.sampled_from(AWKWARD), max_size=8) | st.text(max_size=20))
def test_any_text_comes_back_and_what_leaves_is_dead(text):
    assert original(harmless(text)) == text
    assert harmless(text).startswith("'") or not is_live(text)


def test_a_csv_file_on_request_with_the_mark_that_excel_looks_for():
    text = csv_text(["=head", "b"], [["@x", None], [1.5, float("nan")]], with_bom=True)
    assert text.startswith(BOM)
    rows = list(csv.reader(io.StringIO(text.removeprefix(BOM))))
    assert rows == [["'=head", "b"], ["'@x", ""], ["1.5", ""]]
