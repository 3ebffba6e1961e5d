"""Numbers as people read and type them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InputError
from engine.text import formats

positive = st.floats(min_value=1e-30, max_value=1e30)
languages = st.sampled_from(["ja", "en"])


def parse(text):
    return formats.parse(text, name="compute_flops", example="1")


@pytest.mark.parametrize(
    ("value", "ja", "en"),
    [
        (220_000, "22万", "220,000"),
        (49e6, "4,900万", "49M"),
        (1e9, "10億", "1B"),
        (1.234e12, "1.23兆", "1.23T"),
        (9_999.6, "1万", "10,000"),
        (999_960, "100万", "1M"),
        (8_000, "8,000", "8,000"),
        (0.5, "0.5", "0.5"),
    ],
)
def test_amount(value, ja, en):
    assert (formats.amount(value, "ja"), formats.amount(value, "en")) == (ja, en)


@pytest.mark.parametrize(
    ("value", "ja", "en"),
    [(1.9e6, "190万円", "¥1.9M"), (654, "654円", "¥654"), (0.256, "0.26円", "¥0.26")],
)
def test_yen(value, ja, en):
    assert (formats.yen(value, "ja"), formats.yen(value, "en")) == (ja, en)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3.8e20", 3.8e20),
        ("3.8 × 10²⁰", 3.8e20),
        ("3.8x10^20 FLOPs", 3.8e20),
        ("10^20", 1e20),
        ("3.8e 20", 3.8e20),  # a URL's + arrives as a space
        ("1e7", 1e7),
        ("10万", 1e5),
        ("22万人", 220_000),
        ("１０万人", 1e5),
        ("1億2000万", 1.2e8),
        ("3兆", 3e12),
        ("2万5千人", 25_000),
        ("10M", 1e7),
        ("10 million people", 1e7),
        ("220,000", 220_000),
        ("1.5k", 1500),
        (".5", 0.5),
        ("-3", -3),
        ("0,5", 0.5),
        ("1億2千万人", 1.2e8),
        ("1千万", 1e7),
        ("5百万", 5e6),
        ("0.000001%", 1e-8),
    ],
)
def test_typed(text, value):
    assert parse(text) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize(
    "text", ["", "ten", "nan", "inf", "1e", "万", "1..2", "1e5e5", "12 apples"]
)
def test_what_is_not_a_number_is_refused_in_a_sentence(text):
    with pytest.raises(InputError, match=r"^Expected a number such as 1 for compute_flops, got “"):
        parse(text)


def test_what_could_be_two_numbers_is_asked():
    with pytest.raises(InputError, match=r"“0,500” for compute_flops: type 0.5 or 500"):
        parse("0,500")


@given(positive)
def test_a_link_reads_back_exactly(value):
    assert parse(formats.link_text(value)) == value


@given(st.integers(min_value=1_000, max_value=10_000_000_000))
def test_a_whole_number_in_a_link_reads_back_exactly(value):
    assert round(parse(formats.link_text(value))) == value


@given(positive, languages)
def test_what_is_shown_can_be_typed(value, language):
    assert parse(formats.amount(value, language)) == pytest.approx(value, rel=0.006)
    assert parse(formats.scientific(value)) == pytest.approx(value, rel=0.006)


@given(st.text(max_size=30))
def test_any_text_is_a_finite_number_or_refused(text):
    try:
        value = parse(text)
    except InputError:
        return
    assert not math.isnan(value)


@given(positive, st.integers(min_value=1, max_value=6))
def test_rounding_up_never_rounds_down(value, digits):
    assert formats.rounded(value, digits, up=True) >= value
    assert formats.rounded(value, digits, up=True) <= value * (1 + 10 ** (1 - digits)) * (1 + 1e-12)
