"""The table: complete, sourced, refused where wrong, out and back without loss."""

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.accelerator_prices import Accelerator
from engine.cost import CostAssumptions
from engine.errors import InputError
from engine.roi.assumption_files import from_toml, load, to_csv, to_toml
from engine.roi.assumptions import Assumptions, Distribution
from engine.roi.defaults import DEFAULT_ASSUMPTIONS, with_costs
from engine.roi.inputs import CURVE_LOSSES, INPUTS, Kind, require


def from_csv(text: str):
    return load("table.csv", text.encode()).table


def test_every_figure_has_a_source_and_a_date(table):
    assert [row.name for row in table.rows] == list(INPUTS)
    for row in table.rows:
        assert re.fullmatch(r"\d{4}-\d{2}", row.dated), row.name
        referenced = re.search(r"arXiv|NBER|METI|MHLW|JNSA|price|user manual|measured", row.source)
        said_so = re.match("assumption|definition|option", row.source)
        assert referenced or said_so, row.name


@pytest.mark.parametrize(
    ("name", "change", "sentence"),
    [
        ("price_per_device_hour", {"value": -1.0}, "at least 0, got -1"),
        ("adoption", {"value": 3.0, "high": 3.0}, "between 0 % and 100 %, got 300 %"),
        ("discount_rate", {"value": None}, "Expected a number for discount_rate"),
        ("discount_rate", {"value": float("nan")}, "Expected a number for discount_rate"),
        ("utilisation", {"low": 0.0}, "utilisation above 0"),
        ("dp_overhead", {"low": 0.5}, "at least 1, got 0.5"),
        ("team_size", {"low": 9.0}, "low ≤ value ≤ high"),
        ("team_size", {"source": " "}, "a source and a date"),
        ("team_size", {"unit": "teams"}, "in people, got teams"),
        ("team_size", {"distribution": "normal"}, "fixed, pert or lognormal"),
        ("team_size", {"distribution": "lognormal", "low": 0.0}, "lognormal team_size"),
        ("launch_months", {"high": 200.0}, "at most 120"),
    ],
)
def test_wrong_figures_are_refused_in_a_sentence(table, name, change, sentence):
    with pytest.raises(InputError, match=re.escape(sentence)):
        replace(table[name], **change)


def test_the_table_is_complete_and_consistent(table):
    with pytest.raises(InputError, match="adoption missing"):
        Assumptions(rows=tuple(row for row in table.rows if row.name != "adoption"))
    with pytest.raises(InputError, match="adoption came twice"):
        Assumptions(rows=(*table.rows, table["adoption"]))
    with pytest.raises(InputError, match="before the horizon ends"):
        table.fixed(launch_months=60)
    with pytest.raises(InputError, match="one horizon"):
        table.changed([replace(table["horizon_years"], high=7.0)])
    with pytest.raises(InputError, match="known figure"):
        require("charm", 1.0)


@pytest.mark.parametrize(("out", "back"), [(to_toml, from_toml), (to_csv, from_csv)])
def test_out_and_back(table, out, back):
    odd = replace(
        table["adoption"], value=1 / 3, source='said "yes", at A\\B;\n第2章, p. 5', dated="2026-11"
    )
    changed = table.changed([odd])
    assert back(out(table)) == table
    assert back(out(changed)) == changed


@settings(max_examples=25)
@given(st.floats(0, 1), st.text(min_size=1).filter(lambda s: s.strip()))
def test_any_source_survives(value, source):
    row = replace(DEFAULT_ASSUMPTIONS["adoption"], value=value, low=0.0, high=1.0, source=source)
    changed = DEFAULT_ASSUMPTIONS.changed([row])
    assert from_toml(to_toml(changed)) == changed
    if "\r" not in source and "\0" not in source:
        assert from_csv(to_csv(changed)) == changed


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[adoption\n", "Expected a TOML file"),
        ("adoption = 1", "Expected a table [adoption]"),
        ("[adoption]\nvalue = 1", "is missing or unknown"),
        ("x" * 1_000_001, "at most 1000000 characters"),
    ],
)
def test_a_broken_toml_file_is_refused(text, sentence):
    with pytest.raises(InputError, match=re.escape(sentence)):
        from_toml(text)


