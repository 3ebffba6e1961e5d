"""Tables between page, files and sidebar."""

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.state import assumption_table
from dashboard.state.scenario import with_table
from engine.accelerator_prices import ACCELERATORS
from engine.cost import DEFAULTS
from engine.errors import InputError
from engine.roi.assumption_files import load, to_csv, to_toml
from engine.roi.defaults import DEFAULT_ASSUMPTIONS, with_costs
from engine.text.figures import name
from engine.text.i18n import Words
from tests.roi.test_assumptions import LATER


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_frame_shows_every_figure_by_name(language):
    frame = assumption_table.frame(DEFAULT_ASSUMPTIONS, Words(language))
    assert len(frame) == len(DEFAULT_ASSUMPTIONS.rows)
    assert frame["name"].is_unique
    assert frame["unit"].str.len().min() > 0


@pytest.mark.parametrize(("name", "write"), [("a.toml", to_toml), ("A.CSV", to_csv)])
def test_files_come_back(name, write):
    assert load(name, write(DEFAULT_ASSUMPTIONS).encode()).table == DEFAULT_ASSUMPTIONS
    with_mark = ("\ufeff" + write(DEFAULT_ASSUMPTIONS)).encode()
    assert load(name, with_mark).table == DEFAULT_ASSUMPTIONS


def test_files_that_are_no_tables_are_refused():
    for content in (b"\xff\xfe\x00", b"x" * 5_000_000, b"just text"):
        with pytest.raises(InputError):
            load("a.toml", content)


def test_the_sidebar_follows_the_table():
    table = DEFAULT_ASSUMPTIONS.edited({"jpy_per_usd": {"value": 160.0}})
    assert assumption_table.sidebar(table, DEFAULTS)["rate"] == 160.0
    assert "price" not in assumption_table.sidebar(table, DEFAULTS), (
        "the list price stays the list price"
    )
    a100 = replace(DEFAULTS, accelerator=ACCELERATORS["NVIDIA A100 80GB"])
    moved = assumption_table.sidebar(with_costs(DEFAULT_ASSUMPTIONS, a100), DEFAULTS)
    assert moved["accelerator"] == "nvidia-a100-80gb"
    assert moved["price"] == 1.3
    with pytest.raises(InputError, match="accelerator"):
        assumption_table.sidebar(
            DEFAULT_ASSUMPTIONS.edited({"peak_flops": {"value": 1e12}}), DEFAULTS
        )
    with pytest.raises(InputError):
        assumption_table.sidebar(
            DEFAULT_ASSUMPTIONS.edited({"jpy_per_usd": {"value": 1e6}}), DEFAULTS
        )


def test_money_is_shown_and_edited_in_the_readers_currency():
    dollars = Words("en", jpy_per_usd=150.0)
    place = [row.name for row in DEFAULT_ASSUMPTIONS.rows].index("pilot_cost")
    row = DEFAULT_ASSUMPTIONS["pilot_cost"]
    shown = assumption_table.frame(DEFAULT_ASSUMPTIONS, dollars).iloc[place]
    assert (shown["value"], shown["low"]) == (row.value / 150, row.low / 150)
    edits = {place: {"value": 3_000.0}}
    assert (
        assumption_table.edited(DEFAULT_ASSUMPTIONS, edits, dollars)["pilot_cost"].value == 450_000
    )
    yen = {place: {"value": 450_000.0}}
    assert (
        assumption_table.edited(DEFAULT_ASSUMPTIONS, yen, Words("en"))["pilot_cost"].value
        == 450_000
    )
    share = [row.name for row in DEFAULT_ASSUMPTIONS.rows].index("adoption")
    kept = assumption_table.edited(DEFAULT_ASSUMPTIONS, {share: {"value": 0.5}}, dollars)
    assert kept["adoption"].value == 0.5, "a share is no money"


def _files():
    from dashboard.roi import assumption_files
    from dashboard.state import address, session

    address.follow_url()
    now = session.current()
    assumption_files.draw(now, now.words)


def test_figures_younger_than_a_file_are_named_while_they_are_what_they_were_given():
    def load(text):
        page.file_uploader[0].set_value(("mine.csv", text.encode(), "text/csv")).run()
        assert not page.exception and not page.error

    lines = to_csv(DEFAULT_ASSUMPTIONS).splitlines(keepends=True)
    page = AppTest.from_function(_files, default_timeout=120)
    page.query_params["lang"] = "en"
    page.run()
    load("".join(line for line in lines if line.split(",")[0] not in LATER))
    names = [name(one, Words("en")) for one in LATER]
    assert all(one in page.info[0].value for one in names)
    changed = DEFAULT_ASSUMPTIONS.edited({LATER[0]: {"source": "our own count"}})
    page.session_state["_values"] = with_table(page.session_state["_values"], changed)
    page.run()
    assert names[0] not in page.info[0].value and names[1] in page.info[0].value
    load("".join(lines))
    assert not page.info
