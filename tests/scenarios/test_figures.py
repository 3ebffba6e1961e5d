"""Own figures as text: exact, short, ordered, and refused in a sentence where they are none."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.state.scenario import follow_metric
from engine.errors import InputError
from engine.loss_unit import Measure, measure
from engine.roi.defaults import OF_METRIC, require_metrics
from engine.roi.inputs import CURVE_LOSSES, INPUTS
from engine.roi.kinds import MetricKind
from engine.roi.metric import FittedCurve
from engine.scenarios import fields as grammar
from engine.scenarios import figures
from tests.present import present

MINUTES = MetricKind.MINUTES_SAVED
DEFAULTS = figures.table(MINUTES, None)
SAME = ("horizon_years", "launch_months")
"""Rows that must go together with others; the rest can be changed alone."""


@st.composite
def changes(draw):
    names = draw(
        st.sets(st.sampled_from([name for name in INPUTS if name not in SAME]), min_size=1)
    )
    found = {}
    for name in names:
        row = DEFAULTS[name]
        scale = draw(st.floats(0.5, 1.0))
        ends = sorted(x * scale for x in (row.low, row.value, row.high))
        found[name] = dict(zip(("low", "value", "high"), ends, strict=True))
        if draw(st.booleans()):
            found[name]["source"] = draw(
                st.text(min_size=1).filter(str.strip) | st.just("3~4; a=b, 5%")
            )
    return found


@given(changes())
def test_every_table_survives_its_text(wanted):
    try:
        own = DEFAULTS.edited(wanted)
        require_metrics(own, MINUTES)
    except InputError:
        return
    text = figures.written(own, DEFAULTS)
    if own == DEFAULTS:
        assert text is None
        return
    assert text is not None and figures.table(MINUTES, text) == own
    assert figures.read(text) == text, "canonical"
    of_metric, others = figures.split(text)
    assert figures.joined(of_metric, others) == text
    assert all(line.partition("=")[0] in OF_METRIC for line in (of_metric or "").split(";") if line)


def test_the_order_of_rows_does_not_matter():
    one, other = "team_size=3~1~4~pert", "adoption=0.8~0.3~0.85~pert"
    assert figures.read(f"{one};{other}") == figures.read(f"{other};{one}") == f"{other};{one}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "adoption",
        "adoption=0.8",
        "adoption=0.8~0.3~0.85",
        "adoption=x~0.3~0.85~pert",
        "adoption=0.8~0.9~0.85~pert",
        "adoption=8~0.3~9~pert",
        "adoption=nan~0.3~0.85~pert",
        "adoption=0.8~0.3~0.85~often",
        "adoption=0.8~0.3~0.85~pert~ ~2026",
        "adoption=0.8~0.3~0.85~pert;adoption=0.7~0.3~0.85~pert",
        "name=1~1~1~fixed",
        "adoption=0.8~0.3~0.85~pert;",
        "a" * 30_000,
    ],
)
def test_what_is_no_table_is_refused_in_a_sentence(text):
    with pytest.raises(InputError, match=r"^Expected"):
        figures.read(text)


@given(
    st.lists(
        st.tuples(
            st.floats(0.1, 9).map(lambda x: round(x, 6)),
            st.floats(-5, 5).map(lambda x: round(x, 6)),
        ),
        max_size=8,
    )
)
def test_pairs_survive_link_and_text_area(pairs):
    text = figures.pairs_text("\n".join(f"{loss!r}, {metric!r}" for loss, metric in pairs))
    assert (text is None) == (not pairs)
    unit, again = figures.read_pairs(figures.pairs_lines(text))
    assert unit is None
    assert all(map(math.isclose, sum(again, ()), sum(pairs, ()))) and len(again) == len(pairs)
    assert text is None or figures.pairs_text(text) == text


def test_no_pairs_leave_the_assumed_curve():
    assert not figures.curve(MINUTES, None, DEFAULTS).measured
    assert figures.curve(MINUTES, "2,4.5;2.5,4;3,2.5", DEFAULTS).measured
    assert figures.pairs_text(" \n") is None


def test_another_metric_puts_aside_what_is_its_own_alone():
    own = "value_per_unit=50~25~60~pert"
    common = "adoption=0.8~0.3~0.85~pert"
    values: dict[str, grammar.Value] = {
        "metric": "error-rate",
        "figures": f"{common};{own}",
        "pairs": "2,4.5;2.5,4;3,2.5",
    }
    aside: dict[str, tuple[str | None, str | None]] = {}
    follow_metric(values, aside, "minutes-saved")
    assert values == {"metric": "error-rate", "figures": common, "pairs": None}
    values["metric"] = "minutes-saved"
    values["figures"] = None
    follow_metric(values, aside, "error-rate")
    assert values["figures"] == own and values["pairs"] == "2,4.5;2.5,4;3,2.5"
    follow_metric(values, aside, "minutes-saved")
    assert values["figures"] == own, "the same metric changes nothing"


def test_a_japanese_source_takes_the_room_that_it_has():
    source = "情報システム部の調べ; 100%~概算"
    own = DEFAULTS.edited({name: {"source": source} for name in INPUTS})
    text = figures.written(own, DEFAULTS)
    assert text is not None and len(text) < figures.LONGEST and "情報システム部の調べ" in text
    assert figures.table(MINUTES, text) == own


def test_more_than_a_link_can_hold_is_refused_before_it_is_kept():
    own = DEFAULTS.edited({name: {"source": "社" * 700} for name in INPUTS})
    with pytest.raises(InputError, match="at most 20000 characters"):
        figures.written(own, DEFAULTS)


def test_a_row_is_written_for_the_table_that_it_is_read_with():
    """Prices of the sidebar are put into the table: their source is no default's."""
    priced = DEFAULTS.edited({"price_per_device_hour": {"source": "the scenario"}})
    own = priced.edited({"price_per_device_hour": {"high": 9.0}})
    text = figures.written(own, priced, DEFAULTS)
    assert figures.table(MINUTES, text)["price_per_device_hour"] == own["price_per_device_hour"]


