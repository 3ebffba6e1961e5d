"""The card says what the command says, row by row, and refuses a row in a sentence."""

import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from engine.__main__ import main

GOOD = {
    "noise_multiplier": 1.0,
    "batch_size": 256.0,
    "iterations": 100.0,
    "data_budget": 20_000.0,
    "delta": 1e-6,
}


def _page():
    from dashboard.runs import epsilon_card
    from dashboard.state import address, session

    address.follow_url()
    epsilon_card.draw(session.current().words)


@pytest.fixture
def answers(monkeypatch):
    """What the card draws for a table of trainings, typed into its editor."""

    def ask(*rows, **chosen):
        monkeypatch.setattr(st, "data_editor", lambda *_, **__: pd.DataFrame(rows))
        page = AppTest.from_function(_page, default_timeout=180)
        page.query_params["lang"] = "en"
        page.run()
        for key, value in chosen.items():
            page.selectbox(key=f"runs:{key}").set_value(value).run()
        page.button(key="runs:epsilon").click().run()
        assert not page.exception
        return page

    return ask


def test_one_training_gets_the_sentence_of_the_command(answers, capsys):
    page = answers(GOOD)
    options = {
        "--noise-multiplier": "1",
        "--batch-size": "256",
        "--iterations": "100",
        "--data": "20000",
        "--delta": "1e-6",
        "--language": "en",
    }
    main(["epsilon", *(text for option in options.items() for text in option)])
    sentence = capsys.readouterr().out.splitlines()[0].strip()
    assert sentence.startswith("This training was (ε = ")
    assert [text.value for text in page.markdown] == [f"**{sentence}**"]


def test_several_trainings_are_a_table_and_a_bad_row_keeps_its_reason(answers):
    bad = GOOD | {"batch_size": 30_000.0}
    empty = GOOD | {"delta": float("nan")}
    part = GOOD | {"iterations": 10.5}
    table = answers(GOOD, bad, empty, part).dataframe[0].value
    upper = list(table["Certified ε (upper bound)"])
    assert float(upper[0]) > 0 and upper[1:] == ["–"] * 3
    notes = list(table["Note"])
    assert "add" in notes[0], "the relation that the bound is for"
    assert "20000 people" in notes[1].replace(",", "")
    assert "none was given" in notes[2] and "whole number" in notes[3]


def test_a_pair_without_a_bound_is_refused(answers):
    from engine.config import NeighbouringRelation, Sampling

    page = answers(
        GOOD, GOOD, sampling=Sampling.DETERMINISTIC, relation=NeighbouringRelation.ADD_REMOVE
    )
    notes = list(page.dataframe[0].value["Note"])
    assert all("No certified bound is known" in note for note in notes)


def test_no_training_is_refused(answers):
    assert len(answers().error) == 1