def test_a_broken_csv_file_is_refused(table):
    with pytest.raises(InputError, match="source, dated missing"):
        from_csv("name,value,low,high,distribution,unit\n")
    with pytest.raises(InputError, match="number for adoption in line 3, got much"):
        from_csv(to_csv(table).replace("adoption,0.6", "adoption,much"))
    with pytest.raises(InputError, match="missing"):
        from_csv("\n".join(to_csv(table).splitlines()[:3]))


def test_a_spreadsheets_byte_order_mark_is_read_over(table):
    assert from_csv("\ufeff" + to_csv(table)) == table


def test_files_of_spreadsheets_load(table):
    """Equivalents of files that failed: what Excel in Japan, Germany and on an old Mac writes."""
    text = to_csv(table)
    assert load("a.csv", text.replace("\n", "\r").encode()).table == table
    assert load("a.csv", (text + ",,,,,,,\n").encode()).table == table
    assert load("a.csv", text.encode("utf-16")).table == table
    own = text.replace("pert,tasks/year,assumption", "pert,tasks/year,前提:社内統計", 1)
    loaded = load("a.csv", own.encode("cp932", "replace"))
    assert loaded.table["tasks_per_year"].source == "前提:社内統計"
    assert loaded.detected is not None
    assert loaded.detected.encoding == "cp932"
    assert load("a.csv", to_csv(table, with_bom=True).encode()).table == table


@pytest.mark.parametrize(
    ("old", "new", "name", "value"),
    [
        ("adoption,0.6,0.3,0.85", "adoption,60%,40 %,80％", "adoption", 0.6),
        ("500000.0,250000.0,1000000.0", '"1,200,000","600,000","2,400,000"', "tasks_per_year",
         1_200_000),
        ("500000.0,250000.0,1000000.0", "120万,60万,240万", "tasks_per_year", 1_200_000),
        ("value_per_unit,40.0", "value_per_unit,¥40", "value_per_unit", 40),
    ],
)  # fmt: skip
def test_numbers_as_people_write_them_load(table, old, new, name, value):
    text = to_csv(table)
    assert old in text
    assert from_csv(text.replace(old, new, 1))[name].value == value


def test_a_percent_or_a_currency_that_is_not_the_figures_is_refused(table):
    for old, new in (("40.0,", "$40,"), ("40.0,", "40%,")):
        with pytest.raises(InputError, match="Expected value_per_unit in JPY, got"):
            from_csv(to_csv(table).replace(f"value_per_unit,{old}", f"value_per_unit,{new}", 1))


def test_a_cell_too_many_and_a_column_twice_are_refused(table):
    with pytest.raises(InputError, match="8 cells in line 3"):
        from_csv(to_csv(table).replace("adoption,0.6", "adoption,0,6", 1))
    with pytest.raises(InputError, match="got low twice"):
        from_csv(to_csv(table).replace("value,low,high", "value,low,low,high", 1))


def test_no_cell_that_leaves_is_a_formula(table):
    row = replace(table["adoption"], source="=HYPERLINK(1)")
    changed = table.changed([row])
    assert "'=HYPERLINK(1)" in to_csv(changed)
    assert from_csv(to_csv(changed)) == changed


def test_text_without_quotes_is_refused(table):
    broken = to_toml(table).replace('dated = "2026-11"', "dated = 2026", 1)
    with pytest.raises(InputError, match="text in quotes for dated"):
        from_toml(broken)


def test_the_scenarios_costs_enter_the_table(table):
    device = Accelerator(
        name="X", peak_flops=2e15, price_per_hour_usd=8.0, source="a list", dated="2026-01"
    )
    costs = CostAssumptions(accelerator=device, utilisation=0.9, dp_overhead=1.0, jpy_per_usd=160)
    moved = with_costs(table, costs)
    price = moved["price_per_device_hour"]
    assert (price.value, price.low, price.high) == (8.0, 7.0, 9.0)
    assert (price.source, price.dated) == ("a list", "2026-01")
    assert moved["utilisation"].high == 1.0
    assert moved["dp_overhead"].low == 1.0
    assert moved["jpy_per_usd"].value == 160
    assert with_costs(moved, costs) == moved


