"""Which privacy for which use: the page says what the command says, and refuses in a sentence."""

import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from engine.__main__ import main

ROWS = (
    {"use": "support", "people": 10_000_000, "tasks_per_year": 1_000_000, "value_per_unit": None},
    {"use": "se*arch*", "people": 10_000_000, "tasks_per_year": 600_000, "value_per_unit": 60.0},
)


def _page():
    from dashboard.roi import uses
    from dashboard.state import address, session

    address.follow_url()
    now = session.current()
    uses.draw(now, now.words)


@pytest.fixture
def answers(monkeypatch):
    def ask(*rows):
        monkeypatch.setattr(st, "data_editor", lambda *_, **__: pd.DataFrame(rows))
        page = AppTest.from_function(_page, default_timeout=180)
        page.query_params["lang"] = "en"
        page.query_params["currency"] = "JPY"
        page.run()
        page.button(key="roi:deal").click().run()
        assert not page.exception
        return page

    return ask


def test_the_page_says_what_the_command_says(answers, capsys, tmp_path):
    page = answers(*ROWS)
    lines = ["use,people,tasks_per_year,value_per_unit"]
    lines += [",".join("" if v is None else str(v) for v in row.values()) for row in ROWS]
    file = tmp_path / "uses.csv"
    file.write_text("\n".join(lines))
    asked = ("--compute", "3.8e20", "--data", "1e7", "--epsilon", "4")
    assert main(["uses", str(file), *asked]) == 0
    said = capsys.readouterr().out.splitlines()
    shown = [text.value for text in page.markdown]
    # A name that was typed is no Markdown.
    assert f"**{said[0]}**".replace("se*arch*", "se\\*arch\\*") in shown
    assert said[1] in shown and said[2] in shown
    assert "certified together it is" in said[2]


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (ROWS[:1], "Expected between 2 and 12 uses to share among, got 1."),
        ((ROWS[0], {**ROWS[1], "use": " "}), "Expected a name for each use, one row has none."),
        ((ROWS[0], {**ROWS[1], "people": None}), "Expected people and tasks a year for se"),
    ],
)
def test_rows_that_say_too_little_are_refused(answers, rows, says):
    page = answers(*rows)
    assert any(says in warning.value for warning in (*page.warning, *page.error))
