"""Numbers as people and spreadsheets of several countries write them."""

import math
import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InputError
from engine.tables.numbers import (
    Ambiguous,
    Mark,
    NotANumber,
    Number,
    both_readings,
    not_finite,
    parse_number,
    typed_number,
)


def value_of(text: str, **by: Mark) -> float | int:
    found = parse_number(text, **by)
    assert isinstance(found, Number), found
    return found.value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0,5", 0.5),
        ("1,5", 1.5),
        ("0,00000001", 1e-8),
        ("1234,567", 1234.567),
        ("1,234,567", 1_234_567),
        ("1.234.567", 1_234_567),
        ("1.234,56", 1234.56),
        ("1,234.56", 1234.56),
        ("1 234 567,5", 1_234_567.5),
        ("1\u202f000\u00a0000", 1_000_000),
        ("1'234'567", 1_234_567),
        ("10_000_000", 10_000_000),
        ("1.500", 1.5),
        ("1.397e+18", 1.397e18),
        ("3,8e20", 3.8e20),
        ("2.5 × 10⁻⁴", 2.5e-4),
        ("60%", 0.6),
        ("60 ％", 0.6),
        ("0.000001%", 1e-8),
        ("¥1,200,000", 1_200_000),
        ("￥１，２００，０００", 1_200_000),
        ("1,5 €", 1.5),
        ("-¥5", -5),
        ("△5", -5),
        ("−3", -3),
        ("1億2千万人", 120_000_000),
        ("1千万", 10_000_000),
        ("5百万", 5_000_000),
        ("千万", 10_000_000),
        ("二千五百万円", 25_000_000),
        ("4,900万", 49_000_000),
        ("1.5億", 150_000_000),
        ("3兆2,000億", 3_200_000_000_000),
        ("2万5千人", 25_000),
        ("'0.5", 0.5),
    ],
)
def test_what_is_beyond_doubt(text, value):
    assert value_of(text) == value


@pytest.mark.parametrize(
    "text",
    ["", "ten", "nan", "1,2,3", "12,34,567", "1_0", "1 2", "5,", "1..2", "万", "1万2億", "千千",
     "1e999", "±5", "1/2", "9" * 201, "1,23.4", "1.2.3"],
)  # fmt: skip
def test_what_is_no_number(text):
    assert parse_number(text) == NotANumber(text=text)


@pytest.mark.parametrize(
    ("text", "point", "comma"),
    [("1,500", 1500, 1.5), ("0,500", 500, 0.5), ("-10,000", -10_000, -10), ("1,000M", 1e9, 1e6)],
)
def test_what_could_be_two_numbers_is_said_to_be(text, point, comma):
    found = parse_number(text)
    assert found == Ambiguous(text=text, with_point=point, with_comma=comma)
    assert value_of(text, decimal=Mark.COMMA) == comma


def test_a_convention_that_is_known_settles_it_and_refuses_the_other():
    assert value_of("1,500", decimal=Mark.POINT) == 1500
    assert value_of("1.500", decimal=Mark.COMMA) == 1500
    assert isinstance(parse_number("0,5", decimal=Mark.POINT), NotANumber)
    assert isinstance(parse_number("0.25", decimal=Mark.COMMA), NotANumber)
    assert isinstance(parse_number("0,500", decimal=Mark.POINT), Ambiguous), "nobody writes 0,500"
    assert isinstance(parse_number("0.500", decimal=Mark.COMMA), Ambiguous)


def test_the_mark_that_a_form_proves():
    proven = {text: parse_number(text) for text in ("0,5", "2.5", "1e-8", "15", "0.500", "1.500")}
    marks = [found.decimal for found in proven.values() if isinstance(found, Number)]
    assert marks == [Mark.COMMA, Mark.POINT, None, None, Mark.POINT, None]


def test_the_unit_is_handed_on():
    texts = ("5%", "$5", "5 USD", "5円", "5 people", "5")
    units = [found.unit for t in texts if isinstance(found := parse_number(t), Number)]
    assert units == ["%", "USD", "USD", "JPY", "people", ""]


def test_a_number_typed_alone():
    assert typed_number("epsilon", "0,5").value == 0.5
    assert typed_number("people", "1,500").value == 1500
    sentence = "Expected one meaning of “0,500” for epsilon: type 0.5 or 500."
    with pytest.raises(InputError, match=re.escape(sentence)):
        typed_number("epsilon", "0,500")
    with pytest.raises(InputError, match="Expected a number for epsilon, got nothing"):
        typed_number("epsilon", "")


def test_what_logs_write_for_no_number():
    assert not_finite("inf") == math.inf
    assert not_finite(" -Infinity ") == -math.inf
    assert math.isnan(not_finite("NaN") or 0.0)
    assert not_finite("0") is None
    assert not_finite("") is None


@given(st.text(max_size=40))
def test_any_text_is_finite_ambiguous_or_none(text):
    found = parse_number(text)
    if isinstance(found, Number):
        assert math.isfinite(found.value)
    both_readings(text)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_what_programs_write_reads_back_exactly(value):
    assert value_of(repr(value)) == value


@given(st.integers(-(10**15), 10**15), st.integers(0, 2))
def test_both_conventions_write_the_same_number(whole, decimals):
    text = f"{whole:,}" + (f".{'25'[:decimals]}" if decimals else "")
    other = text.translate(str.maketrans(",.", ".,"))
    expected = Fraction(text.replace(",", ""))
    assert value_of(text, decimal=Mark.POINT) == pytest.approx(float(expected), rel=1e-15)
    assert value_of(other, decimal=Mark.COMMA) == value_of(text, decimal=Mark.POINT)


@pytest.mark.parametrize("text", ["400%", "4 ％", "¥4", "4 people"])
def test_a_promise_has_no_unit(text):
    for name in ("epsilon", "--epsilon"):
        with pytest.raises(InputError, match=r"epsilon without .*: type the number alone"):
            typed_number(name, text)
    found = typed_number("people", text)
    assert isinstance(found, Number) and found.value in (4, 0.04)


def test_characters_without_width_are_no_part_of_a_number():
    assert value_of("\u200b1\u2009000\u200e") == 1000