def test_what_varies(table):
    assert "adoption" in table.uncertain
    assert "horizon_years" not in table.uncertain
    assert table.fixed(**table.values).uncertain == ()
    assert table["adoption"].distribution is Distribution.PERT
    assert {rule.kind for rule in INPUTS.values()} == set(Kind)


def test_one_figure_can_be_edited_without_two_others(table):
    wider = table.edited({"adoption": {"value": 0.9}})["adoption"]
    assert (wider.low, wider.value, wider.high) == (0.3, 0.9, 0.9)
    certain = table.edited({"tax_rate": {"value": 0.3}})["tax_rate"]
    assert (certain.low, certain.high) == (0.3, 0.3)
    with pytest.raises(InputError, match="known figure"):
        table.edited({"charm": {"value": 1.0}})


def in_bytes(table, unit="nats-per-byte"):
    return table.edited({name: {"unit": unit} for name in CURVE_LOSSES})


@pytest.mark.parametrize(("out", "back"), [(to_toml, from_toml), (to_csv, from_csv)])
def test_the_unit_of_a_curve_goes_out_and_back(table, out, back):
    ours = in_bytes(table)
    assert [back(out(ours))[name].unit for name in CURVE_LOSSES] == ["nats-per-byte"] * 2


def test_a_file_of_before_units_had_spellings_is_read(table):
    old = to_csv(table).replace("nats-per-token", "nats/token")
    assert old != to_csv(table) and from_csv(old) == table


@pytest.mark.parametrize(
    ("unit", "sentence"),
    [
        ("perplexity", "a perplexity has no width"),
        ("minutes", "one of nats-per-token, .*got minutes"),
        ("", "got none"),
    ],
)
def test_no_unit_of_loss_is_refused(table, unit, sentence):
    with pytest.raises(InputError, match=sentence):
        in_bytes(table, unit)


def test_a_half_in_one_unit_and_a_width_in_another_are_refused(table):
    with pytest.raises(InputError, match="got nats-per-byte and nats-per-token"):
        table.edited({"metric_half_loss": {"unit": "nats-per-byte"}})


LATER = (
    "peak_to_average",
    "serving_devices",
    "serving_peak_flops",
    "serving_price_per_hour",
    "people_exposed",
    "damages_per_person",
)


@pytest.mark.parametrize(
    ("saved", "expected"),
    [
        (lambda text: text.replace("\n", "\r").encode(), {}),
        (
            lambda text: text.replace(",assumption,", ",当社の試算（仮）,", 1).encode(
                "cp932", "replace"
            ),
            {},
        ),
        (
            lambda text: text.replace("adoption,0.6,0.3,0.85", "adoption,６０％,30%,85 %").encode(),
            {"adoption": 0.6},
        ),
        (
            lambda text: text.replace(
                "year,500000.0,250000.0,1000000.0", 'year,"500,000",25万,百万'
            ).encode(),
            {"tasks_per_year": 500_000},
        ),
        (lambda text: (text + ",,,,,,,\n").encode("utf-16"), {}),
    ],
)
def test_a_table_of_before_loads_with_what_came_later_named(table, saved, expected):
    lines = to_csv(table).splitlines()
    old = "\n".join(line for line in lines if line.split(",")[0] not in LATER) + "\n"
    found = load("old.csv", saved(old))
    assert found.added == LATER
    for name in LATER:
        assert found.table[name] == DEFAULT_ASSUMPTIONS[name]
    for name, value in expected.items():
        assert found.table[name].value == value
    assert load("new.csv", to_csv(table).encode()).added == ()
    with pytest.raises(InputError, match="adoption missing"):
        load("old.csv", "\n".join(line for line in lines if "adoption" not in line).encode())


@pytest.mark.parametrize("name", LATER)
@pytest.mark.parametrize("form", ["csv", "toml"])
def test_a_row_that_a_table_of_today_lost_is_refused_and_not_filled(table, name, form):
    if form == "csv":
        kept = [line for line in to_csv(table).splitlines() if not line.startswith(f"{name},")]
        text = "\n".join(kept)
    else:
        parts = to_toml(table).split("\n\n")
        text = "\n\n".join(part for part in parts if not part.startswith(f"[{name}]"))
    with pytest.raises(InputError, match=f"{name} missing"):
        load(f"today.{form}", text.encode())
