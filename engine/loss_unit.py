"""The unit of a loss: nats or bits, a token or a byte, and whose tokens they are.

A unit belongs to a family of runs (architecture, tokenizer, text): a loss per byte and a loss per
word piece are different quantities, and a loss per token says little without its tokenizer. Nats
and bits always convert, 1 bit = ln 2 nats. Tokens and bytes convert where the bytes a token holds
on that text are known: nats per byte = nats per token / bytes per token. A perplexity is
e^(nats per token).

Records, laws and answers hold losses in nats, of a token or of a byte as :func:`unit_of` says.

Not covered: two losses of one unit need not compare. A masked model is scored on some tokens with
text on both sides, a causal one on all with the text before; and texts differ.

>>> unit_of("gpt-bytes-docstrings").measure, unit_of("published-bert").measure
(<Measure.NATS_PER_BYTE: 'nats-per-byte'>, <Measure.NATS_PER_TOKEN: 'nats-per-token'>)
>>> bits = LossUnit(measure=Measure.BITS_PER_BYTE)
>>> round(factor(bits, unit_of("gpt-bytes-docstrings")), 4)
0.6931
"""

import math
import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from engine.errors import InputError


class Measure(StrEnum):
    """What a loss is counted in."""

    NATS_PER_TOKEN = "nats-per-token"
    BITS_PER_TOKEN = "bits-per-token"
    NATS_PER_BYTE = "nats-per-byte"
    BITS_PER_BYTE = "bits-per-byte"
    PERPLEXITY = "perplexity"

    @property
    def of_bytes(self) -> bool:
        """Whether it is counted by the byte, not by the token."""
        return self in (Measure.NATS_PER_BYTE, Measure.BITS_PER_BYTE)

    @property
    def phrase(self) -> str:
        """As a sentence says it: "nats per byte"."""
        return self.replace("-", " ")

    @property
    def in_nats(self) -> "Measure":
        """The same by token or byte, in nats: what losses are computed in."""
        return Measure.NATS_PER_BYTE if self.of_bytes else Measure.NATS_PER_TOKEN


LINEAR = tuple(measure for measure in Measure if measure is not Measure.PERPLEXITY)
"""Measures of which a difference means the same everywhere: a width can be given in them."""


@dataclass(frozen=True, kw_only=True)
class LossUnit:
    """A measure and, where it counts tokens, whose tokens.

    ``tokenizer``: its name; "" by the byte, and where nothing is said of it.
    ``bytes_per_token``: the mean on the text that the loss is of; None: not known.
    """

    measure: Measure
    tokenizer: str = ""
    bytes_per_token: float | None = None


NATS_PER_BYTE = LossUnit(measure=Measure.NATS_PER_BYTE)
BERT_WORD_PIECES = LossUnit(measure=Measure.NATS_PER_TOKEN, tokenizer="BERT WordPiece")
"""Of the published runs: 30,522 word pieces. The paper gives no bytes per token of its text, and
its loss is that of masked tokens, which no other text's would stand for; so they are not known."""
_PUBLISHED = {"published-bert": BERT_WORD_PIECES}
_OURS = re.compile(r"gpt-(?:(?P<bytes>bytes)|(?P<tokens>tokens-[0-9a-f]{8}))(?:-.*)?")
"""A family of our own trainings states its tokenizer in its name (:mod:`engine.pilot.text`)."""


def unit_of(family: str) -> LossUnit:
    """The unit of the losses of a family: as it is published, or as its name states the tokenizer.

    Any other family has tokens of its own: a tokenizer called by the family's name, unless
    :func:`state_unit` said otherwise.
    """
    if family in _PUBLISHED:
        return _PUBLISHED[family]
    if family in _STATED:
        return _STATED[family]
    stated = _OURS.fullmatch(family)
    if stated and stated["bytes"]:
        return NATS_PER_BYTE
    tokenizer = stated["tokens"] if stated else family
    return LossUnit(measure=Measure.NATS_PER_TOKEN, tokenizer=tokenizer)


_STATED: dict[str, LossUnit] = {}
"""Units of imported families, as their journal says them: alike in every process that read it."""


def state_unit(family: str, stated: Measure) -> None:
    """Say what the losses of an imported family are counted in, once its journal was read."""
    tokenizer = "" if stated.of_bytes else family
    _STATED[family] = LossUnit(measure=stated.in_nats, tokenizer=tokenizer)


_WORDS = {
    "ナット": "nats", "nat": "nats", "ビット": "bits", "bit": "bits", "トークン": "token",
    "tokens": "token", "バイト": "byte", "bytes": "byte", "パープレキシティ": "perplexity",
    "ppl": "perplexity",
}  # fmt: skip
"""What people write, and the word of a measure that it means."""


def measure(text: str) -> Measure:
    """The measure that a text names: ``nats-per-byte``, "bits / byte", nats/バイト.

    Raises :class:`InputError` for any other text.

    >>> str(measure("Bits per byte")), str(measure("nats/トークン")), str(measure("PPL"))
    ('bits-per-byte', 'nats-per-token', 'perplexity')
    """
    tidy = unicodedata.normalize("NFKC", text).lower()
    parts = [part for part in re.split(r"[\s/_-]+", tidy) if part and part != "per"]
    try:
        return Measure("-per-".join(_WORDS.get(part, part) for part in parts))
    except ValueError:
        raise InputError(
            "Expected the unit of the losses to be one of {options}, got {value}.",
            options=", ".join(Measure),
            value=text[:40] or "none",
        ) from None


def nats(loss: float, stated: Measure) -> float:
    """A loss stated in a measure, in nats of the same token or byte.

    Raises :class:`InputError` for a perplexity of at most 1, which no uncertainty has.
    """
    if stated is Measure.PERPLEXITY:
        if not loss > 1:
            raise InputError("Expected a perplexity above 1, got {value}.", value=f"{loss:g}")
        return math.log(loss)
    return loss * _nats_in(stated)


def factor(unit: LossUnit, into: LossUnit) -> float:
    """How many of ``into`` one of ``unit`` is.

    A tokenizer of which nothing is said ("") is taken for that of the other unit. Raises
    :class:`InputError` where the two do not convert, and for a perplexity, which is no multiple.
    """
    for each in (unit, into):
        if each.measure is Measure.PERPLEXITY:
            raise InputError("A perplexity converts by its logarithm: give the loss in nats.")
    found = _nats_in(unit.measure) / _nats_in(into.measure)
    if (unit.measure.of_bytes, unit.tokenizer or into.tokenizer) == (
        into.measure.of_bytes,
        into.tokenizer or unit.tokenizer,
    ):
        return found
    sizes = _bytes(unit), _bytes(into)
    if None in sizes:
        raise InputError(
            "A loss in {unit} does not convert into {into}: how many bytes a token holds is not "
            "known.",
            unit=str(unit.measure),
            into=str(into.measure),
        )
    here, there = (size or 1.0 for size in sizes)
    return found * there / here


def _nats_in(stated: Measure) -> float:
    bits = stated in (Measure.BITS_PER_TOKEN, Measure.BITS_PER_BYTE)
    return math.log(2.0) if bits else 1.0


def _bytes(unit: LossUnit) -> float | None:
    """Bytes of what the loss is counted by."""
    return 1.0 if unit.measure.of_bytes else unit.bytes_per_token
