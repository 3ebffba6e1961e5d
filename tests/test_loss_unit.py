"""Units of loss: which family has which, what converts into what, and what is refused."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InputError
from engine.loss_unit import (
    BERT_WORD_PIECES,
    LINEAR,
    NATS_PER_BYTE,
    LossUnit,
    Measure,
    factor,
    measure,
    nats,
    unit_of,
)
from engine.pilot.text.tokens import BYTES, tokenizer_of

PIECES = LossUnit(measure=Measure.NATS_PER_TOKEN, tokenizer="ours", bytes_per_token=4.0)


@pytest.mark.parametrize(
    ("family", "expected"),
    [
        ("published-bert", BERT_WORD_PIECES),
        ("gpt-bytes-docstrings", NATS_PER_BYTE),
        (f"gpt-{tokenizer_of(BYTES).name}-mail-0123abcd", NATS_PER_BYTE),
        (
            "gpt-tokens-0123abcd-mail-4567cdef",
            LossUnit(measure=Measure.NATS_PER_TOKEN, tokenizer="tokens-0123abcd"),
        ),
        ("gpt-bytesize", LossUnit(measure=Measure.NATS_PER_TOKEN, tokenizer="gpt-bytesize")),
        ("theirs", LossUnit(measure=Measure.NATS_PER_TOKEN, tokenizer="theirs")),
    ],
)
def test_a_family_states_its_unit(family, expected):
    assert unit_of(family) == expected


@pytest.mark.parametrize("one", Measure)
def test_a_measure_is_read_as_people_write_it(one):
    words = str(one).split("-per-")
    for text in (str(one), " per ".join(words).title(), "/".join(words), "_per_".join(words)):
        assert measure(text) is one


def test_japanese_units_are_read_and_others_refused():
    assert measure("ビット／バイト") is Measure.BITS_PER_BYTE
    with pytest.raises(InputError, match=r"one of nats-per-token, .*got nats\.$"):
        measure("nats")


@given(st.sampled_from(LINEAR), st.sampled_from(LINEAR))
def test_conversions_are_inverses_where_the_bytes_are_known(one, other):
    def unit(stated):
        return NATS_PER_BYTE if stated.of_bytes else PIECES

    here, there = (
        LossUnit(measure=m, tokenizer=unit(m).tokenizer, bytes_per_token=unit(m).bytes_per_token)
        for m in (one, other)
    )
    assert factor(here, there) * factor(there, here) == pytest.approx(1.0)


def test_a_token_of_four_bytes_spreads_its_loss_over_them():
    assert factor(PIECES, NATS_PER_BYTE) == pytest.approx(0.25)
    bits = LossUnit(measure=Measure.BITS_PER_BYTE)
    assert factor(PIECES, bits) == pytest.approx(0.25 / math.log(2))
    shorter = LossUnit(measure=Measure.NATS_PER_TOKEN, tokenizer="theirs", bytes_per_token=2.0)
    assert factor(PIECES, shorter) == pytest.approx(0.5)


def test_a_tokenizer_of_which_nothing_is_said_is_that_of_the_other():
    assert factor(LossUnit(measure=Measure.BITS_PER_TOKEN), BERT_WORD_PIECES) == math.log(2)


@pytest.mark.parametrize("other", [NATS_PER_BYTE, PIECES])
def test_what_is_not_known_is_not_converted(other):
    for pair in ((BERT_WORD_PIECES, other), (other, BERT_WORD_PIECES)):
        with pytest.raises(InputError, match="how many bytes a token holds is not known"):
            factor(*pair)


def test_a_perplexity_is_no_multiple_but_has_a_logarithm():
    with pytest.raises(InputError, match="by its logarithm"):
        factor(LossUnit(measure=Measure.PERPLEXITY), BERT_WORD_PIECES)
    assert nats(math.exp(2.8), Measure.PERPLEXITY) == pytest.approx(2.8)
    assert nats(1.0, Measure.BITS_PER_BYTE) == math.log(2)
    with pytest.raises(InputError, match=r"above 1, got 0\.9"):
        nats(0.9, Measure.PERPLEXITY)
