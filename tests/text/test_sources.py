"""Where figures come from is said in the page's language, whatever the
engine's default table holds."""

import re
from dataclasses import replace

import pytest

from engine.accelerator_prices import ACCELERATORS
from engine.deployments import deployments
from engine.roi.assumptions import Assumptions
from engine.roi.defaults import DEFAULT_ASSUMPTIONS, with_metric
from engine.roi.kinds import MetricKind
from engine.text.i18n import Words
from engine.text.sources import behind_money, source

JA, EN = Words("ja"), Words("en")
OURS = sorted(
    {row.source for kind in MetricKind for row in with_metric(DEFAULT_ASSUMPTIONS, kind).rows}
    | {device.source for device in ACCELERATORS.values()}
    | {peer.what for peer in deployments()}
    | {"the scenario"}
)


WITHOUT_CURRENCY = re.compile("[¥$]| JPY| USD")


@pytest.mark.parametrize("text", OURS)
def test_every_default_is_translated_whole(text):
    said = source(text, EN)
    assert "JPY" not in said and "USD" not in said, "amounts as everywhere else"
    assert WITHOUT_CURRENCY.sub("", said) == WITHOUT_CURRENCY.sub("", text)
    shown = source(text, JA)
    assert shown != text
    for english in (" of ", " and ", " the ", "range", "assumption", "definition", "price:"):
        kept = shown.replace("Li and Raymond", "").replace("Audience Engagements", "")
        assert english not in kept, shown


def test_what_a_person_typed_stays_but_for_our_first_word():
    assert source("our own count", JA) == "our own count"
    assert source("assumption of the sales team", JA) == "仮定 of the sales team"
    assert source("definition", EN) == "definition"


def test_figures_behind_money_are_counted_by_where_they_come_from():
    rows = DEFAULT_ASSUMPTIONS.rows
    one = next(row for row in rows if row.source.startswith("assumption"))
    own = replace(one, source="our own count")
    table = Assumptions(rows=tuple(own if row is one else row for row in rows))
    said = [behind_money(each, EN) for each in (DEFAULT_ASSUMPTIONS, table)]
    found = [[int(n) for n in re.findall(r"\d+", one)] for one in said]
    for total, sourced, assumed, defined in found:
        assert total == len(rows) == sourced + assumed + defined
    assert found[0][2] == sum(row.source.startswith("assumption") for row in rows)
    assert [a - b for a, b in zip(*found, strict=True)] == [0, -1, 1, 0], "what is typed is known"


@pytest.mark.parametrize("column", ["value", "low", "high"])
def test_a_figure_that_was_changed_beside_its_default_source_is_one_s_own(column):
    one = next(r for r in DEFAULT_ASSUMPTIONS.rows if r.source == "assumption" and r.low < r.high)
    between = {"value": one.low, "low": one.value, "high": one.value}
    table = DEFAULT_ASSUMPTIONS.edited({one.name: {column: between[column]}})
    found = [
        [int(n) for n in re.findall(r"\d+", behind_money(each, EN))]
        for each in (DEFAULT_ASSUMPTIONS, table)
    ]
    assert [a - b for a, b in zip(*found, strict=True)] == [0, -1, 1, 0]


@pytest.mark.parametrize("kind", list(MetricKind))
def test_the_defaults_of_no_metric_count_as_one_s_own(kind):
    table = with_metric(DEFAULT_ASSUMPTIONS, kind)
    assumed = int(re.findall(r"\d+", behind_money(table, EN))[2])
    assert assumed == sum(row.source.startswith("assumption") for row in table.rows)