def test_full_width_pairs_are_read_and_too_many_refused():
    assert figures.read_pairs("２．０，４．５\n2.5、3.9") == (None, ((2.0, 4.5), (2.5, 3.9)))
    with pytest.raises(InputError, match="at most 100 pairs, got 101"):
        figures.read_pairs("2.0, 4.5\n" * 101)


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("2,8 3,1", ((2.8, 3.1),)),
        ("2,8; 3,1", ((2.8, 3.1),)),
        ("2,8, 3,1", ((2.8, 3.1),)),
        ("2,8\t3,1", ((2.8, 3.1),)),
        ("2,3;4,5;6,7", ((2, 3), (4, 5), (6, 7))),
        ("2.5,4,8", None),
        ("2,8;3,1", None),
        ("0,500 3", None),
        ("2.5, nan", None),
    ],
)
def test_a_decimal_comma_in_pairs_is_read_or_asked_about(text, pairs):
    if pairs is None:
        with pytest.raises(InputError):
            figures.read_pairs(text)
    else:
        assert figures.read_pairs(text) == (None, pairs)


def test_two_pairs_of_whole_numbers_survive_a_link():
    kept = figures.pairs_text("2, 8\n3, 1") or ""
    assert figures.read_pairs(kept) == (None, ((2, 8), (3, 1)))
    unit = figures.pairs_text("nats/byte\n2, 8\n3, 1") or ""
    assert figures.read_pairs(unit) == (Measure.NATS_PER_BYTE, ((2, 8), (3, 1)))


@pytest.mark.parametrize("head", ["nats per byte", "bits/byte", "ナット／バイト", "PPL"])
def test_pairs_keep_the_unit_of_their_losses(head):
    text = figures.pairs_text(f"{head}\n2.0, 4.5\n2.5, 3.9\n3.0, 2.4")
    stated, pairs = figures.read_pairs(figures.pairs_lines(text))
    assert stated == measure(head) and pairs == ((2.0, 4.5), (2.5, 3.9), (3.0, 2.4))
    assert figures.pairs_text(present(text)) == text
    curve = figures.curve(MINUTES, text, DEFAULTS)
    assert isinstance(curve, FittedCurve) and curve.unit_stated
    assert curve.unit.measure is measure(head).in_nats


def test_a_first_line_that_is_no_unit_is_refused():
    with pytest.raises(InputError, match=r"unit of the losses to be one of .*got loss, metric"):
        figures.pairs_text("loss, metric\n2.0, 4.5")
    assert figures.pairs_text("nats per byte") is None, "a unit without pairs"


def test_the_unit_of_a_table_survives_the_link():
    rows = {name: {"unit": "bits-per-byte", "value": 1.0} for name in CURVE_LOSSES}
    own = DEFAULTS.edited(rows)
    text = figures.written(own, DEFAULTS)
    assert figures.table(MINUTES, text) == own and figures.read(present(text)) == text
    assert figures.curve(MINUTES, None, own).unit.measure is Measure.BITS_PER_BYTE
