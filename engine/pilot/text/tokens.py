"""From text to token numbers, by a tokenizer that has not seen the text.

A vocabulary trained on private text would publish it without any protection, so none is trained
here: the tokens are the bytes of UTF-8, or those of a ``tokenizers`` JSON file with a card that
says which public text it was trained on (:mod:`engine.pilot.text.public_tokenizers`).
"""

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from engine.errors import InputError
from engine.pilot.text.public_tokenizers import place_of, read_card
from engine.pilot.text.tokenizer_file import model_of
from engine.untrusted.guard import guarded

BYTES = "bytes"


@dataclass(frozen=True, kw_only=True)
class Tokenizer:
    """``name`` goes into the family of a law, ``sha256`` into the fingerprint of a corpus."""

    name: str
    vocabulary_size: int
    sha256: str
    model: Any = field(default=None, repr=False)
    """The package's tokenizer; None for bytes."""
    byte_level: bool = False
    """Whether each token is a string of bytes, a letter of its spelling for each."""

    def bytes_per_token(self, tokens: np.ndarray) -> float | None:
        """Mean over ``tokens``; None where it is not known how many bytes a token is."""
        if self.model is None:
            return 1.0
        if not self.byte_level or not tokens.size:
            return None
        lengths = np.zeros(self.vocabulary_size)
        for spelled, number in self.model.get_vocab(with_added_tokens=True).items():
            lengths[number] = len(spelled)
        counts = np.bincount(tokens, minlength=self.vocabulary_size)
        return float(counts @ lengths / tokens.size)

    @property
    def dtype(self) -> np.dtype:
        """The smallest type, of fixed byte order, that holds every token."""
        if self.vocabulary_size <= 2**8:
            return np.dtype("u1")
        return np.dtype("<u2" if self.vocabulary_size <= 2**16 else "<i4")

    def encode(self, texts: Sequence[str]) -> list[np.ndarray]:
        """Token numbers of each text. No special tokens: documents have boundaries of their own."""
        if self.model is None:
            return [np.frombuffer(text.encode(), dtype=self.dtype) for text in texts]
        with _in_silence():
            encodings = guarded(
                lambda: self.model.encode_batch(list(texts), add_special_tokens=False),
                self._gave_up,
                passing=(MemoryError,),
            )
        return [np.asarray(encoding.ids, dtype=self.dtype) for encoding in encodings]

    def _gave_up(self, _: str) -> InputError:
        # The package's own words may quote the text.
        return InputError(
            "Expected documents that the tokenizer {name} can read, its package gave up on one: "
            "choose another tokenizer, or bytes.",
            name=self.name,
        )


@contextmanager
def _in_silence() -> Iterator[None]:
    """Nothing reaches the standard error meanwhile: where a package in Rust panics, it prints the
    piece of text that it was at before anybody can catch that."""
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def tokenizer_of(name: str) -> Tokenizer:
    """The tokenizer called "bytes", or one with a card, by its name or its file. Raises
    :class:`InputError` for any other."""
    if name == BYTES:
        digest = hashlib.sha256(BYTES.encode()).hexdigest()
        return Tokenizer(name=BYTES, vocabulary_size=256, sha256=digest)
    path = place_of(name)
    _, model = model_of(path)
    card = read_card(path)
    numbers = model.get_vocab(with_added_tokens=True).values()
    return Tokenizer(
        name=card.name,
        vocabulary_size=max(numbers, default=0) + 1,  # numbers may have gaps
        sha256=card.sha256,
        model=model,
        byte_level=card.byte_level,
    )
