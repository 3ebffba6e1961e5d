"""Scenarios chosen on Compare stay in the link and become the options of deck and record."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.answers import scenario_cache
from dashboard.present.deck import Material, deck
from dashboard.present.options import Option
from dashboard.state import link
from dashboard.ui.colours import LIGHT
from engine.decision.bridge import Bridge, Step
from engine.report.deck import Bars
from engine.scenarios import acts
from engine.text import figures
from tests.dashboard.present.test_deck import BASIS, answer, poor, usual  # noqa: F401 (fixtures)
from tests.dashboard.roi.test_wording import BOTH
from tests.present import present


@pytest.fixture
def compared(answer, poor):  # noqa: F811
    steps = [Step(assumptions=("data",), amount=-5e6), Step(assumptions=("adoption",), amount=1e6)]
    small = [Step(assumptions=("delta",), amount=1e3)] * 12
    way = Bridge(start=1e7, steps=(*steps, *small), end=1e7 - 4e6 + 12e3)
    other = replace(answer, study=poor)
    return (
        Option(letter="A", name="This", answer=answer),
        Option(letter="B", name="Fewer", answer=other, bridge=way),
        Option(letter="C", name="None", answer=other),
    )


@BOTH
def test_options_and_the_way_between_them_are_slides_and_a_section(answer, compared, words):  # noqa: F811
    made = deck(Material(answer=answer, basis=BASIS, options=compared), words, LIGHT)
    by_key = {slide.key: slide for slide in made.slides}
    table = by_key["alternatives"].table
    heads, rows = present(table).heads, present(table).rows
    assert [head[0] for head in heads[1:]] == ["A", "B", "C"]
    npv = next(row for row in rows if row[0] == figures.name("npv", words))
    assert npv[2] == npv[3] != npv[1], "a column an option"
    assert table in [section.table for section in made.form.sections]
    assert by_key["alternatives"].title != by_key["bridge_B"].title and "bridge_C" not in by_key
    figure = by_key["bridge_B"].figure
    assert isinstance(figure, Bars) and len(figure.bars) <= 11
    ends = [bar.end for bar in figure.bars]
    assert [bar.start for bar in figure.bars[1:-1]] == pytest.approx(ends[:-2])
    assert ends[-1] == pytest.approx(ends[-2]), "the steps lead to the other option"


@BOTH
def test_without_a_choice_there_are_none(answer, words):  # noqa: F811
    made = deck(Material(answer=answer, basis=BASIS), words, LIGHT)
    keys = [slide.key for slide in made.slides]
    assert not [key for key in keys if re.match("alternatives|bridge", key)]


def _compare():
    from dashboard.compare import page
    from dashboard.state import address, session

    address.follow_url()
    page.render(session.current())
    address.write_url()


def test_a_choice_is_in_the_link_and_a_link_is_a_choice(monkeypatch, tmp_path):
    monkeypatch.setenv("KESSAI_SCENARIOS", str(tmp_path))
    values = {**link.defaults(), "data": 20_000_000}
    for name in ("Fewer", "More"):
        acts.created(tmp_path, name, values, who="", at=datetime.now(UTC).isoformat())
    page = AppTest.from_function(_compare, default_timeout=120).run()
    assert page.multiselect(key="compare:chosen").options == ["Fewer · Draft", "More · Draft"]
    page.multiselect(key="compare:chosen").set_value(["More"]).run()
    assert not page.exception and page.query_params["with"] == "More"
    again = AppTest.from_function(_compare, default_timeout=120)
    again.query_params["with"] = "More\nGone"
    again.run()
    assert not again.exception and again.multiselect(key="compare:chosen").value == ["More"]


def test_what_is_on_show_and_saved_stands_once_and_the_rest_as_chosen(monkeypatch, tmp_path):
    """By its saved name, first; a change of nothing but the currency changes no question."""
    monkeypatch.setenv("KESSAI_SCENARIOS", str(tmp_path))
    on_show = link.defaults()
    for name, change in (("A", {"data": 3_000_000}), ("B", {}), ("C", {"data": 2_000_000})):
        values = {**on_show, "currency": "USD", **change}
        acts.created(tmp_path, name, values, who="", at=datetime.now(UTC).isoformat())
    kept = scenario_cache.scenarios()

    def chosen(*names):
        own, others = kept.chosen(on_show, names)
        assert own is not None
        return own.name, [one.name for one in others]

    assert chosen("C", "B", "A") == ("B", ["C", "A"])
    assert chosen("C", "Gone") == ("B", ["C"]), "named also where it was not chosen"
    assert kept.chosen({**on_show, "data": 7}, ["B"]) == (None, (kept.scenarios[1],))
    page = AppTest.from_function(_compare, default_timeout=120)
    page.query_params["with"] = "C\nB\nA"
    page.run()
    heads = [str(head).split(" · ")[0] for head in page.table[0].value.columns]
    assert heads[-3:] == ["B", "C", "A"]
    states = page.table[0].value.iloc[-1].tolist()
    assert states[-3:] == ["Draft", "Draft", "Draft"]


@pytest.mark.parametrize("text", ["", "\n", "a\nb\nc\nd", "x" * 61])
def test_what_is_no_choice_is_refused(text):
    values, refused = link.read_all({"with": text})
    assert values["with"] is None and "with" in refused
